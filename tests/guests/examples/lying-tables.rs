//! Declares a table whose primary key is no column of it.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct LyingTables;

impl Plugin for LyingTables {
    fn manifest() -> Manifest {
        let mut manifest = plain("lyingtables");
        manifest.tables[0].primary_key = vec!["absent".into()];
        manifest
    }
}

export!(LyingTables);
