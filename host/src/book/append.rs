//! Events into the log: one group, all or nothing, kept before it is acknowledged.

use std::sync::Arc;

use uuid::Uuid;

use super::cloud_event::Incoming;
use super::event_with_effects::EventWithEffects;
use super::group::{Group, Most, Undo};
use super::guards::Guards;
use super::identity;
use super::marks::Marks;
use super::open::Book;
use crate::engine::Outcome;
use crate::engine::task_id;
use crate::model::error::Problem;
use crate::model::event::SYSTEM_PLUGIN;
use crate::model::hash::{chain_hash, payload_hash};
use crate::model::log::{RecordedEvent, RecordedTask};
use crate::model::{
    Effects, Error, Event, Result, Seq, Task, TypeName, VersionDate, clock, limits,
};

/// What became of one event of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub seq: Seq,
    pub id: String,
    /// The event had been there before: this is its first position, nothing was added.
    pub duplicate: bool,
}

/// Events as a client gives them, to be kept together.
#[derive(Debug, Clone, Default)]
pub struct AppendRequest {
    pub events: Vec<Incoming>,
    pub guards: Guards,
    /// The version that the caller asks for: the newest that is not after this date.
    pub pin: Option<VersionDate>,
    /// The request's own name: the same request again gets the first answer, and another one is refused.
    pub key: Option<Uuid>,
    /// Work it out in full, report everything, keep nothing.
    pub preview: bool,
    /// Where the writer tells when it did what.
    pub marks: Option<Arc<Marks>>,
}

/// What an event came to, and what its blocking reactions did.
pub(crate) type Worked = (Outcome, Vec<EventWithEffects>);

/// What became of one event of a request.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub receipt: Receipt,
    /// Absent for a duplicate: the log has it.
    pub caused: Option<EventWithEffects>,
    /// The events of its blocking reactions, which come right after it.
    pub reactions: Vec<EventWithEffects>,
}

impl Book {
    /// Appends a group of events in one durable transaction. An `Err` names the first event that is wrong; then
    /// nothing of the group was kept.
    pub fn append(&mut self, events: Vec<Incoming>) -> Result<Vec<Receipt>> {
        let mut group = self.group()?;
        let mut receipts = Vec::with_capacity(events.len());
        let admitted = self.within(&mut group, false, |book, group| {
            // Who has the book open keeps nobody waiting.
            group.allow(Most::ALONE);
            for incoming in events {
                receipts.push(book.admit_line(group, incoming, None)?.0);
            }
            Ok(())
        });
        // What handlers logged is kept, also where it was refused.
        self.commit_group(group)?;
        admitted.map(|()| receipts)
    }

    /// Adds a request's events to a group; the answer is true once the group is settled.
    pub fn append_into(
        &mut self,
        group: &mut Group,
        mut request: AppendRequest,
    ) -> Result<Vec<Admitted>> {
        check_count(request.events.len())?;
        let layouts = self.live.materializer.program().layouts.clone();
        let named = match request.key {
            Some(key) => self.name_events(group, key, &mut request.events)?,
            None => Vec::new(),
        };
        self.within(group, request.preview, |book, group| {
            if !request.guards.is_empty() && !book.knows_all(group, &request.events)? {
                book.check_guards(group, &request.guards)?;
            }
            let admitted = request.events.into_iter().map(|incoming| {
                let at = group.commit.events.len();
                let (receipt, outcome) = book.admit_line(group, incoming, request.pin)?;
                let Some((outcome, reactions)) = outcome else {
                    return Ok(Admitted {
                        receipt,
                        caused: None,
                        reactions: Vec::new(),
                    });
                };
                let event = group.commit.events[at].event.clone();
                Ok(Admitted {
                    receipt,
                    caused: Some(EventWithEffects::now(event, outcome, &layouts)),
                    reactions,
                })
            });
            let admitted: Vec<Admitted> = admitted.collect::<Result<_>>()?;
            identity::check_alike(&named, &admitted)?;
            Ok(admitted)
        })
    }

    fn admit_line(
        &mut self,
        group: &mut Group,
        incoming: Incoming,
        pin: Option<VersionDate>,
    ) -> Result<(Receipt, Option<Worked>)> {
        let (line, ordinal) = (incoming.line, incoming.ordinal);
        self.admit(group, incoming, pin)
            .map_err(|error| match (line, ordinal) {
                (Some(line), _) => error.context(format!("line {line}")),
                (None, Some(ordinal)) => error.context(format!("event {ordinal}")),
                (None, None) => error,
            })
    }

