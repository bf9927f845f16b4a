//! States other than the live one: as it was after an earlier event, under what is in force now or as the book showed it
//! then, and the rows of replays. What has to be built is built from the nearest snapshot, and kept in the book's cache for
//! whoever asks next.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::book::Reader;
use crate::engine::Program;
use crate::history::{History, OnProgress, PayloadHistory, Payloads, Rebuild, hole, silent};
use crate::model::{Digest, Error, QueryColumn, Result, Schedule, Seq, Value, clock, limits};
use crate::runtime::{Runtime, fingerprint};
use crate::store::remove_projection;
use crate::store::{PAST_STATE, ResultColumn, query_columns, read_only_query};

/// A moment of the log: after an event, or at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    After(Seq),
    /// RFC 3339, UTC: after the last event that was recorded by then.
    At(String),
    /// RFC 3339, UTC: after the last event of a plugin that happened by then, by its own time.
    Happened(String),
}

impl Moment {
    /// By the time at which events happened (RFC 3339).
    pub fn happened(text: &str) -> Result<Moment> {
        clock::in_utc(text).map(Moment::Happened).ok_or_else(|| {
            Error::usage(format!("'{}' is not a time", text.escape_debug()))
                .hint("--as-of-event-time 1993-06-30T00:00:00Z")
        })
    }
}

impl FromStr for Moment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Moment> {
        if let Ok(seq) = text.parse() {
            return Ok(Moment::After(seq));
        }
        clock::in_utc(text).map(Moment::At).ok_or_else(|| {
            Error::usage(format!(
                "'{}' is neither a position nor a time",
                text.escape_debug()
            ))
            .hint("--as-of 20000, or --as-of 2026-01-31T00:00:00Z")
        })
    }
}

/// As `from_str` reads it, or `happened`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::After(seq) => seq.fmt(f),
            Moment::At(time) | Moment::Happened(time) => f.write_str(time),
        }
    }
}

/// A state other than the live one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherState {
    /// After an earlier event.
    Past {
        moment: Moment,
        /// As the book showed it when that event was its last: by the versions that were in force then, from the payloads of
        /// then. Else by what is in force now, from the payloads of now.
        as_known: bool,
    },
    /// What a replay made, by its name.
    Replay(String),
}

/// A state that will not change any more.
#[derive(Debug, Clone)]
pub struct PastState {
    pub position: Seq,
    pub path: PathBuf,
    /// The program whose tables it has.
    pub program: Arc<Program>,
}

impl Reader {
    /// The position of a moment.
    pub fn position_at(&self, moment: &Moment) -> Result<Seq> {
        let head = self.head()?;
        match moment {
            Moment::After(seq) if *seq <= head => Ok(*seq),
            Moment::After(seq) => Err(Error::usage(format!(
                "event {seq} is not in the log; its head is {head}"
            ))),
            Moment::At(time) => {
                let position = self.log().last_recorded_by(time)?;
                self.explain_empty(position, time)?;
                Ok(position)
            }
            Moment::Happened(time) => self.log().last_happened_by(time),
        }
    }

    /// History that was imported was recorded long after it happened: a state without any of it is not what was asked for.
    fn explain_empty(&self, position: Seq, time: &str) -> Result<()> {
        let log = self.log();
        let first = log.first_of_plugins()?;
        if first == Seq::ZERO || first <= position {
            return Ok(());
        }
        let happened = log.last_happened_by(time)?;
        if happened == Seq::ZERO {
            return Ok(());
        }
        Err(Error::refused(format!(
            "nothing of a plugin was recorded by {time}: events up to {happened} happened by then, and were taken in later"
        ))
        .hint("imported history is asked by the time at which it happened: --as-of-event-time TIME, over HTTP as_of_event_time"))
    }

    /// Builds the state after an event by what is in force now, or finds it built.
    pub fn as_of(
        &self,
        runtime: Arc<Runtime>,
        position: Seq,
        progress: OnProgress<'_>,
    ) -> Result<PastState> {
        self.past_state(runtime, position, false, progress)
    }

