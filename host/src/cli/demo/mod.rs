//! `daybook demo`: a story with two versions of a plugin's logic, and what differs between them. Every step but the first is
//! a command line that is printed and then run.

mod bank;
mod history;
mod prescription;
mod random;

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

use super::output::{Output, thousands};
use super::{Cli, Exit, dispatch};
use crate::authoring;
use crate::model::clock::Stopwatch;
use crate::model::{Error, ErrorKind, Result};
use crate::store::BookDir;

/// See it all: a made-up history, replayed under two versions and compared
///
/// `bank` makes up years of a bank's history from a seed, keeps it in a book under the first version of the plugin, and
/// asks what the second, which counts days of interest otherwise, would have made of it. `prescription` is a ward where one
/// event causes work for others: a preview shows it before anybody's telephone rings, and a second version's difference
/// alone is performed. The demo builds the plugins: it needs Daybook's own source, which it was built from, and nothing
/// else. What it made stays there to be looked at.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook demo
  daybook demo prescription
  daybook demo --events 1000000 --dir big-bank
  daybook demo --seed 7")]
pub struct Args {
    /// Whose story
    #[arg(value_enum, value_name = "STORY", default_value_t = Story::Bank)]
    story: Story,
    /// Events of the bank's history; absent: 50000
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    events: Option<u64>,
    /// Where to make the book; absent: `demo` in the target folder of the source, replacing what an earlier demo left
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Another seed tells another history of the bank; absent: 1993
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Story {
    /// Two ways of counting days of interest
    Bank,
    /// What follows from a prescription, before and after a rule was added
    Prescription,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let clock = Stopwatch::start();
    out.without_advice();
    let (plugin, dates) = match args.story {
        Story::Bank => ("bank", bank::DATES),
        Story::Prescription => ("prescription", prescription::DATES),
    };
    let sources = sources(plugin, dates)?;
    let directory = directory(args.dir.as_deref(), &sources)?;
    let mut demo = Demo {
        out,
        step: 0,
        directory,
        sources,
    };
    let next = match args.story {
        Story::Bank => {
            let told = bank::Told {
                events: args.events.unwrap_or(50_000),
                seed: args.seed.unwrap_or(1993),
            };
            bank::tell(&told, &mut demo)?
        }
        Story::Prescription if args.events.is_some() || args.seed.is_some() => {
            return Err(Error::usage(
                "the story of the prescription takes neither --events nor --seed: each of its events is written down",
            )
            .hint("leave them out, or see the bank: daybook demo bank"));
        }
        Story::Prescription => prescription::tell(&mut demo)?,
    };
    demo.farewell(&next, clock.seconds())?;
    Ok(Exit::Fine)
}

/// Tells the story.
struct Demo<'a> {
    out: &'a mut Output,
    step: u32,
    directory: PathBuf,
    /// The crates of both versions.
    sources: [PathBuf; 2],
}

impl Demo<'_> {
    /// A file or folder of the demo's own.
    fn at(&self, name: &str) -> String {
        self.directory.join(name).to_string_lossy().into_owned()
    }

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

    /// Builds the first or the second version, loads it, and says what it was loaded from.
    fn load(&mut self, book: &str, which: usize) -> Result<()> {
        let source = self.sources[which].clone();
        self.out
            .line(format_args!("$ daybook plugin build {}", source.display()))?;
        self.out.show()?;
        let built = authoring::build(&source)?;
        let file = near(&built.file).to_string_lossy().into_owned();
        self.out.line(&file)?;
        self.command(&["load", book, &file], Exit::Fine)
    }

    /// Writes a file of the demo, and shows what is in it.
    fn write(&mut self, file: &str, text: &str) -> Result<()> {
        std::fs::write(file, text).map_err(|error| Error::io(format!("writing {file}"), error))?;
        self.text(text)
    }

    fn farewell(&mut self, next: &[String], seconds: f64) -> Result<()> {
        self.out.line(format_args!(
            "\nThat took {seconds:.0} s. The book is still there; try next:\n"
        ))?;
        for line in next {
            self.note(line)?;
        }
        self.note("daybook --help")?;
        match std::env::current_exe() {
            Ok(path) => self
                .out
                .line(format_args!("\nwhere daybook is {}", path.display())),
            Err(_) => Ok(()),
        }
    }
}

/// Both versions' crates.
fn sources(plugin: &str, dates: [&str; 2]) -> Result<[PathBuf; 2]> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../plugins")
        .join(plugin);
    let plugins = plugins.canonicalize().map_err(|_| {
        Error::new(
            ErrorKind::Usage,
            format!(
                "the source of the plugin {plugin} is not in {}",
                plugins.display()
            ),
        )
        .hint(
            "the demo builds it: run it in a checkout of Daybook, with cargo run --release -- demo",
        )
    })?;
    Ok(dates.map(|date| near(&plugins.join(date))))
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
