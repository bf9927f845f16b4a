//! Emits an event of a type that it never declared; on n = 2 one of another plugin.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct UndeclaredEvent;

impl Plugin for UndeclaredEvent {
    fn manifest() -> Manifest {
        plain("undeclaredevent")
    }

    /// An event that is in order comes first: it must not be kept either.
    fn create(command: Command, _cx: &Creation) -> Result<Vec<NewEvent>, CreateError> {
        let event_type = if n(&command.data) == 2 {
            "counter.Happened"
        } else {
            "undeclaredevent.Unheard"
        };
        let first = happened(&command, "{\"n\":1}".into());
        let second = NewEvent {
            event_type: event_type.into(),
            ..first.clone()
        };
        Ok(vec![first, second])
    }
}

export!(UndeclaredEvent);
