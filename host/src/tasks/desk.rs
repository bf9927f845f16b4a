//! A book's tasks: what becomes of them goes through the writer like every commit, and the gateway's desk is here.

use crate::model::log::{CommandOutcome, LogOp};
use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use crate::book::Book;
use crate::book::Group;
use crate::book::Reader;
use crate::book::Writer;
use crate::book::{
    AskedCommand, TaskNews, ToldTask, command_id, extensions, told_task, unknown_task,
};
use crate::book::{Decision, Reply, Request};
use crate::gateway::{Desk, KindConfig, Made, Moves, Ran, Told};
use crate::model::StoredKind;
use crate::model::error::{Problem, shown};
use crate::model::task::COMMAND_KIND;
use crate::model::{
    Act, Delivery, DueTask, Error, ErrorKind, Move, Place, PluginVersion, Rejection, Result,
    TaskStep, Waiting, clock, limits,
};
use crate::store::{BookDir, Catalog, KindCount, TaskFilter, TaskRow};

/// How a kind is carried out, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayKind {
    pub kind: String,
    /// None: nobody carries it out, and its tasks wait.
    pub config: Option<KindConfig>,
    /// Absent where nobody said so: the host's own way.
    pub changed_at: Option<String>,
    pub actor: Option<String>,
}

impl Book {
    /// Makes moves of tasks inside a group: those that may follow. What came of each is true once the group is settled.
    pub fn make_into(&mut self, group: &mut Group, moves: Moves) -> Result<Vec<Made>> {
        let now = clock::now();
        let mut made = Vec::with_capacity(moves.moves.len());
        let mut deliveries: BTreeMap<Place, Delivery> = BTreeMap::new();
        let mut steps = Vec::new();
        for (kind, place, step) in &moves.moves {
            let known = match deliveries.get(place).or_else(|| group.delivery(*place)) {
                Some(delivery) => Some(delivery.clone()),
                None => self.history.log.delivery(kind, *place)?,
            };
            let Some(mut delivery) = known else {
                made.push(Made::Refused);
                continue;
            };
            let Ok(told) = delivery.make(step, &now) else {
                made.push(Made::Refused);
                continue;
            };
            let kept = match step {
                Move::Lease => {
                    let task = self.history.log.due_task(&delivery)?;
                    task.map(|task| Made::Leased(Box::new(task)))
                }
                _ => Some(Made::Kept),
            };
            let Some(kept) = kept else {
                made.push(Made::Refused);
                continue;
            };
            made.push(kept);
            steps.extend(told);
            deliveries.insert(*place, delivery);
        }
        // Only what went well as a whole is part of the group.
        for delivery in deliveries.into_values() {
            group.put_delivery(delivery);
        }
        group.commit.task_steps.extend(steps);
        group.commit.task_marks.extend(moves.marks);
        Ok(made)
    }

    /// Does to a task what an operator says.
    pub fn act_on_task(
        &mut self,
        id: &str,
        act: Act,
        reason: &str,
        actor: Option<&str>,
    ) -> Result<ToldTask> {
        let (kind, place) = self
            .history
            .log
            .find_task(id)?
            .ok_or_else(|| unknown_task(id))?;
        if reason.trim().is_empty() {
            return Err(Error::usage("a reason is needed: it stays with the task")
                .hint("--reason 'the receiver was down'"));
        }
        for text in [Some(reason), actor].into_iter().flatten() {
            if text.len() > limits::ENVELOPE_TEXT_BYTES_MAX {
                return Err(Error::refused(format!(
                    "a reason or name of {} bytes; {} at most",
                    text.len(),
                    limits::ENVELOPE_TEXT_BYTES_MAX
                )));
            }
        }
        if let Act::Edit(data) = &act {
            check_data(data)?;
        }
        let mut group = self.group()?;
        let mut delivery =
            { self.history.log.delivery(&kind, place)? }.ok_or_else(|| unknown_task(id))?;
        let step = Move::Act {
            act,
            reason: reason.to_owned(),
            actor: actor.map(str::to_owned),
        };
        let told = delivery.make(&step, &clock::now())?;
        group.commit.task_steps.extend(told);
        group.put_delivery(delivery);
        group.acted.push((kind, place));
        self.commit_group(group)?;
        told_task(&self.history.log, id)
    }

