//! A stretch of a book as a file that is a log of its own: a fixture for replay-diffs.
//!
//! It begins with the state before the stretch, as rows (`daybook.StateGiven`). Then come the stretch's events; where some are
//! left out, the rows that they changed stand in their place, from the effects that were recorded. So every event runs on the
//! state on which it ran. While it is written, the file is tried: each of its events is replayed with the versions that handled
//! it, and must have the effects that were recorded.
//!
//! Amended events have the payloads that are in force now, and the effects that a replay gives them; or those that they were
//! logged with, and the effects that were recorded. What of the stretch was repaired is told either way.
//!
//! What is recorded holds from one epoch to the next. Where another one begins within the stretch, the state may be another one
//! from one event to the next, and the file has the rows in which the two differ.

mod json;
mod mask;
mod picks;
mod repaired;
mod replayed;
mod rows;
mod trial;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;

pub use self::mask::Mask;
use self::mask::Masker;
use self::picks::{Classes, Picks, class};
pub use self::repaired::{PayloadsOf, RepairedEvent};
use self::rows::{Changed, Pieces};
use self::trial::Trial;
use super::onlooker::Study;
use crate::book::{CloudEvent, DEFAULT_SOURCE};
use crate::history::{
    Changed as Logged, OnProgress, PayloadHistory, Payloads, Progress, Rebuild, RepairNote, hole,
    notes, silent,
};
use crate::model::event::STATE_GIVEN;
use crate::model::layout::RowMap;
use crate::model::state_given::{GivenTable, data};
use crate::model::{Error, Event, Layouts, Result, Row, Schedule, Seq, TableLayout, TypeName};
use crate::store::Temporary;
use crate::store::{Access, Projection};

/// What to export.
#[derive(Debug, Clone, Default)]
pub struct ExportRequest {
    /// The first event; none: the log's first.
    pub from: Option<Seq>,
    /// The last event; none: the log's last.
    pub to: Option<Seq>,
    /// At most so many events of each type and version that handled it.
    pub sample: Option<u64>,
    pub masks: Vec<Mask>,
    pub payloads: PayloadsOf,
}

/// What came of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    pub lines: u64,
    pub events: u64,
    /// Events of the stretch that are no part of the file: the host's own, erased ones, and those that the sample leaves out.
    pub left_out: u64,
    /// Values that have a pseudonym in the file.
    pub masked: u64,
    /// Events that have other effects when the file is replayed than were recorded.
    pub differing: u64,
    /// The first of them.
    pub told: Vec<DifferingLine>,
    /// How many events of the stretch were repaired since they were logged, and the first of them.
    pub repaired: (u64, Vec<RepairedEvent>),
    /// Whether a book made of the file has the rows of the live state, under the versions that handled the events. None: the
    /// file does not end where the log does, or does not have everything.
    pub same_rows: Option<bool>,
}

/// An event whose effects are others in the file than in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferingLine {
    pub line: u64,
    pub seq: Seq,
    pub event_type: TypeName,
    /// What differs.
    pub words: String,
}

/// Differing events that are told.
const TOLD_MAX: usize = 20;

/// Events after which the progress is told.
const PROGRESS_EVENTS: u64 = 1_000;

/// A part of the stretch in which what was recorded holds together.
struct Segment {
    from: Seq,
    to: Seq,
    schedule: Schedule,
    payloads: Payloads,
    /// Its effects were recorded for other payloads: they are worked out again.
    is_replayed: bool,
}

/// A projection at one position, to be read.
struct State {
    projection: Projection,
    layouts: Arc<Layouts>,
    _file: Temporary,
}

