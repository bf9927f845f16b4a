//! How long a read may run: a time at which SQLite stops what a connection is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use super::sqlite;
use crate::model::Result;
use crate::model::clock::Stopwatch;

/// Steps of SQLite's virtual machine between two looks at the clock.
const STEPS_PER_LOOK: i32 = 4_000;

/// Of one connection; nothing is stopped until `set`.
#[derive(Debug)]
pub struct Deadline {
    opened: Stopwatch,
    /// Seconds after `opened`, as bits.
    until: Arc<AtomicU64>,
}

impl Deadline {
    pub fn install(connection: &mut Connection) -> Result<Deadline> {
        let opened = Stopwatch::start();
        let until = Arc::new(AtomicU64::new(f64::INFINITY.to_bits()));
        let stop = until.clone();
        let late = move || {
            let until = f64::from_bits(stop.load(Ordering::Relaxed));
            until.is_finite() && opened.seconds() > until
        };
        connection
            .progress_handler(STEPS_PER_LOOK, Some(late))
            .map_err(|error| sqlite("limiting the time of a connection", error))?;
        Ok(Deadline { opened, until })
    }

    /// So many seconds from now.
    pub fn set(&self, seconds: f64) {
        let until = self.opened.seconds() + seconds;
        self.until.store(until.to_bits(), Ordering::Relaxed);
    }

    pub fn clear(&self) {
        let never = f64::INFINITY.to_bits();
        self.until.store(never, Ordering::Relaxed);
    }
}
