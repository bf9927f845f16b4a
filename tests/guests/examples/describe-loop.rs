//! Never returns from `describe`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

struct DescribeLoop;

impl Plugin for DescribeLoop {
    fn manifest() -> Manifest {
        while black_box(true) {}
        plain("describeloop")
    }
}

export!(DescribeLoop);
