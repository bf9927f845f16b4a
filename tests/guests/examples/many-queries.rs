//! Asks n times for something that takes some ten million steps of SQL.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

const COUNT: &str =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000)
                     SELECT max(x) FROM c";

struct ManyQueries;

impl Plugin for ManyQueries {
    fn manifest() -> Manifest {
        plain("manyqueries")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        for _ in 0..n(&event.data) {
            cx.query(COUNT, &[]);
        }
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(ManyQueries);
