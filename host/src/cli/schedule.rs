//! `daybook schedule`

use clap::Subcommand;

use super::common::FormatArg;
use super::output::Output;
use super::table::{clean, number, table, text};
use super::target::TargetArg;
use super::{Exit, input};
use crate::model::{Error, Result, TypeName};
use crate::wire::{CommandSchedule, ScheduleRequest, ScheduleRun};

/// Have commands run by the clock
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Set(SetArgs),
    List(ListArgs),
    Pause(PauseArgs),
    Resume(ResumeArgs),
    Run(RunArgs),
    Remove(RemoveArgs),
}

/// Have a command run by the clock from now on
///
/// The server that serves the book runs it, at each time once. A time that came while nobody served the book is run when it
/// is served again: the last one, and those before it not. The journal names the schedule as the actor: schedule/NAME. In
/// the payload's strings {due} stands for the time that it is run for, and {due.date} for that day. All times are UTC.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook schedule set mybook interest --cron '0 0 * * *' bank.AccrueInterest '{\"date\": \"{due.date}\"}'
  daybook schedule set mybook holidays --every 6h appointment.AskForHolidays '{}'
  daybook schedule set --url http://127.0.0.1:7373 report --cron @monthly shop.Report @report.json")]
struct SetArgs {
    #[command(flatten)]
    target: TargetArg,
    /// The schedule's name; one of this name is replaced
    #[arg(value_name = "NAME")]
    name: String,
    /// The time between two runs: 90s, 15m, 1h, 1d
    #[arg(
        long,
        value_name = "TIME",
        required_unless_present = "cron",
        conflicts_with = "cron"
    )]
    every: Option<String>,
    /// Minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly, @monthly, @yearly
    #[arg(long, value_name = "FIELDS")]
    cron: Option<String>,
    /// The command's type: bank.AccrueInterest
    #[arg(value_name = "COMMAND-TYPE")]
    command_type: TypeName,
    /// The payload: JSON, @FILE, or - for standard input
    #[arg(value_name = "JSON|@FILE|-")]
    payload: String,
    /// What the command is about; its events inherit it
    #[arg(long)]
    subject: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

/// Show what the clock runs, and what came of it
///
/// A schedule whose next time is past is run as soon as the book is served.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook schedule list mybook
  daybook schedule list --url http://127.0.0.1:7373 --format json")]
struct ListArgs {
    #[command(flatten)]
    target: TargetArg,
    #[command(flatten)]
    format: FormatArg,
}

