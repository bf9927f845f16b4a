//! `daybook plugin`: what authors need.

use std::path::PathBuf;

use clap::Subcommand;

use super::output::Output;
use super::{Exit, inspect, plugin_dev};
use crate::authoring::{self, Language, Skeleton};
use crate::model::{PluginName, Result, VersionDate, clock};

/// Write, test, build and inspect plugins
#[derive(clap::Args)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    New(NewArgs),
    Test(TestArgs),
    Build(BuildArgs),
    Dev(plugin_dev::Args),
    Inspect(inspect::Args),
}

/// Write the skeleton of a new plugin
///
/// One event, one command, one table, and tests that pass, to be changed into what the plugin is about. Its version is
/// today's date unless another is given. The SDK is part of this program and is unpacked beside the source, in the folder
/// `daybook-sdk`: so the plugin's folder needs nothing else, can be moved, and is built again exactly so years later.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin new visits
  daybook plugin new visits --lang ts
  daybook plugin new visits --dir plugins/visits/2024-01-01 --date 2024-01-01")]
struct NewArgs {
    /// The plugin's name: lower-case letters and digits
    #[arg(value_name = "NAME")]
    name: PluginName,
    /// The language: rust, ts or python
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: Language,
    /// Where to write it; absent: a new folder of the plugin's name
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// The version's date; absent: today
    #[arg(long, value_name = "DATE")]
    date: Option<VersionDate>,
    /// The folder of an SDK that is there already, for several plugins to share; absent: this program's own is unpacked
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// Build a plugin into a component
///
/// The language shows by a file: Cargo.toml; package.json with the member `daybook`; pyproject.toml with [tool.daybook]. Rust
/// is compiled by cargo in a target folder of its own, and the WebAssembly target is added where it is missing. TypeScript is
/// built by daybook-js of `node_modules`, Python by daybook-py of `.venv` (or VIRTUAL_ENV, or uv). The component is loaded once,
/// as `daybook load` would, so that a plugin that no book would take fails here. A tool that is missing is named with the
/// command that installs it. The file's name is the only thing on standard output.
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
    /// The language: rust, ts or python
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: Language,
    /// Where to write it; absent: PLUGIN-DATE.wasm in the folder `plugins` of the crate's target folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Run a plugin's tests
///
/// By `cargo test`, `npm test` or `python -m pytest`, as the plugin's language has it: the handlers, without a server.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin test .
  daybook plugin test visits/2024-01-01

Exit code: that of the program that ran the tests.")]
struct TestArgs {
    /// The plugin's folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    match &args.verb {
        Verb::New(args) => new(args, out),
        Verb::Test(args) => test(args, out),
        Verb::Build(args) => build(args, out),
        Verb::Dev(args) => plugin_dev::run(args, out),
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
        language: args.lang,
        sdk: args.sdk.clone(),
    };
    for file in skeleton.write()? {
        out.line(file.display())?;
    }
    let directory = skeleton.directory.display();
    let install = match args.lang {
        Language::Rust => String::new(),
        Language::TypeScript => format!("(cd {directory} && npm install); "),
        Language::Python => format!(
            "(cd {directory} && python3 -m venv .venv && .venv/bin/pip install -r requirements.txt); "
        ),
    };
    out.advise(format_args!(
        "{install}daybook plugin test {directory}; daybook plugin build {directory}"
    ))?;
    Ok(Exit::Fine)
}

fn test(args: &TestArgs, out: &mut Output) -> Result<Exit> {
    out.show()?;
    let status = authoring::test(&args.path)?;
    Ok(match status.code().map(u8::try_from) {
        Some(Ok(0)) => Exit::Fine,
        Some(Ok(code)) => Exit::Tests(code),
        // A signal ended it.
        _ => Exit::Tests(1),
    })
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
