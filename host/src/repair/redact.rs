//! Redacting: a payload erased for good, with every copy of it. What remains is the envelope and the payload's hash, so
//! that the chain still holds.

use crate::book::SystemEvent;
use crate::model::Role;
use crate::model::log::{LocalOp, LogOp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::json;

use super::repairable::check_words;
use super::retask::{Late, late_between, own_tasks, retasked};
use crate::book::{Book, clean};
use crate::diff::Sink;
use crate::engine::{Doom, Failure, Plan, Player};
use crate::history::{Decoder, OnProgress, Past, Payloads, Pieces, Progress, play, read_ahead};
use crate::model::Redaction;
use crate::model::event::{EVENT_REDACTED, EVENT_UNDONE};
use crate::model::hash::payload_hash;
use crate::model::same_task::without;
use crate::model::undo::undone_of;
use crate::model::{Error, Event, Result, Seq, Task, clock, limits};
use crate::store::remove_projection;
use crate::store::{Catalog, StoredEvent};
use crate::study::{Foreseen, strays};

#[derive(Debug, Clone)]
pub struct RedactRequest {
    pub seq: Seq,
    pub reason: String,
    /// What stands in the payload's place: JSON text that fits the event type's schema. None: nobody handles the event.
    pub replacement: Option<String>,
    pub actor: Option<String>,
}

/// A redaction that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// Of the redaction's own event.
    pub seq: Seq,
    pub event: Seq,
    /// The undo of the event, erased with it: one of an earlier daybook, which holds the event's rows.
    pub undo: Option<Seq>,
    /// Events whose recorded effects were written anew.
    pub rewritten: u64,
    /// Other projections, removed because they held copies.
    pub replays: Vec<String>,
    /// No file of the book holds the payload any more. False: somebody reads an older state of the log; a server tries
    /// again until it is done, and so does whoever opens the book next.
    pub cleaned: bool,
}

/// What is to be erased.
struct Redacting {
    /// The event, and its undo.
    events: Vec<StoredEvent>,
    payloads: Payloads,
    /// Undos of other events that hold values, and those events: the values must not be of the erased event.
    watched: BTreeSet<Seq>,
}

/// One epoch to be worked out again.
struct Epoch {
    from: Seq,
    to: Seq,
    plan: Plan,
    payloads: Payloads,
    /// Tasks that what was in force then asks for, of events that were handled before.
    late: Late,
    /// The event whose amendment it began with.
    amended: Option<Seq>,
}

/// What came of working the epochs out.
#[derive(Default)]
struct Tally {
    ops: Vec<LogOp>,
    /// Events whose recorded effects are others.
    rewritten: u64,
    /// What some of them ask for now.
    asked: BTreeMap<Seq, Vec<Task>>,
    strayed: Vec<Seq>,
    dooms: Vec<Doom>,
    dooms_more: u64,
}

impl Book {
    /// Erases an event's payload from everything in the book. The state without it, and what each epoch would have
    /// recorded without it, are worked out first; one log transaction switches to all of it, and then the files are
    /// written anew. An event of doom on the way refuses it whole.
    pub fn redact(
        &mut self,
        request: &RedactRequest,
        progress: OnProgress<'_>,
    ) -> Result<Redacted> {
        let redacting = self.redacting(request)?;
        let event = request.seq;
        let past = Past::read(&self.history.log)?;
        let epochs = self.epochs_without(&redacting, &past)?;
        let record = self.next_live();
        let path = self.history.dir.projection(&record.file);
        let temporary = self.history.dir.projection("redact.building");
        let salt = crate::model::given::salt();
        let replacement = redacting
            .payloads
            .get(&event)
            .filter(|data| !data.is_empty());
        let replacement = replacement.map(|data| payload_hash(&salt, data));
        let undo = redacting.events.get(1).map(|undo| undo.event.seq);
        let replays = { self.history.log.projections()?.into_iter() }
            .filter(|record| record.role != Role::Live)
            .map(|record| record.name)
            .collect();
        let told = json!({
            "seq": event.0,
            "id": redacting.events[0].event.id,
            "reason": request.reason,
            "actor": request.actor,
            "replacement": replacement.map(|hash| hash.to_string()),
            "undo": undo.map(|undo| undo.0),
        });
        self.pause_following();
        let seq = self.head().next();
        let worked = self.rewritten(&epochs, &redacting, [&temporary, &path], progress);
        let kept = worked.and_then(|(mut ops, rewritten)| {
            for stored in &redacting.events {
                let is_undo = stored.event.seq != event;
                ops.push(LogOp::Redaction {
                    data: redacting.payloads[&stored.event.seq].clone(),
                    redaction: Redaction {
                        event: stored.event.seq,
                        seq,
                        payload_hash: logged_hash(&past, stored),
                        salt: if replacement.is_none() || is_undo {
                            [0; 16]
                        } else {
                            salt
                        },
                        replacement: if is_undo { None } else { replacement },
                        time: clock::now(),
                        actor: request.actor.clone(),
                        reason: request.reason.clone(),
                    },
                });
            }
            self.append_system(SystemEvent {
                event_type: EVENT_REDACTED,
                data: told.to_string(),
                ops,
                local: vec![LocalOp::Projection(record.clone())],
            })?;
            Ok(rewritten)
        });
        remove_projection(&temporary)?;
        let rewritten = match kept {
            Ok(rewritten) => rewritten,
            Err(error) => {
                remove_projection(&path)?;
                self.follow_all()?;
                return Err(error.context(format!("event {event} is not redacted")));
            }
        };
        self.switch_live(record, seq)?;
        self.remove_forgotten()?;
        self.task_news.anew = true;
        let cleaned = clean(&self.history.dir, &self.history.log)?;
        Ok(Redacted {
            seq,
            event,
            undo,
            rewritten,
            replays,
            cleaned,
        })
    }

