//! Owns the simulation: a real book with its writer, followers, checkpoints, gateway's desk and subscribers, all on one
//! thread, whose steps a seed chooses. Time, ids and salts follow from the seed; SQLite is on a disk that fails, and that
//! loses or tears in a crash what was not synced; the log is in a file, in memory, or loses replies. A plain model says
//! what must be there. A seed that finds something is repeated by one line.

mod disk;
mod model;
mod template;
mod vfs;
mod world;

use std::fmt;

/// What was run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    pub seeds: u64,
    pub steps: u64,
    /// The machine stopped, and the book was opened again.
    pub crashes: u64,
    /// Operations of SQLite's on the disk, and those of them that were made to fail.
    pub operations: u64,
    pub failures: u64,
    /// Requests that were acknowledged, refused, and of which nobody knew at first.
    pub acknowledged: u64,
    pub refused: u64,
    pub doubtful: u64,
    pub deliveries: u64,
    /// Amendments, redactions, promotions, ways back, snapshots that were kept.
    pub acts: u64,
    /// Commands that the clock ran.
    pub ticks: u64,
}

impl Report {
    pub fn add(&mut self, other: &Report) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.crashes += other.crashes;
        self.operations += other.operations;
        self.failures += other.failures;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.doubtful += other.doubtful;
        self.deliveries += other.deliveries;
        self.acts += other.acts;
        self.ticks += other.ticks;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} seeds, {} steps, {} crashes, {} disk operations of which {} failed; {} requests acknowledged, {} refused, \
             {} in doubt; {} acts on history, {} deliveries, {} by the clock",
            self.seeds,
            self.steps,
            self.crashes,
            self.operations,
            self.failures,
            self.acknowledged,
            self.refused,
            self.doubtful,
            self.acts,
            self.deliveries,
            self.ticks
        )
    }
}

/// From now on the disk says that it has synced what it has not, or tells the truth again. A simulation that finds nothing
/// then is no good.
pub fn lie(lies: bool) {
    disk::disk().lies = lies;
}

/// Runs one seed. `Err` is what it found, with the line that repeats it.
pub fn run(seed: u64, tell: bool) -> Result<Report, String> {
    vfs::install();
    world::run(seed, tell).map_err(|finding| {
        format!("{finding}\nrepeat with: cargo run -p daybook-simulation -- --seed {seed}")
    })
}
