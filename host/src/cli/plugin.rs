//! `daybook plugin`: what authors need.

use std::path::PathBuf;

use clap::Subcommand;

use super::output::Output;
use super::{Exit, inspect};
use crate::authoring::{self, Skeleton};
use crate::model::{PluginName, Result, VersionDate, clock};

/// Write, build and inspect plugins
#[derive(clap::Args)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    New(NewArgs),
    Build(BuildArgs),
    Inspect(inspect::Args),
}

/// Write the skeleton of a new plugin
///
/// A crate with one event, one command, one table, and tests that pass, to be changed into what the plugin is about.
/// Its version is today's date unless another is given.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin new visits
  daybook plugin new visits --dir plugins/visits/2024-01-01 --date 2024-01-01")]
struct NewArgs {
    /// The plugin's name: lower-case letters and digits
    #[arg(value_name = "NAME")]
    name: PluginName,
    /// Where to write it; absent: a new folder of the plugin's name
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// The version's date; absent: today
    #[arg(long, value_name = "DATE")]
    date: Option<VersionDate>,
    /// The folder of the crate daybook-sdk; absent: the one this daybook was built with
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// Build a plugin into a component
///
/// Runs cargo for the plugin's crate, in a target folder of its own, and turns the outcome into a component. It is loaded
/// once, as `daybook load` would, so that a plugin that no book would take fails here. The WebAssembly target is added
/// to the toolchain where it is missing. The file's name is the only thing on standard output.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin build .
  daybook plugin build plugins/bank/1994-01-01 --out bank-1994-01-01.wasm
  daybook load mybook \"$(daybook plugin build .)\"")]
struct BuildArgs {
    /// The crate's folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Where to write it; absent: PLUGIN-DATE.wasm in the folder `plugins` of the crate's target folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    match &args.verb {
        Verb::New(args) => new(args, out),
        Verb::Build(args) => build(args, out),
        Verb::Inspect(args) => inspect::run(args, out),
    }
}

fn new(args: &NewArgs, out: &mut Output) -> Result<Exit> {
    let skeleton = Skeleton {
        name: args.name.clone(),
        date: args.date.unwrap_or_else(clock::today),
        directory: args
            .dir
            .clone()
            .unwrap_or_else(|| PathBuf::from(args.name.as_str())),
        sdk: args.sdk.clone(),
    };
    for file in skeleton.write()? {
        out.line(file.display())?;
    }
    let directory = skeleton.directory.display();
    out.advise(format_args!(
        "(cd {directory} && cargo test); daybook plugin build {directory}"
    ))?;
    Ok(Exit::Fine)
}

fn build(args: &BuildArgs, out: &mut Output) -> Result<Exit> {
    let built = authoring::build(&args.path)?;
    let file = match &args.out {
        Some(file) => {
            authoring::write_whole(file, &built.bytes)?;
            file.clone()
        }
        None => built.file,
    };
    out.line(file.display())?;
    out.say(format_args!(
        "{}, {} bytes, sha256 {}",
        built.version,
        built.bytes.len(),
        built.digest
    ))?;
    Ok(Exit::Fine)
}
