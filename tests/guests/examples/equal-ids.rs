//! Emits n events, each with an id of its own from the host: all ids must differ, within a command and between commands.

#![cfg(target_arch = "wasm32")]

use daybook_guests::{json::Json, plugin::*};

struct EqualIds;

impl Plugin for EqualIds {
    fn manifest() -> Manifest {
        plain("equalids")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let payload = Json::parse(&event.data);
        put(cx, id(&event), n(&event.data), payload.get("id").text());
        Ok(())
    }

    fn create(command: Command, cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let events = (1..=n(&command.data)).map(|number| {
            let data = format!("{{\"n\":{number},\"id\":\"{}\"}}", cx.make_id());
            happened(&command, data)
        });
        Ok(events.collect())
    }
}

export!(EqualIds);