    /// Checks one event and works out its effects, inside the open group.
    fn admit(
        &mut self,
        group: &mut Group,
        incoming: Incoming,
        pin: Option<VersionDate>,
    ) -> Result<(Receipt, Option<Worked>)> {
        let event_type = incoming.event_type.as_str();
        if incoming.event_type.plugin() == SYSTEM_PLUGIN {
            return Err(Error::refused(format!(
                "'{event_type}' events are made by the host alone"
            )));
        }
        if let Some(receipt) = self.known(group, &incoming)? {
            return Ok((receipt, None));
        }
        group.heard.begin();
        let program = self.live.materializer.program();
        // A type that nobody knows is told before the version of its plugin.
        program.event_schema(event_type)?;
        let version = self.handled_by(&incoming, pin)?;
        let handling = program.of_version(incoming.event_type.plugin(), version);
        handling.event_schema(event_type)?.check(&incoming.data)?;
        let event = Event {
            seq: self.next_seq(group),
            id: incoming
                .id
                .unwrap_or_else(|| crate::model::given::id().to_string()),
            source: incoming.source,
            version,
            event_type: incoming.event_type,
            subject: incoming.subject,
            time: incoming.time.unwrap_or_else(clock::now),
            extensions: incoming.extensions.filled_in(incoming.context),
            data: incoming.data,
        };
        let receipt = Receipt {
            seq: event.seq,
            id: event.id.clone(),
            duplicate: false,
        };
        let worked = self.materialize(group, event, None)?;
        Ok((receipt, Some(worked)))
    }

    /// Runs an event on the live projection and adds it, sealed, to the group; and after it what it asks for at once.
    pub(crate) fn materialize(
        &mut self,
        group: &mut Group,
        event: Event,
        command: Option<&str>,
    ) -> Result<Worked> {
        let at = group.commit.events.len();
        let event = self.counted_on(event)?;
        let outcome = self.work_out(group, event, command)?;
        let reactions = self.react(group, at)?;
        Ok((outcome, reactions))
    }

    /// The same, and nothing that it asks for.
    pub(crate) fn work_out(
        &mut self,
        group: &mut Group,
        event: Event,
        command: Option<&str>,
    ) -> Result<Outcome> {
        let about = |lines: &[_], group: &mut Group| {
            let (seq, name) = (event.seq, event.event_type.as_str());
            group.heard.add(Some(seq), command, name, lines);
        };
        let outcome = match self.live.materializer.run(&event) {
            Ok(outcome) => outcome,
            Err(failure) => {
                about(failure.log(), group);
                return Err(failure.into());
            }
        };
        about(&outcome.log, group);
        group.burn(outcome.usage.fuel)?;
        group.count(event.data.len() + outcome.body.len())?;
        let undo = Undo {
            head: self.live.materializer.head(),
            writes: self.live.materializer.pending_writes(),
        };
        self.live.materializer.apply()?;
        group.undo.push(undo);
        if self.live.materializer.projection().is_full() {
            self.live.materializer.projection().shrink()?;
        }
        let program = self.live.materializer.program();
        let stamp = program.of_event(&event).stamp.clone();
        let at = group.commit.events.len();
        group
            .identities
            .insert((event.source.clone(), event.id.clone()), at);
        let sealed = self.seal(group.commit.events.last(), event, &outcome, stamp, command);
        group.commit.events.push(sealed);
        Ok(outcome)
    }

    /// Puts an event under the hash chain, after `last` or the log's end, with what it caused.
    pub(crate) fn seal(
        &self,
        last: Option<&RecordedEvent>,
        event: Event,
        outcome: &Outcome,
        lineup: String,
        command: Option<&str>,
    ) -> RecordedEvent {
        let previous = last.map_or(self.tip.head.1, |last| last.hash);
        let salt = crate::model::given::salt();
        let hash = chain_hash(&previous, &event, &payload_hash(&salt, &event.data));
        let tasks = tasks(&event, &outcome.effects);
        RecordedEvent {
            recorded_at: self.recorded_now(last),
            salt,
            hash,
            lineup,
            command: command.map(str::to_owned),
            effects: outcome.body.clone(),
            tasks,
            event,
        }
    }

    /// One of the host's own events, to come next.
    pub(crate) fn system_event(&self, event_type: &str, data: String) -> Result<Event> {
        Ok(Event {
            seq: self.head().next(),
            id: crate::model::given::id().to_string(),
            source: super::cloud_event::DEFAULT_SOURCE.to_owned(),
            event_type: TypeName::new(event_type)?,
            subject: None,
            time: clock::now(),
            version: None,
            data,
            extensions: None,
        })
    }
}

/// Refuses a request with more events than one may have, before any of them is worked out.
fn check_count(events: usize) -> Result<()> {
    if events <= limits::EVENTS_PER_REQUEST_MAX {
        return Ok(());
    }
    let most = limits::EVENTS_PER_REQUEST_MAX;
    let text = format!("one request sends {events} events; {most} at most");
    Err(Error::refused(text)
        .problem(Problem::Limit)
        .hint("send them in several requests: other requests go between them"))
}

/// Tasks with ids that any replay derives again.
fn tasks(event: &Event, effects: &Effects) -> Vec<RecordedTask> {
    effects
        .tasks
        .iter()
        .enumerate()
        .map(|(ordinal, task)| RecordedTask {
            id: task_id(event, ordinal),
            task: Task::clone(task),
        })
        .collect()
}
