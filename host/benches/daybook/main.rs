//! How fast, and beside what: every figure is a ratio to the same work in plain Rust and rusqlite, measured in the same
//! run. `cargo bench` runs all of it; `cargo bench -- w1` only the parts whose name contains the word.
//!
//! Peak memory is taken from child processes of this program, so that one part's memory is not another's.

mod floor;
mod load;
mod parts;
mod workload;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use daybook::book::{Book, Incoming, Request};
use daybook::diff::{Expectations, Unheard};
use daybook::history::silent;
use daybook::model::{PluginVersion, Result};
use daybook::runtime::Runtime;
use daybook::study::{DiffRequest, Picked};
use daybook::versions::Policy;

use workload::Workload;

/// The command's own: floor and host alike.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    if let [verb, path, rest @ ..] = arguments.as_slice()
        && let Some(job) = verb.strip_prefix("child-")
    {
        child(job, Path::new(path), rest);
        return;
    }
    let wanted = |name: &str| {
        arguments.is_empty() || arguments.iter().any(|word| name.contains(word.as_str()))
    };
    let bench = Bench::new();
    println!("{}", machine());
    if wanted("berka") {
        bench.berka();
    }
    if wanted("w1") {
        bench.w1();
    }
    if wanted("shadow") {
        bench.shadow();
    }
    if wanted("serve") {
        bench.serve();
    }
    if wanted("tasks") {
        bench.tasks();
    }
    if wanted("million") {
        bench.million();
    }
    if wanted("parts") {
        bench.parts();
    }
    if wanted("subject") {
        bench.subject();
    }
}

/// Runs of each timed thing; the median counts.
const RUNS: usize = 3;

/// Pairs of loads without and with tasks, of which the median is told.
const TASK_ROUNDS: usize = 7;

/// Pairs of a floor and a load of the server, of which the median is told.
const SERVE_ROUNDS: usize = 5;

/// Pairs of reads beside writes to the same book and to another one.
const READ_ROUNDS: usize = 3;

struct Bench {
    runtime: Arc<Runtime>,
    directory: tempfile::TempDir,
    plugins: Vec<(PathBuf, Vec<u8>)>,
}

impl Bench {
    fn new() -> Bench {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
        let paths: Vec<PathBuf> = [
            "bank/1993-01-01",
            "bank/1994-01-01",
            "deposit/2020-01-01",
            "deposit/2020-02-01",
        ]
        .map(|path| root.join(path))
        .to_vec();
        let built = daybook::authoring::build_all(&paths).expect("the plugins build");
        Bench {
            runtime: Arc::new(Runtime::new().expect("the engine starts")),
            directory: tempfile::tempdir().expect("a temporary directory"),
            plugins: paths
                .into_iter()
                .zip(built.into_iter().map(|plugin| plugin.bytes))
                .collect(),
        }
    }

    fn component(&self, name: &str) -> &[u8] {
        let found = self.plugins.iter().find(|(path, _)| path.ends_with(name));
        &found.expect("a plugin of this bench").1
    }

    /// A new book with versions loaded and the first of them active.
    fn book(&self, name: &str, versions: &[(&str, &str)]) -> (PathBuf, Book) {
        let path = self.directory.path().join(name);
        let mut book = Book::init(self.runtime.clone(), &path).expect("a new book");
        for (component, _) in versions {
            book.load(self.component(component))
                .expect("the plugin loads");
        }
        let first: PluginVersion = versions[0].1.parse().expect("a version");
        book.activate(&first, Policy::Pinned, &mut silent())
            .expect("it is activated");
        (path, book)
    }

    /// The bank's real log: replay, append and diff.
    fn berka(&self) {
        let Some(events) = workload::berka() else {
            println!("berka: the data is absent ($DAYBOOK_DATA, ../shared/data); not measured");
            return;
        };
        self.bank("berka", events);
    }

