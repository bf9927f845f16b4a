//! Diff of two choices of logic over a book's log. Both work on projections of their own, which are thrown away.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use super::foresee::strayed;
use super::onlooker::Study;
use super::prober::RowProber;
use super::replays::Picked;
use crate::diff::{
    Base, Beside, Cause, Causes, Cost, Expectations, Lane, Side, Sink, Step, Summary,
    compare_events, conclude,
};
use crate::engine::{Plan, Player, Write, rows_after, rows_before, step_of};
use crate::history::{History, OnProgress, unite};
use crate::model::clock::Stopwatch;
use crate::model::event::EVENT_UNDONE;
use crate::model::layout::RowMap;
use crate::model::undo::undone_of;
use crate::model::value::SuppliedRow;
use crate::model::{Error, Event, Layouts, LogLine, Result, Row, Schedule, Seq};
use crate::store::{ProjectionHead, Temporary};

/// What to compare.
#[derive(Debug, Clone)]
pub struct DiffRequest {
    pub base: Picked,
    pub candidate: Picked,
    /// First event whose differences are told. Both sides always start from the first event of the log.
    pub from: Option<Seq>,
    pub to: Option<Seq>,
}

impl Study<'_> {
    /// Refuses what cannot be compared. `expect` is the text of an expectation file.
    pub fn check(&mut self, request: &DiffRequest, expect: &str) -> Result<()> {
        Expectations::parse(expect)?;
        self.range(request)?;
        for picked in [&request.base, &request.candidate] {
            self.schedule_of(picked)?;
        }
        Ok(())
    }

    fn range(&self, request: &DiffRequest) -> Result<(Seq, Seq)> {
        let to = request.to.unwrap_or(self.head());
        let from = request.from.unwrap_or(Seq(1));
        if to > self.head() || from.0 == 0 || from > to.next() {
            return Err(Error::usage(format!(
                "events {from} to {to} are not a range of the log; its head is {}",
                self.head()
            )));
        }
        Ok((from, to))
    }

    /// Runs both and tells the sink what differs. The book is as it was.
    pub fn diff(
        &mut self,
        request: &DiffRequest,
        expectations: &mut Expectations,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Summary> {
        let (from, to) = self.range(request)?;
        let base_schedule = self.schedule_of(&request.base)?;
        let candidate_schedule = self.schedule_of(&request.candidate)?;
        let schedules = [&base_schedule, &candidate_schedule];
        let plans = [self.plan(&base_schedule)?, self.plan(&candidate_schedule)?];
        // Rows can be handed from one side to the other as long as neither changes its tables on the way.
        let elsewhere = plans.iter().all(Plan::is_single);
        let shares = self
            .history
            .shares(&[&plans[0], &plans[1]], (Seq(1), to), 2)?;
        let shares = shares.filter(|shares| shares.last == to);
        let count = shares.as_ref().map_or(1, |shares| shares.count);
        let names = ["diff-base", "diff-candidate"].repeat(count);
        let paths: Vec<_> = names.iter().map(|what| self.temporary(what)).collect();
        let _temporary = Temporary::new(&paths)?;
        let mut aside = Vec::new();
        let mut lanes = Vec::new();
        for (at, files) in paths.chunks(2).enumerate() {
            let mut beside = self.history.apart()?;
            let mut probing = self.history.apart()?;
            let mut lane = |base: &mut History| {
                Sides::new(
                    [base, &mut beside, &mut probing],
                    schedules,
                    files,
                    elsewhere,
                )
            };
            match at {
                0 => lanes.push(lane(self.history)?),
                _ => {
                    let mut base = self.history.apart()?;
                    lanes.push(lane(&mut base)?);
                    aside.push(base);
                }
            }
            aside.extend([beside, probing]);
        }
        let mut summary = Summary {
            base: request.base.to_string(),
            candidate: request.candidate.to_string(),
            from,
            to,
            ..Summary::default()
        };
        compare_events(
            self.history.events_apart(Seq(1)..=to)?,
            lanes.iter_mut().map(Sides::lane).collect(),
            &|event| shares.as_ref().map_or(0, |shares| shares.of(event)),
            expectations,
            sink,
            &mut summary,
            progress,
        )?;
        let mut first = lanes.remove(0);
        if let Some(shares) = &shares {
            let head = ProjectionHead {
                position: to,
                ..ProjectionHead::default()
            };
            let others = lanes
                .into_iter()
                .map(|it| (it.base.side.player, it.candidate.player));
            let (bases, candidates) = others.unzip();
            unite(&mut first.base.side.player, bases, shares, 0, head)?;
            unite(&mut first.candidate.player, candidates, shares, 1, head)?;
        }
        let (base, candidate) = (&mut first.base, &mut first.candidate);
        let summary = conclude(base, candidate, expectations, sink, summary)?;
        drop(first);
        for history in aside {
            self.history.keep_apart(history);
        }
        Ok(summary)
    }
}

