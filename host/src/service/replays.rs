//! Replay and verify: the log materialized again, elsewhere. Nothing outside is touched.

use super::book::{Book, remove_projection};
use super::past::{Past, Payloads, put_in_place};
use super::player::Player;
use crate::model::hash::{chain_hash, payload_hash};
use crate::model::log::EventLog;
use crate::model::{
    Digest, Error, ErrorKind, PluginVersion, Result, Schedule, Seq, is_identifier, limits,
};
use crate::replay::{OnProgress, Progress};
use crate::runtime::fingerprint;
use crate::store::{ProjectionHead, ProjectionRecord, Role, StoredEvent};

/// Which logic a replay runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Each event with the versions stamped on it: history as it happened.
    Recorded,
    /// Everything with the active lineup, some plugins at other versions.
    Pinned(Vec<PluginVersion>),
}

/// What a replay made.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub name: String,
    pub head: ProjectionHead,
    pub schedule: Schedule,
    /// Digest of all final rows.
    pub rows: Digest,
}

/// What `verify` looked at, and the first thing that is wrong, if anything is.
#[derive(Debug, Clone)]
pub struct Verified {
    pub events: u64,
    pub epochs: u64,
    pub running: Digest,
    pub head_hash: Digest,
    pub rows: Digest,
    pub problem: Option<String>,
}

impl Book {
    /// The schedule that a choice means for this book.
    pub fn schedule_of(&self, picked: &Picked) -> Result<Schedule> {
        match picked {
            Picked::Pinned(versions) => {
                for version in versions {
                    self.library.find(version)?;
                }
                Ok(Schedule::pinned(self.lineup().with(versions)))
            }
            Picked::Recorded => {
                let mut schedule = Schedule::default();
                for (from, epoch) in self.log.epochs()? {
                    schedule = schedule.then(from, epoch.last());
                }
                Ok(schedule)
            }
        }
    }

    /// Materializes `1..=to` into a projection of its own name, replacing an earlier replay of that name when it is done.
    pub fn replay(
        &mut self,
        picked: &Picked,
        to: Option<Seq>,
        name: &str,
        progress: OnProgress<'_>,
    ) -> Result<Replayed> {
        if !is_identifier(name) || name == super::LIVE {
            return Err(Error::usage(format!(
                "'{}' cannot be the name of a replay: [a-z][a-z0-9_]*, not '{}'",
                name.escape_debug(),
                super::LIVE
            )));
        }
        let to = to.unwrap_or(self.head());
        if to > self.head() {
            return Err(Error::usage(format!(
                "event {to} is not in the log; its head is {}",
                self.head()
            )));
        }
        let schedule = self.schedule_of(picked)?;
        let record = ProjectionRecord {
            name: name.to_owned(),
            file: format!("replay-{name}-{}.db", uuid::Uuid::now_v7().simple()),
            role: Role::Replay,
            schedule: schedule.clone(),
            made_by: fingerprint(),
        };
        let path = self.dir.projection(&record.file);
        if let Err(error) = self.build(&schedule, &path, to, progress) {
            remove_projection(&path)?;
            return Err(error);
        }
        let program = {
            let plan = self.plan(&schedule)?;
            plan.at(to).0.clone()
        };
        let mut projection = crate::store::Projection::open(
            &path,
            program.layouts.clone(),
            crate::store::Access::Live,
        )?;
        let (head, rows) = (projection.head(), projection.rows_digest()?);
        drop(projection);
        let old = self
            .log
            .projections()?
            .into_iter()
            .find(|known| known.name == name);
        self.log.transaction(|log| log.put_projection(&record))?;
        if let Some(old) = old {
            remove_projection(&self.dir.projection(&old.file))?;
        }
        Ok(Replayed {
            name: name.to_owned(),
            head,
            schedule,
            rows,
        })
    }

    /// Checks the log's chain, replays every epoch under what produced it, and compares effects, running hash and rows.
    /// What must not matter is perturbed: rows of unordered SELECTs come the other way round, and every call has a fresh
    /// instance, so that what instances did which saw many events is checked too.
    pub fn verify(&mut self, progress: OnProgress<'_>) -> Result<Verified> {
        let mut verified = Verified {
            events: self.head().0,
            epochs: 0,
            running: self.live_head().running,
            head_hash: self.head_hash(),
            rows: Digest::ZERO,
            problem: None,
        };
        verified.rows = self.live_projection().rows_digest()?;
        let past = Past::read(&self.log)?;
        verified.problem = self.verify_chain(&past)?;
        let epochs = self.log.epochs()?;
        let total: u64 = epochs
            .iter()
            .enumerate()
            .map(|(at, _)| {
                epochs
                    .get(at + 1)
                    .map_or(self.head().0, |(next, _)| next.0 - 1)
            })
            .sum();
        let mut done = 0;
        for (at, (from, schedule)) in epochs.iter().enumerate() {
            if verified.problem.is_some() {
                break;
            }
            verified.epochs += 1;
            let last = at + 1 == epochs.len();
            let to = epochs
                .get(at + 1)
                .map_or(self.head(), |(next, _)| Seq(next.0 - 1));
            let path = self.dir.projection("verify.building");
            remove_projection(&path)?;
            let payloads = past.as_of(*from);
            let range = (*from, to, last);
            let problem = self.verify_epoch(schedule, &path, range, &payloads, &mut |at| {
                progress(Progress {
                    done: done + at.0,
                    total,
                });
            });
            remove_projection(&path)?;
            verified.problem = problem?;
            done += to.0;
        }
        Ok(verified)
    }

