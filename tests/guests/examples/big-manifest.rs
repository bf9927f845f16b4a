//! Describes itself in two megabytes.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct BigManifest;

impl Plugin for BigManifest {
    fn manifest() -> Manifest {
        Manifest {
            description: "x".repeat(2 << 20),
            ..plain("bigmanifest")
        }
    }
}

export!(BigManifest);