macro_rules! named {
    ($($(#[$about:meta])* $name:ident;)+) => {$(
        #[derive(clap::Args)]
        $(#[$about])*
        struct $name {
            #[command(flatten)]
            target: TargetArg,
            /// The schedule's name
            #[arg(value_name = "NAME")]
            name: String,
            #[command(flatten)]
            format: FormatArg,
        }
    )+};
}

named! {
    /// Have a command run at no time until it is resumed
    ///
    /// `daybook schedule run` runs it all the same.
    #[command(after_help = "Examples:\n  daybook schedule pause mybook interest")]
    PauseArgs;

    /// Have a paused command run at its times again
    ///
    /// Times that passed while it was paused are not run.
    #[command(after_help = "Examples:\n  daybook schedule resume mybook interest")]
    ResumeArgs;

    /// Run a command of the clock now
    ///
    /// Beside its times, which stay as they are; also where it is paused, and where nobody serves the book.
    #[command(after_help = "\
Examples:
  daybook schedule run mybook interest

Exit code 4: the plugin rejected the command.")]
    RunArgs;
}

/// Have a command run by the clock no more
///
/// What it did stays in the journal.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook schedule remove mybook interest")]
struct RemoveArgs {
    #[command(flatten)]
    target: TargetArg,
    /// The schedule's name
    #[arg(value_name = "NAME")]
    name: String,
}

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    match args.verb {
        Verb::Set(args) => set(args, out),
        Verb::List(args) => list(&args, out),
        Verb::Pause(args) => {
            let paused = args.target.open(out)?.pause_schedule(&args.name, true)?;
            tell(&paused, &args.format, out)
        }
        Verb::Resume(args) => {
            let resumed = args.target.open(out)?.pause_schedule(&args.name, false)?;
            tell(&resumed, &args.format, out)
        }
        Verb::Run(args) => {
            let ran = args.target.open(out)?.run_schedule(&args.name, None)?;
            let last = ran.last.as_ref();
            match (args.format.is_json(), last) {
                (false, Some(last)) => out.line(format_args!("{}: {}", ran.name, came_to(last)))?,
                _ => out.json(&ran)?,
            }
            let is_rejected = last.is_some_and(|last| last.outcome == "rejected");
            Ok(if is_rejected {
                Exit::Rejected
            } else {
                Exit::Fine
            })
        }
        Verb::Remove(args) => {
            args.target.open(out)?.remove_schedule(&args.name)?;
            out.say(format_args!("'{}' is run no more", args.name))?;
            Ok(Exit::Fine)
        }
    }
}

fn set(args: SetArgs, out: &mut Output) -> Result<Exit> {
    let data = input::payload(&args.payload)?;
    let request = ScheduleRequest {
        every: args.every,
        cron: args.cron,
        command: args.command_type.as_str().to_owned(),
        data: serde_json::from_str(&data)
            .map_err(|error| Error::refused(format!("the payload is not JSON: {error}")))?,
        subject: args.subject,
    };
    // What cannot be meant is told before anybody is asked.
    request.parsed()?;
    let set = args
        .target
        .open(out)?
        .set_schedule(&args.name, &request, None)?;
    tell(&set, &args.format, out)
}

fn tell(schedule: &CommandSchedule, format: &FormatArg, out: &mut Output) -> Result<Exit> {
    match (format.is_json(), &schedule.next) {
        (true, _) => out.json(schedule)?,
        (false, Some(next)) => out.line(format_args!(
            "{}: {} at {}, and again {}",
            schedule.name,
            schedule.command,
            short(next),
            timing(schedule)
        ))?,
        (false, None) => out.line(format_args!("{}: paused", schedule.name))?,
    }
    Ok(Exit::Fine)
}

fn timing(schedule: &CommandSchedule) -> String {
    match (&schedule.every, &schedule.cron) {
        (Some(every), _) => format!("every {every}"),
        (None, Some(cron)) => format!("at {cron}"),
        (None, None) => String::new(),
    }
}

fn list(args: &ListArgs, out: &mut Output) -> Result<Exit> {
    let schedules = args.target.read()?.schedules()?;
    if args.format.is_json() {
        schedules
            .iter()
            .try_for_each(|schedule| out.json(schedule))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table(["NAME", "WHEN", "COMMAND", "NEXT", "RUNS", "LAST", "CAME TO"]);
    for schedule in &schedules {
        let next = schedule.next.as_deref().map_or("paused", short);
        let last = schedule.last.as_ref();
        rows.add_row([
            text(&schedule.name),
            text(timing(schedule)),
            text(&schedule.command),
            text(next),
            number(schedule.runs),
            text(last.map_or("", |last| short(last.due.as_deref().unwrap_or(&last.at)))),
            text(last.map_or_else(String::new, came_to)),
        ]);
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}

/// To the second.
fn short(time: &str) -> &str {
    time.get(..19).unwrap_or(time)
}

fn came_to(run: &ScheduleRun) -> String {
    match (run.first_event, run.events, &run.said) {
        (Some(first), 1, _) => format!("accepted: event {first}"),
        (Some(first), events, _) => format!("accepted: {events} events from {first}"),
        (None, _, Some(said)) => clean(&format!("{}: {said}", run.outcome)),
        (None, _, None) => format!("{}; nothing had to change", run.outcome),
    }
}
