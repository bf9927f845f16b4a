//! What partitions give on two cores, and what a long history of one subject costs.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use daybook::book::{Book, Reader, Request};
use daybook::history::silent;
use daybook::model::Seq;
use daybook::runtime::Runtime;
use daybook::store::EventFilter;
use daybook::study::Picked;

use super::{Bench, RUNS, workload};

/// Events on one subject.
const EVENTS: u64 = 1_000_000;

/// Appends of one event whose times are compared, for each subject.
const APPENDS: u64 = 2_000;

/// Events behind the snapshot that an as-of begins at.
const BEHIND: u64 = 200;

impl Bench {
    /// The bank's log replayed on one core and on two, each by a process that may use no others.
    pub fn parts(&self) {
        let Some(events) = workload::berka() else {
            println!("parts: the data is absent ($DAYBOOK_DATA, ../shared/data); not measured");
            return;
        };
        for (name, events) in [("berka", events), ("million", workload::postings(EVENTS))] {
            let versions = [
                ("bank/1993-01-01", "bank@1993-01-01"),
                ("bank/1994-01-01", "bank@1994-01-01"),
            ];
            let (path, mut book) = self.book(&format!("parts-{name}"), &versions);
            for batch in events.batches(10_000) {
                book.append(batch).expect("events are appended");
            }
            drop(book);
            for version in ["bank@1993-01-01", "bank@1994-01-01"] {
                let (one, made_by_one) = self.replay_on("0", &path, version);
                let (two, made_by_two) = self.replay_on("0,1", &path, version);
                assert_eq!(made_by_one, made_by_two, "hash and rows");
                println!(
                    "parts: {name} under {version}: {one:.2} s on one core, {two:.2} s on two, {:.2} of it; equal hashes",
                    two / one
                );
            }
        }
    }

    /// Seconds of a replay on these cores, the median of some, and what it made.
    fn replay_on(&self, cores: &str, path: &Path, version: &str) -> (f64, String) {
        let program = std::env::current_exe().expect("this program");
        let output = std::process::Command::new("taskset")
            .args(["-c", cores])
            .arg(program)
            .arg("child-parts")
            .arg(path)
            .arg(version)
            .output()
            .expect("taskset of util-linux");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let told = String::from_utf8_lossy(&output.stdout);
        let (seconds, made) = told.trim().split_once(' ').expect("seconds and digests");
        (seconds.parse().expect("seconds"), made.to_owned())
    }

    /// A subject with a million events, beside one that has none.
    pub fn subject(&self) {
        let (path, mut book) =
            self.book("subject", &[("deposit/2020-01-01", "deposit@2020-01-01")]);
        for batch in workload::deposits_about("account/1", EVENTS).batches(10_000) {
            book.append(batch).expect("events are appended");
        }
        book.snapshot().expect("a snapshot");
        // In turns: the machine is not the same from one second to the next.
        let mut seconds = [0.0; 2];
        for turn in 0..APPENDS {
            for (at, subject) in ["account/1", "account/2"].into_iter().enumerate() {
                let subject = match at {
                    0 => subject.to_owned(),
                    _ => format!("{subject}-{turn}"),
                };
                let mut event = workload::deposits_about(&subject, 1).batches(1);
                let event = event.next().expect("an event");
                let start = Instant::now();
                book.append(event).expect("an event is appended");
                seconds[at] += start.elapsed().as_secs_f64();
            }
        }
        println!(
            "subject: an event appended to a subject with {EVENTS} events takes {:.2} of the time on one with none",
            seconds[0] / seconds[1]
        );
        let milliseconds = |start: Instant| start.elapsed().as_secs_f64() * 1e3;
        for descending in [false, true] {
            let filter = EventFilter {
                subject: Some("account/1".to_owned()),
                descending,
                ..EventFilter::default()
            };
            let start = Instant::now();
            let (page, more) = book.log().list(&filter, 100).expect("a page");
            assert!(page.len() == 100 && more);
            println!(
                "subject: its first page (descending: {descending}) in {:.1} ms",
                milliseconds(start)
            );
        }
        let head = book.head();
        drop(book);
        let runtime = Arc::new(Runtime::new().expect("the engine starts"));
        let reader = Reader::open(&path, &mut silent()).expect("the book is read");
        let snapshot = Seq(head.0 - 2 * APPENDS);
        for at in [snapshot, Seq(snapshot.0 + BEHIND)] {
            let start = Instant::now();
            let past = reader.as_of(runtime.clone(), at, &mut silent());
            past.expect("a past state");
            println!(
                "subject: the state as of event {at} in {:.1} ms",
                milliseconds(start)
            );
        }
        let mut book = Book::open(runtime, &path, &mut silent()).expect("the book opens");
        let start = Instant::now();
        let request = Request {
            command_type: "deposit.Deposit".into(),
            data: r#"{"account":1,"amount":1}"#.into(),
            subject: Some("account/1".into()),
            ..Request::default()
        };
        book.run(request).expect("a deposit");
        println!(
            "subject: a command about it in {:.1} ms",
            milliseconds(start)
        );
    }
}

/// In a process of its own: how long a replay takes, and what it makes.
pub fn replay(path: &Path, version: &str) {
    let runtime = Arc::new(Runtime::new().expect("the engine starts"));
    let mut book = Book::open(runtime, path, &mut silent()).expect("the book opens");
    let picked = Picked::Pinned(vec![version.parse().expect("a version")]);
    let mut runs: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let done = book.replay(&picked, None, "bench", &mut silent());
            let done = done.expect("the log replays");
            (start.elapsed().as_secs_f64(), done)
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (seconds, done) = &runs[RUNS / 2];
    println!("{seconds} {} {}", done.head.running, done.rows);
}