/// Two players beside each other, and who tries one of them on the other's rows.
struct Sides {
    base: BaseSide,
    candidate: PlayerSide,
    prober: RowProber,
}

impl Sides {
    fn new(
        [base, beside, probing]: [&mut History; 3],
        [base_schedule, candidate_schedule]: [&Schedule; 2],
        files: &[PathBuf],
        elsewhere: bool,
    ) -> Result<Sides> {
        let player = base.player(base_schedule, &files[0])?;
        let base = BaseSide::new(player, base.plan(candidate_schedule)?, elsewhere);
        let prober = RowProber::new(
            probing.library.runtime.clone(),
            probing.plan(candidate_schedule)?.first().clone(),
            base.side.player.materializer.program().clone(),
        )?;
        Ok(Sides {
            base,
            candidate: PlayerSide::new(beside.player(candidate_schedule, &files[1])?),
            prober,
        })
    }

    fn lane(&mut self) -> Lane<'_> {
        Lane {
            base: &mut self.base,
            candidate: &mut self.candidate,
            prober: &mut self.prober,
        }
    }
}

pub(crate) struct PlayerSide {
    pub player: Player,
    cost: Cost,
    dooms: u64,
    /// Undos that met other values than they took back, and what they said of it.
    pub strayed_undos: Vec<(Seq, Vec<LogLine>)>,
}

impl PlayerSide {
    pub fn new(mut player: Player) -> Self {
        player.materializer.trace();
        PlayerSide {
            player,
            cost: Cost::default(),
            dooms: 0,
            strayed_undos: Vec::new(),
        }
    }

    fn layouts_now(&self) -> Arc<Layouts> {
        self.player.materializer.program().layouts.clone()
    }

    pub fn work_out(&mut self, event: &Event) -> Result<Step> {
        let watch = Stopwatch::start();
        let result = self.player.run(event);
        self.cost.seconds += watch.seconds();
        if let Ok(outcome) = &result {
            self.cost.fuel += outcome.usage.fuel;
            self.cost.note(&event.event_type, outcome.usage.fuel);
            self.cost.host_calls += outcome.usage.host_calls;
            self.cost.rows_read += outcome.usage.rows_read;
            self.cost.rows_written += outcome.usage.rows_written;
            if strayed(event, outcome) {
                self.strayed_undos.push((event.seq, outcome.log.clone()));
            }
        }
        let mut step = step_of(result, self.layouts_now())?;
        self.dooms += u64::from(step.outcome.is_err());
        (step.touched, step.searched) = self.player.materializer.take_trace();
        Ok(step)
    }

    pub fn apply(&mut self, step: &Step) -> Result<()> {
        if step.outcome.is_err() {
            return Ok(());
        }
        let watch = Stopwatch::start();
        let kept = self.player.apply();
        self.cost.seconds += watch.seconds();
        kept
    }
}

impl Side for PlayerSide {
    fn step(&mut self, event: &Event) -> Result<Step> {
        let step = self.work_out(event)?;
        self.apply(&step)?;
        Ok(step)
    }

    fn end_batch(&mut self) -> Result<()> {
        self.player.materializer.end_batch()
    }

    fn layouts(&self) -> Arc<Layouts> {
        self.layouts_now()
    }

    fn scan(&mut self, table: usize, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.player.materializer.projection().scan(table, visit)
    }

    fn cost(&self) -> Cost {
        self.cost.clone()
    }

    fn dooms(&self) -> u64 {
        self.dooms
    }
}

struct BaseSide {
    side: PlayerSide,
    candidate: Plan,
    /// Differences may be probed on another thread.
    elsewhere: bool,
    /// From the base's tables to the candidate's: position and row map, by the candidate's table.
    maps: Vec<Option<(usize, RowMap)>>,
    /// The other way: the candidate's table of each of the base's.
    candidate_tables: Vec<Option<usize>>,
    /// What events wrote from the oldest unanswered question on: the way back for `find_causes`.
    history: VecDeque<(Seq, Vec<Write>)>,
}

impl BaseSide {
    fn new(player: Player, candidate: Plan, elsewhere: bool) -> Self {
        let side = PlayerSide::new(player);
        let (own, theirs) = (side.layouts_now(), candidate.first().layouts.clone());
        let maps = theirs
            .tables
            .iter()
            .map(|table| {
                own.position(&table.sql_name)
                    .map(|at| (at, RowMap::between(&own.tables[at], table)))
            })
            .collect();
        let candidate_tables = own
            .tables
            .iter()
            .map(|table| theirs.position(&table.sql_name))
            .collect();
        BaseSide {
            side,
            candidate,
            elsewhere,
            maps,
            candidate_tables,
            history: VecDeque::new(),
        }
    }