    /// Builds the state after an event by what is in force now, or as it was known then, or finds it built.
    pub(crate) fn past_state(
        &self,
        runtime: Arc<Runtime>,
        position: Seq,
        as_known: bool,
        progress: OnProgress<'_>,
    ) -> Result<PastState> {
        let mut history = History::open(runtime, self.dir())?;
        let epochs = history.log.epochs()?;
        let past = PayloadHistory::read(&history.log)?;
        let (epoch, schedule, payloads) = match as_known {
            false => {
                let last = epochs.last().map_or(Seq::ZERO, |(from, _)| *from);
                (last, self.live()?.schedule, Payloads::new())
            }
            true => {
                let known = epochs.iter().rfind(|(from, _)| *from <= position);
                let (from, schedule) = known.cloned().unwrap_or_default();
                (from, schedule, past.as_of(position))
            }
        };
        let program = history.plan(&schedule)?.at(position).0.clone();
        let origin = { history.log.origin_at(position)? }.ok_or_else(|| hole(position))?;
        let cache = self.dir().past_states();
        let path = cache.join(name(
            &schedule,
            as_known,
            (epoch, past.last(), origin),
            position,
        ));
        if !path.is_file() {
            let unfinished = path.with_extension(crate::model::given::id().simple().to_string());
            let rebuild = Rebuild::of(&schedule, &unfinished, position).with(&payloads);
            if let Err(error) = history.build(rebuild, progress) {
                remove_projection(&unfinished)?;
                return Err(error);
            }
            std::fs::rename(&unfinished, &path).map_err(|error| {
                Error::io(format!("putting {} in place", path.display()), error)
            })?;
            forget_oldest(&cache, &path)?;
        }
        Ok(PastState {
            position,
            path,
            program,
        })
    }
}

impl Reader {
    /// A projection beside the live one, by its name.
    pub fn projection(&self, runtime: Arc<Runtime>, name: &str) -> Result<PastState> {
        let (record, path) = self.projection_file(name)?;
        let position = self.check_history(name, &path)?;
        let mut history = History::open(runtime, self.dir())?;
        let program = history.plan(&record.schedule)?.at(position).0.clone();
        Ok(PastState {
            position,
            path,
            program,
        })
    }
}

/// Past states for many who ask: one engine builds them all, made when the first is asked for.
#[derive(Debug, Default)]
pub struct PastStates(Mutex<Option<Arc<Runtime>>>);

impl PastStates {
    pub fn of(&self, reader: &Reader, state: &OtherState) -> Result<PastState> {
        match state {
            OtherState::Replay(name) => reader.projection(self.runtime()?, name),
            OtherState::Past { moment, as_known } => {
                let position = reader.position_at(moment)?;
                reader.past_state(self.runtime()?, position, *as_known, &mut silent())
            }
        }
    }

    fn runtime(&self) -> Result<Arc<Runtime>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(runtime) => Ok(runtime.clone()),
            None => Ok(known.insert(Arc::new(Runtime::new()?)).clone()),
        }
    }
}

impl PastState {
    /// Runs one SELECT over it: `start` is told the columns, `visit` gets row after row.
    pub fn query(
        &self,
        sql: &str,
        mut start: impl FnMut(&[QueryColumn]) -> Result<()>,
        visit: impl FnMut(Vec<Value>) -> Result<()>,
    ) -> Result<()> {
        let tables = &self.program.layouts.tables;
        let start = |columns: &[ResultColumn]| start(&query_columns(columns, tables));
        read_only_query(&self.path, sql, start, visit)
    }
}

/// Equal names for equal content: what was run, by what, up to where, on which history: its chain of hashes, its epoch, and
/// the last repair of a payload. Whoever has a file open reads on in it when it is gone, so no other gets its name.
fn name(
    schedule: &Schedule,
    as_known: bool,
    (epoch, repair, origin): (Seq, Seq, Digest),
    position: Seq,
) -> String {
    let made_of = format!(
        "{schedule}\n{as_known}\n{}\n{epoch}\n{repair}\n{origin}\n{position}",
        fingerprint()
    );
    format!(
        "{PAST_STATE}{position}-{}.db",
        Digest::of(made_of.as_bytes()).short()
    )
}

/// Keeps the cache small: the files that were made first go, but never the one just made.
fn forget_oldest(cache: &Path, made: &Path) -> Result<()> {
    let entries = std::fs::read_dir(cache).map_err(|error| Error::io(cache.display(), error))?;
    let mut past: Vec<_> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(PAST_STATE) && name.ends_with(".db") && entry.path() != made
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    past.sort();
    let more = (past.len() + 1).saturating_sub(limits::PAST_STATES_MAX);
    // Who reads one keeps it open; its name is free all the same.
    past[..more]
        .iter()
        .try_for_each(|(_, path)| remove_projection(path))
}
