//! Extends the very version that it is.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct ExtendsItself;

impl Plugin for ExtendsItself {
    fn manifest() -> Manifest {
        Manifest {
            extends: Some("2020-01-01".into()),
            ..plain("extendsitself")
        }
    }
}

export!(ExtendsItself);