    /// The effects that every epoch would have recorded without the payload, where they are others. The last epoch's state
    /// stays in the second file.
    fn rewritten(
        &mut self,
        epochs: &[Epoch],
        redacting: &Redacting,
        [temporary, path]: [&Path; 2],
        progress: OnProgress<'_>,
    ) -> Result<(Vec<LogOp>, u64)> {
        let total: u64 = epochs.iter().map(|epoch| epoch.to.0).sum();
        let mut tally = Tally::default();
        let mut done = 0;
        for (at, epoch) in epochs.iter().enumerate() {
            let is_last = at + 1 == epochs.len();
            let file = if is_last { path } else { temporary };
            remove_projection(file)?;
            let runtime = self.history.library.runtime.clone();
            let mut player = Player::new(runtime, epoch.plan.clone(), file)?;
            let told = &mut |at: Progress| {
                progress(Progress {
                    done: done + at.done,
                    total,
                });
            };
            let log = &self.history.log;
            let events = Catalog::open(&self.history.dir.log())?;
            epoch.rewrite((log, events), &mut player, redacting, &mut tally, told)?;
            done += epoch.to.0;
            if is_last {
                self.history.finish(player)?;
            }
        }
        tally.check()?;
        Ok((tally.ops, tally.rewritten))
    }

    /// Finishes a redaction whose files somebody still read. True once nothing is left of it.
    pub fn clean_again(&mut self) -> Result<bool> {
        match self.history.log.needs_cleaning()? {
            true => clean(&self.history.dir, &self.history.log),
            false => Ok(true),
        }
    }

    /// What a redaction would change in the present state, to the sink; nothing is kept.
    pub fn preview_redaction(
        &mut self,
        request: &RedactRequest,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let redacting = self.redacting(request)?;
        let name = format!("event {} redacted", request.seq);
        self.study().foresee(
            &redacting.payloads,
            &redacting.watched,
            name,
            sink,
            progress,
        )
    }

    /// Checks a request, and says what it erases.
    fn redacting(&mut self, request: &RedactRequest) -> Result<Redacting> {
        let seq = request.seq;
        let stored = self.repairable(seq)?;
        check_words(&request.reason, request.actor.as_deref())?;
        let past = Past::read(&self.history.log)?;
        // A skipped event has its payload still, among the amendments.
        if stored.event.is_withheld() && past.amended(seq).is_none() {
            return Err(Error::refused(format!(
                "event {seq} was redacted already: it has no payload"
            )));
        }
        let data = match &request.replacement {
            None => String::new(),
            Some(data) => {
                let program = self.live.materializer.program();
                let data = data.trim();
                program
                    .event_schema(stored.event.event_type.as_str())?
                    .check(data)?;
                data.to_owned()
            }
        };
        let mut redacting = Redacting {
            events: vec![stored],
            payloads: Payloads::from([(seq, data)]),
            watched: BTreeSet::new(),
        };
        for (event, undo) in self.history.log.undone()? {
            // One that only names its event takes back what that does now, whatever it is.
            let undo = self.history.log.recorded_at(undo)?;
            let Some(undo) = undo.filter(holds_rows) else {
                continue;
            };
            if event != seq {
                redacting.watched.extend([event, undo.event.seq]);
                continue;
            }
            // The undo's payload holds the rows of the event: it goes too. Both have no effects then, and the rows are
            // what they were.
            if request.replacement.is_some() {
                return Err(Error::refused(format!(
                    "event {seq} was undone by event {}: a replacement would come to life again",
                    undo.event.seq
                ))
                .hint("redact it without a replacement"));
            }
            redacting.payloads.insert(undo.event.seq, String::new());
            redacting.events.push(undo);
        }
        Ok(redacting)
    }

