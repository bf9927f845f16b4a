//! Describes itself in five megabytes.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct BigManifest;

impl Plugin for BigManifest {
    fn manifest() -> Manifest {
        Manifest {
            description: "x".repeat(5 << 20),
            ..plain("bigmanifest")
        }
    }
}

export!(BigManifest);
