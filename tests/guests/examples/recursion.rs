//! Calls itself without end, except where n is negative: n = 1 exhausts the stack that it keeps in its own memory, any
//! other n the stack of calls.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

/// Keeps nothing in memory, only the calls.
fn call(depth: i64) -> i64 {
    if depth == i64::MAX {
        return depth;
    }
    (call(depth + 1) * 31) ^ depth
}

/// Keeps a kilobyte of memory in each call.
fn call_with_memory(depth: i64) -> i64 {
    let kilobyte = black_box([depth; 128]);
    if depth == i64::MAX {
        return depth;
    }
    call_with_memory(depth + 1) ^ black_box(kilobyte)[7]
}

struct Recursion;

impl Plugin for Recursion {
    fn manifest() -> Manifest {
        plain("recursion")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        put(cx, id(&event), n, None);
        let depth = match n {
            ..=-1 => 0,
            1 => call_with_memory(1),
            other => call(other),
        };
        black_box(depth);
        Ok(())
    }
}

export!(Recursion);
