//! Owns one run: who does what when, and what is compared with the model after each step and each crash.

mod acts;
mod checks;
mod clockwork;
mod delivery;
mod requests;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use daybook::book::{
    AppendRequest, Book, Decision, Done, Incoming, Reader, Request, Turns, Wanted, Writer,
    WriterOptions,
};
use daybook::gateway::{Carrier, Gateway, GatewayTurns, Outside, ToldVerdict, Verdict};
use daybook::history::silent;
use daybook::log::{CommitLog, Loss, LossyLog, MemoryLog, SqliteLog};
use daybook::model::{DueTask, Error, ErrorKind, Place, Seq, TaskState, Value, given};
use daybook::repair::{AmendRequest, NewPayload, RedactRequest};
use daybook::store::{EventFilter, TaskFilter, carry_over, read_only_query};
use daybook::tasks::{BookDesk, Timekeeper};
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::{Random, repair::files_with, runtime, version};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use self::delivery::{OnTheWay, Taken, carrier, lock};
use crate::Report;
use crate::disk::disk;
use crate::model::{Data, Entry, Model, Rows};
use crate::template::{FIRST, SECOND, in_file, in_memory};

type Found = Result<(), String>;

/// 2026-01-01T00:00:00Z, in milliseconds.
const BEGIN: i64 = 1_767_225_600_000;

/// An answer that comes later.
type Later<T> = Arc<Mutex<Option<Result<T, Error>>>>;

fn later<T: Send + 'static>() -> (Later<T>, Done<T>) {
    let slot: Later<T> = Arc::default();
    let given = slot.clone();
    let done = move |result| {
        *given.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    };
    (slot, Box::new(done))
}

fn taken<T>(slot: &Later<T>) -> Option<Result<T, Error>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// How the writer answered.
enum Answered {
    /// By position: the ids that were added.
    Kept(Vec<(u64, String)>),
    Rejected,
}

/// A request on its way, and what it would add.
struct Asked {
    events: Vec<(String, Data)>,
    answer: Later<Answered>,
    is_command: bool,
}

/// What is done to history, where it is not known yet whether it was.
#[derive(Debug, Clone)]
enum Act {
    Amend(usize, Data),
    Redact(usize, Option<Data>),
}

/// Where commits go.
enum Log {
    File,
    Memory(MemoryLog),
    Lossy(MemoryLog, Arc<Mutex<Loss>>),
}

struct World {
    random: Random,
    tell: bool,
    report: Report,
    _folder: TempDir,
    path: PathBuf,
    log: Log,
    turns: Option<Turns>,
    writer: Option<Writer>,
    model: Model,
    asked: Vec<Asked>,
    /// Requests whose answer was a failure that says nothing about what was kept.
    doubtful: Vec<Vec<(String, Data)>>,
    refused: BTreeSet<String>,
    act: Option<Act>,
    gateway: Option<(Gateway, GatewayTurns)>,
    timekeeper: Option<Timekeeper>,
    /// Times for which the clock's command is in the log.
    dues: BTreeSet<String>,
    on_the_way: OnTheWay,
    /// Tasks that were taken since the last time when all ends were surely kept.
    unkept: Vec<String>,
    taken: HashMap<String, Taken>,
    last_of_key: HashMap<String, Place>,
    /// What a subscriber saw, by position.
    seen: Vec<(u64, String)>,
    next: u64,
}

