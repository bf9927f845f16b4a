//! Redacting: a payload erased for good, with every copy of it. What remains is the envelope and the payload's hash, so
//! that the chain still holds.

use crate::book::SystemEvent;
use crate::model::Role;
use crate::model::log::{LocalOp, LogOp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::erasing::RedactAllRequest;
use super::repairable::check_words;
use super::retask::{Late, late_between, own_tasks, retasked};
use crate::book::{Book, clean};
use crate::diff::Sink;
use crate::engine::{Doom, Failure, Plan, Player};
use crate::history::{
    Decoder, OnProgress, PayloadHistory, Payloads, Pieces, Progress, play, read_ahead,
};
use crate::model::Redaction;
use crate::model::event::{EVENT_REDACTED, EVENT_UNDONE};
use crate::model::hash::payload_hash;
use crate::model::same_task::without;
use crate::model::undo::undone_of;
use crate::model::{Digest, Error, Event, Result, Seq, Task, clock, limits};
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
    /// Other events, and undos of those, that were erased in the same act.
    pub also: Vec<Seq>,
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
    events: Vec<Erasing>,
    payloads: Payloads,
    /// Undos of other events that hold values, and those events: the values must not be of an erased event.
    watched: BTreeSet<Seq>,
}

/// An event to be erased.
struct Erasing {
    stored: StoredEvent,
    salt: [u8; 16],
    /// Of what stands in the payload's place.
    replacement: Option<Digest>,
    /// The event's undo, which is erased with it.
    undo: Option<StoredEvent>,
}

impl Erasing {
    fn seq(&self) -> Seq {
        self.stored.event.seq
    }