    /// Rows of the state before the pending event that either version looked at, in the candidate's layouts; first those
    /// that the candidate looked at, in its order.
    fn rows_before(&mut self, base: &Step, candidate: &Step) -> Result<Vec<SuppliedRow>> {
        let mut rows: Vec<SuppliedRow> = Vec::with_capacity(candidate.touched.len() + 1);
        for (table, key, _) in &candidate.touched {
            let row = match &self.maps[*table] {
                None => None,
                Some((at, map)) => {
                    let seen = |known: &&SuppliedRow| known.0 == *at && known.1 == *key;
                    match base.touched.iter().find(seen) {
                        Some((_, _, row)) => row.clone(),
                        None => self.side.player.materializer.row_before(*at, key)?,
                    }
                    .map(|row| map.map(&row))
                }
            };
            rows.push((*table, key.clone(), row));
        }
        for (at, key, row) in &base.touched {
            if let Some(table) = self.candidate_tables[*at]
                && let Some((_, map)) = &self.maps[table]
                && !rows.iter().any(|known| known.0 == table && known.1 == *key)
            {
                let row = row.as_ref().map(|row| map.map(row));
                rows.push((table, key.clone(), row));
            }
        }
        Ok(rows)
    }

    fn apply_beside(&mut self, event: &Event, step: &Step, asks: bool) -> Result<()> {
        if asks || !self.history.is_empty() {
            // An event of doom wrote nothing, and is a point to come back to all the same.
            let writes = match step.outcome {
                Ok(_) => self.side.player.materializer.pending_writes(),
                Err(_) => Vec::new(),
            };
            self.history.push_back((event.seq, writes));
        }
        self.side.apply(step)
    }

    /// Tries the candidate on the state as it is.
    fn probe_here(&mut self, event: &Event) -> Result<Step> {
        let program = self.candidate.at(event.seq).0.clone();
        step_of(
            self.side.player.materializer.probe(&program, event),
            program.layouts.clone(),
        )
    }
}

impl Side for BaseSide {
    fn step(&mut self, event: &Event) -> Result<Step> {
        self.side.step(event)
    }
    fn end_batch(&mut self) -> Result<()> {
        self.side.end_batch()
    }
    fn layouts(&self) -> Arc<Layouts> {
        self.side.layouts()
    }
    fn scan(&mut self, table: usize, visit: &mut dyn FnMut(Row) -> Result<()>) -> Result<()> {
        self.side.scan(table, visit)
    }
    fn cost(&self) -> Cost {
        self.side.cost()
    }

    fn dooms(&self) -> u64 {
        self.side.dooms
    }
}

impl Base for BaseSide {
    fn step_beside(&mut self, event: &Event, candidate: Step) -> Result<Beside> {
        let base = self.side.work_out(event)?;
        if base.is_same(&candidate) {
            self.apply_beside(event, &base, false)?;
            return Ok(Beside::Same);
        }
        // Each side takes back what the event changed there: no version's logic is asked.
        if event.event_type.as_str() == EVENT_UNDONE && undone_of(&event.data).is_some() {
            self.apply_beside(event, &base, false)?;
            return Ok(Beside::Differs {
                base,
                candidate,
                causes: Causes::all(Cause::Inherited),
            });
        }
        if self.elsewhere && !base.searched && !candidate.searched {
            let rows = self.rows_before(&base, &candidate)?;
            // The candidate saw what it would see on the base's state: its own step is the answer.
            let answered = rows[..candidate.touched.len()] == candidate.touched;
            self.apply_beside(event, &base, !answered)?;
            if answered {
                return Ok(Beside::Differs {
                    base,
                    candidate,
                    causes: Causes::all(Cause::Direct),
                });
            }
            return Ok(Beside::Asks {
                base,
                candidate,
                rows,
            });
        }
        // The event's effects are not in the projection yet: this is the base's state before it. What was worked out
        // is set aside, the candidate is tried, and the base's effects are put back.
        let aside = self.side.player.materializer.set_aside()?;
        let probed = self.probe_here(event)?;
        self.side.player.materializer.put_back(aside)?;
        self.apply_beside(event, &base, false)?;
        let causes = Causes::of(&base, &probed);
        Ok(Beside::Differs {
            base,
            candidate,
            causes,
        })
    }

    fn find_causes(&mut self, event: &Event, base: &Step) -> Result<Causes> {
        let from = self.history.partition_point(|(seq, _)| *seq < event.seq);
        let later: Vec<_> = self
            .history
            .iter()
            .skip(from)
            .map(|(_, writes)| writes.clone())
            .collect();
        let head = self.side.player.materializer.head();
        for writes in later.iter().rev() {
            let rows = rows_before(writes);
            self.side.player.materializer.replace(rows, head)?;
        }
        let probed = self.probe_here(event)?;
        for writes in &later {
            let rows = rows_after(writes);
            self.side.player.materializer.replace(rows, head)?;
        }
        Ok(Causes::of(base, &probed))
    }

    fn forget(&mut self, to: Seq) {
        let count = self.history.partition_point(|(seq, _)| *seq <= to);
        self.history.drain(..count);
    }
}
