//! Reactions: commands that follow from an event. The host knows two kinds of task of its own, and these ask for them.

use crate::command::CommandPayload;
use crate::contract::types as raw;
use crate::event::full_type;
use crate::payload;
use crate::task::{NewTask, TaskPayload};

/// Commands that are run in the transaction of the event: [`Materialization::run_now`](crate::Materialization::run_now).
/// Named in `#[plugin(tasks = [RunNow])]`.
#[derive(
    Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct RunNow;

impl TaskPayload for RunNow {
    const KIND: &'static str = "daybook.react";
    const DESCRIPTION: &'static str = "A command of this book, run with the event that asks for it";
}

/// Commands that are run after the event is kept: [`Materialization::run_later`](crate::Materialization::run_later).
/// Named in `#[plugin(tasks = [RunLater])]`.
#[derive(
    Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
pub struct RunLater;

impl TaskPayload for RunLater {
    const KIND: &'static str = "daybook.command";
    const DESCRIPTION: &'static str =
        "A command of this book, run after the event that asks for it";
}

/// The data of both kinds. The command's payload is put in as it is, so it is written by hand around it.
fn data(command_type: &str, payload: &str) -> String {
    let name = payload::encode(&command_type);
    format!("{{\"type\":{name},\"data\":{payload}}}")
}

/// The task that asks for a command.
pub(crate) fn task<T: CommandPayload>(kind: &str, own_plugin: &str, command: &T) -> NewTask {
    let command_type = full_type(T::PLUGIN.unwrap_or(own_plugin), T::NAME);
    NewTask {
        raw: raw::Task {
            kind: kind.to_owned(),
            key: None,
            data: data(&command_type, &payload::encode(command)),
            not_before: None,
            attributes: raw::Attributes::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_named_in_full_and_its_payload_is_put_in_as_it_is() {
        assert_eq!(
            data("team.Remove", r#"{"team":"a"}"#),
            r#"{"type":"team.Remove","data":{"team":"a"}}"#
        );
    }
}
