//! What a repair of payloads would change: history with and without it, side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::diffs::PlayerSide;
use super::onlooker::Study;
use crate::diff::{
    Base, Beside, Cause, Causes, Cost, EventDiff, Expectations, FinalRow, Prober, Side, Sink, Step,
    Summary, run,
};
use crate::engine::Outcome;
use crate::history::{OnProgress, Payloads, put_in_place};
use crate::model::event::EVENT_UNDONE;
use crate::model::value::SuppliedRow;
use crate::model::{Error, Event, Layouts, Result, Row, Schedule, Seq};
use crate::store::Temporary;

/// What a repair of payloads would change; the single differences went to the sink.
#[derive(Debug, Clone)]
pub struct Foreseen {
    pub summary: Summary,
    /// Undos, and undone events, whose values it would change: then it is refused.
    pub strayed: Vec<Seq>,
    /// Why the repair would be refused.
    pub problem: Option<String>,
}

/// True for an undo that met other values than it took back: it would put values into another history than its own.
pub(crate) fn strayed(event: &Event, outcome: &Outcome) -> bool {
    event.event_type.as_str() == EVENT_UNDONE && !outcome.log.is_empty()
}

/// Refuses a repair under which an undo strays.
pub(crate) fn strays(seqs: &[Seq]) -> Error {
    let named: Vec<_> = seqs.iter().map(ToString::to_string).collect();
    Error::refused(format!(
        "it changes values that an undo took back: event {}",
        named.join(", ")
    ))
    .hint("an undo puts back exact values; redact the undone event first (its undo goes with it), or undo nothing")
}

impl Study<'_> {
    /// Runs history as it is and with other payloads, side by side, and tells the sink what differs. The book is as it
    /// was. `watched` events must not differ.
    pub(crate) fn foresee(
        &mut self,
        payloads: &Payloads,
        watched: &BTreeSet<Seq>,
        candidate: String,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let schedule = self.live.clone();
        self.foresee_under(&schedule, payloads, watched, candidate, sink, progress)
    }

    /// The same with another schedule too. Which differences come from it and which from the payloads is not told.
    pub(crate) fn foresee_under(
        &mut self,
        schedule: &Schedule,
        payloads: &Payloads,
        watched: &BTreeSet<Seq>,
        candidate: String,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let paths = ["repair-base", "repair-candidate"].map(|what| self.temporary(what));
        let _temporary = Temporary::new(&paths)?;
        let mut beside = self.history.apart()?;
        let mut repaired = History {
            side: PlayerSide::new(beside.player(schedule, &paths[1])?),
            payloads,
            is_repaired: true,
        };
        let mut present = History {
            side: PlayerSide::new(self.history.player(self.live, &paths[0])?),
            payloads,
            is_repaired: false,
        };
        let summary = Summary {
            base: "as it is".to_owned(),
            candidate,
            from: Seq(1),
            to: self.head(),
            ..Summary::default()
        };
        let mut watching = Watching {
            sink,
            watched,
            met: Vec::new(),
        };
        let summary = run(
            self.history.events_apart(Seq(1)..=self.head())?,
            &mut present,
            &mut repaired,
            &mut Unasked,
            &mut Expectations::none(),
            &mut watching,
            summary,
            progress,
        )?;
        self.history.keep_apart(beside);
        // Where an undo met other values before already, and meets the same ones now, nothing changes for it.
        let before = present.side.strayed_undos;
        let now = repaired.side.strayed_undos.into_iter();
        let mut strayed = watching.met;
        strayed.extend(
            now.filter(|undo| !before.contains(undo))
                .map(|(seq, _)| seq),
        );
        strayed.sort_unstable();
        strayed.dedup();
        let problem = match (summary.dooms.1, strayed.as_slice()) {
            (0, []) => None,
            (0, strayed) => Some(strays(strayed).message),
            (1, _) => Some("it causes an event of doom".to_owned()),
            (dooms, _) => Some(format!("it causes {dooms} events of doom")),
        };
        Ok(Foreseen {
            summary,
            strayed,
            problem,
        })
    }
}

/// History with the repair, or without it. Both run the same code, so a difference is direct at the repaired events and
/// inherited elsewhere.
struct History<'a> {
    side: PlayerSide,
    payloads: &'a Payloads,
    is_repaired: bool,
}

impl Side for History<'_> {
    fn step(&mut self, event: &Event) -> Result<Step> {
        if !(self.is_repaired && self.payloads.contains_key(&event.seq)) {
            return self.side.step(event);
        }
        let mut repaired = event.clone();
        put_in_place(self.payloads, &mut repaired);
        self.side.step(&repaired)
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
        self.side.dooms()
    }
}

impl Base for History<'_> {
    fn step_beside(&mut self, event: &Event, candidate: Step) -> Result<Beside> {
        let base = self.side.work_out(event)?;
        self.side.apply(&base)?;
        if base.is_same(&candidate) {
            return Ok(Beside::Same);
        }
        Ok(Beside::Differs {
            base,
            candidate,
            causes: self.causes(event),
        })
    }

    fn find_causes(&mut self, event: &Event, _: &Step) -> Result<Causes> {
        Ok(self.causes(event))
    }

    fn forget(&mut self, _: Seq) {}
}

impl History<'_> {
    fn causes(&self, event: &Event) -> Causes {
        Causes::all(match self.payloads.contains_key(&event.seq) {
            true => Cause::Direct,
            false => Cause::Inherited,
        })
    }
}

/// Every cause is known.
struct Unasked;

impl Prober for Unasked {
    fn probe(&mut self, _: &Event, _: &Step, _: &[SuppliedRow]) -> Result<Option<Step>> {
        Ok(None)
    }
}

/// Passes everything on, and remembers the events that must not differ and do.
struct Watching<'a> {
    sink: &'a mut dyn Sink,
    watched: &'a BTreeSet<Seq>,
    met: Vec<Seq>,
}

impl Sink for Watching<'_> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        if self.watched.contains(&diff.seq) {
            self.met.push(diff.seq);
        }
        self.sink.event(diff, unexpected)
    }
    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        self.sink.final_row(row, unexpected)
    }
    fn finish(&mut self, summary: &Summary) -> Result<()> {
        self.sink.finish(summary)
    }
}