    fn bank(&self, name: &str, events: Workload) {
        let versions = [
            ("bank/1993-01-01", "bank@1993-01-01"),
            ("bank/1994-01-01", "bank@1994-01-01"),
        ];
        let (path, mut book) = self.book(name, &versions);
        let count = events.len();
        let (seconds, ()) = timed(|| {
            for batch in events.batches(1_000) {
                book.append(batch).expect("events are appended");
            }
        });
        println!(
            "{name}: append in batches of 1,000: {:.0} events/s",
            count as f64 / seconds
        );
        let floor =
            median(|| timed(|| floor::replay_bank(&path.join("log.db"), self.directory.path())).0);
        report(name, "native floor", count, floor, floor);
        let base = median(|| timed(|| replay(&mut book, "bank@1993-01-01")).0);
        report(name, "replay bank@1993-01-01", count, base, floor);
        let candidate = median(|| timed(|| replay(&mut book, "bank@1994-01-01")).0);
        report(
            name,
            "replay bank@1994-01-01 (two instances an event)",
            count,
            candidate,
            floor,
        );
        let both = median(|| timed(|| diff(&mut book, "bank@1993-01-01", "bank@1994-01-01")).0);
        println!(
            "{name}: diff of both: {both:.2} s, {:.2} of the longer replay, {:.2} of the shorter",
            both / candidate.max(base),
            both / base.min(candidate)
        );
        let same = median(|| timed(|| diff(&mut book, "bank@1993-01-01", "bank@1993-01-01")).0);
        println!(
            "{name}: diff of a version with itself: {same:.2} s, {:.2} of one replay",
            same / base
        );
    }

    /// Workload W1: 200,000 deposits over 20,000 accounts.
    fn w1(&self) {
        let (path, mut book) = self.book("w1", &[("deposit/2020-01-01", "deposit@2020-01-01")]);
        let single = 5_000;
        let mut events = workload::deposits(200_000).into_iter();
        let (seconds, ()) = timed(|| {
            for event in events.by_ref().take(single) {
                book.append(vec![event]).expect("an event is appended");
            }
        });
        let floor_seconds = floor::append_deposits(
            self.directory.path(),
            floor::Kept::EventAndState,
            single as u64,
            1,
        );
        println!(
            "w1: one durable event an append, with state: {:.0} events/s; plain rusqlite {:.0}; ratio {:.2}",
            single as f64 / seconds,
            single as f64 / floor_seconds,
            floor_seconds / seconds
        );
        loop {
            let batch: Vec<Incoming> = events.by_ref().take(1_000).collect();
            if batch.is_empty() {
                break;
            }
            book.append(batch).expect("events are appended");
        }
        let floor = median(|| {
            timed(|| floor::replay_deposits(&path.join("log.db"), self.directory.path())).0
        });
        report("w1", "native floor of a rebuild", 200_000, floor, floor);
        let rebuild = median(|| timed(|| replay(&mut book, "deposit@2020-01-01")).0);
        report("w1", "rebuild", 200_000, rebuild, floor);
    }

