//! `daybook init`

use std::path::PathBuf;

use super::output::Output;
use super::{Exit, common};
use crate::book::Book;
use crate::model::Result;

/// Make a new, empty book
///
/// A book is a directory: one log of events, the components of every plugin version that was ever loaded, and the state
/// that the active versions made of the events. It needs no server. Back it up by copying the directory while no
/// process writes it; the log alone (log.db) is enough to get everything else again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook init mybook")]
pub struct Args {
    /// The directory to make; it must be new or empty
    #[arg(value_name = "BOOK")]
    path: PathBuf,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    Book::init(common::runtime()?, &args.path)?;
    let path = args.path.display();
    out.say(format_args!("made the book {path}"))?;
    out.advise(format_args!("daybook load {path} FILE.wasm"))?;
    Ok(Exit::Fine)
}
