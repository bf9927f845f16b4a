//! Version 2 of `formats`: see the module of that name.

#![cfg(target_arch = "wasm32")]

use daybook_guests::formats;
use daybook_guests::plugin::*;

struct Formats;

impl Plugin for Formats {
    fn manifest() -> Manifest {
        formats::manifest("2020-02-01")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let row = formats::row(&event, 1);
        cx.insert("thing", &row).expect("a row of its own");
        Ok(())
    }
}

export!(Formats);
