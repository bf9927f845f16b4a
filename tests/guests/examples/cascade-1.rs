//! The first version of `cascade`. `Happened` counts in its row how often it was materialized, and fails on n = 7 after
//! it has written; `Other` keeps a row of its own.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct Cascade;

impl Plugin for Cascade {
    fn manifest() -> Manifest {
        let mut manifest = plain("cascade");
        manifest
            .events
            .push(event_type("cascade", "Other", SCHEMA_OF_N));
        manifest.materializes.push("cascade.Other".into());
        manifest
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        if event.event_type == "cascade.Other" {
            put(cx, id(&event), n(&event.data), Some("other"));
            return Ok(());
        }
        let before = cx.get("thing", &[Value::Integer(id(&event))]);
        let count = match before.as_deref() {
            Some([_, Value::Integer(count), _]) => count + 1,
            _ => 1,
        };
        cx.upsert("thing", &thing_row(id(&event), count, Some("first")))
            .expect("there is no unique index");
        if n(&event.data) == 7 {
            return Err(Failure {
                code: "seven".into(),
                message: "n is 7".into(),
            });
        }
        Ok(())
    }
}

export!(Cascade);