    /// What the log says of it.
    fn told(&self) -> serde_json::Map<String, Json> {
        let told = json!({
            "seq": self.seq().0,
            "id": self.stored.event.id,
            "replacement": self.replacement.map(|hash| hash.to_string()),
            "undo": self.undo.as_ref().map(|undo| undo.event.seq.0),
        });
        match told {
            Json::Object(told) => told,
            _ => serde_json::Map::new(),
        }
    }
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
        self.redact_each(std::slice::from_ref(request), progress)
    }

    /// Erases the payloads of all events about somebody in one act: all of them, or none.
    pub fn redact_all(
        &mut self,
        request: &RedactAllRequest,
        progress: OnProgress<'_>,
    ) -> Result<Redacted> {
        let requests = self.about_all(request)?;
        self.redact_each(&requests, progress)
    }

    fn redact_each(
        &mut self,
        requests: &[RedactRequest],
        progress: OnProgress<'_>,
    ) -> Result<Redacted> {
        let redacting = self.redacting(requests)?;
        let RedactRequest { reason, actor, .. } = &requests[0];
        let past = PayloadHistory::read(&self.history.log)?;
        let epochs = self.epochs_without(&redacting, &past)?;
        let record = self.next_live();
        let path = self.history.dir.projection(&record.file);
        let temporary = self.history.dir.projection("redact.building");
        let replays = { self.history.log.projections()?.into_iter() }
            .filter(|record| record.role != Role::Live)
            .map(|record| record.name)
            .collect();
        let mut told = redacting.events[0].told();
        told.insert("reason".into(), reason.clone().into());
        told.insert("actor".into(), actor.clone().into());
        if redacting.events.len() > 1 {
            let also = redacting.events[1..].iter().map(|it| it.told().into());
            told.insert("also".into(), Json::Array(also.collect()));
        }
        self.pause_shadow_threads();
        let seq = self.head().next();
        let worked = self.rewritten(&epochs, &redacting, [&temporary, &path], progress);
        let kept = worked.and_then(|(mut ops, rewritten)| {
            let now = clock::now();
            for erasing in &redacting.events {
                let undo = erasing.undo.iter().map(|undo| (undo, [0; 16], None));
                let own = (&erasing.stored, erasing.salt, erasing.replacement);
                for (stored, salt, replacement) in [own].into_iter().chain(undo) {
                    ops.push(LogOp::Redaction {
                        data: redacting.payloads[&stored.event.seq].clone(),
                        redaction: Redaction {
                            event: stored.event.seq,
                            seq,
                            payload_hash: logged_hash(&past, stored),
                            salt,
                            replacement,
                            time: now.clone(),
                            actor: actor.clone(),
                            reason: reason.clone(),
                        },
                    });
                }
            }
            self.append_system(SystemEvent {
                event_type: EVENT_REDACTED,
                data: Json::Object(told).to_string(),
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
                self.resume_shadow_threads()?;
                return Err(error.context(match requests {
                    [one] => format!("event {} is not redacted", one.seq),
                    all => format!("none of {} events is redacted", all.len()),
                }));
            }
        };
        self.switch_live(record, seq)?;
        self.remove_forgotten()?;
        self.task_news.anew = true;
        let cleaned = clean(&self.history.dir, &self.history.log)?;
        let undo_of = |it: &Erasing| it.undo.as_ref().map(|undo| undo.event.seq);
        let others = redacting.events[1..].iter();
        Ok(Redacted {
            seq,
            event: redacting.events[0].seq(),
            undo: undo_of(&redacting.events[0]),
            also: others
                .flat_map(|it| [Some(it.seq()), undo_of(it)])
                .flatten()
                .collect(),
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
        let name = format!("event {} redacted", request.seq);
        self.preview_each(std::slice::from_ref(request), name, sink, progress)
    }

    /// What erasing all events about somebody would change; nothing is kept.
    pub fn preview_redaction_of_all(
        &mut self,
        request: &RedactAllRequest,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let requests = self.about_all(request)?;
        let name = format!("{} events redacted", requests.len());
        self.preview_each(&requests, name, sink, progress)
    }

    fn preview_each(
        &mut self,
        requests: &[RedactRequest],
        name: String,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let Redacting {
            payloads, watched, ..
        } = self.redacting(requests)?;
        self.study()
            .foresee(&payloads, &watched, name, sink, progress)
    }

    /// Checks requests, of which there is one at least, and says what they erase.
    fn redacting(&mut self, requests: &[RedactRequest]) -> Result<Redacting> {
        let past = PayloadHistory::read(&self.history.log)?;
        let mut undone = self.undone_with_rows()?;
        let mut redacting = Redacting {
            events: Vec::new(),
            payloads: Payloads::new(),
            watched: BTreeSet::new(),
        };
        for request in requests {
            let seq = request.seq;
            let stored = self.repairable(seq)?;
            check_words(&request.reason, request.actor.as_deref())?;
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
                        .check(data)
                        .map_err(|error| match requests {
                            [_] => error,
                            _ => error.context(format!("in the place of event {seq}")),
                        })?;
                    data.to_owned()
                }
            };
            // The undo's payload holds the rows of the event: it goes too. Both have no effects then, and the rows are
            // what they were.
            let undo = undone.remove(&seq);
            if let Some(undo) = &undo {
                if request.replacement.is_some() {
                    return Err(Error::refused(format!(
                        "event {seq} was undone by event {}: a replacement would come to life again",
                        undo.event.seq
                    ))
                    .hint("redact it without a replacement"));
                }
                redacting.payloads.insert(undo.event.seq, String::new());
            }
            let salt = crate::model::given::salt();
            let replacement = (!data.is_empty()).then(|| payload_hash(&salt, &data));
            redacting.payloads.insert(seq, data);
            redacting.events.push(Erasing {
                stored,
                salt: replacement.map_or([0; 16], |_| salt),
                replacement,
                undo,
            });
        }
        for (event, undo) in undone {
            redacting.watched.extend([event, undo.event.seq]);
        }
        Ok(redacting)
    }

    /// Undone events, with undos that hold rows. One that only names its event takes back what that does now, whatever it is.
    pub(super) fn undone_with_rows(&self) -> Result<BTreeMap<Seq, StoredEvent>> {
        let mut found = BTreeMap::new();
        for (event, undo) in self.history.log.undone()? {
            let undo = self.history.log.recorded_at(undo)?;
            found.extend(undo.filter(holds_rows).map(|undo| (event, undo)));
        }
        Ok(found)
    }

    /// Every epoch that recorded effects from the erased event on, with the payloads of its time, but for the erased.
    fn epochs_without(
        &mut self,
        redacting: &Redacting,
        past: &PayloadHistory,
    ) -> Result<Vec<Epoch>> {
        let first = redacting.first();
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

impl Redacting {
    /// The first event of which something is erased.
    fn first(&self) -> Seq {
        { self.payloads.keys().next() }.map_or(Seq(1), |seq| *seq)
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
fn logged_hash(past: &PayloadHistory, stored: &StoredEvent) -> Digest {
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
        let first = redacting.first().max(self.from);
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
                player.apply()?;
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
