//! The one path from an event to its effects: live, replay, preview, diff and verify all come through here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event_state::{Below, EventState, Usage};
use super::give_state::give_state;
use super::overlay::Write;
use super::preparer::Preparer;
use super::program::{Handler, Program};
use super::scope::{CommandIds, Scope, give_back};
use super::take_back::take_back;
use crate::model::canonical::canonical;
use crate::model::event::{EVENT_UNDONE, STATE_GIVEN};
use crate::model::undo::RowUndo;
use crate::model::value::SuppliedRow;
use crate::model::{
    Budget, Calls, Command, Created, Digest, Effects, Error, Event, HandlerError, LogLine,
    NewEvent, PluginVersion, Result, Row, Seq, TypeName, Value, limits,
};
use crate::runtime::{Contract, Perturbed, Runtime};
use crate::store::{Projection, ProjectionHead, RowAt};

/// A program on a projection.
pub struct Materializer {
    runtime: Arc<Runtime>,
    program: Arc<Program>,
    /// Away only inside a call.
    event_state: Option<Box<EventState>>,
    /// Where the projection will be when the effects that are worked out are kept.
    pending: Option<ProjectionHead>,
    /// Events kept since the last commit.
    uncommitted: usize,
    plays_part: bool,
}

/// A pending event's writes while a probe runs.
pub struct Aside {
    pending: Option<ProjectionHead>,
    entries: Vec<Write>,
}

/// A creator's answer, and what it logged on the way.
pub type Answer = (Created, Vec<LogLine>);

/// What one event came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub effects: Effects,
    /// Canonical bytes of `effects`.
    pub body: Vec<u8>,
    pub usage: Usage,
    pub log: Vec<LogLine>,
    /// Where the changes end in `body`, and the tasks begin.
    pub changes_end: usize,
}

/// An event that could not be materialized.
#[derive(Debug, Clone)]
pub struct Doom {
    pub seq: Seq,
    pub event_type: TypeName,
    pub version: PluginVersion,
    pub error: HandlerError,
    pub log: Vec<LogLine>,
}

impl Doom {
    pub fn into_error(self) -> Error {
        let mut text = format!(
            "{} on event {} ({}) {}",
            self.version, self.seq, self.event_type, self.error
        );
        for line in &self.log {
            text.push_str(&format!("\n    log: {}", line.message));
        }
        Error::plugin(text)
    }
}

/// Why there is no outcome: the plugin's doing, or a fault of the host.
#[derive(Debug)]
pub enum Failure {
    Doom(Box<Doom>),
    Host(Error),
}