    /// Says how a kind is carried out from now on.
    pub fn set_gateway_kind(
        &mut self,
        kind: &str,
        config: &KindConfig,
        actor: Option<&str>,
    ) -> Result<()> {
        config.check(kind)?;
        let stored = StoredKind {
            kind: kind.to_owned(),
            config: config.json().to_string(),
            changed_at: clock::now(),
            actor: actor.map(str::to_owned),
        };
        self.check_current()?;
        self.commit(vec![LogOp::GatewayKind(stored)])?;
        self.task_news.anew = true;
        Ok(())
    }

    /// Nobody carries a kind out any more; its tasks wait.
    pub fn unset_gateway_kind(&mut self, kind: &str) -> Result<()> {
        let known = self.history.log.gateway_kinds()?;
        if known.iter().all(|known| known.kind != kind) {
            return Err(unknown_kind(kind, known.iter().map(|known| &*known.kind)));
        }
        self.check_current()?;
        self.commit(vec![LogOp::GatewayUnset {
            kind: kind.to_owned(),
        }])?;
        self.task_news.anew = true;
        Ok(())
    }

    /// How kinds are carried out.
    pub fn gateway_kinds(&self) -> Result<Vec<GatewayKind>> {
        kinds(&self.history.log)
    }

    /// What the gateway should know since it was asked last.
    pub fn take_task_news(&mut self) -> TaskNews {
        std::mem::take(&mut self.task_news)
    }
}

impl Reader {
    /// Tasks in the order of the log, at most `count_max`.
    pub fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<TaskRow>> {
        self.log().tasks(filter, count_max)
    }

    /// A page of tasks, and whether there are others behind it.
    pub fn task_page(&self, filter: &TaskFilter, count_max: usize) -> Result<(Vec<TaskRow>, bool)> {
        self.log().task_page(filter, count_max)
    }

    /// A task with everything that happened to it.
    pub fn task(&self, id: &str) -> Result<ToldTask> {
        told_task(self.log(), id)
    }

    /// Every kind that was ever asked for or configured, and who carries it out.
    pub fn gateway_kinds(&self) -> Result<Vec<GatewayKind>> {
        kinds(self.log())
    }

    /// How many tasks of each kind may go on.
    pub fn open_tasks(&self) -> Result<Vec<KindCount>> {
        self.log().open_tasks()
    }

    /// What happened to tasks after a step's number, in order: number, the task's kind and id, and the step.
    pub fn task_steps_after(
        &self,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<(u64, String, String, TaskStep)>> {
        self.log().steps_after(after, count_max)
    }

    /// The number of the last thing that happened to a task.
    pub fn last_task_step(&self) -> Result<u64> {
        self.log().last_step()
    }
}

fn kinds(log: &Catalog) -> Result<Vec<GatewayKind>> {
    let mut kinds = Vec::new();
    for stored in log.gateway_kinds()? {
        kinds.push(GatewayKind {
            config: Some(KindConfig::parse(&stored.config).map_err(|error| {
                Error::corrupt(format!("the configuration of '{}': {error}", stored.kind))
            })?),
            kind: stored.kind,
            changed_at: Some(stored.changed_at),
            actor: stored.actor,
        });
    }
    let asked = log.task_kinds()?.into_iter();
    for kind in asked.chain([COMMAND_KIND.to_owned()]) {
        let is_reaction = kind == crate::model::task::REACT_KIND;
        if is_reaction || kinds.iter().any(|known| known.kind == kind) {
            continue;
        }
        kinds.push(GatewayKind {
            config: (kind == COMMAND_KIND).then(KindConfig::of_commands),
            kind,
            changed_at: None,
            actor: None,
        });
    }
    kinds.sort_by(|one, other| one.kind.cmp(&other.kind));
    Ok(kinds)
}

fn check_data(data: &str) -> Result<()> {
    if data.len() > limits::PAYLOAD_BYTES_MAX {
        return Err(Error::refused(format!(
            "data of {} bytes; {} at most",
            data.len(),
            limits::PAYLOAD_BYTES_MAX
        )));
    }
    serde_json::from_str::<serde::de::IgnoredAny>(data)
        .map(drop)
        .map_err(|error| Error::refused(format!("the data is not JSON: {error}")))
}

fn unknown_kind<'a>(kind: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let known: Vec<_> = known.collect();
    Error::usage(format!(
        "nobody carries out tasks of kind '{}' here",
        shown(kind)
    ))
    .problem(Problem::Unknown)
    .hint(match known.is_empty() {
        true => "daybook gateway set BOOK KIND DRIVER …".to_owned(),
        false => format!("configured: {}", known.join(", ")),
    })
}

