//! Exports no creator: the world `materializer-plugin`.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::bindings::daybook::plugin::types;
use daybook_guests::plugin::{Event, Manifest, Materialization, id, n, plain, put};
use exports::daybook::plugin::{describer, materializer};

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "materializer-plugin",
    with: {
        "daybook:plugin/types@1.0.0": daybook_guests::plugin::bindings::daybook::plugin::types,
    },
    generate_all,
});

struct MaterializerOnly;

impl describer::Guest for MaterializerOnly {
    fn describe() -> String {
        let manifest = Manifest {
            commands: vec![],
            ..plain("materializeronly")
        };
        manifest.json()
    }
}

impl materializer::Guest for MaterializerOnly {
    fn materialize(event: types::Event) -> Result<(), types::Failure> {
        let event = Event::from(event);
        put(&Materialization, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(MaterializerOnly);
