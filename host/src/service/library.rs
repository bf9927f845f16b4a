//! The versions of a book as running code: compiled once, resolved into programs on demand.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::program::Program;
use crate::model::error::Problem;
use crate::model::{Digest, Error, Lineup, PluginVersion, Result, Schedule, Seq};
use crate::runtime::{Code, ComponentCache, Runtime};
use crate::store::{LogDb, StoredVersion};

pub struct Library {
    pub runtime: Arc<Runtime>,
    pub cache: ComponentCache,
    versions: BTreeMap<PluginVersion, StoredVersion>,
    codes: HashMap<Digest, Arc<Code>>,
    programs: HashMap<Lineup, Arc<Program>>,
}

/// What a library on an engine of its own is made from, on whatever thread.
pub struct Beside(ComponentCache);

impl Beside {
    pub fn open(self, log: &LogDb) -> Result<Library> {
        Library::open(Arc::new(Runtime::new()?), self.0, log)
    }
}

/// A schedule with its lineups resolved: which program runs from which event on.
#[derive(Debug, Clone)]
pub struct Plan {
    pub schedule: Schedule,
    programs: Vec<(Seq, Arc<Program>)>,
}

impl Plan {
    /// The program for an event, and where the next one begins.
    pub fn at(&self, seq: Seq) -> (&Arc<Program>, Option<Seq>) {
        let next = self.programs.partition_point(|(from, _)| *from <= seq);
        (
            &self.programs[next.saturating_sub(1)].1,
            self.programs.get(next).map(|(from, _)| *from),
        )
    }

    /// One program for the whole log.
    pub fn is_single(&self) -> bool {
        self.programs.len() == 1
    }

    pub fn first(&self) -> &Arc<Program> {
        &self.programs[0].1
    }
}

impl Library {
    pub fn open(runtime: Arc<Runtime>, cache: ComponentCache, log: &LogDb) -> Result<Library> {
        let mut library = Library {
            runtime,
            cache,
            versions: BTreeMap::new(),
            codes: HashMap::new(),
            programs: HashMap::new(),
        };
        library.reload(log)?;
        Ok(library)
    }

    /// The same versions on an engine of their own. Threads that share one meet in its pool and in its counters at every
    /// instance: two of them were a tenth slower for it.
    pub fn apart(&self, log: &LogDb) -> Result<Library> {
        self.beside().open(log)
    }

    /// The same, to be made later and elsewhere.
    pub fn beside(&self) -> Beside {
        Beside(self.cache.clone())
    }

    /// Reads the registry again after it changed.
    pub fn reload(&mut self, log: &LogDb) -> Result<()> {
        self.versions = log
            .versions()?
            .into_iter()
            .map(|version| (version.version.clone(), version))
            .collect();
        self.programs.clear();
        Ok(())
    }

    pub fn find(&self, version: &PluginVersion) -> Result<&StoredVersion> {
        self.versions.get(version).ok_or_else(|| {
            let dates: Vec<_> = self
                .versions
                .keys()
                .filter(|known| known.plugin == version.plugin)
                .map(|known| known.date.to_string())
                .collect();
            let error = Error::usage(format!("{version} is not loaded")).problem(Problem::Unknown);
            if dates.is_empty() {
                error
                    .hint("daybook load BOOK FILE.wasm; daybook versions BOOK lists what is loaded")
            } else {
                error.hint(format!(
                    "loaded versions of {}: {}",
                    version.plugin,
                    dates.join(", ")
                ))
            }
        })
    }

    pub fn code(&mut self, log: &LogDb, version: &PluginVersion) -> Result<Arc<Code>> {
        let digest = self.find(version)?.digest;
        if let Some(code) = self.codes.get(&digest) {
            return Ok(code.clone());
        }
        let bytes = log.component(&digest)?;
        let code = self
            .runtime
            .load(&bytes, Some(&self.cache))
            .map_err(|error| error.context(format!("loading {version} from the log")))?;
        if code.digest != digest {
            return Err(Error::corrupt(format!(
                "the stored component of {version} has digest {}, registered was {digest}",
                code.digest
            )));
        }
        Ok(self.keep(Arc::new(code)))
    }

    pub fn keep(&mut self, code: Arc<Code>) -> Arc<Code> {
        self.codes.entry(code.digest).or_insert(code).clone()
    }

    pub fn program(&mut self, log: &LogDb, lineup: &Lineup) -> Result<Arc<Program>> {
        if let Some(program) = self.programs.get(lineup) {
            return Ok(program.clone());
        }
        let program = Arc::new(Program::resolve(lineup, |version| self.code(log, version))?);
        self.programs.insert(lineup.clone(), program.clone());
        Ok(program)
    }

    pub fn plan(&mut self, log: &LogDb, schedule: &Schedule) -> Result<Plan> {
        let mut programs = Vec::new();
        if schedule.0.first().is_none_or(|(from, _)| *from > Seq(1)) {
            programs.push((Seq(1), self.program(log, &Lineup::default())?));
        }
        for (from, lineup) in &schedule.0 {
            programs.push((*from, self.program(log, lineup)?));
        }
        Ok(Plan {
            schedule: schedule.clone(),
            programs,
        })
    }
}
