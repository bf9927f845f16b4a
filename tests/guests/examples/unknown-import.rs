//! Imports `acme:mail/send` beside the contract's own interfaces: no host of ours can supply it.

#![cfg(target_arch = "wasm32")]

use acme::mail::send::send;
use daybook_guests::plugin::*;

wit_bindgen::generate!({ path: "wit/unknown-import", generate_all });

struct UnknownImport;

impl Plugin for UnknownImport {
    fn manifest() -> Manifest {
        plain("unknownimport")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        send("somebody@example.com", &event.data);
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(UnknownImport);
