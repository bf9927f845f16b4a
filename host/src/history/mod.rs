//! The log as it was: the one reader of its events, payloads of their time, and the versions that ran then.

mod changes;
mod notes;
mod payload_history;
mod pieces;
mod rebuild;
mod replay;
mod shares;
mod undone;

pub(crate) use changes::{Changed, Decoder};
pub use notes::RepairNote;
pub(crate) use notes::notes;
pub(crate) use payload_history::{NO_PAYLOADS, PayloadHistory, Payloads, put_in_place};
pub(crate) use pieces::{Pieces, hole};
pub use rebuild::Heard;
pub(crate) use rebuild::Rebuild;
pub(crate) use replay::{advance, play, read_ahead};
pub use shares::Cores;
pub(crate) use shares::{Cast, Kept, unite};

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use crate::engine::{EngineSeed, Library, Plan, Player, Program};
pub use crate::model::progress::{OnProgress, Progress, silent};
use crate::model::{Event, Lineup, PluginVersion, Result, Schedule, Seq};
use crate::runtime::{Code, Runtime};
use crate::store::{BookDir, Catalog};

/// A book's directory, its log, and the versions in it as running code. Owned by whoever has a book open, or looks at one.
pub struct History {
    pub(crate) dir: BookDir,
    pub(crate) log: Catalog,
    pub(crate) library: Library,
    pub(crate) cores: Cores,
}

/// What a history on connections and an engine of its own is made from, on whatever thread. Making it costs next to nothing;
/// the engine is made by whoever opens it.
pub(crate) struct HistorySeed {
    pub dir: BookDir,
    pub log: Catalog,
    pub engine: EngineSeed,
    pub cores: Cores,
}

impl HistorySeed {
    /// Of a book that nobody here has open.
    pub fn of(dir: BookDir) -> Result<HistorySeed> {
        let log = Catalog::open(&dir.log())?;
        Ok(HistorySeed {
            engine: EngineSeed::of(&dir, &log)?,
            dir,
            log,
            cores: Cores::default(),
        })
    }

    pub fn open(self) -> Result<History> {
        Ok(History {
            library: self.engine.open(&self.log)?,
            dir: self.dir,
            log: self.log,
            cores: self.cores,
        })
    }
}

impl History {
    /// To be opened later and elsewhere.
    pub(crate) fn seed(&self) -> Result<HistorySeed> {
        Ok(HistorySeed {
            dir: self.dir.clone(),
            log: Catalog::open(&self.dir.log())?,
            engine: self.library.seed(),
            cores: self.cores,
        })
    }

    /// Of a book that somebody else may have open, on an engine that somebody has.
    pub(crate) fn open(runtime: Arc<Runtime>, dir: &BookDir) -> Result<History> {
        let log = Catalog::open(&dir.log())?;
        Ok(History {
            library: Library::of(runtime, dir, &log)?,
            dir: dir.clone(),
            log,
            cores: Cores::default(),
        })
    }

    /// With a connection and an engine of its own, for another thread; `keep_apart` takes the engine back.
    pub(crate) fn apart(&mut self) -> Result<History> {
        Ok(History {
            dir: self.dir.clone(),
            log: Catalog::open(&self.dir.log())?,
            library: self.library.apart(&self.log)?,
            cores: self.cores,
        })
    }

    pub(crate) fn keep_apart(&mut self, apart: History) {
        self.library.keep_apart(apart.library);
    }

    /// Events with their payloads on a connection of their own, for a thread that reads ahead, or while something else of
    /// this is in use.
    pub(crate) fn events_apart<'a>(
        &self,
        range: RangeInclusive<Seq>,
    ) -> Result<Pieces<'a, Catalog, Event>> {
        Ok(Pieces::new(Catalog::open(&self.dir.log())?, range))
    }

    /// A schedule with its lineups resolved.
    pub(crate) fn plan(&mut self, schedule: &Schedule) -> Result<Plan> {
        self.library.plan(&self.log, schedule)
    }

    /// A lineup, resolved.
    pub(crate) fn program(&mut self, lineup: &Lineup) -> Result<Arc<Program>> {
        self.library.program(&self.log, lineup)
    }

    /// A version's component.
    pub(crate) fn code(&mut self, version: &PluginVersion) -> Result<Arc<Code>> {
        self.library.code(&self.log, version)
    }

    /// Takes over what changed in the registry of versions.
    pub(crate) fn reload(&mut self) -> Result<()> {
        self.library.reload(&self.log)
    }

    /// Takes a component that is tried and not registered.
    pub(crate) fn lend(&mut self, bytes: &[u8]) -> Result<PluginVersion> {
        self.library.lend(&self.log, bytes)
    }

    /// A player that stands before the first event, on a new projection file.
    pub(crate) fn player(&mut self, schedule: &Schedule, path: &Path) -> Result<Player> {
        let plan = self.plan(schedule)?;
        Player::new(self.library.runtime.clone(), plan, path)
    }
}