    /// A book online under a version of `deposit`.
    fn served(&self, name: &str, version: (&str, &str)) -> daybook::serve::Serving {
        let (_, mut book) = self.book(name, &[version]);
        // Enough of a history for a certification to show that reuse of instances changes nothing.
        for account in 0..200 {
            let request = Request {
                command_type: "deposit.Deposit".into(),
                data: format!(r#"{{"account":{account},"amount":1}}"#),
                ..Request::default()
            };
            book.run(request).expect("a deposit");
        }
        let version = version.1.parse().expect("a version");
        let certified = book.certify(&version).expect("it is certified");
        println!("{name}: {}", certified.certification.reason);
        let listen = "127.0.0.1:0".parse().expect("an address");
        daybook::serve::serve(book, daybook::serve::ServeOptions::new(listen))
            .expect("the book is served")
    }

    /// Durable commands a second through the server, beside the same work in plain rusqlite.
    fn serve(&self) {
        let serving = self.served("serve", ("deposit/2020-01-01", "deposit@2020-01-01"));
        let address = serving.address();
        let rate = |work: floor::Kept, group| {
            let count = 20_000;
            count as f64 / floor::append_deposits(self.directory.path(), work, count, group)
        };
        let bare = (
            rate(floor::Kept::EventAndState, 1),
            rate(floor::Kept::EventAndState, 32),
        );
        println!(
            "serve: plain rusqlite, event and balance alone: one transaction each {:.0} commands/s; groups of 32 {:.0}",
            bare.0, bare.1
        );
        let single = rate(floor::Kept::Everything, 1);
        println!(
            "serve: plain rusqlite, the same rows (identity, effects and the command's entry too): one transaction each {single:.0} commands/s"
        );
        let alone = load::closed(address, 1, 20_000);
        println!(
            "serve: 1 connection: {:.0} commands/s, p50 {:.2} ms, p99 {:.2} ms; {:.2} of one transaction each (event and balance alone: {:.2})",
            alone.rate,
            alone.p50 * 1e3,
            alone.p99 * 1e3,
            alone.rate / single,
            alone.rate / bare.0
        );
        // In pairs with the floor, one right after the other: the machine is not the same from one second to the next.
        let mut rounds: Vec<(f64, f64)> = (0..SERVE_ROUNDS)
            .map(|_| {
                let floor = rate(floor::Kept::Everything, 32);
                let found = load::closed(address, 64, 20_000);
                println!(
                    "serve: 64 connections: {:.0} commands/s, p50 {:.2} ms, p99 {:.2} ms; groups of 32 just before {floor:.0}: {:.2} of it",
                    found.rate,
                    found.p50 * 1e3,
                    found.p99 * 1e3,
                    found.rate / floor
                );
                (found.rate / floor, found.rate)
            })
            .collect();
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, commands) = rounds[SERVE_ROUNDS / 2];
        println!(
            "serve: 64 connections, median of {SERVE_ROUNDS} rounds: {ratio:.2} of groups of 32 ({:.2} to {:.2}), {:.2} of one transaction each (event and balance alone: {:.2} of groups, {:.2} of one each)",
            rounds[0].0,
            rounds[SERVE_ROUNDS - 1].0,
            commands / single,
            commands / bare.1,
            commands / bare.0
        );
        let half = load::open(address, 64, commands / 2.0, 5.0);
        println!(
            "serve: at half that load ({:.0} commands/s): p50 {:.2} ms, p99 {:.2} ms",
            half.rate,
            half.p50 * 1e3,
            half.p99 * 1e3
        );
        self.reads(address, 64, commands / 2.0);
        drop(serving.stop().expect("the server stops"));
    }

    /// What two tasks an event cost the commands that cause them: two served books side by side, in turns.
    fn tasks(&self) {
        let versions = [
            ("deposit/2020-01-01", "deposit@2020-01-01"),
            ("deposit/2020-02-01", "deposit@2020-02-01"),
        ];
        let served = versions.map(|version| self.served(&version.1.replace('@', "-"), version));
        let rate = |at: usize| load::closed(served[at].address(), 64, 10_000).rate;
        let ratio = |what: &str| {
            let mut ratios: Vec<f64> = (0..TASK_ROUNDS)
                .map(|round| {
                    // Who is first changes: the machine is not the same from one second to the next.
                    let (without, with) = match round % 2 {
                        0 => (rate(0), rate(1)),
                        _ => {
                            let with = rate(1);
                            (rate(0), with)
                        }
                    };
                    println!("tasks: {what}: {without:.0} commands/s without, {with:.0} with");
                    with / without
                })
                .collect();
            ratios.sort_by(f64::total_cmp);
            println!(
                "tasks: {what}: with two tasks an event {:.2} of the rate without, median of {TASK_ROUNDS} rounds ({:.2} to {:.2})",
                ratios[TASK_ROUNDS / 2],
                ratios[0],
                ratios[TASK_ROUNDS - 1]
            );
        };
        rate(0);
        rate(1);
        ratio("nobody carries them out");
        for serving in served {
            drop(serving.stop().expect("the server stops"));
        }
    }

