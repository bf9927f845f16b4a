//! Exports no creator: the world `materializer-plugin`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::{Event, Failure, Manifest, Materialization, id, n, plain, put};
use exports::daybook::plugin::{describer, materializer};

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "materializer-plugin",
    with: {
        "daybook:plugin/types@1.0.0": daybook_guests::plugin::bindings::daybook::plugin::types,
        "daybook:plugin/manifest@1.0.0": daybook_guests::plugin::bindings::daybook::plugin::manifest,
        "daybook:plugin/materialization@1.0.0":
            daybook_guests::plugin::bindings::daybook::plugin::materialization,
    },
});

struct MaterializerOnly;

impl describer::Guest for MaterializerOnly {
    fn describe() -> Manifest {
        Manifest {
            commands: vec![],
            ..plain("materializeronly")
        }
    }
}

impl materializer::Guest for MaterializerOnly {
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(MaterializerOnly);
