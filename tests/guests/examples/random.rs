//! Keeps random bytes from every source that WASI has: all must be functions of the event.

#![cfg(target_os = "wasi")]

use daybook_guests::plugin::*;
use std::hash::{BuildHasher, RandomState};
use wasi::random::{insecure, insecure_seed, random};

wit_bindgen::generate!({ path: "wit/random", generate_all });

struct Random;

impl Plugin for Random {
    fn manifest() -> Manifest {
        plain("random")
    }

    /// `n` is a random number; the text has one draw from each source.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = random::get_random_u64().cast_signed();
        let text = format!(
            "hasher {}, secure {:?}, insecure {:?} {}, seed {:?}",
            RandomState::new().hash_one(1),
            random::get_random_bytes(8),
            insecure::get_insecure_random_bytes(8),
            insecure::get_insecure_random_u64(),
            insecure_seed::insecure_seed(),
        );
        put(cx, id(&event), n, Some(&text));
        Ok(())
    }
}

export!(Random);
