//! `daybook follow`

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Exit;
use super::common;
use super::input::cannot_read;
use super::output::{Output, thousands};
use crate::book::{Copied, Reader, is_passing, take_copy};
use crate::client::{Address, Client};
use crate::model::{Error, Result, Span};
use crate::verbs::Reads;

/// Keep a copy of a book, to verify and compare there
///
/// The copy has the same log: every event with its payload, effects and tasks, commands, versions with their components, and
/// repairs. Each step is checked against the book's seals, and each new event is run here and its effects compared with
/// those that were recorded. So `daybook head` says the same of both, and `verify`, `diff`, `shadow` and `query` on DIR cost
/// the book nothing. The copy takes nothing of its own: a version that is to be shadowed is loaded into the book.
///
/// It goes on until it is stopped, and then goes on from where it was. The directory is open only while something new is
/// taken. Another book's log is refused, as is one that has another history.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook follow http://127.0.0.1:7373 staging
  DAYBOOK_TOKEN=dbk_… daybook follow https://books.example.com staging --once
  daybook follow backup/mybook staging --once
  daybook verify staging; daybook shadow staging bank@1994-01-01")]
pub struct Args {
    /// Where the book is served, or a directory: a book, or a backup of one
    #[arg(value_name = "URL|BOOK")]
    source: String,
    /// The copy's directory; made where it is not there
    #[arg(value_name = "DIR")]
    copy: PathBuf,
    /// Take what there is now, and end
    #[arg(long)]
    once: bool,
    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "1s")]
    every: Span,
    /// What the server asks for, of an operator; better in the environment as DAYBOOK_TOKEN
    #[arg(long)]
    token: Option<String>,
    /// Trust these certificates (PEM) and no others
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
}

/// Time until a source that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(2);

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let source = source(args)?;
    let mut is_first = true;
    loop {
        let pause = match step(args, &*source, is_first) {
            Ok(copied) => {
                if is_first || copied.is_new {
                    tell(&copied, out)?;
                }
                is_first = false;
                args.every.0
            }
            Err(error) if !args.once && !is_first && is_passing(&error) => {
                out.say(format_args!("{error}; it is tried again"))?;
                AGAIN
            }
            Err(error) => return Err(error),
        };
        if args.once {
            return Ok(Exit::Fine);
        }
        std::thread::sleep(pause);
    }
}

fn source(args: &Args) -> Result<Box<dyn Reads>> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|it| args.source.starts_with(it));
    if !is_url {
        return Ok(Box::new(Reader::beside(Path::new(&args.source))?));
    }
    let token = args
        .token
        .clone()
        .or_else(|| std::env::var("DAYBOOK_TOKEN").ok());
    let roots = args.tls_ca.as_deref();
    let roots = roots.map(|path| std::fs::read(path).map_err(|error| cannot_read(path, error)));
    Ok(Box::new(Client::new(Address {
        url: args.source.clone(),
        token: token.filter(|token| !token.is_empty()),
        tls_roots: roots.transpose()?,
    })?))
}

/// Takes what is new, and runs it. Where nothing is new, the directory is let be.
fn step(args: &Args, source: &dyn Reads, is_first: bool) -> Result<Copied> {
    let name = match Path::new(&args.source).is_dir() {
        true => std::path::absolute(&args.source)
            .map_err(|error| Error::io("finding the book", error))?
            .display()
            .to_string(),
        false => args.source.clone(),
    };
    let copied = take_copy(&args.copy, &name, &mut |marks| source.copy_log(marks))?;
    if copied.is_new || is_first {
        drop(common::open(&args.copy)?);
    }
    Ok(copied)
}

fn tell(copied: &Copied, out: &mut Output) -> Result<()> {
    out.line(format_args!(
        "at event {}, commit {}: {}",
        thousands(copied.event.0),
        thousands(copied.commit.0),
        copied.digest
    ))
}
