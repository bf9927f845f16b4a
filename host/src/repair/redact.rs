//! Redacting: a payload erased for good, with every copy of it. What remains is the envelope and the payload's hash, so
//! that the chain still holds.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::repairable::check_words;
use crate::book::tasks;
use crate::book::{Book, clean};
use crate::diff::Sink;
use crate::engine::Plan;
use crate::engine::Player;
use crate::engine::{Doom, Failure};
use crate::history::source;
use crate::history::{OnProgress, Progress, read_ahead};
use crate::history::{Past, Payloads};
use crate::model::event::EVENT_REDACTED;
use crate::model::hash::payload_hash;
use crate::model::{Error, Result, Seq, clock, limits};
use crate::store::remove_projection;
use crate::store::{BookDir, Catalog, Erasure, Redaction, StoredEvent};
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
    /// The undo of the event, erased with it.
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
    /// Undos of other events, and those events: an undo holds values, which must not be of the erased event.
    watched: BTreeSet<Seq>,
}

/// One epoch to be worked out again.
struct Epoch {
    from: Seq,
    to: Seq,
    plan: Plan,
    payloads: Payloads,
}

/// What came of working the epochs out.
#[derive(Default)]
struct Tally {
    rewritten: u64,
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
        let salt = Uuid::new_v4().into_bytes();
        let replacement = redacting
            .payloads
            .get(&event)
            .filter(|data| !data.is_empty());
        let replacement = replacement.map(|data| payload_hash(&salt, data));
        let undo = redacting.events.get(1).map(|undo| undo.event.seq);
        let told = json!({
            "seq": event.0,
            "id": redacting.events[0].event.id,
            "reason": request.reason,
            "actor": request.actor,
            "replacement": replacement.map(|hash| hash.to_string()),
            "undo": undo.map(|undo| undo.0),
        });
        let (runtime, dir) = (
            self.history.library.runtime.clone(),
            self.history.dir.clone(),
        );
        let (mut tally, mut replays) = (Tally::default(), Vec::new());
        let mut files = (epochs.len(), temporary.clone(), path.clone());
        self.history.log.overwrite_deleted()?;
        self.pause_following();
        let kept = self.append_system(EVENT_REDACTED, told.to_string(), |log, seq| {
            let total: u64 = epochs.iter().map(|epoch| epoch.to.0).sum();
            let mut done = 0;
            for epoch in &epochs {
                files.0 -= 1;
                let is_last = files.0 == 0;
                let file = if is_last { &files.2 } else { &files.1 };
                remove_projection(file)?;
                let mut player = Player::new(runtime.clone(), epoch.plan.clone(), file)?;
                let told = &mut |at: u64| {
                    progress(Progress {
                        done: done + at,
                        total,
                    });
                };
                rewrite(
                    log,
                    &dir,
                    &mut player,
                    epoch,
                    event,
                    &redacting,
                    &mut tally,
                    told,
                )?;
                done += epoch.to.0;
                if is_last {
                    player.materializer.into_projection().finish()?;
                }
            }
            tally.check()?;
            for stored in &redacting.events {
                let is_undo = stored.event.seq != event;
                log.erase(&Erasure {
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
                })?;
            }
            log.forget_beside(Seq::ZERO)?;
            replays = log.forget_replays()?;
            log.put_projection(&record)?;
            log.begin_cleaning(seq)
        });
        remove_projection(&temporary)?;
        let seq = match kept {
            Ok(seq) => seq,
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
            rewritten: tally.rewritten,
            replays,
            cleaned,
        })
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
    fn redacting(&self, request: &RedactRequest) -> Result<Redacting> {
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
            if event != seq {
                redacting.watched.extend([event, undo]);
                continue;
            }
            // The undo's payload holds the rows of the event: it goes too. Both have no effects then, and the rows are
            // what they were.
            if request.replacement.is_some() {
                return Err(Error::refused(format!(
                    "event {seq} was undone by event {undo}: a replacement would come to life again"
                ))
                .hint("redact it without a replacement"));
            }
            let undo = self
                .history
                .log
                .stored(undo, undo, 1)?
                .pop()
                .filter(|undo| !undo.event.is_withheld());
            if let Some(undo) = undo {
                redacting.payloads.insert(undo.event.seq, String::new());
                redacting.events.push(undo);
            }
        }
        Ok(redacting)
    }

    /// Every epoch that recorded effects from the erased event on, with the payloads of its time, but for the erased.
    fn epochs_without(&mut self, redacting: &Redacting, past: &Past) -> Result<Vec<Epoch>> {
        let first = redacting.events[0].event.seq;
        let epochs = self.history.log.epochs()?;
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
            });
        }
        Ok(wanted)
    }
}

/// The hash that the chain covers, of a payload that is still there.
fn logged_hash(past: &Past, stored: &StoredEvent) -> crate::model::Digest {
    let event = &stored.event;
    let logged = past.original(event.seq).unwrap_or(&event.data);
    payload_hash(&stored.salt, logged)
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is a different role, named at the one call"
)]
/// Works an epoch out again and writes what it would have recorded, into the open transaction. An event of doom is
/// remembered, and the epoch goes on without its effects, so that all of them can be named.
fn rewrite(
    log: &mut Catalog,
    dir: &BookDir,
    player: &mut Player,
    epoch: &Epoch,
    first: Seq,
    redacting: &Redacting,
    tally: &mut Tally,
    told: &mut dyn FnMut(u64),
) -> Result<()> {
    // A connection of its own sees the log as it was before the transaction.
    let source = source(dir, &epoch.payloads)?;
    read_ahead(source, Seq(1), epoch.to, |events| {
        for event in &events {
            let outcome = match player.run(event) {
                Ok(outcome) => outcome,
                Err(Failure::Host(error)) => return Err(error),
                Err(Failure::Doom(doom)) => {
                    tally.doom(*doom);
                    continue;
                }
            };
            if event.seq >= first.max(epoch.from) {
                let tasks = tasks(event, &outcome.effects);
                if log.rewrite_effects(event.seq, &outcome.body, &tasks)? {
                    tally.rewritten += 1;
                    if redacting.watched.contains(&event.seq) {
                        tally.strayed.push(event.seq);
                    }
                }
            }
            player.keep()?;
        }
        player.end_batch()?;
        told(events.last().map_or(0, |event| event.seq.0));
        Ok(())
    })?;
    player.commit()
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
