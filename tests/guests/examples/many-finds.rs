//! Where n is negative or 0, writes thirty rows of a megabyte; else finds all rows of its table, n times.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct ManyFinds;

impl Plugin for ManyFinds {
    fn manifest() -> Manifest {
        plain("manyfinds")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        if n <= 0 {
            let text = "y".repeat(1_000_000);
            for place in 0..30 {
                let row = thing_row(n * 30 - place, 0, Some(&text));
                cx.upsert("thing", &row).expect("a row that is written");
            }
            return Ok(());
        }
        let all = Find {
            index: None,
            prefix: vec![],
            lower: None,
            upper: None,
            descending: false,
            limit: None,
        };
        for _ in 0..n {
            cx.find("thing", &all);
        }
        Ok(())
    }
}

export!(ManyFinds);
