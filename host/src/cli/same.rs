//! `daybook same`

use std::path::PathBuf;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::target::TargetArg;
use crate::model::Result;
use crate::wire::SameHistories;

/// Compare two whole histories by their hashes
///
/// Each book keeps a running hash over all row changes and one over all tasks that its events asked for. Equal hashes mean
/// the same effects at the same positions, however long the histories are; nothing is replayed. The chain hash of the log is
/// told beside them: each book has salts of its own, so that only copies of one book have the same.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook same mybook copy
  daybook same mybook http://127.0.0.1:7373 --format json

Exit code 1: changes or tasks are not the same.")]
pub struct Args {
    /// A book's directory, or the URL of a server
    #[arg(value_name = "BOOK|URL")]
    one: String,
    /// What it is compared with
    #[arg(value_name = "BOOK|URL")]
    other: String,
    /// What a server asks for; better in the environment as DAYBOOK_TOKEN
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Trust these certificates (PEM) and no others
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let hashes = |text: &str| {
        let target = TargetArg::of(text, args.token.clone(), args.tls_ca.clone());
        target.read()?.hashes()
    };
    let (one, other) = (hashes(&args.one)?, hashes(&args.other)?);
    let same = SameHistories::of(one, other);
    let exit = match same.same {
        true => Exit::Fine,
        false => Exit::Differs,
    };
    if args.format.is_json() {
        out.json(&same)?;
        return Ok(exit);
    }
    let SameHistories { one, other, .. } = &same;
    let words = match (same.changes, same.tasks) {
        (true, true) => "the same effects: changes and tasks",
        (true, false) => "the same changes, other tasks",
        (false, true) => "other changes, the same tasks",
        (false, false) => "other changes, other tasks",
    };
    out.line(words)?;
    let lines = [
        ("changes", &one.changes, &other.changes),
        ("tasks", &one.tasks, &other.tasks),
        ("log", &one.log, &other.log),
    ];
    for (name, one, other) in lines {
        match one == other {
            true => out.line(format_args!("  {name:7}  {one}"))?,
            false => out.line(format_args!("  {name:7}  {one}  {other}"))?,
        }
    }
    if one.event != other.event {
        out.line(format_args!("  event    {}  {}", one.event, other.event))?;
    }
    Ok(exit)
}
