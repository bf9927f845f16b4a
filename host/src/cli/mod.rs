//! The command line: one file per verb, each with its `Args` and its `run`. Here they are listed and dispatched, and
//! what became of one turns into an exit code.

mod activate;
mod amend;
mod append;
mod bisect;
mod certify;
mod changelog;
mod commands;
mod common;
mod compiled;
mod demo;
mod diff;
mod doom;
mod effects;
mod events;
mod export;
mod follow;
mod foreseen;
mod gateway;
mod head;
mod init;
mod input;
mod inspect;
mod lines;
mod load;
mod log;
mod output;
mod plugin;
mod plugin_dev;
mod progress;
mod promote;
mod query;
mod reconcile;
mod redact;
mod replay;
mod retire;
mod run;
mod same;
mod schedule;
mod serve;
mod shadow;
mod show;
mod snapshot;
mod subject;
mod table;
mod target;
mod tasks;
mod token;
mod tracks;
mod undo;
mod values;
mod verify;
mod versions;
mod what_if;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::model::{ErrorKind, Result, clock};
use crate::runtime::{compile_by, compile_if_asked, keep_compiled};
use output::Output;

/// An event-processing host whose logic is dated, kept for ever, and replayable.
///
/// A book is a directory that holds a log of events and the state that plugins make of them. Each plugin's version is a
/// date, and every version that ever ran is kept: any stretch of history can be replayed as it happened, replayed under
/// other logic, or replayed under two versions side by side with their outcomes compared.
#[derive(Parser)]
#[command(name = "daybook", version, after_help = AFTER_HELP, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
Exit codes:
   0  done; nothing unexpected
   1  unexpected differences (diff, same), what was recorded does not hold (verify, export), or a preview that would be refused
   2  the call itself is wrong: unknown verb, option, file or name
   3  the input was refused: malformed, of an unknown type, against its schema; the line says where
   4  the plugin rejected the command
   5  the plugin failed, or an event of doom stopped a replay; nothing was kept
   6  the book cannot be opened: not there, in use, or of a newer format
   7  the operating system refused: disk full, no permission
   8  stored data contradicts itself
   9  what the caller saw is not so any more
  70  a fault of Daybook itself

Data goes to standard output, everything else to standard error.
DAYBOOK_LOG=debug shows what is going on inside.

Begin with:
  daybook demo";

#[derive(Subcommand)]
enum Verb {
    Init(init::Args),
    Plugin(plugin::Args),
    Load(load::Args),
    Certify(certify::Args),
    Versions(versions::Args),
    Changelog(changelog::Args),
    Activate(activate::Args),
    Shadow(shadow::Args),
    Promote(promote::Args),
    Rollback(promote::RollbackArgs),
    Retire(retire::Args),
    Snapshot(snapshot::Args),
    Append(append::Args),
    Run(run::Args),
    Commands(commands::Args),
    Events(events::Args),
    Export(export::Args),
    Show(show::Args),
    Subject(subject::Args),
    Query(query::Args),
    Tasks(tasks::Args),
    Gateway(gateway::Args),
    Schedule(schedule::Args),
    Log(log::Args),
    Replay(replay::Args),
    Diff(diff::Args),
    Bisect(bisect::Args),
    Doom(doom::Args),
    Verify(verify::Args),
    Head(head::Args),
    Same(same::Args),
    Reconcile(reconcile::Args),
    Amend(amend::Args),
    Redact(redact::Args),
    Undo(undo::Args),
    Serve(serve::Args),
    Follow(follow::Args),
    Token(token::Args),
    Demo(demo::Args),
}

/// What a verb came to when it could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    Fine,
    /// Unexpected differences, or a verification that failed.
    Differs,
    /// The plugin said no.
    Rejected,
    /// The program that ran a plugin's tests ended with this code.
    Tests(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::Differs => 1,
            Exit::Rejected => ErrorKind::Rejected.exit_code(),
            Exit::Tests(code) => code,
        }
    }
}

/// Runs the process's arguments.
pub fn main() -> ExitCode {
    if let Some(compiled) = compile_if_asked(io::stdin(), io::stdout()) {
        return compiled;
    }
    if let Some(program) = own_program() {
        compile_by(program);
    }
    let cli = Cli::parse();
    start_log();
    // A server compiles what strangers send, and keeps it with their books.
    if !matches!(cli.verb, Verb::Serve(_)) {
        keep_compiled(compiled::cache);
    }
    let done = std::panic::catch_unwind(|| {
        let mut out = Output::standard();
        let result = clock::check()
            .and_then(|()| dispatch(cli.verb, &mut out))
            .and_then(|exit| out.show().map(|()| exit));
        match result {
            Ok(exit) => exit.code(),
            Err(_) if out.is_closed() => 0,
            Err(error) => {
                out.error(&error);
                error.kind.exit_code()
            }
        }
    });
    // The panic's own message has been printed.
    ExitCode::from(done.unwrap_or(ErrorKind::Internal.exit_code()))
}

