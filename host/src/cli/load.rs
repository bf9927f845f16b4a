//! `daybook load`

use std::path::PathBuf;

use super::common::FormatArg;
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::{Exit, input};
use crate::model::Result;

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
  daybook load mybook \"$(daybook plugin build plugins/bank/1994-01-01)\"
  daybook load --url http://127.0.0.1:7373 bank-1994-01-01.wasm")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// A component, or a core module with the contract's type in it
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let bytes = input::component(&args.file)?;
    let loaded = args.target.open(out)?.load(&bytes);
    let loaded = loaded.map_err(|error| error.context(args.file.display()))?;
    if args.format.is_json() {
        out.json(&loaded)?;
        return Ok(Exit::Fine);
    }
    let already = if loaded.already {
        " (it was loaded already)"
    } else {
        ""
    };
    let version = format!("{}@{}", loaded.plugin, loaded.version);
    out.line(format_args!("{version}  sha256 {}{already}", loaded.digest))?;
    for change in &loaded.changes {
        out.line(format_args!("  - {}", clean(change)))?;
    }
    if let Some(known) = &loaded.certification {
        let instances = loaded.instances.as_deref().unwrap_or_default();
        out.line(format_args!(
            "  instances {instances}: {}",
            clean(&known.reason)
        ))?;
    }
    if let Some(costly) = &loaded.costly {
        out.say(clean(costly))?;
    }
    if !loaded.already {
        out.advise(format_args!("daybook activate {} {version}", args.target))?;
    }
    Ok(Exit::Fine)
}
