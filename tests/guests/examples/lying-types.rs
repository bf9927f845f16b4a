//! Says that it materializes a type of its own that it never declared.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct LyingTypes;

impl Plugin for LyingTypes {
    fn manifest() -> Manifest {
        Manifest {
            materializes: vec!["lyingtypes.NeverDeclared".into()],
            ..plain("lyingtypes")
        }
    }
}

export!(LyingTypes);
