//! Exports no materializer: the world `creator-plugin`. Its command succeeds with the event `Happened`, on n = 13 it is
//! rejected, on n = 14 it fails. On n = 15 and n = 16 it does so at great length.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::bindings::daybook::plugin::types;
use daybook_guests::plugin::{
    Command, CreateError, Failure, Manifest, NewEvent, Rejection, happened, n, plain,
};
use exports::daybook::plugin::{creator, describer};

wit_bindgen::generate!({
    path: "../../wit/v1",
    world: "creator-plugin",
    with: {
        "daybook:plugin/types@1.0.0": daybook_guests::plugin::bindings::daybook::plugin::types,
    },
    generate_all,
});

struct CreatorOnly;

impl describer::Guest for CreatorOnly {
    fn describe() -> String {
        let manifest = Manifest {
            materializes: vec![],
            tables: vec![],
            ..plain("creatoronly")
        };
        manifest.json()
    }
}

impl creator::Guest for CreatorOnly {
    fn create(command: types::Command) -> Result<Vec<types::NewEvent>, types::CreateError> {
        let events = answer(&command.into()).map_err(types::CreateError::from)?;
        Ok(events.into_iter().map(Into::into).collect())
    }
}

fn answer(command: &Command) -> Result<Vec<NewEvent>, CreateError> {
    match n(&command.data) {
        13 => Err(CreateError::Rejected(Rejection {
            code: "thirteen".into(),
            message: "n is 13".into(),
            details: Some("{\"n\":13}".into()),
        })),
        14 => Err(CreateError::Failed(Failure {
            code: "fourteen".into(),
            message: "n is 14".into(),
        })),
        15 => Err(CreateError::Rejected(Rejection {
            code: "fifteen".into(),
            message: "n is 15".into(),
            details: Some(format!("[{}0]", "0,".repeat(50_000))),
        })),
        16 => Err(CreateError::Failed(Failure {
            code: "sixteen".into(),
            message: "n is 16 ".repeat(10_000),
        })),
        other => Ok(vec![happened(command, format!("{{\"n\":{other}}}"))]),
    }
}

export!(CreatorOnly);