impl Failure {
    /// What was logged before it.
    pub fn log(&self) -> &[LogLine] {
        match self {
            Failure::Doom(doom) => &doom.log,
            Failure::Host(_) => &[],
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Doom(doom) => doom.into_error(),
            Failure::Host(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Host(error)
    }
}

impl Materializer {
    pub fn new(runtime: Arc<Runtime>, program: Arc<Program>, projection: Projection) -> Self {
        Materializer {
            runtime,
            program,
            event_state: Some(EventState::new(projection)),
            pending: None,
            uncommitted: 0,
            plays_part: false,
        }
    }

    fn event_state(&mut self) -> &mut EventState {
        self.event_state
            .as_mut()
            .expect("the event state is here between calls")
    }

    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    pub fn projection(&mut self) -> &mut Projection {
        &mut self.event_state().projection
    }

    pub fn into_projection(self) -> Projection {
        self.event_state
            .expect("the event state is here between calls")
            .projection
    }

    pub fn head(&self) -> ProjectionHead {
        self.event_state
            .as_ref()
            .expect("the event state is here between calls")
            .projection
            .head()
    }

    /// Goes on with another lineup: tables are brought to its layouts, rows carried over.
    pub fn switch(&mut self, program: Arc<Program>) -> Result<()> {
        let event_state = self.event_state();
        event_state.projection.migrate(program.layouts.clone())?;
        event_state.layouts = program.layouts.clone();
        self.program = program;
        Ok(())
    }

    /// How calls are made from now on.
    pub fn set_calls(&mut self, calls: Calls) {
        self.event_state().calls = calls;
    }

    /// Code of which an instance could not be reset since this was last asked.
    pub fn take_dropped(&mut self) -> BTreeSet<Digest> {
        std::mem::take(&mut self.event_state().dropped)
    }

    /// What takes back what an event changed here: for the event that undoes it.
    pub fn remember(&mut self, event: Seq, undo: Vec<RowUndo>) {
        self.event_state().undone.insert(event, undo);
    }

    /// What it remembers of events, which it forgets.
    pub fn take_undone(&mut self) -> BTreeMap<Seq, Vec<RowUndo>> {
        std::mem::take(&mut self.event_state().undone)
    }

    /// Forgets what was remembered of events.
    pub fn forget_undone(&mut self) {
        self.event_state().undone.clear();
    }

    /// What virtual WASI shows otherwise than it should, from now on: only for a certification.
    pub fn perturb(&mut self, perturbed: Perturbed) {
        self.event_state().perturbed = perturbed;
    }

    /// What the last event, or command, used, also where it failed.
    pub fn usage(&self) -> Usage {
        self.event_state
            .as_ref()
            .expect("the event state is here between calls")
            .usage
    }

    /// Works out an event's effects. Nothing is kept until `apply`; `discard` or another `run` forgets them.
    pub fn run(&mut self, event: &Event) -> Result<Outcome, Failure> {
        self.discard()?;
        let program = self.program.of_event(event).clone();
        let outcome = self.work_out(&program, event)?;
        let (body, changes_end) = outcome.effects.encode(&program.layouts);
        let head = self.head();
        self.pending = Some(match self.plays_part {
            // Whoever plays a part of the history does not know what came before.
            true => ProjectionHead {
                position: event.seq,
                ..head
            },
            false => head.after(event.seq, &body, changes_end),
        });
        Ok(Outcome {
            body,
            changes_end,
            ..outcome
        })
    }

    /// Plays the events of some partitions from now on, and leaves the running hash to whoever sees all of them; or all events
    /// again.
    pub fn play_part(&mut self, on: bool) {
        self.plays_part = on;
    }

    /// What the last event touched beyond the rows of its partition, if that stopped it.
    pub fn take_strayed(&mut self) -> Option<String> {
        self.event_state().strayed.take()
    }

    /// What another program would do with the event on this state, before it is kept here. Leaves no trace.
    pub fn probe(&mut self, program: &Arc<Program>, event: &Event) -> Result<Outcome, Failure> {
        self.discard()?;
        let program = program.of_event(event);
        self.event_state().lend_to(program);
        let result = self.work_out(program, event).map(|outcome| {
            let (body, _) = outcome.effects.encode(&program.layouts);
            Outcome { body, ..outcome }
        });
        let event_state = self.event_state();
        let undone = event_state.undo();
        event_state.take_back();
        undone?;
        result
    }

    fn work_out(&mut self, program: &Arc<Program>, event: &Event) -> Result<Outcome, Failure> {
        self.event_state().begin();
        // The one place where a redacted event has no effects: live, in every replay, under every version.
        let is_handled = !event.is_withheld();
        let written = match event.event_type.as_str() {
            EVENT_UNDONE if is_handled => take_back(self.event_state(), program, event),
            STATE_GIVEN if is_handled => give_state(self.event_state(), program, event),
            _ => Ok(()),
        };
        if let Err((version, error)) = written {
            return Err(self.doom(event, version, error));
        }
        let handlers: &[_] = match is_handled {
            true => program.handlers(event.event_type.as_str()),
            false => &[],
        };
        for (place, &handler) in handlers.iter().enumerate() {
            if program.partitions.any() {
                self.event_state().confined = program.partitions.confine(event, place);
            }
            let handled = self.handle(program, handler, event);
            self.event_state().confined = None;
            if let Err(error) = handled {
                let version = program.link(handler).code.version.clone();
                return Err(self.doom(event, version, error));
            }
        }
        let event_state = self.event_state();
        Ok(Outcome {
            effects: Effects {
                changes: event_state.overlay.net(&program.layouts),
                tasks: event_state.tasks.clone(),
            },
            body: Vec::new(),
            usage: event_state.usage,
            log: std::mem::take(&mut event_state.log),
            changes_end: 0,
        })
    }

    fn handle(
        &mut self,
        program: &Arc<Program>,
        handler: Handler,
        event: &Event,
    ) -> Result<(), HandlerError> {
        let mut event_state = self
            .event_state
            .take()
            .expect("the event state is here between calls");
        let link = program.link(handler);
        let terms = event_state.terms_to_materialize(link, Budget::WHOLE);
        let scope = Scope::new(
            event_state,
            program.clone(),
            self.runtime.clone(),
            handler,
            None,
        );
        let called = self.runtime.materialize(&link.code, event, scope, terms);
        let mut event_state = give_back(called.cx.into_any()).into_event_state();
        event_state.after_materialize(link, called.instance);
        event_state.usage.fuel += called.used.fuel;
        event_state.add_printed(&called.printed);
        self.event_state = Some(event_state);
        called.result
    }

    fn doom(&mut self, event: &Event, version: PluginVersion, error: HandlerError) -> Failure {
        let event_state = self.event_state();
        let log = std::mem::take(&mut event_state.log);
        if let Err(fault) = event_state.undo() {
            return Failure::Host(fault);
        }
        match event_state.fault(&error) {
            Some(fault) => Failure::Host(fault),
            None => Failure::Doom(Box::new(Doom {
                seq: event.seq,
                event_type: event.event_type.clone(),
                version,
                error,
                log,
            })),
        }
    }

    /// Gives the pending event's effects to the projection and moves its position; durable with `commit`.
    pub fn apply(&mut self) -> Result<()> {
        let head = self
            .pending
            .take()
            .ok_or_else(|| Error::internal("there is nothing to keep"))?;
        let event_state = self.event_state();
        event_state.apply()?;
        event_state.projection.advance(head);
        self.uncommitted += 1;
        Ok(())
    }

    /// As `apply`, in a batch: memory stays flat while its transaction is open.
    pub fn apply_in_batch(&mut self) -> Result<()> {
        self.apply()?;
        self.projection().shrink_if_full()
    }

    /// True once so much is kept that it should be committed, at the next good moment.
    pub fn wants_commit(&self) -> bool {
        self.uncommitted >= limits::REPLAY_BATCH
    }

    /// A good moment to commit: between two pieces of the log.
    pub fn end_batch(&mut self) -> Result<()> {
        match self.wants_commit() {
            true => self.commit(),
            false => Ok(()),
        }
    }

    /// Takes the pending event's work out of the way, so that a probe can run on the state before it.
    pub fn set_aside(&mut self) -> Result<Aside> {
        let event_state = self.event_state();
        let entries = event_state.overlay.take_writes();
        event_state.hide(&entries)?;
        Ok(Aside {
            pending: self.pending.take(),
            entries,
        })
    }

    /// Puts it back as it was.
    pub fn put_back(&mut self, aside: Aside) -> Result<()> {
        let event_state = self.event_state();
        event_state.begin();
        for (table, key, before, after) in aside.entries {
            event_state.overlay.write(table, key, || before, after);
        }
        self.pending = aside.pending;
        Ok(())
    }

    /// For the next event: what the version below the first handler would do, if that is known.
    pub fn know_below(&mut self, below: Option<Below>) {
        self.event_state().below = below;
    }

    /// Collects from now on which rows each event looks at.
    pub fn trace(&mut self) {
        self.event_state().tracing = true;
    }

    /// Rows that the last event looked at below its own writes, and whether it looked at more than single rows.
    pub fn take_trace(&mut self) -> (Vec<SuppliedRow>, bool) {
        let event_state = self.event_state();
        (
            std::mem::take(&mut event_state.touched),
            event_state.searched,
        )
    }

    /// The row as it was before the pending event. Not to be asked when the event searched.
    pub fn row_before(&mut self, table: usize, key: &[Value]) -> Result<Option<Row>> {
        self.event_state().projection.get(table, key)
    }

    /// The pending event's writes, for taking them back later.
    pub fn pending_writes(&mut self) -> Vec<Write> {
        self.event_state().overlay.writes()
    }

    /// Puts rows in the place of others without an event: those that an uncommitted one wrote taken back, or written again, or
    /// rows of another state. `head` goes with them. Part of the open transaction.
    pub fn replace<'r>(
        &mut self,
        rows: impl Iterator<Item = RowAt<'r>> + Clone,
        head: ProjectionHead,
    ) -> Result<()> {
        self.discard()?;
        let projection = self.projection();
        projection.replace(rows)?;
        projection.advance(head);
        Ok(())
    }

    /// Forgets the pending event.
    pub fn discard(&mut self) -> Result<()> {
        if self.pending.take().is_some() {
            self.event_state().undo()
        } else {
            Ok(())
        }
    }

    /// Does everything of a commit but its end on another thread, and `work` meanwhile.
    pub fn prepare_beside<T>(
        &mut self,
        preparer: &Preparer,
        work: impl FnOnce() -> T,
    ) -> (T, Result<()>) {
        let event_state = self.event_state.take();
        preparer.lend(event_state.expect("the event state is here between calls"));
        let done = work();
        let (event_state, prepared) = preparer.take_back();
        self.event_state = Some(event_state);
        (done, prepared)
    }

    pub fn commit(&mut self) -> Result<()> {
        self.uncommitted = 0;
        self.projection().commit()
    }

    pub fn rollback(&mut self) {
        self.pending = None;
        self.uncommitted = 0;
        let event_state = self.event_state();
        event_state.begin();
        event_state.projection.rollback();
    }

    /// Asks the creator of a command. Nothing can be written.
    pub fn create(
        &mut self,
        handler: Handler,
        command: &Command,
        id: uuid::Uuid,
    ) -> Result<Answer, Failure> {
        let program = self.program.clone();
        self.create_by(&program, handler, command, id)
    }

    /// Asks the creator of a command in this program, or in one of an earlier version beside it.
    pub fn create_by(
        &mut self,
        program: &Arc<Program>,
        handler: Handler,
        command: &Command,
        id: uuid::Uuid,
    ) -> Result<Answer, Failure> {
        self.discard()?;
        let mut event_state = self
            .event_state
            .take()
            .expect("the event state is here between calls");
        event_state.begin();
        let link = program.link(handler);
        let terms = event_state.terms_to_create(link, Budget::WHOLE);
        let ids = CommandIds {
            id,
            time: command.time.clone(),
            made: 0,
        };
        let scope = Scope::new(
            event_state,
            program.clone(),
            self.runtime.clone(),
            handler,
            Some(ids),
        );
        let called = self.runtime.create(&link.code, command, scope, terms);
        let mut event_state = give_back(called.cx.into_any()).into_event_state();
        event_state.usage.fuel += called.used.fuel;
        event_state.after_create(link, called.instance);
        event_state.add_printed(&called.printed);
        let result = called
            .result
            .map_err(|error| match event_state.fault(&error) {
                Some(fault) => Failure::Host(fault),
                None => Failure::Doom(Box::new(Doom {
                    seq: Seq::ZERO,
                    event_type: command.command_type.clone(),
                    version: link.code.version.clone(),
                    error,
                    log: std::mem::take(&mut event_state.log),
                })),
            });
        let log = std::mem::take(&mut event_state.log);
        self.event_state = Some(event_state);
        let is_draft = link.code.contract == Contract::Draft;
        result.map(|decision| match decision {
            Ok(mut events) if !is_draft => {
                events.iter_mut().for_each(make_canonical);
                (Ok(events), log)
            }
            decision => (decision, log),
        })
    }
}

/// Gives what a creator asks for its one form. A payload that has none stays as it is, and is refused where it is checked.
pub(crate) fn make_canonical(event: &mut NewEvent) {
    if let Ok(form) = canonical(&event.data) {
        event.data = form;
    }
}