/// Runs a seed. `Err` is a finding.
pub fn run(seed: u64, tell: bool) -> Result<Report, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("book");
    let mut random = Random::new(seed);
    disk().begin();
    let log = match random.below(4) {
        0 => Log::Memory(in_memory(&path)),
        1 => {
            let (_, hand) = LossyLog::new(MemoryLog::default());
            Log::Lossy(in_memory(&path), hand)
        }
        _ => {
            in_file(&path);
            Log::File
        }
    };
    // What the template is made of is no part of the run.
    disk().begin();
    crate::vfs::seed(seed);
    given::begin(seed, BEGIN);
    let mut world = World {
        random,
        tell,
        report: Report {
            seeds: 1,
            ..Report::default()
        },
        _folder: folder,
        path,
        log,
        turns: None,
        writer: None,
        model: Model {
            times: 1,
            ..Model::default()
        },
        asked: Vec::new(),
        doubtful: Vec::new(),
        refused: BTreeSet::new(),
        act: None,
        gateway: None,
        timekeeper: None,
        dues: BTreeSet::new(),
        on_the_way: OnTheWay::default(),
        unkept: Vec::new(),
        taken: HashMap::new(),
        last_of_key: HashMap::new(),
        seen: Vec::new(),
        next: 0,
    };
    let before = {
        let disk = disk();
        (disk.operations, disk.failures)
    };
    let found = world.live();
    world.close();
    given::end();
    let mut disk = disk();
    disk.begin();
    world.report.operations = disk.operations - before.0;
    world.report.failures = disk.failures - before.1;
    found.map(|()| world.report)
}

impl World {
    fn say(&self, text: impl FnOnce() -> String) {
        if self.tell {
            let text = text().replace(&*self.path.to_string_lossy(), "BOOK");
            println!("{:>5} {text}", self.report.steps);
        }
    }

    /// Some lives, each ended by a crash, and a last one in which all comes to rest.
    fn live(&mut self) -> Found {
        self.open()?;
        // What the template came with.
        self.absorb(&[])?;
        self.model.times = 1;
        self.begin_clock()?;
        let lives = 1 + self.random.below(8);
        for _ in 0..lives {
            let steps = 1 + self.random.below(60);
            let at = self.random.below(steps + 1);
            for step in 0..steps {
                if step == at {
                    let operations = self.random.below(60);
                    self.say(|| format!("will crash in {operations} operations"));
                    disk().crash_after(operations);
                }
                if disk().has_crashed() {
                    break;
                }
                self.step()?;
            }
            self.crash()?;
        }
        self.rest()
    }

    fn turns(&mut self) -> &mut Turns {
        self.turns.as_mut().expect("the book is open")
    }

    fn book(&mut self) -> &mut Book {
        self.turns().book()
    }

    fn open(&mut self) -> Found {
        let log: Box<dyn CommitLog> = match &mut self.log {
            Log::File => Box::new(SqliteLog),
            Log::Memory(log) => Box::new(log.clone()),
            Log::Lossy(log, hand) => {
                let (lossy, new) = LossyLog::new(log.clone());
                *hand = new;
                Box::new(lossy)
            }
        };
        let opened = Book::open_on(runtime(), &self.path, log, &mut silent());
        let mut book = opened.map_err(|error| format!("opening the book: {error}"))?;
        book.without_threads();
        book.start_shadow_threads()
            .map_err(|error| format!("following: {error}"))?;
        let options = WriterOptions {
            queue_max: 1_024,
            group_max: 1 + self.random.below(6) as usize,
        };
        let watch = Box::new(|_: &mut Book, _| {});
        let give = Box::new(|answer: daybook::book::Answer| answer());
        let (writer, turns) = Writer::in_turns(book, options, watch, give, Box::new(|_| {}));
        let desk = BookDesk::new(&self.path, writer.clone())
            .map_err(|error| format!("the gateway's desk: {error}"))?;
        let timekeeper = Timekeeper::new(&self.path, writer.clone())
            .map_err(|error| format!("the timekeeper: {error}"))?;
        let outside = Outside {
            carrier: Some(carrier(&self.on_the_way)),
            ..Outside::default()
        };
        let gateway = Gateway::in_turns(desk, outside);
        let gateway = gateway.map_err(|error| format!("the gateway: {error}"))?;
        (self.writer, self.turns, self.gateway) = (Some(writer), Some(turns), Some(gateway));
        self.timekeeper = Some(timekeeper);
        Ok(())
    }

    fn close(&mut self) {
        self.timekeeper = None;
        (self.gateway, self.writer, self.turns) = (None, None, None);
        lock(&self.on_the_way).clear();
    }

