//! A command: to its creator, and what the creator answers into the log. Or a preview of all that.

use crate::engine::beside;
use std::sync::Arc;

use uuid::Uuid;

use super::cloud_event::check_text;
use super::event_with_effects::EventWithEffects;
use super::extensions::Extensions;
use super::group::Group;
use super::guards::Guards;
use super::identity;
use super::marks::Marks;
use super::open::Book;
use crate::engine::Failure;
use crate::engine::Handler;
use crate::engine::Program;
use crate::model::error::Problem;
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::{
    Command, Error, ErrorKind, Event, LogLine, PluginVersion, Rejection, Result, Seq, TypeName,
    VersionDate, clock,
};

/// A command as it comes in.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub command_type: String,
    /// JSON text.
    pub data: String,
    pub subject: Option<String>,
    pub actor: Option<String>,
    /// None: the host makes one. A preview and the run after it yield the same ids when they share it. The same command
    /// with the same id again gets the first answer.
    pub id: Option<Uuid>,
    /// The creator to ask: the newest version that is not after this date. Events are materialized by the active ones, or,
    /// where the plugin is served by its callers' dates, by that version.
    pub pin: Option<VersionDate>,
    /// The version that handled the event which asked for this.
    pub caused_by: Option<PluginVersion>,
    pub guards: Guards,
    /// CloudEvents extension attributes for each of its events, a JSON object.
    pub extensions: Option<String>,
    /// The payload is that of an event which is to be undone, and may have more members than the command names.
    pub is_inverse: bool,
    /// Run it in full, report everything, keep nothing.
    pub preview: bool,
    /// Where the writer tells when it did what.
    pub marks: Option<Arc<Marks>>,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Reply {
    pub command_id: Uuid,
    /// The version whose creator answered.
    pub version: PluginVersion,
    pub preview: bool,
    /// This is the answer that the command got before.
    pub repeated: bool,
    pub decision: Decision,
    pub log: Vec<LogLine>,
}

#[derive(Debug, Clone)]
pub enum Decision {
    /// The events in order, each with what it caused.
    Accepted(Vec<EventWithEffects>),
    Rejected(Rejection),
}

impl Book {
    /// Runs a command. Every outcome is journalled, but for previews and payloads that do not fit the schema. A rejection
    /// is an answer (`Decision::Rejected`); an `Err` says that there was none.
    pub fn run(&mut self, request: Request) -> Result<Reply> {
        let mut group = self.group()?;
        let reply = self.run_into(&mut group, request);
        // A creator that failed has an entry in the journal, which is to be kept.
        self.commit_group(group)?;
        reply
    }

