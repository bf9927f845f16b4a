//! What SQL may take on one connection: work, which is counted and comes out alike on every machine, and time, temporary
//! space and the patience of whoever asked, which do not.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::sqlite;
use crate::model::clock::{Stopwatch, processor_seconds};
use crate::model::error::Problem;
use crate::model::{Error, Result};

/// Steps of SQLite's virtual machine between two looks at what is left.
const STEPS_PER_LOOK: u64 = 500;

/// Bytes that a function looks at, or makes, for which a step is charged.
const BYTES_PER_STEP: u64 = 32;

/// Work of a function between two looks at the clock.
const CHARGE_PER_LOOK: u64 = 1 << 14;

/// What one use of a connection may take. What is left out has no limit.
#[derive(Debug, Clone, Default)]
pub struct Allowance {
    /// Steps of the virtual machine, and a step for every 32 bytes that functions look at.
    pub steps: Option<u64>,
    /// Of the wall clock.
    pub seconds: Option<f64>,
    /// Of the thread's processor time, which another process cannot use up.
    pub processor_seconds: Option<f64>,
    /// Bytes of temporary files.
    pub temporary_bytes: Option<u64>,
    /// Becomes true once nobody waits for the answer.
    pub gone: Option<Arc<AtomicBool>>,
}

/// Why something was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    Work,
    Time,
    TemporarySpace,
    Gone,
}

impl Stop {
    /// In words. Only work is the same everywhere; the others say nothing about the statement alone.
    pub fn error(self) -> Error {
        let limit = |what: &str| Error::refused(what).problem(Problem::Limit);
        match self {
            Stop::Work => Error::refused("it takes more steps than it may"),
            Stop::Time => {
                limit("it takes too long").hint("ask for less, or by columns that have an index")
            }
            Stop::TemporarySpace => limit("it sorts, or keeps aside, more than it may")
                .hint("ask for less, or in the order of an index"),
            Stop::Gone => limit("nobody waits for the answer any more"),
        }
    }
}

thread_local! {
    /// Bytes that temporary files may still grow by in what this thread does.
    static TEMPORARY_LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    static TEMPORARY_SPENT: Cell<bool> = const { Cell::new(false) };
}

/// Lets a temporary file grow. False: it may not.
pub fn take_temporary(bytes: u64) -> bool {
    let left = TEMPORARY_LEFT.get();
    let taken = left.is_none_or(|left| left >= bytes);
    match taken {
        true => TEMPORARY_LEFT.set(left.map(|left| left - bytes)),
        false => TEMPORARY_SPENT.set(true),
    }
    taken
}

/// Of one connection; nothing is stopped but between `begin` and `end`.
#[derive(Debug, Clone)]
pub struct Meter(Arc<State>);

#[derive(Debug)]
struct State {
    opened: Stopwatch,
    is_on: AtomicBool,
    /// Steps counted at looks, and work charged by functions.
    looked: AtomicU64,
    charged: AtomicU64,
    now: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    allowance: Allowance,
    /// On the connection's clock, and on the thread's.
    began: f64,
    began_processor: f64,
    stopped: Option<Stop>,
}

impl Meter {
    pub fn install(connection: &mut Connection) -> Result<Meter> {
        let meter = Meter(Arc::new(State {
            opened: Stopwatch::start(),
            is_on: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            charged: AtomicU64::new(0),
            now: Mutex::default(),
        }));
        let looking = meter.clone();
        let look = move || {
            let is_on = looking.0.is_on.load(Ordering::Relaxed);
            is_on && {
                looking
                    .0
                    .looked
                    .fetch_add(STEPS_PER_LOOK, Ordering::Relaxed);
                looking.look().is_some()
            }
        };
        connection
            .progress_handler(STEPS_PER_LOOK as i32, Some(look))
            .map_err(|error| sqlite("limiting a connection", error))?;
        Ok(meter)
    }

    /// From now on, on this thread.
    pub fn begin(&self, allowance: Allowance) {
        TEMPORARY_LEFT.set(allowance.temporary_bytes);
        TEMPORARY_SPENT.set(false);
        let state = &*self.0;
        state.looked.store(0, Ordering::Relaxed);
        state.charged.store(0, Ordering::Relaxed);
        let began_processor = match allowance.processor_seconds {
            Some(_) => processor_seconds(),
            None => 0.0,
        };
        *self.now() = Running {
            allowance,
            began: state.opened.seconds(),
            began_processor,
            stopped: None,
        };
        state.is_on.store(true, Ordering::Relaxed);
    }

