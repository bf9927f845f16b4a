//! `daybook demo`: a bank, two versions of its logic, and what differs between them. Every step but the first is a
//! command line that is printed and then run.

mod history;
mod random;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Parser;

use super::output::{Output, thousands};
use super::{Cli, Exit, dispatch};
use crate::authoring;
use crate::model::clock::Stopwatch;
use crate::model::{Error, ErrorKind, Result};
use crate::store::BookDir;
use history::History;

/// See it all: a made-up bank, replayed under two versions and compared
///
/// Makes up years of a bank's history from a seed, builds both versions of the plugin `bank` (the second counts days
/// of interest otherwise), keeps the history in a book under the first, and asks what the second would have made of it. It
/// needs Daybook's own source, which it was built from, and nothing else. What it made stays there to be looked at.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook demo
  daybook demo --events 1000000 --dir big-bank
  daybook demo --seed 7")]
pub struct Args {
    /// Events of the history
    #[arg(long, value_name = "COUNT", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    events: u64,
    /// Where to make the book; absent: `demo` in the target folder of the source, replacing what an earlier demo left
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Another seed tells another history
    #[arg(long, value_name = "NUMBER", default_value_t = 1993)]
    seed: u64,
}

const FIRST: &str = "bank@1993-01-01";
const SECOND: &str = "bank@1994-01-01";

const EXPECTED: &str = r#"[[expect]]
reason = "from 1994 on interest is counted by months of 30 days in a year of 360"
table = "bank.account"
columns = ["interest_microcents"]
"#;

const INTEREST: &str = "SELECT count(*) AS accounts, sum(balance) / 100 AS money, \
sum(interest_microcents) / 100000000 AS interest_earned FROM bank_account";

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    out.without_advice();
    let sources = sources()?;
    let directory = directory(args.dir.as_deref(), &sources)?;
    let at = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let (book, events, expected, report) = (
        at("book"),
        at("events.jsonl"),
        at("expected.toml"),
        at("report.html"),
    );
    let mut demo = Demo { out, step: 0 };

    demo.title("A bank's history is made up, as CloudEvents, one a line.")?;
    let last_day = write_history(args, Path::new(&events))?;
    demo.note(&format!(
        "{} events from 1993-01-01 to {last_day}, from seed {}, in {events}",
        thousands(args.events),
        args.seed
    ))?;

    demo.title("A book is a directory: a log of events, and the state that plugins make of them.")?;
    demo.command(&["init", &book], Exit::Fine)?;

    demo.title(
        "Logic comes as plugins, WebAssembly components whose version is a date. The first one:",
    )?;
    let first = demo.build(&sources[0])?;
    demo.command(&["load", &book, &first], Exit::Fine)?;
    demo.command(&["activate", &book, FIRST], Exit::Fine)?;

    demo.title("The history is appended: each event is checked, materialized, and durable with all it causes.")?;
    demo.command(&["append", &book, &events], Exit::Fine)?;
    demo.command(&["query", &book, INTEREST], Exit::Fine)?;

    demo.title("A command may be refused. It sees every event before it; nothing changes, and the exit code is 4.")?;
    let withdrawal = r#"{"account": 1, "amount": 100000000000}"#;
    demo.command(&["run", &book, "bank.Withdraw", withdrawal], Exit::Rejected)?;

    demo.title(
        "A year later the bank counts interest otherwise. The new version holds only that change.",
    )?;
    let second = demo.build(&sources[1])?;
    demo.command(&["load", &book, &second], Exit::Fine)?;
    demo.command(&["versions", &book], Exit::Fine)?;

    demo.title("What if it had always been so? All of history is replayed, beside the live state, which stays.")?;
    demo.command(
        &["replay", &book, "--with", SECOND, "--as", "in1994"],
        Exit::Fine,
    )?;
    demo.command(
        &["query", &book, "--projection", "in1994", INTEREST],
        Exit::Fine,
    )?;

    demo.title("And what exactly differs? Both run side by side over the whole log, every difference with its cause.")?;
    let sides = ["--base", FIRST, "--candidate", SECOND];
    let diff: Vec<&str> = ["diff", &book].into_iter().chain(sides).collect();
    demo.command(&[&diff[..], &["--show", "5"]].concat(), Exit::Differs)?;

    demo.note("direct: this event's own logic says otherwise; inherited: only the state it met was another")?;

    demo.title("Nobody had said that this was wanted, so the exit code was 1. An expectation file says it, and why:")?;
    let failed = |error| Error::io(format!("writing {expected}"), error);
    std::fs::write(&expected, EXPECTED).map_err(failed)?;
    demo.text(EXPECTED)?;
    let judged = ["--expect", &expected, "--format", "html", "--out", &report];
    demo.command(&[&diff[..], &judged].concat(), Exit::Fine)?;
    demo.note("Now it is 0: whatever else a later version should change would fail a build.")?;

    demo.title("Last, proof: the log alone yields each event's effects and every row, again.")?;
    demo.command(&["verify", &book], Exit::Fine)?;

    demo.farewell(&book, clock.seconds())?;
    Ok(Exit::Fine)
}