    /// Runs a command inside a group; the answer is true once the group is settled.
    pub fn run_into(&mut self, group: &mut Group, request: Request) -> Result<Reply> {
        let name = TypeName::new(&request.command_type)?;
        let id = match request.id {
            None => crate::model::given::id(),
            Some(id) => match self.answered(id, &request)? {
                Ok(free) => free,
                Err((id, first)) => return self.first_answer(id, *first, &request),
            },
        };
        for (name, text) in [("subject", &request.subject), ("actor", &request.actor)] {
            text.as_ref()
                .map_or(Ok(()), |text| check_text(name, text))?;
        }
        let program = self.live.materializer.program().clone();
        let stamped = !program.lineup.earlier(name.plugin()).is_empty();
        // What follows from an event is asked of the version that handled it, where the caller's date decides.
        let caused_by = request.caused_by.as_ref();
        let caused_by = caused_by.filter(|it| stamped && it.plugin.as_str() == name.plugin());
        let pin = request.pin.or(caused_by.map(|version| version.date));
        let program = self.serving(&program, name.plugin(), pin)?;
        let (handler, schema) = program.creator(name.as_str(), pin)?;
        match request.is_inverse {
            true => schema.check_open(&request.data)?,
            false => schema.check(&request.data)?,
        }
        let version = program.link(handler).code.version.clone();
        let extensions = Extensions::by(request.extensions.as_deref(), request.actor.as_deref());
        let command = Command {
            id: id.to_string(),
            command_type: name,
            subject: request.subject,
            time: clock::now(),
            actor: request.actor,
            data: request.data,
        };
        let position = Seq(self.next_seq(group).0 - 1);
        self.check_guards(group, &request.guards)?;
        let place = group.commit.commands.len();
        let mut log = Vec::new();
        let decision = self.within(group, request.preview, |book, group| {
            let (answer, lines) = book
                .live
                .materializer
                .create_by(&program, handler, &command, id)
                .map_err(|failure| {
                    group.hear_command(&command, failure.log());
                    creator_failed(&command, failure)
                })?;
            group.hear_command(&command, &lines);
            group.burn(book.live.materializer.usage().fuel)?;
            log = lines;
            let events = match answer {
                Ok(events) => events,
                Err(rejection) => return Ok(Decision::Rejected(rejection)),
            };
            let asked = AnsweredCommand {
                command: &command,
                id,
                program: &program,
                handler,
                extensions: extensions.as_deref(),
            };
            book.create_events(group, &asked, events)
                .map(Decision::Accepted)
        });
        // The no of a blocking reaction is the command's.
        let decision = decision.or_else(|error| match error.problem.as_deref() {
            Some(Problem::Rejected(rejection)) => Ok(Decision::Rejected(rejection.clone())),
            _ => Err(error),
        });
        if !request.preview {
            let outcome = match &decision {
                Ok(Decision::Accepted(events)) => Some(CommandOutcome::Accepted {
                    events: events.len() as u64,
                }),
                Ok(Decision::Rejected(rejection)) => {
                    Some(CommandOutcome::Rejected(rejection.clone()))
                }
                Err(error) if error.kind == ErrorKind::Plugin => {
                    Some(CommandOutcome::Failed(error.message.clone()))
                }
                Err(_) => None,
            };
            if let Some(outcome) = outcome {
                // Before those of its reactions: a journal is read in the order in which commands were asked for.
                let record = record(&command, position, &program, outcome);
                group.commit.commands.insert(place, record);
                group.asked.extend(request.id);
            }
            if request.pin.is_some() {
                // Where the caller's date decides, its version materializes too.
                let own = program.lineup.version(command.command_type.plugin());
                let date = own.filter(|_| stamped).unwrap_or(version.date);
                let plugin = command.command_type.plugin();
                let used = self.pin_use(plugin, Some(date), command.actor.clone())?;
                group.commit.pins.extend(used);
            }
        }
        Ok(Reply {
            command_id: id,
            version,
            preview: request.preview,
            repeated: false,
            decision: decision?,
            log,
        })
    }

    /// Refuses a command that no version in force takes, or whose payload does not fit.
    pub fn check_command(&self, command_type: &str, data: &str) -> Result<()> {
        let (_, schema) = self
            .live
            .materializer
            .program()
            .creator(command_type, None)?;
        schema.check(data)
    }

    /// The command that was run under an id; or the id under which to run it. A failure is an answer only while the versions
    /// are in force that failed: nothing was kept of it, so once one is mended the same command is tried anew, under an id
    /// beside the first.
    fn answered(
        &self,
        id: Uuid,
        request: &Request,
    ) -> Result<Result<Uuid, (Uuid, Box<RecordedCommand>)>> {
        let program = self.live.materializer.program();
        let plugin = request.command_type.split('.').next().unwrap_or_default();
        let serving = self.serving(program, plugin, request.pin)?;
        let stamp = &serving.stamp;
        let mut tried = id;
        for again in 1_u32.. {
            let Some(first) = self.history.log.find_command(&tried.to_string())? else {
                break;
            };
            identity::check_command(&first, request)?;
            if !matches!(first.outcome, CommandOutcome::Failed(_)) || first.lineup == *stamp {
                return Ok(Err((tried, Box::new(first))));
            }
            tried = beside(id, &format!("again:{again}"));
        }
        Ok(Ok(tried))
    }

