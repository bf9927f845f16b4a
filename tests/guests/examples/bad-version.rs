//! Carries a version that is no date of the calendar.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct BadVersion;

impl Plugin for BadVersion {
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-02-30".into(),
            ..plain("badversion")
        }
    }
}

export!(BadVersion);
