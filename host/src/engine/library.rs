//! The versions of a book as running code: compiled once, resolved into programs on demand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::program::Program;
use crate::model::StoredVersion;
use crate::model::error::Problem;
use crate::model::{
    Calls, Digest, Error, Lineup, Manifest, PluginVersion, Result, Schedule, Seq, VersionDate,
    clock,
};
use crate::runtime::{Code, ComponentCache, Runtime};
use crate::store::{BookDir, Catalog};

pub struct Library {
    pub runtime: Arc<Runtime>,
    pub cache: ComponentCache,
    versions: BTreeMap<PluginVersion, StoredVersion>,
    /// Given up: nobody gets them by name. What was recorded under them can be replayed still.
    retired: BTreeSet<PluginVersion>,
    codes: HashMap<Digest, Arc<Code>>,
    programs: HashMap<Lineup, Arc<Program>>,
    /// Engines that were used and may be used again.
    spare: Vec<Library>,
    /// How calls are made in plans from now on.
    pub calls: Calls,
    /// Components that are tried without being registered; one is preferred to what is registered under its version.
    lent: BTreeMap<PluginVersion, Lent>,
}

/// A component that no log has.
#[derive(Clone)]
struct Lent {
    stored: StoredVersion,
    bytes: Arc<[u8]>,
}

/// What a library on an engine of its own is made from, on whatever thread.
pub struct EngineSeed(ComponentCache);

impl EngineSeed {
    /// Of a book that nobody here has open.
    pub fn of(dir: &BookDir, log: &Catalog) -> Result<EngineSeed> {
        let key = log
            .meta("cache_key")?
            .ok_or_else(|| Error::corrupt("the log does not say the key of its cache"))?
            .parse::<Digest>()?;
        Ok(EngineSeed(ComponentCache::new(dir.cache(), key.0)))
    }

    pub fn open(self, log: &Catalog) -> Result<Library> {
        Library::open(Arc::new(Runtime::new()?), self.0, log)
    }
}

/// A schedule with its lineups resolved: which program runs from which event on.
#[derive(Debug, Clone)]
pub struct Plan {
    pub schedule: Schedule,
    programs: Vec<(Seq, Arc<Program>)>,
    /// Events that are undone later, by what they change: as of when it was made.
    pub(super) undone: Arc<BTreeSet<Seq>>,
    /// How calls are made.
    pub calls: Calls,
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