    /// Every event's hash from the one before it, its place, and that its effects are there.
    fn verify_chain(&self, past: &Past) -> Result<Option<String>> {
        let stored =
            |seq: Seq| -> Result<Option<StoredEvent>> { Ok(self.log.stored(seq, seq, 1)?.pop()) };
        let links = past.links(|seq| Ok(stored(seq)?.map_or([0; 16], |found| found.salt)))?;
        let (mut next, mut hash) = (Seq(1), Digest::ZERO);
        while next <= self.head() {
            let stored = self.log.stored(next, self.head(), limits::REPLAY_BATCH)?;
            if stored.is_empty() {
                return Ok(Some(format!(
                    "event {next} is missing in the log, or its effects are"
                )));
            }
            for record in stored {
                if record.event.seq != next {
                    return Ok(Some(format!(
                        "event {next} is missing in the log, or its effects are"
                    )));
                }
                let link = match links.get(&next) {
                    Some(link) => *link,
                    None => payload_hash(&record.salt, &record.event.data),
                };
                hash = chain_hash(&hash, &record.event, &link);
                if hash != record.hash {
                    return Ok(Some(format!(
                        "event {next} is not what was logged: its hash does not hold"
                    )));
                }
                next = next.next();
            }
        }
        let (events, effects, _) = self.log.counts()?;
        if (events, effects) != (self.head().0, self.head().0) {
            return Ok(Some(format!(
                "the log has {events} events and {effects} effects, its head is {}",
                self.head()
            )));
        }
        past.problem(stored)
    }

    /// Replays an epoch's schedule from the first event, with the payloads in force when it began, and compares from the
    /// epoch's own first event on.
    fn verify_epoch(
        &mut self,
        schedule: &Schedule,
        path: &std::path::Path,
        (from, to, is_last): (Seq, Seq, bool),
        payloads: &Payloads,
        progress: &mut dyn FnMut(Seq),
    ) -> Result<Option<String>> {
        let plan = self.plan(schedule)?;
        let mut player = Player::new(self.library.runtime.clone(), plan, path)?;
        player.materializer.reuse_instances(false);
        player
            .materializer
            .projection()
            .reverse_unordered_selects(true)?;
        let mut next = Seq(1);
        while next <= to {
            for mut record in self.log.stored(next, to, limits::REPLAY_BATCH)? {
                put_in_place(payloads, &mut record.event);
                let event = &record.event;
                let outcome = match player.run(event) {
                    Ok(outcome) => outcome,
                    Err(super::Failure::Doom(doom)) => {
                        return Ok(Some(format!(
                            "event of doom: {}",
                            doom.into_error().message
                        )));
                    }
                    Err(super::Failure::Host(error)) => return Err(error),
                };
                if event.seq >= from && outcome.body != record.effects {
                    return Ok(Some(format!(
                        "event {} ({}) has other effects than were recorded under {}",
                        event.seq, event.event_type, record.lineup
                    )));
                }
                player.keep()?;
                next = event.seq.next();
            }
            player.materializer.commit()?;
            progress(Seq(next.0 - 1));
        }
        if !is_last {
            return Ok(None);
        }
        if player.materializer.head() != self.live_head() {
            return Ok(Some(format!(
                "the live projection's running hash is {} at event {}; the replay's is {} at event {}",
                self.live_head().running,
                self.live_head().position,
                player.materializer.head().running,
                player.materializer.head().position
            )));
        }
        let layouts = self.live_projection().layouts().clone();
        for (table, layout) in layouts.tables.iter().enumerate() {
            let live = self.live_projection().table_digest(table)?;
            if player.materializer.projection().table_digest(table)? != live {
                return Ok(Some(format!(
                    "the rows of table '{}' differ from the replay's",
                    layout.sql_name
                )));
            }
        }
        Ok(None)
    }

    /// The file of a projection by name.
    pub fn projection_path(&self, name: &str) -> Result<std::path::PathBuf> {
        let records = self.log.projections()?;
        match records.iter().find(|record| record.name == name) {
            Some(record) => Ok(self.dir.projection(&record.file)),
            None => {
                let names: Vec<_> = records.iter().map(|record| record.name.as_str()).collect();
                Err(Error::new(
                    ErrorKind::Usage,
                    format!("there is no projection '{}'", name.escape_debug()),
                )
                .hint(format!("projections of this book: {}", names.join(", "))))
            }
        }
    }

    /// Only the log: for callers that read.
    pub fn event_log(&self) -> &dyn EventLog {
        &self.log
    }
}
