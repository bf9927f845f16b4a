//! The story a test tells: given, when, then.

mod checks;

use std::marker::PhantomData;
use std::rc::Rc;

use super::again;
use super::session::{self, Session, Version};
use super::state::TableState;
use super::text;
use crate::command::CommandPayload;
use crate::contract::types as raw;
use crate::contract::types::Row;
use crate::date::Date;
use crate::event::{NewEvent, full_type};
use crate::failure::{Failure, Refusal, Rejection};
use crate::payload;
use crate::plugin::Plugin;
use crate::table::Table;
use crate::time::Time;

/// A test of a plugin: events that were given, a command or an event to try, and what must come of it.
///
/// Every step takes and returns the scenario, so that a test reads as one sentence; a step that does not hold panics
/// with what was expected and what was got. As in the host, what is refused or fails leaves nothing behind.
pub struct Scenario<P> {
    session: Rc<Session>,
    time: String,
    subject: Option<String>,
    actor: Option<String>,
    stamp: String,
    events_seen: u64,
    commands_seen: u32,
    last_step: String,
    outcome: Outcome,
    plugin: PhantomData<fn() -> P>,
}

/// What the last step came to.
enum Outcome {
    Events(Vec<raw::NewEvent>),
    Rejected(Rejection),
    Failed(Failure),
}

impl<P: Plugin> Default for Scenario<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Plugin> Scenario<P> {
    /// An empty state under this version of the plugin, at 2024-01-01T00:00:00Z.
    pub fn new() -> Self {
        let session = Rc::new(Session::default());
        session.add(Version::of::<P>());
        Self {
            session,
            time: "2024-01-01T00:00:00Z".to_owned(),
            subject: None,
            actor: None,
            stamp: P::VERSION.to_owned(),
            events_seen: 0,
            commands_seen: 0,
            last_step: "nothing was done yet".to_owned(),
            outcome: Outcome::Events(Vec::new()),
            plugin: PhantomData,
        }
    }

    /// The version that the last named one extends, so that `cx.previous` and types it handles alone reach it.
    #[track_caller]
    pub fn previous<V: Plugin>(self) -> Self {
        {
            let versions = self.session.versions.borrow();
            let last = versions.last().expect("P is there");
            let extends = last.extends.unwrap_or("no version");
            assert!(
                last.name == V::NAME && last.extends == Some(V::VERSION),
                "{} {} extends {extends}, not {} {}",
                last.name,
                last.version,
                V::NAME,
                V::VERSION
            );
        }
        self.session.add(Version::of::<V>());
        self
    }

    /// The steps from here on happen at this time: `2024-01-31`, or RFC 3339.
    #[track_caller]
    pub fn at(mut self, time: &str) -> Self {
        self.time = match (Date::parse(time), Time::parse(time)) {
            (Ok(date), _) => Time::midnight(date).to_text(),
            (_, Ok(_)) => time.to_owned(),
            (_, Err(error)) => panic!("{error}, nor a date like 2018-07-30"),
        };
        self
    }

    /// The steps from here on are about this subject, unless an event says otherwise.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The commands from here on come from this actor.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// The events from here on are stamped with this version of their plugin, as events of older days are.
    pub fn stamped(mut self, version: impl Into<String>) -> Self {
        self.stamp = version.into();
        self
    }

    /// A row that is there, such as one of another plugin's table.
    #[track_caller]
    pub fn with_row<T: Table>(self, row: T) -> Self {
        let full_name = full_name::<P, T>();
        {
            let mut tables = self.session.tables.borrow_mut();
            let fresh = || TableState::new(full_name.clone(), T::definition());
            let state = tables.entry(full_name.clone()).or_insert_with(fresh);
            let values = widened::<T>(state, row);
            if let Err(error) = state.insert(values) {
                panic!("{full_name} cannot have this row beside the others: {error:?}");
            }
        }
        self
    }

    /// An event that happened: its materializer runs, and must not fail.
    #[track_caller]
    pub fn given(self, event: impl Into<NewEvent>) -> Self {
        let step = self.when_event(event);
        if let Outcome::Failed(failure) = &step.outcome {
            panic!("{} failed: {failure}", step.last_step);
        }
        step
    }

    /// An event that happened, by its full type and JSON payload: one whose Rust type is gone, say.
    #[track_caller]
    pub fn given_json(self, event_type: &str, data: &str) -> Self {
        let step = self.when_json(event_type, data);
        if let Outcome::Failed(failure) = &step.outcome {
            panic!("{} failed: {failure}", step.last_step);
        }
        step
    }

    /// An event to try: unlike with [`given`](Self::given), a `then_failed` may follow.
    #[track_caller]
    pub fn when_event(self, event: impl Into<NewEvent>) -> Self {
        let event = event.into().into_raw(P::NAME);
        self.try_event(event)
    }