    /// What a command was answered when it came first, from the journal.
    fn first_answer(
        &mut self,
        id: Uuid,
        first: RecordedCommand,
        request: &Request,
    ) -> Result<Reply> {
        let lineup: crate::model::Lineup = first.lineup.parse()?;
        let program = self.history.program(&lineup)?;
        let (handler, _) = program.creator(first.command_type.as_str(), request.pin)?;
        let version = program.link(handler).code.version.clone();
        let decision = match first.outcome {
            CommandOutcome::Rejected(rejection) => Decision::Rejected(rejection),
            CommandOutcome::Failed(message) => return Err(Error::plugin(message)),
            CommandOutcome::Accepted { events } => {
                let from = first.position.next();
                let to = Seq(first.position.0 + events);
                let mut caused = Vec::new();
                for piece in self.history.log.recorded(from..=to) {
                    let shown = super::reader::shown(&self.history.log, piece?)?;
                    caused.extend(shown.into_iter().map(|shown| shown.with_effects()));
                }
                Decision::Accepted(caused)
            }
        };
        Ok(Reply {
            command_id: id,
            version,
            preview: request.preview,
            repeated: true,
            decision,
            log: Vec::new(),
        })
    }

    /// Checks and materializes what a creator asked for. What its reactions cause comes between.
    pub(crate) fn create_events(
        &mut self,
        group: &mut Group,
        asked: &AnsweredCommand<'_>,
        events: Vec<crate::model::NewEvent>,
    ) -> Result<Vec<EventWithEffects>> {
        let AnsweredCommand {
            command,
            id,
            program,
            handler,
            extensions,
        } = *asked;
        // Whichever version answers, the one in force, or of the caller's date, materializes what it asks for.
        let newest = Handler { link: 0, ..handler };
        let types = program.check_asked(newest, &events).map_err(|what| {
            Error::plugin(format!(
                "{} on command {}: {what}",
                program.link(handler).code.version,
                command.command_type
            ))
        })?;
        for new in &events {
            let checked =
                { new.subject.as_ref() }.map_or(Ok(()), |text| check_text("subject", text));
            let checked = checked.and_then(|()| Extensions::check_asked(&new.attributes));
            checked.map_err(|error| {
                let version = &program.link(handler).code.version;
                let command = &command.command_type;
                Error::plugin(format!(
                    "{version} on command {command}: {}: {error}",
                    new.event_type
                ))
            })?;
        }
        let mut outcomes = Vec::with_capacity(events.len());
        for (ordinal, (new, event_type)) in events.into_iter().zip(types).enumerate() {
            let event = Event {
                seq: self.next_seq(group),
                id: beside(id, &format!("event:{ordinal}")).to_string(),
                source: format!("/commands/{id}"),
                version: program.lineup.version(event_type.plugin()),
                event_type,
                subject: new.subject.or_else(|| command.subject.clone()),
                time: command.time.clone(),
                data: new.data,
                extensions: Extensions::asked(extensions, new.attributes),
            };
            let (outcome, reactions) = self.materialize(group, event.clone(), Some(&command.id))?;
            outcomes.push(EventWithEffects::now(event, outcome, &program.layouts));
            outcomes.extend(reactions);
        }
        Ok(outcomes)
    }
}

/// A command as the journal has it.
pub(crate) fn record(
    command: &Command,
    position: Seq,
    program: &Program,
    outcome: CommandOutcome,
) -> RecordedCommand {
    RecordedCommand {
        id: command.id.clone(),
        command_type: command.command_type.clone(),
        subject: command.subject.clone(),
        time: command.time.clone(),
        actor: command.actor.clone(),
        data: command.data.clone(),
        position,
        lineup: program.stamp.clone(),
        outcome,
    }
}

/// A command whose creator has answered.
#[derive(Clone, Copy)]
pub(crate) struct AnsweredCommand<'a> {
    pub command: &'a Command,
    pub id: Uuid,
    /// What materializes the events.
    pub program: &'a Arc<Program>,
    pub handler: Handler,
    pub extensions: Option<&'a str>,
}

/// A creator that failed, trapped or broke the contract.
pub(crate) fn creator_failed(command: &Command, failure: Failure) -> Error {
    let doom = match failure {
        Failure::Host(error) => return error,
        Failure::Doom(doom) => doom,
    };
    let mut text = format!(
        "{} on command {} {}",
        doom.version, command.command_type, doom.error
    );
    for line in &doom.log {
        text.push_str(&format!("\n    log: {}", line.message));
    }
    Error::plugin(text)
}
