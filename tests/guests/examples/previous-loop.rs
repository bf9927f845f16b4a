//! A third version of `cascade`, which runs the one before it a million times for one event, except where n is negative.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

/// How often the version before is run.
const CALLS: i64 = 1_000_000;

struct PreviousLoop;

impl Plugin for PreviousLoop {
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-03-01".into(),
            extends: Some("2020-02-01".into()),
            changes: vec!["patience".into()],
            events: vec![],
            commands: vec![],
            tasks: vec![],
            ..plain("cascade")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let calls = if n(&event.data) < 0 { 1 } else { CALLS };
        for _ in 0..calls {
            cx.previous(&event)?;
        }
        Ok(())
    }
}

export!(PreviousLoop);
