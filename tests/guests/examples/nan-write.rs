//! Writes reals that are not numbers: n = 0 NaN, 1 infinity, 2 negative infinity, which are faults; 3 is -0.0, which
//! is kept as 0.0; any other n is written as it is.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct NanWrite;

impl Plugin for NanWrite {
    fn manifest() -> Manifest {
        let reading = Table {
            name: "reading".into(),
            columns: vec![
                column("id", ColumnKind::Integer),
                column("x", ColumnKind::Real),
            ],
            primary_key: vec!["id".into()],
            indexes: vec![],
        };
        Manifest {
            tables: vec![reading],
            ..plain("nanwrite")
        }
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let x = match n(&event.data) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => -0.0,
            other => other as f64,
        };
        cx.insert("reading", &[Value::Integer(id(&event)), Value::Real(x)])
            .expect("the row is new");
        Ok(())
    }
}

export!(NanWrite);