/// Tells the story.
struct Demo<'a> {
    out: &'a mut Output,
    step: u32,
}

impl Demo<'_> {
    fn title(&mut self, text: &str) -> Result<()> {
        self.step += 1;
        self.out.line(format_args!("\n{:>2}  {text}\n", self.step))
    }

    fn note(&mut self, text: &str) -> Result<()> {
        self.out.line(format_args!("    {text}"))
    }

    fn text(&mut self, text: &str) -> Result<()> {
        text.lines().try_for_each(|line| self.note(line))?;
        self.out.line("")
    }

    /// Shows a command line and runs it.
    fn command(&mut self, words: &[&str], expected: Exit) -> Result<()> {
        let quoted: Vec<_> = words.iter().map(|word| quoted(word)).collect();
        self.out
            .line(format_args!("$ daybook {}", quoted.join(" ")))?;
        self.out.show()?;
        let cli = Cli::try_parse_from(std::iter::once("daybook").chain(words.iter().copied()))
            .map_err(|error| Error::internal(format!("the demo's own command line: {error}")))?;
        let exit = dispatch(cli.verb, self.out)?;
        if exit != expected {
            return Err(Error::internal(format!(
                "the demo's step ended with exit code {}, not {}",
                exit.code(),
                expected.code()
            )));
        }
        self.out.show()
    }

    /// Builds a plugin and gives its file.
    fn build(&mut self, source: &Path) -> Result<String> {
        self.out
            .line(format_args!("$ daybook plugin build {}", source.display()))?;
        self.out.show()?;
        let built = authoring::build(source)?;
        let file = near(&built.file).to_string_lossy().into_owned();
        self.out.line(&file)?;
        Ok(file)
    }

    fn farewell(&mut self, book: &str, seconds: f64) -> Result<()> {
        self.out.line(format_args!(
            "\nThat took {seconds:.0} s. The book is still there; try next:\n"
        ))?;
        let richest =
            "SELECT id, balance / 100 AS money FROM bank_account ORDER BY balance DESC LIMIT 5";
        let book = quoted(book);
        for line in [
            format!("daybook query {book} '{richest}'"),
            format!("daybook show {book} 100"),
            format!(
                "daybook run {book} bank.AccrueInterest '{{\"date\": \"1999-12-31\"}}' --preview"
            ),
            format!("daybook activate {book} {SECOND}"),
            "daybook plugin new visits".to_owned(),
            "daybook --help".to_owned(),
        ] {
            self.note(&line)?;
        }
        match std::env::current_exe() {
            Ok(path) => self
                .out
                .line(format_args!("\nwhere daybook is {}", path.display())),
            Err(_) => Ok(()),
        }
    }
}

/// Both versions' crates.
fn sources() -> Result<[PathBuf; 2]> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/bank");
    let plugins = plugins.canonicalize().map_err(|_| {
        Error::new(
            ErrorKind::Usage,
            format!(
                "the source of the plugin bank is not in {}",
                plugins.display()
            ),
        )
        .hint(
            "the demo builds it: run it in a checkout of Daybook, with cargo run --release -- demo",
        )
    })?;
    Ok(["1993-01-01", "1994-01-01"].map(|date| near(&plugins.join(date))))
}

/// An empty directory for the demo's files.
fn directory(wanted: Option<&Path>, sources: &[PathBuf]) -> Result<PathBuf> {
    let directory = match wanted {
        Some(directory) => {
            if std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
                return Err(
                    Error::usage(format!("{} is not empty", directory.display()))
                        .hint("name a directory that does not exist yet"),
                );
            }
            directory.to_owned()
        }
        None => {
            let directory = near(&authoring::target_folder(&sources[0])?.join("demo"));
            clear(&directory)?;
            directory
        }
    };
    std::fs::create_dir_all(&directory)
        .map_err(|error| Error::io(format!("creating {}", directory.display()), error))?;
    Ok(directory)
}

/// Removes what an earlier demo left, unless somebody is using it.
fn clear(directory: &Path) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    let _lock = match BookDir::open(&directory.join("book")) {
        Ok(book) => Some(book.lock()?),
        // An interrupted demo may have left no book.
        Err(_) => None,
    };
    std::fs::remove_dir_all(directory)
        .map_err(|error| Error::io(format!("removing {}", directory.display()), error))
}

/// Writes the history and gives its last day.
fn write_history(args: &Args, path: &Path) -> Result<String> {
    let failed = |error| Error::io(format!("writing {}", path.display()), error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let mut history = History::new(args.seed, args.events);
    for _ in 0..args.events {
        let event = history
            .next()
            .ok_or_else(|| Error::internal("the calendar ended before the history"))?;
        writeln!(file, "{event}").map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok(history.day().to_string())
}

/// The path from where the user stands, when it is below.
fn near(path: &Path) -> PathBuf {
    let below = std::env::current_dir()
        .ok()
        .and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below
        .filter(|below| !below.as_os_str().is_empty())
        .unwrap_or_else(|| path.to_owned())
}

/// A word as a shell wants it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