    /// Every epoch that recorded effects from the erased event on, with the payloads of its time, but for the erased.
    fn epochs_without(&mut self, redacting: &Redacting, past: &Past) -> Result<Vec<Epoch>> {
        let first = redacting.events[0].event.seq;
        let epochs = self.history.log.epochs()?;
        let late = self.history.log.late_tasks()?;
        let mut wanted = Vec::new();
        for (at, (from, schedule)) in epochs.iter().enumerate() {
            let next = epochs.get(at + 1);
            let to = next.map_or(self.head(), |(next, _)| Seq(next.0 - 1));
            if to < first {
                continue;
            }
            let mut payloads = past.as_of(*from);
            payloads.extend(redacting.payloads.clone());
            wanted.push(Epoch {
                from: *from,
                to,
                plan: self.plan(schedule)?,
                payloads,
                late: late_between(&late, *from, to),
                amended: { past.amendments.iter() }
                    .find(|amendment| amendment.seq == *from)
                    .map(|amendment| amendment.event),
            });
        }
        Ok(wanted)
    }
}

/// True for an undo whose payload holds the rows that it puts back.
fn holds_rows(stored: &StoredEvent) -> bool {
    let event = &stored.event;
    event.event_type.as_str() == EVENT_UNDONE
        && !event.is_withheld()
        && undone_of(&event.data).is_none()
}

/// The hash that the chain covers, of a payload that is still there.
fn logged_hash(past: &Past, stored: &StoredEvent) -> crate::model::Digest {
    let event = &stored.event;
    let logged = past.original(event.seq).unwrap_or(&event.data);
    payload_hash(&stored.salt, logged)
}

impl Epoch {
    /// Works the epoch out again, and remembers what it would have recorded otherwise. An event of doom is remembered too,
    /// and the epoch goes on without its effects, so that all of them can be named.
    fn rewrite(
        &self,
        (log, events): (&Catalog, Catalog),
        player: &mut Player,
        redacting: &Redacting,
        tally: &mut Tally,
        progress: OnProgress<'_>,
    ) -> Result<()> {
        let first = redacting.events[0].event.seq.max(self.from);
        let events = Pieces::<_, Event>::new(events, Seq(1)..=self.to).with(&self.payloads);
        let mut decoder = Decoder::new(log)?;
        read_ahead(events, |pieces| {
            play(player, pieces, self.to, progress, |player, event| {
                let outcome = match player.run(&event) {
                    Ok(outcome) => outcome,
                    Err(Failure::Host(error)) => return Err(error),
                    Err(Failure::Doom(doom)) => {
                        tally.doom(*doom);
                        return Ok(ControlFlow::<()>::Continue(()));
                    }
                };
                if event.seq >= first {
                    let recorded = log.recorded_at(event.seq)?;
                    if recorded.is_none_or(|recorded| recorded.effects != outcome.body) {
                        let asked = &outcome.effects.tasks;
                        tally.ops.push(LogOp::Effects {
                            seq: event.seq,
                            effects: outcome.body.clone(),
                        });
                        let own = own_tasks(log, event.seq)?;
                        tally.ops.extend(retasked(&own, asked));
                        tally.asked.insert(event.seq, asked.clone());
                        tally.rewritten += 1;
                        if redacting.watched.contains(&event.seq) {
                            tally.strayed.push(event.seq);
                        }
                    }
                }
                if self.amended == Some(event.seq) {
                    tally.ops.push(LogOp::AmendedEffects {
                        by: self.from,
                        effects: outcome.body.clone(),
                    });
                }
                if let Some(late) = self.late.get(&event.seq) {
                    let own = match tally.asked.get(&event.seq) {
                        Some(asked) => asked.clone(),
                        None => match log.recorded_at(event.seq)? {
                            Some(stored) => decoder.decode(log, &stored)?.1,
                            None => Vec::new(),
                        },
                    };
                    let mut asked = outcome.effects.tasks.clone();
                    without(&mut asked, &own);
                    tally.ops.extend(retasked(late, &asked));
                }
                player.keep()?;
                Ok(ControlFlow::Continue(()))
            })
        })?;
        player.materializer.commit()
    }
}

impl Tally {
    fn doom(&mut self, doom: Doom) {
        match self.dooms.len() < limits::DOOMS_TOLD_MAX {
            true => self.dooms.push(doom),
            false => self.dooms_more += 1,
        }
    }

    fn check(&mut self) -> Result<()> {
        if !self.strayed.is_empty() {
            return Err(strays(&self.strayed));
        }
        if self.dooms.is_empty() {
            return Ok(());
        }
        let mut text = "without it, history has events of doom:".to_owned();
        for doom in self.dooms.drain(..) {
            text.push_str(&format!("\n    {}", doom.into_error().message));
        }
        if self.dooms_more > 0 {
            text.push_str(&format!("\n    and {} more", self.dooms_more));
        }
        Err(Error::plugin(text)
            .hint("put a payload in its place that later events can stand on: --with JSON"))
    }
}
