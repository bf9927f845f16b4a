//! Runs both sides at the same time: the candidate a batch ahead, so that the base, meeting an event whose effects
//! differ, still stands on the state before it and can try the candidate there. Each side has its own thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::causes::Causes;
use super::compare::{Step, differences, layout_differences};
use super::expectation::Expectations;
use super::final_rows::{self, merge};
use super::{Cause, Cost, Difference, EventDiff, FinalKind, FinalRow, Sink, Summary, TaskCount};
use crate::model::clock::Stopwatch;
use crate::model::progress::{OnProgress, Progress};
use crate::model::value::SuppliedRow;
use crate::model::{Error, Event, Layouts, Result, Row, Seq};

/// A lineup on a projection of its own.
pub trait Side: Send {
    /// Works out the next event and keeps its effects; an event of doom is kept as nothing.
    fn step(&mut self, event: &Event) -> Result<Step>;
    /// Between batches: a good moment to write to disk.
    fn end_batch(&mut self) -> Result<()>;
    fn layouts(&self) -> Arc<Layouts>;
    /// Rows of a table in key order.
    fn scan(&mut self, table: usize, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()>;
    /// Work done so far by this side's own steps; finding causes is nobody's cost.
    fn cost(&self) -> Cost;
    /// Events that this side could not materialize.
    fn dooms(&self) -> u64;
}

/// The base can also tell why the candidate differs.
pub trait Base: Side {
    /// As `step`; where the candidate's step is another one, also its cause, or the question that a prober answers.
    fn step_beside(&mut self, event: &Event, candidate: Step) -> Result<Beside>;
    /// The cause of a difference whose prober did not know enough: tried on the base's own state, taken back to before
    /// the event and forward again. Only for events after the last `forget`.
    fn find_causes(&mut self, event: &Event, base: &Step) -> Result<Causes>;
    /// No event up to here will need `find_causes`.
    fn forget(&mut self, to: Seq);
}

/// What the base found beside the candidate.
pub enum Beside {
    Same,
    Differs {
        base: Step,
        candidate: Step,
        causes: Causes,
    },
    /// The cause can be tried elsewhere, on these rows of the state before the event (in the candidate's layouts).
    Asks {
        base: Step,
        candidate: Step,
        rows: Vec<SuppliedRow>,
    },
}

/// Tries the candidate on single rows, on a thread of its own.
pub trait Prober: Send {
    /// `base` is the base's step on the same state. None: the rows did not suffice.
    fn probe(&mut self, event: &Event, base: &Step, rows: &[SuppliedRow]) -> Result<Option<Step>>;
}

/// Batches a thread may be ahead.
const AHEAD: usize = 4;
const ROWS_PER_PIECE: usize = 256;

/// A differing event on its way to the report.
struct Found {
    event: usize,
    base: Step,
    candidate: Step,
    reason: Reason,
}

enum Reason {
    Known(Causes),
    Asked(Vec<SuppliedRow>),
    /// The rows did not suffice.
    Unanswered,
}

/// A piece of the log, and whose each event is.
struct Piece {
    events: Vec<Event>,
    shares: Vec<usize>,
}

type Batch = Arc<Piece>;

impl Piece {
    /// The events of one lane, each with its place in the piece.
    fn of(&self, lane: usize) -> impl Iterator<Item = (usize, &Event)> {
        { self.events.iter().enumerate() }
            .zip(&self.shares)
            .filter(move |(_, share)| **share == lane)
            .map(|(placed, _)| placed)
    }
}

/// Two sides with their prober. Several of them are beside each other where each has the events of some partitions.
pub struct Lane<'a> {
    pub base: &'a mut dyn Base,
    pub candidate: &'a mut dyn Side,
    pub prober: &'a mut dyn Prober,
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is a different role, named at the one call"
)]
/// Both sides over `1..=to`; what differs from `from` on goes to the sink. Fills in the summary's numbers.
pub fn run(
    events: impl Iterator<Item = Result<Vec<Event>>> + Send,
    base: &mut dyn Base,
    candidate: &mut dyn Side,
    prober: &mut dyn Prober,
    expectations: &mut Expectations,
    sink: &mut dyn Sink,
    mut summary: Summary,
    progress: OnProgress<'_>,
) -> Result<Summary> {
    let lane = Lane {
        base: &mut *base,
        candidate: &mut *candidate,
        prober,
    };
    let told = &mut summary;
    compare_events(
        events,
        vec![lane],
        &|_| 0,
        expectations,
        sink,
        told,
        progress,
    )?;
    conclude(base, candidate, expectations, sink, summary)
}