/// The gateway's side of a served book: it reads beside the writer, and asks the writer for everything else.
pub struct BookDesk {
    writer: Writer,
    log: Catalog,
}

impl BookDesk {
    pub fn new(path: &Path, writer: Writer) -> Result<BookDesk> {
        let log = Catalog::open(&BookDir::open(path)?.log())?;
        Ok(BookDesk { writer, log })
    }
}

impl Desk for BookDesk {
    fn kinds(&mut self) -> Result<Vec<(String, KindConfig)>> {
        let kinds = kinds(&self.log)?.into_iter();
        let carried_out = kinds.filter_map(|kind| Some((kind.kind, kind.config?)));
        Ok(carried_out.collect())
    }

    fn waiting(
        &mut self,
        kind: &str,
        after: Place,
        count_max: usize,
    ) -> Result<(Vec<Waiting>, Place)> {
        self.log.waiting_tasks(kind, after, count_max)
    }

    fn waiting_at(&mut self, kind: &str, place: Place) -> Result<Option<Waiting>> {
        self.log.waiting_task(kind, place)
    }

    fn make(&mut self, moves: Moves, done: Told<Vec<Made>>) -> Result<()> {
        self.writer.make(moves, done)
    }

    fn run(&mut self, task: &DueTask, done: Told<Ran>) -> Result<()> {
        let asked = match AskedCommand::parse(&task.data) {
            Ok(asked) => asked,
            Err(error) => {
                done(Ok(Ran::Refused(error.message)));
                return Ok(());
            }
        };
        let extensions = extensions(&task.event_id, task.event_extensions.as_deref());
        let event = self.log.event_at(task.place.seq)?;
        let caused_by = event.and_then(|event| {
            let plugin = event.event_type.plugin().parse().ok()?;
            let date = event.version?;
            Some(PluginVersion { plugin, date })
        });
        let request = Request {
            caused_by,
            command_type: asked.command_type,
            data: asked.data,
            subject: asked.subject,
            id: Some(command_id(&task.id, task.round)?),
            extensions: Some(extensions),
            ..Request::default()
        };
        let done = Box::new(move |reply| done(Ok(ran(reply))));
        self.writer.run(request, done)
    }

    fn ran(&mut self, task: &DueTask) -> Result<Option<Ran>> {
        let id = command_id(&task.id, task.round)?.to_string();
        let found = self.log.find_command(&id)?;
        Ok(found.map(|command| match command.outcome {
            CommandOutcome::Accepted { events } => {
                let first = command.position.0 + 1;
                let seqs = (first..first + events).collect();
                accepted(command.id, seqs)
            }
            CommandOutcome::Rejected(rejection) => refused(&rejection),
            CommandOutcome::Failed(said) => Ran::Refused(said),
        }))
    }
}

fn accepted(command: String, events: Vec<u64>) -> Ran {
    Ran::Accepted(json!({ "command": command, "events": events }).to_string())
}

fn refused(rejection: &Rejection) -> Ran {
    Ran::Refused(format!(
        "rejected: {}: {}",
        rejection.code, rejection.message
    ))
}

fn ran(reply: Result<Reply>) -> Ran {
    match reply {
        Ok(reply) => match &reply.decision {
            Decision::Accepted(events) => {
                let seqs = events.iter().map(|caused| caused.event.seq.0).collect();
                accepted(reply.command_id.to_string(), seqs)
            }
            Decision::Rejected(rejection) => refused(rejection),
        },
        Err(error) => match error.kind {
            ErrorKind::Unavailable | ErrorKind::Io | ErrorKind::Internal | ErrorKind::Corrupt => {
                Ran::Later(error.message)
            }
            _ => Ran::Refused(error.message),
        },
    }
}