    /// An event to try, by its full type and JSON payload.
    #[track_caller]
    pub fn when_json(self, event_type: &str, data: &str) -> Self {
        let (event_type, data) = (event_type.to_owned(), data.to_owned());
        self.try_event(raw::NewEvent {
            event_type,
            subject: None,
            attributes: raw::Attributes::new(),
            data,
        })
    }

    /// A command to try. Its events are materialized; if one of them fails, nothing is kept.
    #[track_caller]
    pub fn when<C: CommandPayload>(mut self, command: C) -> Self {
        self.commands_seen += 1;
        let command = raw::Command {
            id: format!("00000000-0000-4000-8000-{:012}", self.commands_seen),
            command_type: full_type(P::NAME, C::NAME),
            subject: self.subject.clone(),
            time: raw::Timestamp::of_text(&self.time),
            actor: self.actor.clone(),
            attributes: raw::Attributes::new(),
            data: payload::encode(&command),
        };
        self.begin_step(format!("command {} {}", command.command_type, command.data));
        let Some(position) = self.session.creator(&command.command_type, 0) else {
            panic!(
                "no version has a creator for {}: add a function with `#[create]`. There are creators for {}",
                command.command_type,
                self.session.names(|it| it
                    .commands
                    .iter()
                    .map(|command| command.name.as_str())
                    .collect())
            );
        };
        let answer = |created: &Result<Vec<raw::NewEvent>, Refusal>| match created {
            Ok(events) => events
                .iter()
                .map(text::event)
                .collect::<Vec<_>>()
                .join(", "),
            Err(refusal) => refusal.to_string(),
        };
        let created = again::twice(&self.session, &self.last_step, answer, || {
            session::create(&self.session, position, &command)
        });
        for event in created.iter().flatten() {
            assert!(
                self.session.declares(&event.event_type),
                "{} emits {}, which is not in its manifest: add it to `events = [..]` in #[plugin]",
                P::NAME,
                event.event_type
            );
        }
        let session = self.session.clone();
        let result = created.and_then(|events| {
            session
                .all_or_nothing(|| events.iter().try_for_each(|event| self.materialize(event)))?;
            Ok(events)
        });
        self.outcome = match result {
            Ok(events) => Outcome::Events(events),
            Err(Refusal::Rejected(rejection)) => Outcome::Rejected(rejection),
            Err(Refusal::Failed(failure)) => Outcome::Failed(failure),
        };
        self
    }

    fn begin_step(&mut self, step: String) {
        self.session.tasks.borrow_mut().clear();
        self.session.log.borrow_mut().clear();
        self.last_step = step;
    }

    #[track_caller]
    fn try_event(mut self, event: raw::NewEvent) -> Self {
        self.begin_step(format!("event {}", text::event(&event)));
        let known = self.session.declares(&event.event_type)
            || self.session.materializer(&event.event_type, 0).is_some();
        assert!(
            known,
            "no version declares or handles {}: add a function with `#[materialize]`, or name the type in `events = [..]`. \
             There are {}",
            event.event_type,
            self.session.names(|it| {
                let declared = it.events.iter().map(|event| event.name.as_str());
                declared
                    .chain(it.materializes.iter().map(String::as_str))
                    .collect()
            })
        );
        self.outcome = match self.materialize(&event) {
            Ok(()) => Outcome::Events(Vec::new()),
            Err(failure) => Outcome::Failed(failure),
        };
        self
    }

    fn materialize(&mut self, event: &raw::NewEvent) -> Result<(), Failure> {
        self.events_seen += 1;
        let event = raw::Event {
            seq: self.events_seen,
            id: format!("00000000-0000-7000-8000-{:012}", self.events_seen),
            source: "/scenario".to_owned(),
            event_type: event.event_type.clone(),
            subject: event.subject.clone().or_else(|| self.subject.clone()),
            time: raw::Timestamp::of_text(&self.time),
            version: self.stamp.clone(),
            attributes: event.attributes.clone(),
            data: event.data.clone(),
        };
        let what = format!("event {} {}", event.event_type, event.data);
        let answer = |done: &Result<(), Failure>| match done {
            Ok(()) => "it was done".to_owned(),
            Err(failure) => format!("it failed: {failure}"),
        };
        again::twice(&self.session, &what, answer, || {
            session::materialize(&self.session, 0, &event)
        })
    }
}

fn full_name<P: Plugin, T: Table>() -> String {
    full_type(T::PLUGIN.unwrap_or(P::NAME), T::NAME)
}

/// The row of `T` in the table's columns; those it does not have get their defaults.
fn widened<T: Table>(state: &TableState, row: T) -> Row {
    let row = row.into_row();
    let columns = state.definition().columns.iter();
    let value = |column: &crate::contract::manifest::Column| match T::COLUMNS
        .iter()
        .position(|name| *name == column.name)
    {
        Some(position) => row[position].clone(),
        None => column.default_value.clone().unwrap_or(raw::Value::Null),
    };
    columns.map(value).collect()
}
