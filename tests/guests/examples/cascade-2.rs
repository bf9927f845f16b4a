//! The second version of `cascade`, which extends the first and handles only `Happened`: with the version before it
//! twice on n = 2, not at all on n = 3, otherwise once; then it marks the row, which holds the first version's
//! count. On n = 7, where the version before it fails, it keeps a row of its own and goes on.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct Cascade;

impl Plugin for Cascade {
    /// The event's and the command's types, and the event `Other`, fall through to the version before it.
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-02-01".into(),
            extends: Some("2020-01-01".into()),
            changes: vec!["rows are marked".into()],
            events: vec![],
            commands: vec![],
            tasks: vec![],
            ..plain("cascade")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        let calls = match n {
            2 => 2,
            3 => 0,
            _ => 1,
        };
        for _ in 0..calls {
            if cx.previous(&event).is_err() {
                // An insert: it finds the row's key free only if the failed version's write was undone.
                put(cx, id(&event), n, Some("swallowed"));
                return Ok(());
            }
        }
        let before = cx.get("thing", &[Value::Integer(id(&event))]);
        let (count, text) = match before.as_deref() {
            Some([_, Value::Integer(count), _]) => (*count, "first, then second"),
            _ => (0, "second alone"),
        };
        cx.upsert("thing", &thing_row(id(&event), count, Some(text)))
            .expect("there is no unique index");
        Ok(())
    }
}

export!(Cascade);
