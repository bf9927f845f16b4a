//! A later version of `cascade` that keeps the very rows of the first one, and takes its time: some hundred thousand steps
//! for each event.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

const STEPS: u64 = 300_000;

struct Slow;

impl Plugin for Slow {
    fn manifest() -> Manifest {
        Manifest {
            version: "2020-05-01".into(),
            changes: vec!["takes its time".into()],
            ..plain("cascade")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let mut sum = 0u64;
        for step in 0..STEPS {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(step));
        }
        assert_ne!(sum, 1, "the loop is not to be left out");
        cx.insert("thing", &thing_row(id(&event), 1, Some("first")))
            .expect("the row is new");
        Ok(())
    }
}

export!(Slow);
