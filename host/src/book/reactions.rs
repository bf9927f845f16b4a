//! Commands that materializers ask for. A blocking reaction is run here, in the group of the event that asks for it; a lazy
//! one is a task of the gateway, which runs it later (`tasks`). Both have the task's id, so each is one command for ever.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::cloud_event::check_text;
use super::command::{AnsweredCommand, creator_failed, record};
use super::event_with_effects::EventWithEffects;
use super::group::Group;
use super::open::Book;
use crate::model::error::Problem;
use crate::model::log::{CommandOutcome, RecordedTask};
use crate::model::task::REACT_KIND;
use crate::model::{
    Command, Error, ErrorKind, Rejection, Result, Seq, TypeName, VersionDate, clock, limits,
};

/// A command as a task's data has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedCommand {
    pub command_type: String,
    /// JSON text.
    pub data: String,
    pub subject: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedJson<'a> {
    #[serde(rename = "type")]
    command_type: String,
    #[serde(borrow)]
    data: &'a RawValue,
    subject: Option<String>,
}

impl AskedCommand {
    pub fn parse(text: &str) -> Result<AskedCommand> {
        let asked: AskedJson<'_> = serde_json::from_str(text).map_err(|error| {
            Error::refused(format!("the task's data is no command: {error}"))
                .hint("{\"type\": \"plugin.Name\", \"data\": {…}, \"subject\": \"…\"}")
        })?;
        Ok(AskedCommand {
            command_type: asked.command_type,
            data: asked.data.get().to_owned(),
            subject: asked.subject,
        })
    }
}

/// Extension attributes of what a reaction causes: the event that asked, and the whole story that it is part of.
pub fn extensions(event_id: &str, of_event: Option<&str>) -> String {
    let known: Map<String, Json> = of_event
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let story = known
        .get("correlationid")
        .cloned()
        .unwrap_or_else(|| json!(event_id));
    let mut extensions = json!({ "causationid": event_id, "correlationid": story });
    if let Some(actor) = known.get("actor") {
        extensions["actor"] = actor.clone();
    }
    extensions.to_string()
}

impl Book {
    /// Runs what the group's event at a place asks for, in order. A no to any of it is a no to the whole request.
    pub(crate) fn react(&mut self, group: &mut Group, at: usize) -> Result<Vec<EventWithEffects>> {
        let asked = |task: &&RecordedTask| task.task.kind == REACT_KIND;
        let tasks: Vec<RecordedTask> = { group.commit.events[at].tasks.iter() }
            .filter(asked)
            .cloned()
            .collect();
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        if self.reaction_depth == limits::REACTION_DEPTH_MAX {
            let event = &group.commit.events[at].event;
            return Err(Error::plugin(format!(
                "event {} ({}) is the {}th of a chain of blocking reactions and asks for another; {} at most",
                event.seq,
                event.event_type,
                limits::REACTION_DEPTH_MAX + 1,
                limits::REACTION_DEPTH_MAX
            ))
            .hint("a lazy reaction (daybook.command) is a transaction of its own"));
        }
        self.reaction_depth += 1;
        let caused = tasks
            .iter()
            .map(|task| self.react_to(group, at, task))
            .collect::<Result<Vec<_>>>();
        self.reaction_depth -= 1;
        Ok(caused?.into_iter().flatten().collect())
    }

    fn react_to(
        &mut self,
        group: &mut Group,
        at: usize,
        task: &RecordedTask,
    ) -> Result<Vec<EventWithEffects>> {
        let event = &group.commit.events[at].event;
        let (seq, event_type) = (event.seq, event.event_type.clone());
        let extensions = extensions(&event.id, event.extensions.as_deref());
        let handled_by = (event_type.clone(), event.version);
        let about = |error: Error| {
            // What a plugin asked for wrongly is the plugin's failure, whatever it was that it asked for.
            let kind = match error.kind {
                ErrorKind::Usage | ErrorKind::Refused | ErrorKind::Conflict => ErrorKind::Plugin,
                kind => kind,
            };
            let problem = error
                .problem
                .clone()
                .filter(|it| matches!(**it, Problem::Rejected(_)));
            Error {
                kind,
                problem,
                ..error.context(format!("the reaction of event {seq} ({event_type})"))
            }
        };
        self.run_reaction(group, task, handled_by, &extensions)
            .map_err(about)
    }

