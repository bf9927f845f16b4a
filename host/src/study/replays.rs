//! Replay and verify: the log materialized again, elsewhere. Nothing outside is touched.

use std::ops::ControlFlow;

use crate::model::log::LocalOp;
use std::sync::Arc;

use super::onlooker::Study;
use crate::book::Book;
use crate::engine::{Failure, Player, Start};
use crate::history::{
    Cast, Heard, History, HistorySeed, Kept, OnProgress, PayloadHistory, Progress, Rebuild, hole,
};
use crate::model::hash::{chain_hash, payload_hash};
use crate::model::heard::HeardLines;
use crate::model::{
    Calls, Digest, Error, ErrorKind, Layouts, PluginVersion, Result, Schedule, Seq, is_identifier,
};
use crate::model::{ProjectionRecord, Role};
use crate::runtime::fingerprint;
use crate::store::Temporary;
use crate::store::remove_projection;
use crate::store::{Projection, ProjectionHead, StoredEvent};

/// Which logic a replay runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// Each event with the versions stamped on it: history as it happened.
    Recorded,
    /// Everything with the active lineup, some plugins at other versions.
    Pinned(Vec<PluginVersion>),
}

/// As it is read.
impl std::fmt::Display for Picked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Picked::Recorded => f.write_str("recorded"),
            Picked::Pinned(versions) => {
                let versions: Vec<_> = versions.iter().map(ToString::to_string).collect();
                f.write_str(&versions.join(" "))
            }
        }
    }
}

/// `recorded`, or versions one after another: `bank@1993-01-01 deposit@2020-01-01`.
impl std::str::FromStr for Picked {
    type Err = Error;

    fn from_str(text: &str) -> Result<Picked> {
        match text.trim() {
            "recorded" => Ok(Picked::Recorded),
            versions => {
                let versions = versions.split_whitespace().map(str::parse);
                versions.collect::<Result<_>>().map(Picked::Pinned)
            }
        }
    }
}

/// What a replay made.
#[derive(Debug, Clone)]
pub struct Replayed {
    pub name: String,
    pub head: ProjectionHead,
    pub schedule: Schedule,
    /// Digest of all final rows.
    pub rows: Digest,
    /// What handlers logged, where that was asked for.
    pub heard: Option<HeardLines>,
}

/// What `verify` looked at, and the first thing that is wrong, if anything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub events: u64,
    pub epochs: u64,
    /// Running hash of all changes.
    pub running: Digest,
    /// Running hash of all tasks.
    pub tasks: Digest,
    pub head_hash: Digest,
    pub rows: Digest,
    /// Of everything that the log's commits left, up to the last one.
    pub digest: Option<Digest>,
    pub problem: Option<String>,
    /// What puts that right, where a command does.
    pub hint: Option<String>,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    text: String,
    /// The state, or the effects of the present epoch, are not what the events yield.
    is_of_state: bool,
}

impl Problem {
    fn of_log(text: String) -> Problem {
        Problem {
            text,
            is_of_state: false,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = "daybook reconcile BOOK --repair --reason TEXT builds the live state again from the log";
        self.is_of_state.then(|| hint.to_owned())
    }
}

impl Study<'_> {
    /// Materializes `1..=to` into a new projection, which no book has yet.
    pub fn replay(
        &mut self,
        picked: &Picked,
        to: Option<Seq>,
        name: &str,
        progress: OnProgress<'_>,
    ) -> Result<(Replayed, ProjectionRecord)> {
        self.replay_heard(picked, to, name, false, progress)
    }