    fn step(&mut self) -> Found {
        self.report.steps += 1;
        given::advance(Duration::from_millis(1 + self.random.below(50)));
        match self.random.below(100) {
            0..=24 => self.append(),
            25..=34 => self.command(),
            35..=59 => self.turn()?,
            60..=64 => self.checkpoint(),
            65..=69 => self.book().turn_shadow_threads(),
            70..=76 => self.gateway()?,
            77..=79 => self.clock(),
            80..=85 => self.subscribe()?,
            86..=88 => self.amend()?,
            89..=90 => self.redact()?,
            91..=93 => self.switch()?,
            94 => self.snapshot()?,
            95 => self.lose(),
            96..=97 => {
                let operations = self.random.below(40);
                self.say(|| format!("an operation fails in {operations}"));
                disk().fail_after(operations);
            }
            _ => self.compare()?,
        }
        Ok(())
    }

    fn turn(&mut self) -> Found {
        self.turns().turn(false);
        self.hear()
    }

    fn subscribe(&mut self) -> Found {
        let after = Seq(self.seen.last().map_or(0, |(seq, _)| *seq));
        let Ok(reader) = Reader::beside(&self.path) else {
            return Ok(());
        };
        let Ok(head) = reader.head() else {
            return Ok(());
        };
        let line = |_, shown: &daybook::book::Shown| Ok(shown.stored.event.id.clone());
        if let Ok(batch) = reader.next_batch(after, head, &Wanted::default(), line) {
            for followed in batch.events {
                let expected = self.seen.last().map_or(0, |(seq, _)| *seq) + 1;
                if followed.seq.0 != expected {
                    return Err(format!(
                        "a subscriber got {} after {expected}",
                        followed.seq
                    ));
                }
                self.seen.push((followed.seq.0, followed.json));
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self) {
        let live = self.book().live_path();
        for path in [self.path.join("log.db"), live] {
            // What fails is done by the next one.
            let _ = carry_over(&path);
        }
    }

    fn lose(&mut self) {
        let questions = self.random.below(3) as u32;
        let loss = match self.random.below(2) {
            0 => Loss::Reply { questions },
            _ => Loss::Commit { questions },
        };
        if let Log::Lossy(_, hand) = &self.log {
            *hand.lock().unwrap_or_else(PoisonError::into_inner) = loss;
            self.say(|| format!("loses {loss:?}"));
        }
    }

    /// The machine stops, and starts again: what was acknowledged is there once, nothing refused is.
    fn crash(&mut self) -> Found {
        loop {
            self.report.crashes += 1;
            self.say(|| "crash".to_owned());
            disk().crash_now();
            self.stopped();
            self.close();
            disk().settle_crash(&mut self.random);
            // It may stop again while it comes up.
            if self.random.below(4) == 0 {
                let operations = self.random.below(50);
                disk().crash_after(operations);
            }
            match self.open() {
                Ok(()) if !disk().has_crashed() => break,
                Err(finding) if !disk().has_crashed() => return Err(finding),
                _ => {}
            }
        }
        disk().calm();
        self.recovered()
    }

    /// Those who waited will not be answered.
    fn stopped(&mut self) {
        // Answers that were given before it stopped count.
        let open = std::mem::take(&mut self.asked);
        for asked in open {
            match taken(&asked.answer) {
                Some(Ok(Answered::Kept(_))) | None | Some(Err(_)) => {
                    self.doubtful.push(asked.events);
                }
                Some(Ok(Answered::Rejected)) => {}
            }
        }
    }

    /// No faults any more: everything is answered, and every task delivered.
    fn rest(&mut self) -> Found {
        disk().calm();
        for _ in 0..10_000 {
            self.report.steps += 1;
            given::advance(Duration::from_secs(1));
            self.turn()?;
            self.gateway()?;
            let is_quiet = self.asked.is_empty() && lock(&self.on_the_way).is_empty();
            if is_quiet && self.open_tasks()? == 0 {
                return self.rested();
            }
        }
        Err("tasks do not come to an end".to_owned())
    }
}

/// A failure that leaves open whether something was kept.
fn is_doubtful(error: &Error) -> bool {
    matches!(
        error.kind,
        ErrorKind::Io | ErrorKind::Unavailable | ErrorKind::Internal
    )
}
