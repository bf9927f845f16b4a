//! Owns the simulated disk: what SQLite wrote and has not synced may be kept, lost or torn in a crash, sector by sector,
//! and any operation may fail. Files are real ones, whose content is what a machine without a crash would see; kept
//! beside it is what each unsynced sector held before.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use daybook_tests::Random;

/// Bytes that a disk writes as one.
const SECTOR: u64 = 512;

/// What is to happen to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// It fails, and changes nothing.
    Fails,
    /// The machine stops at it. Of a write, nothing is lost for certain.
    Crashes,
    /// The machine has stopped.
    Gone,
}

/// The disk of this process; SQLite's files are all on it.
#[derive(Default)]
pub struct Disk {
    files: HashMap<(u64, u64), Tracked>,
    has_crashed: bool,
    /// It says that it has synced, and has not: what the simulation must find.
    pub lies: bool,
    /// Who compares looks at it, and does not count.
    is_watched: bool,
    /// Operations until one fails.
    until_failure: Option<u64>,
    /// Operations until the machine stops.
    until_crash: Option<u64>,
    /// Writes, truncations, syncs, deletions and openings so far.
    pub operations: u64,
    /// Of these, those that were made to fail.
    pub failures: u64,
}

/// A file with what is not durable of it.
struct Tracked {
    name: OsString,
    handle: File,
    /// What sectors held when the file was last synced, as far as they were written since. Shorter than a sector where
    /// the file ended.
    before: BTreeMap<u64, Vec<u8>>,
    /// The file's length then.
    length: u64,
}

/// The one disk, locked.
pub fn disk() -> MutexGuard<'static, Disk> {
    static ONE: LazyLock<Mutex<Disk>> = LazyLock::new(Mutex::default);
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Lets the operation after so many others fail.
    pub fn fail_after(&mut self, operations: u64) {
        self.until_failure = Some(operations);
    }

    /// Lets the machine stop at the operation after so many others.
    pub fn crash_after(&mut self, operations: u64) {
        self.until_crash = Some(operations);
    }

    /// The machine stops now.
    pub fn crash_now(&mut self) {
        self.has_crashed = true;
    }

    /// Who compares begins to look, or has seen enough.
    pub fn watch(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// Whether the machine has stopped.
    pub fn has_crashed(&self) -> bool {
        self.has_crashed
    }

    /// What happens to the next operation that changes something.
    pub(crate) fn fate(&mut self) -> Fate {
        if self.has_crashed {
            return Fate::Gone;
        }
        if self.is_watched {
            return Fate::Done;
        }
        self.operations += 1;
        if comes(&mut self.until_crash) {
            self.has_crashed = true;
            return Fate::Crashes;
        }
        if comes(&mut self.until_failure) {
            self.failures += 1;
            return Fate::Fails;
        }
        Fate::Done
    }

    /// Begins to follow a file that was opened.
    pub(crate) fn opened(&mut self, path: &Path) -> Option<(u64, u64)> {
        let metadata = path.metadata().ok()?;
        let id = (metadata.dev(), metadata.ino());
        if let Entry::Vacant(place) = self.files.entry(id) {
            let handle = OpenOptions::new().read(true).write(true).open(path).ok()?;
            place.insert(Tracked {
                name: path.file_name()?.to_owned(),
                handle,
                before: BTreeMap::new(),
                length: metadata.len(),
            });
        }
        Some(id)
    }

    /// Remembers what a stretch holds, before it is written.
    pub(crate) fn remember(&mut self, id: (u64, u64), from: u64, bytes: u64) {
        if let Some(file) = self.files.get_mut(&id)
            && bytes > 0
        {
            for sector in from / SECTOR..=(from + bytes - 1) / SECTOR {
                file.remember(sector);
            }
        }
    }

    /// Remembers what is cut off.
    pub(crate) fn remember_end(&mut self, id: (u64, u64), from: u64) {
        let length = { self.files.get(&id) }.map_or(0, Tracked::length_now);
        self.remember(id, from, length.saturating_sub(from));
    }

    /// What was written to a file is durable.
    pub(crate) fn synced(&mut self, id: (u64, u64)) {
        if !self.lies
            && let Some(file) = self.files.get_mut(&id)
        {
            file.before.clear();
            file.length = file.length_now();
        }
    }

    pub(crate) fn deleted(&mut self, id: (u64, u64)) {
        self.files.remove(&id);
    }

    /// Makes of the files what a machine finds that starts after a crash. Nobody may have them open.
    pub fn settle_crash(&mut self, random: &mut Random) {
        // In the same order in every run of a seed: inodes are not.
        let mut files: Vec<_> = std::mem::take(&mut self.files).into_values().collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        for file in files {
            file.settle(random);
        }
        self.begin();
    }

    /// No fault is to come, and all files are durable as they are.
    pub fn begin(&mut self) {
        self.files.clear();
        self.has_crashed = false;
        self.until_failure = None;
        self.until_crash = None;
    }

    /// No fault is to come.
    pub fn calm(&mut self) {
        self.until_failure = None;
        self.until_crash = None;
    }
}

/// Counts down; true at the end.
fn comes(until: &mut Option<u64>) -> bool {
    match until {
        Some(0) => {
            *until = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

impl Tracked {
    fn length_now(&self) -> u64 {
        self.handle.metadata().map_or(0, |it| it.len())
    }

    fn remember(&mut self, sector: u64) {
        let Tracked { handle, before, .. } = self;
        before.entry(sector).or_insert_with(|| {
            let mut bytes = vec![0; SECTOR as usize];
            let mut read = 0;
            while let Ok(more @ 1..) =
                handle.read_at(&mut bytes[read..], sector * SECTOR + read as u64)
            {
                read += more;
            }
            bytes.truncate(read);
            bytes
        });
    }

    fn settle(mut self, random: &mut Random) {
        let now = self.length_now();
        // Whole files one way, as most crashes leave them, or each sector its own.
        let all = random.below(4);
        let mut left = now;
        if now != self.length && (all == 1 || (all > 1 && random.below(2) == 0)) {
            left = self.length;
        }
        for (sector, mut before) in std::mem::take(&mut self.before) {
            let lost = match all {
                0 => 0,
                1 => SECTOR,
                _ => match random.below(3) {
                    0 => 0,
                    1 => SECTOR,
                    _ => random.below(SECTOR),
                },
            } as usize;
            // Where the file had ended, a sector that was never written reads as zeros.
            before.resize(SECTOR as usize, 0);
            let at = sector * SECTOR + (SECTOR - lost as u64);
            let lost = &before[SECTOR as usize - lost..];
            self.put(lost, at);
        }
        self.handle
            .set_len(left)
            .expect("a file of the simulation can be cut");
    }

    fn put(&self, bytes: &[u8], at: u64) {
        self.handle
            .write_all_at(bytes, at)
            .expect("a file of the simulation can be written");
    }
}
