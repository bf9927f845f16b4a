//! Emits an event whose payload does not conform to its schema; on n = 2 one whose payload is not JSON.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct BadEventPayload;

impl Plugin for BadEventPayload {
    fn manifest() -> Manifest {
        plain("badeventpayload")
    }

    /// An event that is in order comes first: it must not be kept either.
    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let data = if n(&command.data) == 2 {
            "{\"n\":"
        } else {
            "{\"n\":\"seven\"}"
        };
        Ok(vec![
            happened(&command, "{\"n\":1}".into()),
            happened(&command, data.into()),
        ])
    }
}

export!(BadEventPayload);