    fn run_reaction(
        &mut self,
        group: &mut Group,
        task: &RecordedTask,
        (of_type, version): (TypeName, Option<VersionDate>),
        extensions: &str,
    ) -> Result<Vec<EventWithEffects>> {
        let asked = AskedCommand::parse(&task.task.data)?;
        let id: Uuid = { task.id.parse() }
            .map_err(|_| Error::internal(format!("'{}' is no task's id", task.id)))?;
        let command_type = TypeName::new(&asked.command_type)?;
        let program = self.live.materializer.program();
        // What is asked of the event's own plugin is asked of the version that handled it, where that serves its callers.
        let version = version.filter(|_| of_type.plugin() == command_type.plugin());
        let program: Arc<_> = program.of_version(command_type.plugin(), version).clone();
        let (handler, schema) = program.creator(command_type.as_str(), None)?;
        schema.check(&asked.data)?;
        asked
            .subject
            .as_ref()
            .map_or(Ok(()), |text| check_text("subject", text))?;
        let command = Command {
            id: task.id.clone(),
            command_type,
            subject: asked.subject,
            time: clock::now(),
            actor: None,
            data: asked.data,
        };
        let position = Seq(self.next_seq(group).0 - 1);
        let created = self
            .live
            .materializer
            .create_by(&program, handler, &command, id);
        let (answer, lines) = created.map_err(|failure| {
            group.hear_command(&command, failure.log());
            creator_failed(&command, failure)
        })?;
        group.hear_command(&command, &lines);
        group.burn(self.live.materializer.usage().fuel)?;
        let events = answer.map_err(|rejection| rejected(&command, rejection))?;
        // Before those that come of it: a journal is read in the order in which commands were asked for.
        let place = group.commit.commands.len();
        let asked = AnsweredCommand {
            command: &command,
            id,
            program: &program,
            handler,
            extensions: Some(extensions),
        };
        let caused = self.create_events(group, &asked, events)?;
        let outcome = CommandOutcome::Accepted {
            events: caused.len() as u64,
        };
        let record = record(&command, position, &program, outcome);
        group.commit.commands.insert(place, record);
        Ok(caused)
    }
}

fn rejected(command: &Command, rejection: Rejection) -> Error {
    let text = format!(
        "command {} was rejected: {}: {}",
        command.command_type, rejection.code, rejection.message
    );
    Error::new(ErrorKind::Rejected, text).problem(Problem::Rejected(rejection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_its_text_and_what_is_none_is_refused() {
        let asked = AskedCommand::parse(r#"{"type": "a.B", "data": {"n":  1.0}}"#).unwrap();
        assert_eq!(
            (&*asked.command_type, &*asked.data),
            ("a.B", r#"{"n":  1.0}"#)
        );
        assert_eq!(asked.subject, None);
        for bad in [
            "",
            "{}",
            r#"{"type": "a.B"}"#,
            r#"{"type": "a.B", "data": 1, "more": 2}"#,
            "[]",
        ] {
            assert!(AskedCommand::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reaction_is_caused_by_its_event_and_part_of_the_same_story() {
        assert_eq!(
            extensions("e", None),
            r#"{"causationid":"e","correlationid":"e"}"#
        );
        assert_eq!(
            extensions(
                "e",
                Some(r#"{"correlationid":"s","causationid":"d","actor":"ana"}"#)
            ),
            r#"{"actor":"ana","causationid":"e","correlationid":"s"}"#
        );
    }
}