impl Study<'_> {
    /// Writes the stretch. `Err`: nothing of what was written is of use.
    pub fn export(
        &mut self,
        request: &ExportRequest,
        out: &mut dyn Write,
        progress: OnProgress<'_>,
    ) -> Result<Exported> {
        let from = request.from.unwrap_or(Seq(1));
        let to = request.to.unwrap_or(self.head());
        if from.0 == 0 || from > to || to > self.head() {
            return Err(Error::usage(format!(
                "events {from} to {to} are not a stretch of the log; its head is {}",
                self.head()
            )));
        }
        self.check_masks(&request.masks)?;
        let past = PayloadHistory::read(&self.history.log)?;
        let segments = self.segments(&past, request.payloads, from, to)?;
        let mut before = Vec::with_capacity(segments.len());
        for (at, segment) in segments.iter().enumerate() {
            let earlier = at.checked_sub(1).map(|at| &segments[at]);
            before.push(self.jump(earlier, segment)?);
        }
        let mut masker = Masker::new(&request.masks);
        let classes = self.look(&segments, &mut before, &mut masker)?;
        masker.seal();
        let path = self.temporary("export-trial");
        let mut writer = Writer {
            out,
            masker,
            trial: Trial::new(path)?,
            pending: BTreeMap::new(),
            exported: Exported::default(),
            notes: notes(&self.history.log, from, to)?,
            last_time: String::new(),
        };
        writer.exported.masked = writer.masker.count();
        let picks = Picks::new(request.sample, &classes);
        self.write(&segments, before, picks, &mut writer, progress)?;
        writer.exported.repaired = self.repaired(&writer.notes)?;
        let is_whole = request.sample.is_none() && to == self.head() && writer.masker.is_idle();
        if request.sample.is_none() {
            if to == self.head() {
                let program = self.plan(self.live)?.at(to).0.clone();
                let runtime = self.history.library.runtime.clone();
                writer.trial.go_on(&runtime, program)?;
            }
            let time = writer.last_time.clone();
            writer.give_pending(&time)?;
        }
        if is_whole {
            let rows = writer.trial.rows_digest()?;
            writer.exported.same_rows = self.live_rows(to)?.map(|live| live == rows);
        }
        writer
            .out
            .flush()
            .map_err(|error| Error::io("writing the export", error))?;
        Ok(writer.exported)
    }

    fn check_masks(&mut self, masks: &[Mask]) -> Result<()> {
        let layouts = self.history.log.layouts()?;
        for mask in masks {
            let Mask::Column { table, column } = mask else {
                continue;
            };
            let of = |layout: &&Arc<TableLayout>| layout.name() == *table;
            let mut known = layouts.values().filter(of).peekable();
            if known.peek().is_none() {
                return Err(
                    Error::usage(format!("no version in the log has a table '{table}'"))
                        .hint("--mask takes plugin.table.column, or a type with a JSON pointer"),
                );
            }
            if !known.any(|layout| layout.column(column).is_some()) {
                return Err(Error::usage(format!(
                    "table '{table}' never had a column '{column}'"
                )));
            }
            let mut named = layouts.values().filter(of);
            if let Some(format) =
                named.find_map(|it| it.formats.get(column).filter(|it| it.is_amount()))
            {
                return Err(Error::usage(format!(
                    "{table}.{column} holds amounts or truths ({format}), and those are no names: equal ones would stay equal, \
                     and sums and tests of the logic would break"
                ))
                .hint("mask what says whose they are: the columns and parts of payloads that name somebody"));
            }
        }
        Ok(())
    }

    /// The stretch, cut where another epoch begins. With the payloads that are in force now, it is cut only where another state
    /// begins.
    fn segments(
        &self,
        past: &PayloadHistory,
        payloads: PayloadsOf,
        from: Seq,
        to: Seq,
    ) -> Result<Vec<Segment>> {
        let mut epochs = self.history.log.epochs()?;
        if epochs.first().is_none_or(|(first, _)| *first > Seq(1)) {
            epochs.insert(0, (Seq(1), Schedule::default()));
        }
        let ends = epochs.iter().skip(1).map(|(next, _)| Seq(next.0 - 1));
        let ends: Vec<Seq> = ends.chain([to]).collect();
        let segments = epochs
            .into_iter()
            .zip(ends)
            .map(|((begins, schedule), end)| Segment {
                from: from.max(begins),
                to: to.min(end),
                payloads: past.as_of(begins),
                is_replayed: false,
                schedule,
            });
        let segments = segments.filter(|segment| segment.from <= segment.to);
        if payloads == PayloadsOf::First || past.amendments.is_empty() {
            return Ok(segments.collect());
        }
        let mut merged: Vec<Segment> = Vec::new();
        for segment in segments {
            let until = Seq(segment.from.0 - 1);
            match merged.last_mut() {
                Some(last) if last.schedule.until(until) == segment.schedule.until(until) => {
                    (last.to, last.schedule) = (segment.to, segment.schedule);
                }
                _ => merged.push(Segment {
                    payloads: Payloads::new(),
                    is_replayed: true,
                    ..segment
                }),
            }
        }
        Ok(merged)
    }

    /// The states between which a segment begins: the one that was there, and the one from which it goes on. The first
    /// segment has only the latter, and none has both where they are the same.
    fn jump(
        &mut self,
        earlier: Option<&Segment>,
        segment: &Segment,
    ) -> Result<(Option<State>, Option<State>)> {
        let last = Seq(segment.from.0 - 1);
        if last == Seq::ZERO {
            return Ok((None, None));
        }
        let Some(earlier) = earlier else {
            return Ok((None, Some(self.state(segment, last)?)));
        };
        let until = |of: &Segment| -> Payloads {
            let of = of.payloads.range(..=last);
            of.map(|(seq, data)| (*seq, data.clone())).collect()
        };
        let is_same = earlier.schedule.until(last) == segment.schedule.until(last)
            && until(earlier) == until(segment);
        if is_same {
            return Ok((None, None));
        }
        let was = self.state(earlier, last)?;
        Ok((Some(was), Some(self.state(segment, last)?)))
    }

    /// The state after an event, as a segment has it.
    fn state(&mut self, segment: &Segment, last: Seq) -> Result<State> {
        let path = self.temporary("export");
        let file = Temporary::new(std::slice::from_ref(&path))?;
        let rebuild = Rebuild::of(&segment.schedule, &path, last).with(&segment.payloads);
        self.history.build(rebuild, &mut silent())?;
        let plan = self.plan(&segment.schedule)?;
        let layouts = plan.at(last).0.layouts.clone();
        Ok(State {
            projection: Projection::open(&path, layouts.clone(), Access::Live)?,
            layouts,
            _file: file,
        })
    }

    /// What there is to choose from, and every value that must not leave.
    fn look(
        &mut self,
        segments: &[Segment],
        before: &mut [(Option<State>, Option<State>)],
        masker: &mut Masker,
    ) -> Result<Classes> {
        let mut classes = Classes::new();
        for (segment, (was, goes_on)) in segments.iter().zip(before) {
            for state in [was, goes_on].into_iter().flatten() {
                for (table, layout) in state.layouts.tables.iter().enumerate() {
                    let hidden = hidden_places(masker, layout);
                    if !hidden.is_empty() {
                        state.projection.scan(table, |row| {
                            hidden.iter().for_each(|&at| masker.hide(&row[at]));
                            Ok(())
                        })?;
                    }
                }
            }
            self.each(segment, &mut |_, changed| {
                let event = &changed.stored.event;
                if is_exported(event) {
                    *classes.entry(class(&changed.stored)).or_default() += 1;
                }
                if masker.is_idle() {
                    return Ok(());
                }
                masker.hide_in(&event.event_type, &event.data, event.extensions.as_deref());
                for change in &changed.changes {
                    let hidden = hidden_places(masker, &change.layout);
                    for row in [&change.before, &change.after].into_iter().flatten() {
                        hidden.iter().for_each(|&at| masker.hide(&row[at]));
                    }
                }
                Ok(())
            })?;
        }
        Ok(classes)
    }

    fn write(
        &mut self,
        segments: &[Segment],
        before: Vec<(Option<State>, Option<State>)>,
        mut picks: Picks<'_>,
        writer: &mut Writer<'_>,
        progress: OnProgress<'_>,
    ) -> Result<()> {
        let total = segments.iter().map(|it| it.to.0 + 1 - it.from.0).sum();
        let mut done = 0;
        for (at, (segment, (was, goes_on))) in segments.iter().zip(before).enumerate() {
            match (was, goes_on) {
                (Some(was), Some(goes_on)) => writer.jump(was, goes_on)?,
                (_, state) if at == 0 => {
                    let first = self.history.log.recorded_at(segment.from)?;
                    let first = first.ok_or_else(|| hole(segment.from))?;
                    let program = self.history.program(&first.lineup.parse()?)?;
                    writer.trial.go_on(&self.history.library.runtime, program)?;
                    writer.begin(state, &first.event.time)?;
                }
                _ => {}
            }
            self.each(segment, &mut |(log, library), changed| {
                let stored = &changed.stored;
                writer.last_time.clone_from(&stored.event.time);
                if is_exported(&stored.event) && picks.takes(stored) {
                    let program = library.program(log, &stored.lineup.parse()?)?;
                    writer.trial.go_on(&library.runtime, program)?;
                    writer.event(changed)?;
                } else {
                    writer.leave_out(changed);
                }
                done += 1;
                if done % PROGRESS_EVENTS == 0 {
                    progress(Progress { done, total });
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

/// The host's own events are about this book; an erased one has nothing to say.
fn is_exported(event: &Event) -> bool {
    !event.is_system() && !event.is_withheld()
}

fn hidden_places(masker: &Masker, layout: &TableLayout) -> Vec<usize> {
    let name = layout.name();
    let columns = masker.columns(&name);
    columns.filter_map(|column| layout.column(column)).collect()
}

/// The file that is being written.
struct Writer<'a> {
    out: &'a mut dyn Write,
    masker: Masker,
    trial: Trial,
    /// What left-out events did to rows since the last line, by SQL name and key.
    pending: BTreeMap<(String, Box<[u8]>), Changed>,
    exported: Exported,
    /// What was done to events of the stretch since they were logged.
    notes: BTreeMap<Seq, RepairNote>,
    /// Of the last event that was read.
    last_time: String,
}

impl Writer<'_> {
    /// The first line, or lines: the state before the stretch. There is always one, so that the file is told from others.
    fn begin(&mut self, state: Option<State>, time: &str) -> Result<()> {
        let mut pieces = Pieces::default();
        if let Some(mut state) = state {
            for (table, layout) in state.layouts.tables.iter().enumerate() {
                let projection = &mut state.projection;
                projection.scan(table, |row| {
                    pieces.put(layout, self.masker.row(&row))?;
                    match pieces.is_full() {
                        true => self.give(pieces.take(), time),
                        false => Ok(()),
                    }
                })?;
            }
        }
        if !pieces.is_empty() || self.exported.lines == 0 {
            self.give(pieces.take(), time)?;
        }
        Ok(())
    }

    /// The state is another one from here on: what differs is to be given before the next event.
    fn jump(&mut self, mut was: State, mut goes_on: State) -> Result<()> {
        for (table, layout) in goes_on.layouts.tables.iter().enumerate() {
            let old = was.layouts.position(&layout.sql_name);
            let map = old.map(|at| RowMap::between(&was.layouts.tables[at], layout));
            let pending = &mut self.pending;
            goes_on.projection.scan(table, |row| {
                let key = layout.key_of(&row);
                let before = match old {
                    Some(at) => was.projection.get(at, &key)?,
                    None => None,
                };
                let known = before
                    .as_ref()
                    .zip(map.as_ref())
                    .map(|(row, map)| map.map(row));
                if known.as_ref() != Some(&row) {
                    note(pending, layout, before, Some(row));
                }
                if was.projection.is_full() {
                    was.projection.shrink()?;
                }
                Ok(())
            })?;
        }
        for (table, layout) in was.layouts.tables.iter().enumerate() {
            let Some(new) = goes_on.layouts.position(&layout.sql_name) else {
                continue;
            };
            let pending = &mut self.pending;
            let after = &mut goes_on.projection;
            was.projection.scan(table, |row| {
                if after.get(new, &layout.key_of(&row))?.is_none() {
                    note(pending, layout, Some(row), None);
                }
                if after.is_full() {
                    after.shrink()?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn leave_out(&mut self, changed: Logged) {
        self.exported.left_out += 1;
        for change in changed.changes {
            note(
                &mut self.pending,
                &change.layout,
                change.before,
                change.after,
            );
        }
    }

    /// Gives what is pending, so that the next event meets the state on which it ran.
    fn give_pending(&mut self, time: &str) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let changed: Vec<Changed> = pending.into_values().filter(Changed::is_any).collect();
        if changed.is_empty() {
            return Ok(());
        }
        let masker = &self.masker;
        for piece in rows::cut(&changed, &|row| masker.row(row))? {
            self.give(piece, time)?;
        }
        Ok(())
    }

    /// One line that gives rows.
    fn give(&mut self, tables: Vec<GivenTable>, time: &str) -> Result<()> {
        let line = json!({
            "specversion": "1.0",
            "id": format!("state-{}", self.exported.lines + 1),
            "source": DEFAULT_SOURCE,
            "type": STATE_GIVEN,
            "time": time,
            "data": data(&tables),
        });
        let line = line.to_string();
        self.trial.give(&line, self.exported.lines + 1)?;
        self.line(&line)
    }

    fn event(&mut self, changed: Logged) -> Result<()> {
        let Logged {
            stored,
            changes,
            tasks,
        } = changed;
        let event = &stored.event;
        self.give_pending(&event.time)?;
        let masker = &self.masker;
        let masked = Event {
            id: masker.text(&event.id),
            source: masker.subject(&event.source),
            subject: event
                .subject
                .as_deref()
                .map(|subject| masker.subject(subject)),
            data: masker.json(&event.data),
            extensions: event.extensions.as_deref().map(|text| masker.json(text)),
            ..event.clone()
        };
        // The place that its plugins were told: they are told it again, wherever the file is taken.
        let written = CloudEvent {
            seq: event.told_seq().0,
            ..CloudEvent::from(&masked)
                .with(self.notes.get(&event.seq).copied().unwrap_or_default())
        };
        let line = serde_json::to_string(&written)
            .map_err(|error| Error::internal(format!("writing event {}: {error}", event.seq)))?;
        // A payload keeps its text, line breaks between its tokens too; inside of strings JSON has none.
        let line = line.replace(['\n', '\r'], " ");
        let number = self.exported.lines + 1;
        let differs = self
            .trial
            .event(&line, number, changes, tasks, &self.masker)?;
        if let Some(words) = differs {
            self.exported.differing += 1;
            if self.exported.told.len() < TOLD_MAX {
                self.exported.told.push(DifferingLine {
                    line: number,
                    seq: event.seq,
                    event_type: event.event_type.clone(),
                    words,
                });
            }
        }
        self.exported.events += 1;
        self.line(&line)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        self.exported.lines += 1;
        let written = self.out.write_all(line.as_bytes());
        written
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(|error| Error::io("writing the export", error))
    }
}

/// Adds what happened to a row to what is known of it.
fn note(
    pending: &mut BTreeMap<(String, Box<[u8]>), Changed>,
    layout: &Arc<TableLayout>,
    before: Option<Row>,
    after: Option<Row>,
) {
    let Some(row) = after.as_ref().or(before.as_ref()) else {
        return;
    };
    let name = (layout.sql_name.clone(), layout.key_bytes(row));
    let key = layout.key_of(row);
    let changed = pending.entry(name).or_insert_with(|| Changed {
        layout: layout.clone(),
        key,
        before: before.clone(),
        after: before,
    });
    changed.layout = layout.clone();
    changed.after = after;
}