    /// No longer. Why it was stopped, if it was.
    pub fn end(&self) -> Option<Stop> {
        self.0.is_on.store(false, Ordering::Relaxed);
        TEMPORARY_LEFT.set(None);
        let now = std::mem::take(&mut *self.now());
        now.stopped
            .or_else(|| TEMPORARY_SPENT.get().then_some(Stop::TemporarySpace))
    }

    /// Why what runs was stopped, if it was.
    pub fn stopped(&self) -> Option<Stop> {
        let stopped = self.now().stopped;
        stopped.or_else(|| TEMPORARY_SPENT.get().then_some(Stop::TemporarySpace))
    }

    /// Work that functions were charged with since `begin`.
    pub fn charged(&self) -> u64 {
        self.0.charged.load(Ordering::Relaxed)
    }

    /// Charges a function with bytes that it looks at or makes. An error ends the statement.
    pub fn charge(&self, bytes: usize) -> rusqlite::Result<()> {
        let state = &*self.0;
        if !state.is_on.load(Ordering::Relaxed) {
            return Ok(());
        }
        let steps = bytes as u64 / BYTES_PER_STEP;
        let before = state.charged.fetch_add(steps, Ordering::Relaxed);
        let looks = (before + steps) / CHARGE_PER_LOOK > before / CHARGE_PER_LOOK;
        match looks.then(|| self.look()).flatten() {
            None => Ok(()),
            Some(stop) => {
                let error: Box<dyn std::error::Error + Send + Sync> = stop.error().message.into();
                Err(rusqlite::Error::UserFunctionError(error))
            }
        }
    }

    fn look(&self) -> Option<Stop> {
        let state = &*self.0;
        let mut now = self.now();
        let allowance = &now.allowance;
        let steps = state.looked.load(Ordering::Relaxed) + state.charged.load(Ordering::Relaxed);
        let seconds = || state.opened.seconds() - now.began;
        let processor = || processor_seconds() - now.began_processor;
        let stop = if allowance.steps.is_some_and(|most| steps > most) {
            Some(Stop::Work)
        } else if allowance.seconds.is_some_and(|most| seconds() > most) || {
            allowance.processor_seconds
        }
        .is_some_and(|most| processor() > most)
        {
            Some(Stop::Time)
        } else {
            let is_gone = |gone: &Arc<AtomicBool>| gone.load(Ordering::Relaxed);
            allowance
                .gone
                .as_ref()
                .is_some_and(is_gone)
                .then_some(Stop::Gone)
        };
        now.stopped = now.stopped.or(stop);
        now.stopped
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::temporary;

    /// What a statement came to on a connection that is bounded so.
    fn stopped(allowance: Allowance, text: &str) -> (rusqlite::Result<i64>, Option<Stop>) {
        let folder = tempfile::tempdir().unwrap();
        let flags = rusqlite::OpenFlags::default();
        let mut connection = temporary::open(&folder.path().join("a.db"), flags).unwrap();
        let meter = Meter::install(&mut connection).unwrap();
        meter.begin(allowance);
        let result = connection.query_row(text, [], |row| row.get(0));
        (result, meter.end())
    }

    /// So many rows of a hundred thousand characters, made without a function.
    fn joined(rows: u32) -> String {
        let text = "x".repeat(50_000);
        format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {rows})
             SELECT sum(length(z)) FROM (SELECT n, '{text}' || '{text}' || n AS z FROM c ORDER BY -n)"
        )
    }

    #[test]
    fn each_limit_stops_a_statement_and_says_which_it_was() {
        let none = Allowance::default();
        let gone = Arc::new(AtomicBool::new(true));
        let cases = [
            (
                Allowance {
                    steps: Some(10_000),
                    ..none.clone()
                },
                Stop::Work,
            ),
            (
                Allowance {
                    seconds: Some(0.05),
                    ..none.clone()
                },
                Stop::Time,
            ),
            (
                Allowance {
                    processor_seconds: Some(0.05),
                    ..none.clone()
                },
                Stop::Time,
            ),
            (
                Allowance {
                    temporary_bytes: Some(1 << 20),
                    ..none.clone()
                },
                Stop::TemporarySpace,
            ),
            (
                Allowance {
                    gone: Some(gone),
                    ..none.clone()
                },
                Stop::Gone,
            ),
        ];
        for (allowance, expected) in cases {
            let (result, stop) = stopped(allowance, &joined(100_000));
            assert!(result.is_err(), "{expected:?}");
            assert_eq!(stop, Some(expected));
        }
        let small = Allowance {
            steps: Some(10_000),
            temporary_bytes: Some(1 << 20),
            ..none.clone()
        };
        let (result, stop) = stopped(small, &joined(5));
        assert_eq!((result.unwrap(), stop), (500_005, None));
        let (result, stop) = stopped(none, &joined(200));
        assert_eq!((result.unwrap(), stop), (20_000_492, None));
    }
}
