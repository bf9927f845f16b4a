//! `daybook load`

use std::path::PathBuf;

use serde_json::json;

use super::common::{BookArg, FormatArg};
use super::output::Output;
use super::table::clean;
use super::{Exit, input};
use crate::model::Result;
use crate::service::{certification_json, isolation_of};

/// Register a plugin version with a book
///
/// The component is inspected, compiled, checked against the version it extends, and certified: run over a sample of
/// the log's events on a state of its own, while what must not matter is perturbed. One whose effects depend on a clock,
/// on random bytes, or on an order of rows that it did not ask for is refused. Nothing that is recorded changes: the
/// version takes effect when it is activated. The book keeps the component itself, so the file is not needed afterwards. The
/// same file can be loaded again and nothing changes; other code under the date of a version that was used is refused.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook load mybook bank-1994-01-01.wasm
  daybook load mybook \"$(daybook plugin build plugins/bank/1994-01-01)\"")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// A component, or a core module with the contract's type in it
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let bytes = input::component(&args.file)?;
    let loaded = args
        .book
        .open()?
        .load(&bytes)
        .map_err(|error| error.context(args.file.display()))?;
    if args.format.is_json() {
        out.json(&json!({
            "plugin": loaded.version.plugin.as_str(),
            "version": loaded.version.date.to_string(),
            "digest": loaded.digest.to_string(),
            "already": loaded.already,
            "certification": loaded.certification.as_ref().map(certification_json),
        }))?;
        return Ok(Exit::Fine);
    }
    let already = if loaded.already {
        " (it was loaded already)"
    } else {
        ""
    };
    out.line(format_args!(
        "{}  sha256 {}{already}",
        loaded.version, loaded.digest
    ))?;
    for change in &loaded.manifest.changes {
        out.line(format_args!("  - {}", clean(change)))?;
    }
    if let Some(known) = &loaded.certification {
        let isolation = isolation_of(&loaded.manifest, known.isolations);
        out.line(format_args!(
            "  isolation {isolation}: {}",
            clean(&known.reason)
        ))?;
    }
    if !loaded.already {
        let book = args.book.path.display();
        out.advise(format_args!("daybook activate {book} {}", loaded.version))?;
    }
    Ok(Exit::Fine)
}
