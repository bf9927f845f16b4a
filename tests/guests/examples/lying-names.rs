//! Declares a table whose name is a piece of SQL.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct LyingNames;

impl Plugin for LyingNames {
    fn manifest() -> Manifest {
        let mut manifest = plain("lyingnames");
        manifest.tables[0].name = "thing\" (id INTEGER); DROP TABLE \"counter_thing".into();
        manifest
    }
}

export!(LyingNames);