    /// What a shadow that follows costs the commands of a served book.
    fn shadow(&self) {
        let versions = [("bank/1993-01-01", "bank@1993-01-01")];
        let (_, mut book) = self.book("shadow", &versions);
        for account in 0..1_000 {
            let request = Request {
                command_type: "bank.OpenAccount".into(),
                data: format!(r#"{{"account":{account}}}"#),
                ..Request::default()
            };
            book.run(request).expect("an account");
        }
        book.load(self.component("bank/1994-01-01"))
            .expect("the second version is loaded");
        let listen = "127.0.0.1:0".parse().expect("an address");
        let serving = daybook::serve::serve(book, daybook::serve::ServeOptions::new(listen))
            .expect("the book is served");
        let address = serving.address();
        let rate = || load::closed_bank(address, 64, 10_000).rate;
        rate();
        let alone = rate();
        let begun = std::sync::mpsc::channel();
        let work = |book: &mut Book| {
            let version = "bank@1994-01-01".parse().expect("a version");
            book.begin_shadow(&version, Policy::Pinned, "")
        };
        let done = Box::new(move |name: Result<String>| drop(begun.0.send(name)));
        serving
            .hosted()
            .writer()
            .alone(work, done)
            .expect("there is room");
        begun.1.recv().expect("an answer").expect("a shadow");
        std::thread::sleep(std::time::Duration::from_secs(3));
        let beside = rate();
        let lag = std::sync::mpsc::channel();
        let work = |book: &mut Book| book.tracks();
        let done = Box::new(move |tracks| drop(lag.0.send(tracks)));
        serving
            .hosted()
            .writer()
            .alone(work, done)
            .expect("there is room");
        let tracks = lag.1.recv().expect("an answer").expect("tracks");
        println!(
            "shadow: 64 connections: {alone:.0} commands/s alone, {beside:.0} beside a shadow under bank@1994-01-01: {:.2}; it is {} events behind then",
            beside / alone,
            tracks[0].lag()
        );
        drop(serving.stop().expect("the server stops"));
    }

    /// Reads of single rows: by themselves, beside writes to the same book that come at a rate of their own, and beside as
    /// many to another book. Clients, reads and writes share the processors, so that reads which ask for more than is left
    /// of those get less either way; what they lose to the book's writer is what they get less than beside the other book.
    fn reads(&self, address: std::net::SocketAddr, connections: usize, writes: f64) {
        let other = self.served("other", ("deposit/2020-01-01", "deposit@2020-01-01"));
        load::closed(other.address(), connections, 20_000);
        let beside = |written, reads: &dyn Fn() -> load::Load| {
            std::thread::scope(|scope| {
                let writing = scope.spawn(move || load::open(written, connections, writes, 4.0));
                let found = reads();
                writing.join().expect("the writers end");
                found
            })
        };
        let most = load::reads(address, 8, 3.0).rate;
        for share in [0.25, 0.5, f64::INFINITY] {
            let reads = || match share.is_finite() {
                true => load::paced_reads(address, 8, most * share, 3.0),
                false => load::reads(address, 8, 3.0),
            };
            let what = match share.is_finite() {
                true => format!("that come at {share} of that"),
                false => "as many as there can be".to_owned(),
            };
            let alone = reads();
            let mut rounds: Vec<_> = (0..READ_ROUNDS)
                .map(|_| [address, other.address()].map(|written| beside(written, &reads)))
                .collect();
            rounds.sort_by(|a, b| (a[0].rate / a[1].rate).total_cmp(&(b[0].rate / b[1].rate)));
            let [same, another] = &rounds[READ_ROUNDS / 2];
            println!(
                "serve: reads of a row, {most:.0}/s alone on 8 connections; {what}: {:.0}/s alone, p99 {:.2} ms; beside that half load {:.0}/s, {:.2} of it, p99 {:.2} ms; beside as many writes to another book {:.0}/s, so to the writer {:.2} is left ({:.2} to {:.2})",
                alone.rate,
                alone.p99 * 1e3,
                same.rate,
                same.rate / alone.rate,
                same.p99 * 1e3,
                another.rate,
                same.rate / another.rate,
                rounds[0][0].rate / rounds[0][1].rate,
                rounds[READ_ROUNDS - 1][0].rate / rounds[READ_ROUNDS - 1][1].rate,
            );
        }
        drop(other.stop().expect("the server stops"));
    }

    /// A million generated postings, and the memory that they and two million take.
    fn million(&self) {
        self.bank("million", workload::postings(1_000_000));
        for count in [1_000_000u64, 2_000_000] {
            let versions = [
                ("bank/1993-01-01", "bank@1993-01-01"),
                ("bank/1994-01-01", "bank@1994-01-01"),
            ];
            let name = format!("memory-{count}");
            let (path, mut book) = self.book(&name, &versions);
            for batch in workload::postings(count).batches(10_000) {
                book.append(batch).expect("events are appended");
            }
            drop(book);
            for job in ["replay", "diff"] {
                println!(
                    "memory: {job} of {count} events: peak {} MB",
                    self.peak_megabytes(job, &path)
                );
            }
            std::fs::remove_dir_all(&path).expect("the book is removed");
        }
    }

    fn peak_megabytes(&self, job: &str, path: &Path) -> u64 {
        let program = std::env::current_exe().expect("this program");
        let output = std::process::Command::new(program)
            .arg(format!("child-{job}"))
            .arg(path)
            .output()
            .expect("a child process");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .expect("a number of megabytes")
    }
}

/// One job in a process of its own; prints its peak resident memory in megabytes.
fn child(job: &str, path: &Path, more: &[String]) {
    if let ("parts", [version]) = (job, more) {
        return parts::replay(path, version);
    }
    let runtime = Arc::new(Runtime::new().expect("the engine starts"));
    let mut book = Book::open(runtime, path, &mut silent()).expect("the book opens");
    match job {
        "replay" => replay(&mut book, "bank@1993-01-01"),
        _ => diff(&mut book, "bank@1993-01-01", "bank@1994-01-01"),
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("this process's status");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("a peak");
    let kilobytes: u64 = peak
        .trim()
        .trim_end_matches("kB")
        .trim()
        .parse()
        .expect("a number");
    println!("{}", kilobytes / 1024);
}

fn replay(book: &mut Book, version: &str) {
    let picked = Picked::Pinned(vec![version.parse().expect("a version")]);
    book.replay(&picked, None, "bench", &mut silent())
        .expect("the log replays");
}

fn diff(book: &mut Book, base: &str, candidate: &str) {
    let picked = |text: &str| Picked::Pinned(vec![text.parse().expect("a version")]);
    let request = DiffRequest {
        base: picked(base),
        candidate: picked(candidate),
        from: None,
        to: None,
    };
    let mut expectations = Expectations::none();
    book.study()
        .diff(&request, &mut expectations, &mut Unheard, &mut silent())
        .expect("the diff runs");
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let value = work();
    (start.elapsed().as_secs_f64(), value)
}

fn median(mut run: impl FnMut() -> f64) -> f64 {
    let mut seconds: Vec<f64> = (0..RUNS).map(|_| run()).collect();
    seconds.sort_by(f64::total_cmp);
    seconds[RUNS / 2]
}

fn report(name: &str, what: &str, count: usize, seconds: f64, floor: f64) {
    println!(
        "{name}: {what}: {:.0} events/s, {:.2} µs an event, {:.2} × the floor",
        count as f64 / seconds,
        seconds * 1e6 / count as f64,
        seconds / floor
    );
}

fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .unwrap_or("unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "machine: {} · {cores} cores",
        model.trim_start_matches([' ', '\t', ':'])
    )
}