/// This program, also once its file was replaced by another version.
fn own_program() -> Option<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    match running.exists() {
        true => Some(running),
        false => std::env::current_exe().ok(),
    }
}

fn dispatch(verb: Verb, out: &mut Output) -> Result<Exit> {
    match verb {
        Verb::Init(args) => init::run(&args, out),
        Verb::Plugin(args) => plugin::run(&args, out),
        Verb::Load(args) => load::run(&args, out),
        Verb::Certify(args) => certify::run(&args, out),
        Verb::Versions(args) => versions::run(&args, out),
        Verb::Changelog(args) => changelog::run(&args, out),
        Verb::Activate(args) => activate::run(&args, out),
        Verb::Shadow(args) => shadow::run(&args, out),
        Verb::Promote(args) => promote::run(&args, out),
        Verb::Rollback(args) => promote::run_rollback(&args, out),
        Verb::Retire(args) => retire::run(&args, out),
        Verb::Snapshot(args) => snapshot::run(&args, out),
        Verb::Append(args) => append::run(&args, out),
        Verb::Run(args) => run::run(args, out),
        Verb::Commands(args) => commands::run(args, out),
        Verb::Events(args) => events::run(args, out),
        Verb::Export(args) => export::run(&args, out),
        Verb::Show(args) => show::run(&args, out),
        Verb::Subject(args) => subject::run(&args, out),
        Verb::Query(args) => query::run(&args, out),
        Verb::Tasks(args) => tasks::run(&args, out),
        Verb::Gateway(args) => gateway::run(&args, out),
        Verb::Schedule(args) => schedule::run(args, out),
        Verb::Log(args) => log::run(args, out),
        Verb::Replay(args) => replay::run(args, out),
        Verb::Diff(args) => diff::run(&args, out),
        Verb::Bisect(args) => bisect::run(&args, out),
        Verb::Doom(args) => doom::run(&args, out),
        Verb::Verify(args) => verify::run(&args, out),
        Verb::Head(args) => head::run(&args, out),
        Verb::Same(args) => same::run(&args, out),
        Verb::Reconcile(args) => reconcile::run(&args, out),
        Verb::Amend(args) => amend::run(args, out),
        Verb::Redact(args) => redact::run(args, out),
        Verb::Undo(args) => undo::run(args, out),
        Verb::Serve(args) => serve::run(&args, out),
        Verb::Follow(args) => follow::run(&args, out),
        Verb::Token(args) => token::run(&args, out),
        Verb::Demo(args) => demo::run(&args, out),
    }
}

fn start_log() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("DAYBOOK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed_and_every_verb_has_help_with_an_example() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        let mut verbs: Vec<_> = command.get_subcommands().cloned().collect();
        while let Some(verb) = verbs.pop() {
            // Made by clap: `daybook help VERB`.
            if verb.get_name() == "help" {
                continue;
            }
            assert!(
                verb.get_about().is_some(),
                "{} has no purpose",
                verb.get_name()
            );
            verbs.extend(verb.get_subcommands().cloned());
            if verb.has_subcommands() {
                continue;
            }
            assert!(
                verb.get_long_about().is_some(),
                "{} has no explanation",
                verb.get_name()
            );
            let examples = verb
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                examples.contains("daybook "),
                "{} has no example",
                verb.get_name()
            );
        }
    }

    #[test]
    fn the_help_lists_every_exit_code() {
        let kinds = [
            ErrorKind::Usage,
            ErrorKind::Refused,
            ErrorKind::Rejected,
            ErrorKind::Plugin,
            ErrorKind::Unavailable,
            ErrorKind::Io,
            ErrorKind::Corrupt,
            ErrorKind::Conflict,
            ErrorKind::Internal,
        ];
        let codes = kinds
            .iter()
            .map(|kind| kind.exit_code())
            .chain([Exit::Fine.code(), Exit::Differs.code()]);
        for code in codes {
            assert!(AFTER_HELP.contains(&format!("\n  {code:>2}  ")), "{code}");
        }
    }
}