    /// The programs that run somewhere in a range, each with where it does.
    pub fn within(
        &self,
        (first, last): (Seq, Seq),
    ) -> impl Iterator<Item = (Seq, Seq, &Arc<Program>)> {
        let next = self
            .programs
            .iter()
            .skip(1)
            .map(|(from, _)| Seq(from.0 - 1));
        { self.programs.iter() }
            .zip(next.chain([Seq(u64::MAX)]))
            .map(move |((from, program), to)| (first.max(*from), last.min(to), program))
            .filter(|(from, to, _)| from <= to)
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
    /// The versions of a book, on an engine that somebody has.
    pub fn of(runtime: Arc<Runtime>, dir: &BookDir, log: &Catalog) -> Result<Library> {
        Self::open(runtime, EngineSeed::of(dir, log)?.0, log)
    }

    pub fn open(runtime: Arc<Runtime>, cache: ComponentCache, log: &Catalog) -> Result<Library> {
        let mut library = Library {
            runtime,
            cache,
            versions: BTreeMap::new(),
            retired: BTreeSet::new(),
            codes: HashMap::new(),
            programs: HashMap::new(),
            spare: Vec::new(),
            calls: Calls::default(),
            lent: BTreeMap::new(),
        };
        library.reload(log)?;
        Ok(library)
    }

    /// The same versions on an engine of their own. Threads that share one meet in its pool and in its counters at every
    /// instance: two of them were a tenth slower for it. Making one and loading what it runs takes some 20 ms, so give it
    /// back with `keep_apart`.
    pub fn apart(&mut self, log: &Catalog) -> Result<Library> {
        let mut library = match self.spare.pop() {
            Some(library) => library,
            None => self.seed().open(log)?,
        };
        library.calls = self.calls;
        library.lent.clone_from(&self.lent);
        library.reload(log)?;
        Ok(library)
    }

    /// Takes an engine back, for whoever wants one next.
    pub fn keep_apart(&mut self, library: Library) {
        self.spare.push(library);
    }

    /// The same, to be made later and elsewhere.
    pub fn seed(&self) -> EngineSeed {
        EngineSeed(self.cache.clone())
    }

    /// Reads the registry again after it changed.
    pub fn reload(&mut self, log: &Catalog) -> Result<()> {
        self.retired = log.retired()?.into_keys().collect();
        self.versions = log
            .versions()?
            .into_iter()
            .map(|version| (version.version.clone(), version))
            .collect();
        let lent = self.lent.values().map(|lent| &lent.stored);
        self.versions
            .extend(lent.map(|stored| (stored.version.clone(), stored.clone())));
        self.programs.clear();
        Ok(())
    }

    /// Takes a component that is tried and not registered, for as long as this library lives. What its certification would
    /// show is not known, so every call of it has a fresh instance.
    pub fn lend(&mut self, log: &Catalog, bytes: &[u8]) -> Result<PluginVersion> {
        let code = self.runtime.load(bytes, None)?;
        let version = code.version.clone();
        if let Some(known) = self.lent.get(&version)
            && known.stored.digest != code.digest
        {
            return Err(Error::refused(format!(
                "{version} is given twice, with other bytes ({} and {})",
                known.stored.digest.short(),
                code.digest.short()
            ))
            .hint("a version names one component; give the new code a later date"));
        }
        let lent = Lent {
            stored: StoredVersion {
                version: version.clone(),
                digest: code.digest,
                manifest: code.manifest.clone(),
                loaded_at: clock::now(),
            },
            bytes: bytes.into(),
        };
        self.lent.insert(version.clone(), lent);
        self.insert(Arc::new(code));
        self.reload(log)?;
        Ok(version)
    }

    /// Refuses a lent component that stands on a version which is not here.
    pub fn check_lent(&self) -> Result<()> {
        for lent in self.lent.values() {
            let stored = &lent.stored;
            let Some(below) = stored.manifest.extends()? else {
                continue;
            };
            let below = PluginVersion {
                plugin: stored.version.plugin.clone(),
                date: below,
            };
            if !self.versions.contains_key(&below) {
                return Err(Error::usage(format!(
                    "{} extends {below}, which is not given",
                    stored.version
                ))
                .hint("give its component, or its crate's folder, with --with"));
            }
        }
        Ok(())
    }

    /// The dates of a plugin's versions.
    pub fn dates(&self, plugin: &str) -> impl Iterator<Item = VersionDate> {
        let of_plugin = self
            .versions
            .keys()
            .filter(move |it| it.plugin.as_str() == plugin);
        of_plugin.map(|version| version.date)
    }

    pub fn find(&self, version: &PluginVersion) -> Result<&StoredVersion> {
        let known = self.versions.get(version);
        let is_given_up = |version: &PluginVersion| {
            self.retired.contains(version) && !self.lent.contains_key(version)
        };
        known.filter(|_| !is_given_up(version)).ok_or_else(|| {
            let dates: Vec<_> = self
                .versions
                .keys()
                .filter(|known| known.plugin == version.plugin && !is_given_up(known))
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

    /// What a version can be resolved among: itself, with the active versions of the plugins whose tables it reads or one
    /// that it extends reads, and of those that these read in turn. The inner error names one of them that is not active.
    pub fn surroundings(
        &self,
        code: &Code,
        active: &Lineup,
    ) -> Result<std::result::Result<Lineup, String>> {
        let mut lineup = Lineup::default().with(std::slice::from_ref(&code.version));
        let mut reads = self.reads(&code.manifest)?;
        while let Some(plugin) = reads.pop_first() {
            if lineup.version(&plugin).is_some() {
                continue;
            }
            let Some(date) = active.version(&plugin) else {
                return Ok(Err(plugin));
            };
            let version = PluginVersion {
                plugin: plugin.parse()?,
                date,
            };
            reads.extend(self.reads(&self.find(&version)?.manifest)?);
            lineup = lineup.with(&[version]);
        }
        Ok(Ok(lineup))
    }

    /// Plugins whose tables a version reads, or one that it extends. Where one of these is not loaded, resolving says so.
    fn reads(&self, manifest: &Manifest) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let mut next = Some(manifest);
        while let Some(manifest) = next {
            names.extend(manifest.reads.iter().map(|reads| reads.plugin.clone()));
            next = match manifest.extends()? {
                None => None,
                Some(date) => {
                    let plugin = manifest.identity()?.plugin;
                    let below = self.versions.get(&PluginVersion { plugin, date });
                    below.map(|stored| &stored.manifest)
                }
            };
        }
        Ok(names)
    }

    pub fn code(&mut self, log: &Catalog, version: &PluginVersion) -> Result<Arc<Code>> {
        let digest = match self.versions.get(version) {
            Some(known) => known.digest,
            None => self.find(version)?.digest,
        };
        if let Some(code) = self.codes.get(&digest) {
            return Ok(code.clone());
        }
        let lent = self.lent.get(version).map(|lent| lent.bytes.clone());
        let loaded = match lent {
            Some(bytes) => self.runtime.load(&bytes, None),
            None => self
                .runtime
                .load_recorded(&log.component(&digest)?, Some(&self.cache)),
        };
        let code =
            loaded.map_err(|error| error.context(format!("loading {version} from the log")))?;
        Ok(self.insert(Arc::new(code)))
    }

    pub fn insert(&mut self, code: Arc<Code>) -> Arc<Code> {
        self.codes.entry(code.digest).or_insert(code).clone()
    }

    pub fn program(&mut self, log: &Catalog, lineup: &Lineup) -> Result<Arc<Program>> {
        if let Some(program) = self.programs.get(lineup) {
            return Ok(program.clone());
        }
        let program = Arc::new(Program::resolve(lineup, |version| self.code(log, version))?);
        self.programs.insert(lineup.clone(), program.clone());
        Ok(program)
    }

    pub fn plan(&mut self, log: &Catalog, schedule: &Schedule) -> Result<Plan> {
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
            undone: Arc::new(log.undone_by_rows()?),
            calls: self.calls,
        })
    }
}