/// The events, each by the lane whose it is; in whatever order the lanes are done, the sink is told in the log's.
pub fn compare_events(
    events: impl Iterator<Item = Result<Vec<Event>>> + Send,
    lanes: Vec<Lane<'_>>,
    share: &(dyn Fn(&Event) -> usize + Sync),
    expectations: &mut Expectations,
    sink: &mut dyn Sink,
    summary: &mut Summary,
    progress: OnProgress<'_>,
) -> Result<()> {
    let watch = Stopwatch::start();
    let (from, to) = (summary.from, summary.to);
    std::thread::scope(|scope| -> Result<()> {
        let (mut ways, mut all_found, mut workers) = (Vec::new(), Vec::new(), Vec::new());
        for (at, lane) in lanes.into_iter().enumerate() {
            let Lane {
                base,
                candidate,
                prober,
            } = lane;
            let (to_candidate, batches) = sync_channel::<Batch>(AHEAD);
            let (to_base, steps) = sync_channel::<(Batch, Vec<Step>)>(AHEAD);
            let (to_report, found) = sync_channel::<(Batch, Vec<Found>)>(AHEAD);
            let (to_prober, questions) = sync_channel::<(Batch, Vec<Found>)>(AHEAD);
            let (to_asker, answers) = sync_channel::<(Batch, Vec<Found>)>(AHEAD);
            workers.push((
                scope.spawn(move || run_candidate(candidate, at, &batches, &to_base)),
                scope.spawn(move || run_base(base, at, &steps, &to_prober, &answers, &to_report)),
                scope.spawn(move || run_prober(prober, &questions, &to_asker)),
            ));
            ways.push(to_candidate);
            all_found.push(found);
        }
        let reader = scope.spawn(move || -> Result<()> {
            for piece in events {
                let events = piece?;
                let shares = events.iter().map(share).collect();
                let batch = Arc::new(Piece { events, shares });
                for way in &ways {
                    // A receiver that is gone has its own error to tell.
                    if way.send(batch.clone()).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        });
        let mut report = || -> Result<()> {
            loop {
                let (mut batch, mut found) = (None, Vec::new());
                for lane in &all_found {
                    let Ok((of, more)) = lane.recv() else {
                        return Ok(());
                    };
                    batch = Some(of);
                    found.extend(more);
                }
                let Some(batch) = batch else { return Ok(()) };
                found.sort_by_key(|found| found.event);
                for found in found {
                    let event = &batch.events[found.event];
                    if event.seq >= from {
                        report_event(event, found, expectations, sink, summary)?;
                    }
                }
                if let Some(last) = batch.events.last() {
                    let new = batch
                        .events
                        .iter()
                        .filter(|event| event.seq >= from)
                        .count();
                    summary.events += new as u64;
                    progress(Progress {
                        done: last.seq.0,
                        total: to.0,
                    });
                }
            }
        };
        // A thread that ends early closes its channels, and so the others end; its error is the one to tell.
        let reported = report();
        drop(all_found);
        let read = join(reader);
        let ended: Vec<_> = { workers.into_iter() }
            .map(|(ahead, beside, probing)| (join(ahead), join(beside), join(probing)))
            .collect();
        let mut done = Vec::new();
        for (ahead, beside, probing) in ended {
            probing?;
            done.push((ahead, beside));
        }
        read?;
        for (ahead, beside) in done {
            let ((base, base_dooms), (candidate, candidate_dooms)) = (beside?, ahead?);
            summary.cost.0 += base;
            summary.cost.1 += candidate;
            summary.dooms.0 += base_dooms;
            summary.dooms.1 += candidate_dooms;
        }
        reported
    })?;
    summary.seconds += watch.seconds();
    Ok(())
}

/// The final states, and the end of the report.
pub fn conclude(
    base: &mut dyn Base,
    candidate: &mut dyn Side,
    expectations: &mut Expectations,
    sink: &mut dyn Sink,
    mut summary: Summary,
) -> Result<Summary> {
    let watch = Stopwatch::start();
    compare_states(base, candidate, |row| {
        report_row(&row, expectations, sink, &mut summary)
    })?;
    summary.layout = layout_differences(&base.layouts(), &candidate.layouts());
    summary.expectations = expectations.uses();
    summary.missing = expectations.missing();
    summary.seconds += watch.seconds();
    sink.finish(&summary)?;
    Ok(summary)
}

fn join<T>(thread: std::thread::ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(Error::internal("a thread of the diff panicked")))
}

fn run_candidate(
    side: &mut dyn Side,
    lane: usize,
    batches: &Receiver<Batch>,
    out: &SyncSender<(Batch, Vec<Step>)>,
) -> Result<(Cost, u64)> {
    while let Ok(batch) = batches.recv() {
        let steps = { batch.of(lane) }
            .map(|(_, event)| side.step(event))
            .collect::<Result<Vec<_>>>()?;
        side.end_batch()?;
        if out.send((batch, steps)).is_err() {
            break;
        }
    }
    Ok((side.cost(), side.dooms()))
}

fn run_prober(
    prober: &mut dyn Prober,
    questions: &Receiver<(Batch, Vec<Found>)>,
    out: &SyncSender<(Batch, Vec<Found>)>,
) -> Result<()> {
    while let Ok((batch, mut found)) = questions.recv() {
        for found in &mut found {
            if let Reason::Asked(rows) = &found.reason {
                found.reason = match prober.probe(&batch.events[found.event], &found.base, rows)? {
                    None => Reason::Unanswered,
                    Some(probed) => Reason::Known(Causes::of(&found.base, &probed)),
                };
            }
        }
        if out.send((batch, found)).is_err() {
            break;
        }
    }
    Ok(())
}

fn run_base(
    side: &mut dyn Base,
    lane: usize,
    steps: &Receiver<(Batch, Vec<Step>)>,
    ask: &SyncSender<(Batch, Vec<Found>)>,
    answers: &Receiver<(Batch, Vec<Found>)>,
    out: &SyncSender<(Batch, Vec<Found>)>,
) -> Result<(Cost, u64)> {
    // Batches that the prober has: the base works on the next ones meanwhile. As many as the channels hold, so that
    // neither thread waits for the other's turn on a machine with fewer cores than threads.
    let mut asked = 0;
    while let Ok((batch, candidates)) = steps.recv() {
        let mut found = Vec::new();
        for ((at, event), candidate) in batch.of(lane).zip(candidates) {
            let (base, candidate, reason) = match side.step_beside(event, candidate)? {
                Beside::Same => continue,
                Beside::Differs {
                    base,
                    candidate,
                    causes,
                } => (base, candidate, Reason::Known(causes)),
                Beside::Asks {
                    base,
                    candidate,
                    rows,
                } => (base, candidate, Reason::Asked(rows)),
            };
            found.push(Found {
                event: at,
                base,
                candidate,
                reason,
            });
        }
        side.end_batch()?;
        if ask.send((batch, found)).is_err() {
            return Ok((side.cost(), side.dooms()));
        }
        asked += 1;
        if asked == AHEAD {
            asked -= 1;
            if !take_answer(side, answers, out)? {
                return Ok((side.cost(), side.dooms()));
            }
        }
    }
    for _ in 0..asked {
        if !take_answer(side, answers, out)? {
            break;
        }
    }
    Ok((side.cost(), side.dooms()))
}

/// The oldest batch back from the prober, completed and passed on. False: nobody is there any more.
fn take_answer(
    side: &mut dyn Base,
    answers: &Receiver<(Batch, Vec<Found>)>,
    out: &SyncSender<(Batch, Vec<Found>)>,
) -> Result<bool> {
    let Ok((batch, mut found)) = answers.recv() else {
        return Ok(false);
    };
    for found in found.iter_mut().rev() {
        if let Reason::Unanswered = found.reason {
            found.reason =
                Reason::Known(side.find_causes(&batch.events[found.event], &found.base)?);
        }
    }
    if let Some(last) = batch.events.last() {
        side.forget(last.seq);
    }
    Ok(out.send((batch, found)).is_ok())
}

/// Every row in which two states differ, in the order of tables and keys.
pub fn compare_states<B: Side + ?Sized, C: Side + ?Sized>(
    base: &mut B,
    candidate: &mut C,
    visit: impl FnMut(FinalRow) -> Result<()>,
) -> Result<()> {
    std::thread::scope(|scope| {
        let (to_left, left) = sync_channel(PIECES_AHEAD);
        let (to_right, right) = sync_channel(PIECES_AHEAD);
        let base = scope.spawn(move || send_rows(base, &to_left));
        let candidate = scope.spawn(move || send_rows(candidate, &to_right));
        let merged = merge(left, right, visit);
        for sender in [base, candidate] {
            sender
                .join()
                .unwrap_or_else(|_| Err(Error::internal("a reader of rows panicked")))?;
        }
        merged
    })
}

/// Pieces of rows that wait for the merge.
const PIECES_AHEAD: usize = 4;

fn send_rows<S: Side + ?Sized>(side: &mut S, out: &SyncSender<final_rows::Piece>) -> Result<()> {
    let layouts = side.layouts();
    for (table, layout) in layouts.tables.iter().enumerate() {
        // A receiver that is gone has its own error to tell.
        if out.send(final_rows::Piece::Table(layout.clone())).is_err() {
            return Ok(());
        }
        let mut rows = Vec::with_capacity(ROWS_PER_PIECE);
        side.scan(table, &mut |row| {
            rows.push(row);
            if rows.len() == ROWS_PER_PIECE {
                let _ = out.send(final_rows::Piece::Rows(std::mem::replace(
                    &mut rows,
                    Vec::with_capacity(ROWS_PER_PIECE),
                )));
            }
            Ok(())
        })?;
        let _ = out.send(final_rows::Piece::Rows(rows));
    }
    Ok(())
}

fn report_event(
    event: &Event,
    found: Found,
    expectations: &mut Expectations,
    sink: &mut dyn Sink,
    summary: &mut Summary,
) -> Result<()> {
    let Reason::Known(causes) = found.reason else {
        return Err(Error::internal(format!(
            "the cause of event {}'s difference was lost",
            event.seq
        )));
    };
    let differences = differences(&found.base, &found.candidate);
    let diff = EventDiff {
        seq: event.seq,
        event_type: event.event_type.clone(),
        subject: event.subject.clone(),
        time: event.time.clone(),
        cause: causes.event(),
        causes: { differences.iter() }
            .map(|difference| causes.of_difference(difference))
            .collect(),
        differences,
    };
    let unexpected = expectations.check(&diff);
    count(&diff, &unexpected, summary);
    sink.event(&diff, &unexpected)?;
    let is_first_unexpected = unexpected.contains(&true)
        && summary.unexpected == unexpected.iter().filter(|is| **is).count() as u64;
    if summary.first.is_none() || is_first_unexpected {
        summary.first = Some(diff);
    }
    Ok(())
}

fn count(diff: &EventDiff, unexpected: &[bool], summary: &mut Summary) {
    summary.differing.add(diff.cause);
    summary
        .by_type
        .entry(diff.event_type.to_string())
        .or_default()
        .add(diff.cause);
    summary.unexpected += unexpected.iter().filter(|unexpected| **unexpected).count() as u64;
    // An event counts once for each column, however many of its rows differ there: as direct where one of them is.
    let mut columns: BTreeMap<(&String, &String), Cause> = BTreeMap::new();
    let mut tables: BTreeMap<&String, Cause> = BTreeMap::new();
    for (difference, cause) in diff.differences.iter().zip(&diff.causes) {
        match difference {
            Difference::Column { table, column, .. } => {
                let known = columns.entry((table, column)).or_insert(*cause);
                *known = (*known).min(*cause);
            }
            Difference::Row { table, .. } => {
                let known = tables.entry(table).or_insert(*cause);
                *known = (*known).min(*cause);
            }
            Difference::Task {
                base, candidate, ..
            } => {
                let count = |kind: &str, summary: &mut Summary, add: fn(&mut TaskCount)| {
                    add(summary.tasks.entry(kind.to_owned()).or_default());
                };
                match (base, candidate) {
                    (Some(base), Some(candidate)) if base.kind == candidate.kind => {
                        count(&base.kind, summary, |count| count.change += 1);
                    }
                    (base, candidate) => {
                        if let Some(task) = base {
                            count(&task.kind, summary, |count| count.vanish += 1);
                        }
                        if let Some(task) = candidate {
                            count(&task.kind, summary, |count| count.appear += 1);
                        }
                    }
                }
            }
            // Counted by the sides, so that a doom which both meet is told of too.
            Difference::Doom { .. } => {}
        }
    }
    for ((table, column), cause) in columns {
        summary
            .by_column
            .entry((table.clone(), column.clone()))
            .or_default()
            .add(cause);
    }
    for (table, cause) in tables {
        summary.by_row.entry(table.clone()).or_default().add(cause);
    }
}

fn report_row(
    row: &FinalRow,
    expectations: &mut Expectations,
    sink: &mut dyn Sink,
    summary: &mut Summary,
) -> Result<()> {
    let unexpected = expectations.check_final(row);
    summary.unexpected += u64::from(unexpected);
    let count = summary.final_rows.entry(row.table.clone()).or_default();
    match &row.kind {
        FinalKind::Added(_) => count.added += 1,
        FinalKind::Removed(_) => count.removed += 1,
        FinalKind::Changed(columns) => {
            count.changed += 1;
            for (column, _, _) in columns {
                *count.columns.entry(column.clone()).or_default() += 1;
            }
        }
    }
    sink.final_row(row, unexpected)
}
