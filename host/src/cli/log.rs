//! `daybook log`

use super::Exit;
use super::common::{FormatArg, seq};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use crate::model::{Result, Seq};
use crate::store::HandlerLogFilter;
use crate::wire::HandlerLogLine;

/// Show what handlers logged
///
/// The newest lines of what materializers and creators logged where their work was to be kept, also where it was refused
/// then. Previews, replays, shadows and verifications leave no line. The lines are this machine's own and no part of the
/// log: 4 MiB of them are kept, of one event or command 64 KiB, and a redaction empties them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook log mybook
  daybook log mybook --event 17
  daybook log --url http://127.0.0.1:7373 --limit 1000 --format json")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Only lines of this event
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    event: Option<Seq>,
    /// Only lines of the command of this id, and of the events that it created
    #[arg(long, value_name = "ID")]
    command: Option<String>,
    /// Only lines behind the one of this number
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,
    /// At most so many lines, the newest ones unless --after is given
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let filter = HandlerLogFilter {
        after: args.after,
        event: args.event,
        command: args.command,
    };
    for line in args.target.read()?.handler_log(&filter, args.limit)? {
        if args.format.is_json() {
            out.json(&line)?;
            continue;
        }
        let time = line.at.get(..19).unwrap_or(&line.at);
        out.line(format_args!("{time}  {}", log_line(&line)))?;
    }
    Ok(Exit::Fine)
}

/// `warn   bank.Posted 7  bank@1993-01-01  a debit without a name`
pub fn log_line(line: &HandlerLogLine) -> String {
    let event = line.event.map(|seq| format!(" {seq}")).unwrap_or_default();
    let by = { line.by.as_ref() }
        .map(|by| format!("  {by}"))
        .unwrap_or_default();
    let message = clean(&line.message);
    format!("{:<5}  {}{event}{by}  {message}", line.level, line.about)
}
