//! A later version of `cascade`, on its own, which keeps the row as the first one does but traps on n = 13, which the first
//! one can materialize: an event of doom for every log that has one.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct Doom;

impl Plugin for Doom {
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-03-01".into(),
            changes: vec!["no thirteens any more".into()],
            ..plain("cascade")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        assert_ne!(n, 13, "n is 13");
        put(cx, id(&event), n, None);
        Ok(())
    }
}

export!(Doom);
