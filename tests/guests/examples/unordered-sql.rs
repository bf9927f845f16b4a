//! Depends on the order of a SELECT that does not say one: certification must notice.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

/// Ten of the rows there are; which ones and in what order is SQLite's to choose.
const SELECT: &str = "SELECT id FROM unordered_thing WHERE n >= 0 LIMIT 10";

/// The first id that came, or 0, and all that came.
fn first_and_all(found: &QueryResult) -> (i64, String) {
    let first = match found.rows.first().map(Vec::as_slice) {
        Some([Value::Integer(id)]) => *id,
        _ => 0,
    };
    (first, rows_text(&found.rows))
}

struct Unordered;

impl Plugin for Unordered {
    fn manifest() -> Manifest {
        plain("unordered")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let (first, all) = first_and_all(&cx.query(SELECT, &[]));
        put(cx, id(&event), first, Some(&all));
        Ok(())
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let (first, _) = first_and_all(&cx.query(SELECT, &[]));
        Ok(vec![happened(&command, format!("{{\"n\":{first}}}"))])
    }
}

export!(Unordered);
