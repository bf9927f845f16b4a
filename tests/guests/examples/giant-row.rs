//! Writes a row with n megabytes of text.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct GiantRow;

impl Plugin for GiantRow {
    fn manifest() -> Manifest {
        plain("giantrow")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        let megabytes = usize::try_from(n).expect("n is not negative");
        put(cx, id(&event), n, Some(&"x".repeat(megabytes << 20)));
        Ok(())
    }
}

export!(GiantRow);
