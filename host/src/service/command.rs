//! A command: to its creator, and what the creator answers into the log. Or a preview of all that.

use uuid::Uuid;

use super::append::Group;
use super::book::Book;
use super::materializer::{Failure, Outcome};
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::{
    Command, Error, ErrorKind, Event, LogLine, PluginVersion, Rejection, Result, TypeName, clock,
    limits,
};

/// A command as it comes in.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub command_type: String,
    /// JSON text.
    pub data: String,
    pub subject: Option<String>,
    pub actor: Option<String>,
    /// None: the host makes one. A preview and the run after it yield the same ids when they share it.
    pub id: Option<Uuid>,
    /// Run it in full, report everything, keep nothing.
    pub preview: bool,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Reply {
    pub command_id: Uuid,
    /// The version whose creator answered.
    pub version: PluginVersion,
    pub preview: bool,
    pub decision: Decision,
    pub log: Vec<LogLine>,
}

#[derive(Debug, Clone)]
pub enum Decision {
    /// The events in order, each with what it caused.
    Accepted(Vec<(Event, Outcome)>),
    Rejected(Rejection),
}

impl Book {
    /// Runs a command. Every outcome is journalled, but for previews and payloads that do not fit the schema. A rejection
    /// is an answer (`Decision::Rejected`); an `Err` says that there was none.
    pub fn run(&mut self, request: Request) -> Result<Reply> {
        self.check_current()?;
        let name = TypeName::new(&request.command_type)?;
        if let Some(id) = request.id
            && self.log.has_command(&id.to_string())?
        {
            return Err(Error::refused(format!("command {id} was run already"))
                .hint("an id names one command for ever; give the new one an id of its own"));
        }
        let program = self.live.materializer.program().clone();
        program
            .command_schema(name.as_str())?
            .check(&request.data)?;
        let handler = program.creator(name.as_str()).ok_or_else(|| {
            Error::internal(format!("command '{name}' has a schema and no creator"))
        })?;
        let version = program.plugins[handler.plugin].chain[0]
            .code
            .version
            .clone();
        let id = request.id.unwrap_or_else(Uuid::now_v7);
        let command = Command {
            id: id.to_string(),
            command_type: name,
            subject: request.subject,
            time: clock::now(),
            actor: request.actor,
            data: request.data,
        };
        let (decision, log) = match self.live.materializer.create(&command, id) {
            Ok(answer) => answer,
            Err(failure) => return Err(self.failed(&command, failure, request.preview)),
        };
        let reply = |decision, log| Reply {
            command_id: id,
            version: version.clone(),
            preview: request.preview,
            decision,
            log,
        };
        let events = match decision {
            Err(rejection) => {
                if !request.preview {
                    let outcome = CommandOutcome::Rejected(rejection.clone());
                    self.journal(self.record(&command, outcome))?;
                }
                return Ok(reply(Decision::Rejected(rejection), log));
            }
            Ok(events) => events,
        };
        let mut group = Group::default();
        let outcomes = match self.create_events(&mut group, &command, id, events, &version) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.live.materializer.rollback();
                if !request.preview && matches!(error.kind, ErrorKind::Plugin) {
                    let outcome = CommandOutcome::Failed(error.message.clone());
                    self.journal(self.record(&command, outcome))?;
                }
                return Err(error);
            }
        };
        if request.preview {
            self.live.materializer.rollback();
        } else {
            let outcome = CommandOutcome::Accepted {
                events: group.commit.events.len() as u64,
            };
            group.commit.commands.push(self.record(&command, outcome));
            self.settle(group)?;
        }
        Ok(reply(Decision::Accepted(outcomes), log))
    }

    fn record(&self, command: &Command, outcome: CommandOutcome) -> RecordedCommand {
        RecordedCommand {
            id: command.id.clone(),
            command_type: command.command_type.clone(),
            subject: command.subject.clone(),
            time: command.time.clone(),
            actor: command.actor.clone(),
            data: command.data.clone(),
            position: self.head(),
            lineup: self.live.materializer.program().stamp.clone(),
            outcome,
        }
    }

    /// A creator that failed, trapped or broke the contract.
    fn failed(&mut self, command: &Command, failure: Failure, preview: bool) -> Error {
        match failure {
            Failure::Host(error) => error,
            Failure::Doom(doom) => {
                let mut text = format!(
                    "{} on command {} {}",
                    doom.version, doom.event_type, doom.error
                );
                for line in &doom.log {
                    text.push_str(&format!("\n    log: {}", line.message));
                }
                if !preview {
                    let outcome = CommandOutcome::Failed(doom.error.to_string());
                    if let Err(error) = self.journal(self.record(command, outcome)) {
                        return error;
                    }
                }
                Error::plugin(text)
            }
        }
    }

    /// Checks and materializes what a creator asked for.
    fn create_events(
        &mut self,
        group: &mut Group,
        command: &Command,
        id: Uuid,
        events: Vec<crate::model::NewEvent>,
        version: &PluginVersion,
    ) -> Result<Vec<(Event, Outcome)>> {
        let blame = |what: String| {
            Error::plugin(format!(
                "{version} on command {}: {what}",
                command.command_type
            ))
        };
        if events.len() > limits::EVENTS_PER_COMMAND_MAX {
            return Err(blame(format!(
                "it asks for {} events; {} at most",
                events.len(),
                limits::EVENTS_PER_COMMAND_MAX
            )));
        }
        let mut outcomes = Vec::with_capacity(events.len());
        for (ordinal, new) in events.into_iter().enumerate() {
            let event_type =
                TypeName::new(&new.event_type).map_err(|error| blame(error.message))?;
            if event_type.plugin() != version.plugin.as_str() {
                return Err(blame(format!(
                    "it asks for '{event_type}', another plugin's event"
                )));
            }
            let program = self.live.materializer.program().clone();
            let schema = program.event_schema(event_type.as_str()).map_err(|_| {
                blame(format!(
                    "it asks for '{event_type}', which its manifest does not declare"
                ))
            })?;
            schema
                .check(&new.data)
                .map_err(|error| blame(error.message))?;
            let event = Event {
                seq: crate::model::Seq(self.head().0 + ordinal as u64 + 1),
                id: Uuid::new_v5(&id, format!("event:{ordinal}").as_bytes()).to_string(),
                source: format!("/commands/{id}"),
                version: program.lineup.version(event_type.plugin()),
                event_type,
                subject: new.subject.or_else(|| command.subject.clone()),
                time: command.time.clone(),
                data: new.data,
                extensions: None,
            };
            let outcome = self.materialize(group, event.clone(), Some(&command.id))?;
            outcomes.push((event, outcome));
        }
        Ok(outcomes)
    }
}
