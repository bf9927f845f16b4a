//! A process to be killed: works on a book without pause, and prints what it was told is kept, as soon as it was told.
//!
//! ```text
//! crash-dummy append BOOK ROUND SEED    prints `ready`, then `kept GROUP SIZE` for each group of deposits
//! crash-dummy activate BOOK VERSION…    prints `ready`, then `active VERSION`, round and round
//! crash-dummy life BOOK VERSION          prints `ready`, then `shadow`, `snapshot`, `promoted`, `back`, round and round
//! crash-dummy load BOOK FILE            prints `ready`, then `done`
//! crash-dummy verify BOOK               prints `ready`, then `done`
//! crash-dummy patch BOOK VERSION        prints `ready`, then `done`
//! crash-dummy amend BOOK SEQ JSON        prints `ready`, then `done`; `revert` puts the first payload back
//! crash-dummy redact BOOK SEQ            prints `ready`, then `done`
//! crash-dummy serve BOOK                prints `ready`, then `at ADDRESS`, and serves the book
//! ```

use std::io::{Write, stdout};
use std::path::Path;

use daybook::book::Book;
use daybook::history;
use daybook::model::Error;
use daybook::serve::{ServeOptions, serve};
use daybook::versions::{Policy, PromoteRequest};
use daybook_tests::repair::{to_amend, to_redact, to_revert};
use daybook_tests::{Random, event_at, runtime, version};
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["append", book, round, seed] => append(book, round, seed.parse().expect("a seed")),
        ["activate", book, versions @ ..] => activate(book, versions),
        ["life", book, version] => life(book, version),
        ["load", book, file] => load(book, file),
        ["verify", book] => verify(book),
        ["patch", book, version] => patch(book, version),
        ["amend", book, seq, payload] => amend(book, seq.parse().expect("a position"), payload),
        ["redact", book, seq] => redact(book, seq.parse().expect("a position")),
        ["serve", book] => online(book),
        other => panic!("not understood: {other:?}"),
    };
    if let Err(error) = done {
        panic!("{error}");
    }
}

fn tell(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .expect("somebody listens");
}

fn open(book: &str) -> Result<Book, Error> {
    let book = Book::open(runtime(), Path::new(book), &mut history::silent())?;
    tell("ready");
    Ok(book)
}

fn append(book: &str, round: &str, seed: u64) -> Result<(), Error> {
    let mut book = open(book)?;
    let mut random = Random::new(seed);
    for group in 0.. {
        let size = 1 + random.below(5);
        let events = (0..size).map(|place| {
            let data = json!({"account": random.below(7), "amount": 1});
            event_at(
                "deposit.Deposited",
                &format!("{round}/{group}/{place}/{size}"),
                "2026-01-01T00:00:00Z",
                data,
            )
        });
        book.append(events.collect())?;
        tell(&format!("kept {group} {size}"));
    }
    Ok(())
}

fn online(book: &str) -> Result<(), Error> {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let serving = serve(open(book)?, ServeOptions::new(listen))?;
    tell(&format!("at {}", serving.address()));
    serving.wait().map(|_| ())
}

fn load(book: &str, file: &str) -> Result<(), Error> {
    let mut book = open(book)?;
    let component = std::fs::read(file).expect("a component");
    book.load(&component)?;
    rest()
}

fn verify(book: &str) -> Result<(), Error> {
    let mut book = open(book)?;
    let verified = book.verify(&mut history::silent())?;
    assert_eq!(verified.problem, None);
    rest()
}

fn patch(book: &str, text: &str) -> Result<(), Error> {
    let mut book = open(book)?;
    let request = PromoteRequest {
        force: Some("a trial".into()),
        actor: None,
    };
    let mut quiet = |_: &_| Ok(());
    book.promote_by_patch(
        &version(text),
        &request,
        true,
        &mut quiet,
        &mut history::silent(),
    )?;
    rest()
}

fn amend(book: &str, seq: u64, payload: &str) -> Result<(), Error> {
    let mut book = open(book)?;
    let request = match payload {
        "revert" => to_revert(seq),
        payload => to_amend(seq, &serde_json::from_str(payload).expect("JSON")),
    };
    book.amend(&request, &mut history::silent())?;
    rest()
}

fn redact(book: &str, seq: u64) -> Result<(), Error> {
    let mut book = open(book)?;
    book.redact(&to_redact(seq, None), &mut history::silent())?;
    rest()
}

/// Tells that the work is done, and waits to be killed.
fn rest() -> Result<(), Error> {
    tell("done");
    loop {
        std::thread::park();
    }
}

fn life(book: &str, text: &str) -> Result<(), Error> {
    let mut book = open(book)?;
    let version = version(text);
    let request = PromoteRequest {
        force: Some("a trial".into()),
        actor: None,
    };
    loop {
        if book.lineup().version(version.plugin.as_str()) == Some(version.date) {
            book.rollback(&request, &mut history::silent())?;
            tell("back");
        }
        book.shadow(&version, Policy::Pinned, "", &mut history::silent())?;
        tell("shadow");
        book.snapshot()?;
        tell("snapshot");
        book.promote(&version, &request, &mut history::silent())?;
        tell("promoted");
    }
}

fn activate(book: &str, versions: &[&str]) -> Result<(), Error> {
    let mut book = open(book)?;
    for text in versions.iter().cycle() {
        let version = version(text);
        if book.lineup().version(version.plugin.as_str()) != Some(version.date) {
            book.activate(&version, Policy::Pinned, &mut history::silent())?;
            tell(&format!("active {text}"));
        }
    }
    Ok(())
}