    /// As `replay`, and with what handlers log: the first lines of it, where `is_heard`.
    pub fn replay_heard(
        &mut self,
        picked: &Picked,
        to: Option<Seq>,
        name: &str,
        is_heard: bool,
        progress: OnProgress<'_>,
    ) -> Result<(Replayed, ProjectionRecord)> {
        let heard = is_heard.then(Heard::default);
        if !is_identifier(name) || name == crate::book::LIVE {
            return Err(Error::usage(format!(
                "'{}' cannot be the name of a replay: [a-z][a-z0-9_]*, not '{}'",
                name.escape_debug(),
                crate::book::LIVE
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
            file: format!("replay-{name}-{}.db", crate::model::given::id().simple()),
            role: Role::Replay,
            schedule: schedule.clone(),
            made_by: fingerprint(),
        };
        let path = self.history.dir.projection(&record.file);
        let rebuild = Rebuild::of(&schedule, &path, to).heard_by(heard.as_ref());
        if let Err(error) = self.history.build(rebuild, progress) {
            remove_projection(&path)?;
            return Err(error);
        }
        let program = self.plan(&schedule)?.at(to).0.clone();
        let access = crate::store::Access::Live;
        let mut projection = Projection::open(&path, program.layouts.clone(), access)?;
        let replayed = Replayed {
            name: name.to_owned(),
            head: projection.head(),
            schedule,
            rows: projection.rows_digest()?,
            heard: heard.map(Heard::into_lines),
        };
        Ok((replayed, record))
    }
}

impl Book {
    /// Materializes `1..=to` into a projection of its own name, replacing an earlier replay of that name when it is done.
    pub fn replay(
        &mut self,
        picked: &Picked,
        to: Option<Seq>,
        name: &str,
        progress: OnProgress<'_>,
    ) -> Result<Replayed> {
        let (replayed, record) = self.study().replay(picked, to, name, progress)?;
        self.record_replay(record)?;
        Ok(replayed)
    }

    /// Takes the projection that a replay made, in the place of an earlier one of its name.
    pub fn record_replay(&mut self, record: ProjectionRecord) -> Result<()> {
        let known = self.history.log.projections()?.into_iter();
        let old = { known }.find(|known| known.name == record.name);
        if old.as_ref().is_some_and(|old| old.role != Role::Replay) {
            remove_projection(&self.history.dir.projection(&record.file))?;
            return Err(Error::usage(format!(
                "'{}' is the name of a projection that no replay made",
                record.name
            )));
        }
        self.history
            .log
            .write_local(&[LocalOp::Projection(record)])?;
        match old {
            Some(old) => remove_projection(&self.history.dir.projection(&old.file)),
            None => Ok(()),
        }
    }

    /// Checks the log's chain, replays every epoch under what produced it, and compares effects, running hashes and rows.
    /// What must not matter is perturbed: rows of unordered SELECTs come the other way round.
    pub fn verify(&mut self, progress: OnProgress<'_>) -> Result<Verified> {
        self.verification()?.run(progress, || true)
    }

    /// Verifies all of history, and that a digest which was kept elsewhere (`Reader::log_head`) is of a commit of this log: that nothing was
    /// cut off since.
    pub fn verify_against(
        &mut self,
        kept: Option<Digest>,
        progress: OnProgress<'_>,
    ) -> Result<Verified> {
        self.verification()?.against(kept).run(progress, || true)
    }

    /// The same from the last snapshot at or before an event on, as far as the live state comes from what was run then: what
    /// is before it is taken as it is.
    pub fn verify_since(&mut self, since: Seq, progress: OnProgress<'_>) -> Result<Verified> {
        self.verification_since(since)?.run(progress, || true)
    }

    /// A verification from the last snapshot at or before an event on.
    pub fn verification_since(&self, since: Seq) -> Result<Verification> {
        let schedule = self.live.record.schedule.clone();
        let start = self.history.start(&schedule, since)?;
        let Some(start) = start else {
            return Err(Error::usage(format!(
                "no snapshot at or before event {since} is of what is in force now"
            ))
            .hint(
                "daybook snapshot BOOK --list shows them; without --since everything is verified",
            ));
        };
        let verification = self.verification()?;
        Ok(Verification {
            start: Some(start),
            ..verification
        })
    }

    /// The book as it is now, to be verified while it goes on.
    pub fn verification(&self) -> Result<Verification> {
        let program = self.live.materializer.program();
        Ok(Verification {
            seed: self.history.seed()?,
            epochs: self.history.log.epochs()?,
            head: self.tip.head,
            kept: None,
            calls: Calls::default(),
            start: None,
            live: Projection::snapshot(&self.live_path(), program.layouts.clone())?,
        })
    }

    /// The file of a projection by name.
    pub fn projection_path(&self, name: &str) -> Result<std::path::PathBuf> {
        let records = self.history.log.projections()?;
        match records.iter().find(|record| record.name == name) {
            Some(record) => Ok(self.history.dir.projection(&record.file)),
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
}

/// A book as it was at one moment, with connections and an engine of its own: it is verified on any thread while the book
/// goes on.
///
/// What is compared is exact, however long it takes. The log only grows, so the events up to the head of that moment are
/// what they were. The live projection is read in one snapshot that was begun between two commits, at that very head; its
/// rows are hashed first, so that the snapshot does not hold the projection's file back for longer than that.
pub struct Verification {
    seed: HistorySeed,
    epochs: Vec<(Seq, Schedule)>,
    head: (Seq, Digest),
    /// A digest of the log that was kept elsewhere.
    kept: Option<Digest>,
    /// Where it begins, if not at the first event.
    start: Option<Start>,
    live: Projection,
    calls: Calls,
}

/// What the live projection was at the moment.
struct LiveState {
    head: ProjectionHead,
    layouts: Arc<Layouts>,
    tables: Vec<Digest>,
}

/// A verification under way.
struct Verifier<'a> {
    history: History,
    head: Seq,
    live: LiveState,
    /// False once nobody wants to know any more.
    is_wanted: &'a dyn Fn() -> bool,
}

impl Verification {
    /// With a digest of the log that was kept elsewhere, which must be one of its commits'.
    pub fn against(self, kept: Option<Digest>) -> Verification {
        Verification { kept, ..self }
    }

    /// How calls are made.
    pub fn by(self, calls: Calls) -> Verification {
        Verification { calls, ..self }
    }

    /// What must not matter is perturbed: rows of unordered SELECTs come the other way round. Ends early, with an error, once
    /// it is not wanted any more.
    pub fn run(self, progress: OnProgress<'_>, is_wanted: impl Fn() -> bool) -> Result<Verified> {
        let mut live = self.live;
        let damage = live.damage()?;
        let state = LiveState {
            head: live.head(),
            layouts: live.layouts().clone(),
            tables: live.table_digests()?,
        };
        drop(live);
        let history = self.seed.open()?;
        let mut verified = Verified {
            events: self.head.0.0,
            epochs: 0,
            running: state.head.running,
            tasks: state.head.tasks,
            head_hash: self.head.1,
            rows: state.layouts.rows_digest(&state.tables),
            digest: None,
            problem: None,
            hint: None,
        };
        let past = PayloadHistory::read(&history.log)?;
        let mut verifier = Verifier {
            history,
            head: self.head.0,
            live: state,
            is_wanted: &is_wanted,
        };
        let begins = self
            .start
            .as_ref()
            .map_or(Seq::ZERO, |start| start.position);
        let mut problem = match verifier.history.log.audit_file()? {
            Some(text) => Some(Problem::of_log(text)),
            None => { verifier.verify_chain(&past, begins)? }.map(Problem::of_log),
        };
        problem = problem.or(damage.map(|text| Problem {
            text,
            is_of_state: true,
        }));
        let (epochs, calls) = (self.epochs, self.calls);
        let end_of = |at: usize| {
            epochs
                .get(at + 1)
                .map_or(verified.events, |(next, _)| next.0 - 1)
        };
        let total: u64 = (0..epochs.len()).map(end_of).sum();
        let mut done = 0;
        for (at, (from, schedule)) in epochs.iter().enumerate() {
            if problem.is_some() {
                break;
            }
            let last = at + 1 == epochs.len();
            // The live state alone is of what the snapshot is of.
            if self.start.is_some() && !last {
                continue;
            }
            verified.epochs += 1;
            let to = Seq(end_of(at));
            let file = format!("verify-{}.building", crate::model::given::id().simple());
            let path = verifier.history.dir.projection(&file);
            let _temporary = Temporary::new(std::slice::from_ref(&path))?;
            let cast = Cast {
                schedule,
                path: &path,
                start: self.start.as_ref(),
                payloads: &past.as_of(*from),
                prepare: &|player| {
                    player.materializer.set_calls(calls);
                    perturb(player)
                },
            };
            let found = verifier.verify_epoch(&cast, (*from, to, last), &mut |at| {
                progress(Progress {
                    done: done + at.0,
                    total,
                });
            });
            problem = found?.map(|text| Problem {
                text,
                is_of_state: last,
            });
            done += to.0;
        }
        // What is before a snapshot is taken as it is.
        if problem.is_none() && self.start.is_none() {
            let found = verifier.history.log.audit_rows(self.kept.as_ref())?;
            problem = found.map(Problem::of_log);
        }
        verified.digest = verifier.history.log.log_digest()?.map(|(_, digest)| digest);
        verified.hint = problem.as_ref().and_then(Problem::hint);
        verified.problem = problem.map(|problem| problem.text);
        Ok(verified)
    }
}

fn check_wanted(is_wanted: &dyn Fn() -> bool) -> Result<()> {
    match is_wanted() {
        true => Ok(()),
        false => Err(Error::unavailable(
            "the verification was given up before it was done",
        )),
    }
}

/// What must not matter is the other way round in a replay that verifies.
fn perturb(player: &mut Player) -> Result<()> {
    let projection = player.materializer.projection();
    projection.reverse_unordered_selects(true)
}

impl Verifier<'_> {
    /// Every event's hash from the one before it, its place, and that its effects are there.
    fn verify_chain(&self, past: &PayloadHistory, begins: Seq) -> Result<Option<String>> {
        let log = &self.history.log;
        if let Some(missing) = log.first_missing(Seq(1), self.head)? {
            return Ok(Some(hole(missing).message));
        }
        let stored = |seq: Seq| log.recorded_at(seq);
        let links = past.links(|seq| Ok(stored(seq)?.map_or([0; 16], |found| found.salt)))?;
        let mut hash = stored(begins)?.map_or(Digest::ZERO, |found| found.hash);
        for piece in log.recorded(begins.next()..=self.head) {
            check_wanted(self.is_wanted)?;
            for record in piece? {
                let event = &record.event;
                let link = match links.get(&event.seq) {
                    Some(link) => *link,
                    None => payload_hash(&record.salt, &event.data),
                };
                hash = chain_hash(&hash, event, &link);
                if hash != record.hash {
                    return Ok(Some(format!(
                        "event {} is not what was logged: its hash does not hold",
                        event.seq
                    )));
                }
            }
        }
        // Of one moment, which may be later than that of the verification.
        let whole = log.extent()?;
        if (whole.events, whole.effects) != (whole.head.0, whole.head.0) || whole.head < self.head {
            return Ok(Some(format!(
                "the log has {} events and {} effects, its head is {}",
                whole.events, whole.effects, whole.head
            )));
        }
        past.problem(stored)
    }

    /// Replays an epoch's schedule, with the payloads in force when it began, and compares from the
    /// epoch's own first event on.
    fn verify_epoch(
        &mut self,
        cast: &Cast<'_>,
        (from, to, is_last): (Seq, Seq, bool),
        progress: &mut dyn FnMut(Seq),
    ) -> Result<Option<String>> {
        let first = cast.start.map_or(Seq::ZERO, |start| start.position);
        let told = &mut |at: Progress| progress(Seq(first.0 + at.done));
        let step = |player: &mut Player, record: &StoredEvent| {
            let event = &record.event;
            let outcome = match player.run(event) {
                Ok(outcome) => outcome,
                Err(Failure::Doom(doom)) => {
                    let told = format!("event of doom: {}", doom.into_error().message);
                    return Ok(ControlFlow::Break(told));
                }
                Err(Failure::Host(error)) => return Err(error),
            };
            if event.seq >= from && outcome.body != record.effects {
                return Ok(ControlFlow::Break(format!(
                    "event {} ({}) has other effects than were recorded under {}",
                    event.seq, event.event_type, record.lineup
                )));
            }
            player.apply()?;
            Ok(ControlFlow::Continue(Kept::of(outcome)))
        };
        let is_wanted = self.is_wanted;
        let wanted = move || check_wanted(is_wanted);
        let (mut player, problem) = self.history.play_all(cast, to, &wanted, told, step)?;
        if problem.is_some() {
            return Ok(problem);
        }
        player.materializer.commit()?;
        if !is_last {
            return Ok(None);
        }
        let live = &self.live;
        let replayed = player.materializer.head();
        let hashes = [
            ("changes", live.head.running, replayed.running),
            ("tasks", live.head.tasks, replayed.tasks),
        ];
        for (what, is, yields) in hashes {
            if is != yields || live.head.position != replayed.position {
                return Ok(Some(format!(
                    "the live projection's running hash of {what} is {is} at event {}; the replay's is {yields} at event {}",
                    live.head.position, replayed.position
                )));
            }
        }
        for (table, (layout, digest)) in live.layouts.tables.iter().zip(&live.tables).enumerate() {
            if player.materializer.projection().table_digest(table)? != *digest {
                return Ok(Some(format!(
                    "the rows of table '{}' differ from the replay's",
                    layout.sql_name
                )));
            }
        }
        Ok(None)
    }
}
