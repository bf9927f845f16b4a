//! `daybook commands`

use clap::ValueEnum;

use super::Exit;
use super::common::FormatArg;
use super::effects::{event_line, print_effects};
use super::output::Output;
use super::table::{clean, number, table, text};
use super::target::TargetArg;
use crate::model::{Error, Result, TypeName, clock};
use crate::store::CommandFilter;
use crate::verbs::Reads;
use crate::wire::{Command, CommandEnd};

/// Show what was asked of the plugins
///
/// The journal: every command that was asked for, by whom and when, and what it was answered: the positions of its events, or
/// the code and the words of its rejection. With an id: that command, what it said, and its events with their effects.
/// Commands that did not fit their schema, and previews, are not in it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook commands mybook
  daybook commands mybook --outcome rejected --since 2026-01-01T00:00:00Z
  daybook commands mybook --type bank.Withdraw --actor anna --format json
  daybook commands mybook 0190f8a0-0000-7000-8000-000000000001
  daybook commands --url http://127.0.0.1:7373 --newest --limit 20")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// One command by its id, with what came of it
    #[arg(value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: FormatArg,
}

/// Which commands are listed.
#[derive(clap::Args)]
#[group(conflicts_with = "id", multiple = true)]
struct Which {
    /// Only those of this type
    #[arg(long = "type", value_name = "PLUGIN.NAME")]
    command_type: Option<TypeName>,
    /// Only those that this one asked for
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only those about this
    #[arg(long)]
    subject: Option<String>,
    /// Only those that came to this
    #[arg(long, value_enum)]
    outcome: Option<Outcome>,
    /// Only those that were rejected with this code
    #[arg(long)]
    code: Option<String>,
    /// Asked for at this time or later (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<String>,
    /// Asked for at this time or earlier
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<String>,
    /// The newest first
    #[arg(long)]
    newest: bool,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    Accepted,
    Rejected,
    Failed,
}

/// A time in the form that the journal has.
fn time(text: &str) -> Result<String> {
    let unread = || Error::usage("it is not a time").hint("2026-01-31T00:00:00Z");
    clock::in_utc(text).ok_or_else(unread)
}

/// Commands that are held in memory at once.
const PAGE: usize = 500;

pub fn run(args: Args, out: &mut Output) -> Result<Exit> {
    let reader = args.target.read()?;
    if let Some(id) = &args.id {
        return show(&*reader, id, args.format.is_json(), out);
    }
    let which = args.which;
    let mut filter = CommandFilter {
        command_type: which.command_type.map(|name| name.as_str().to_owned()),
        actor: which.actor,
        subject: which.subject,
        outcome: which
            .outcome
            .map(|outcome| outcome.end().as_str().to_owned()),
        code: which.code,
        since: which.since,
        until: which.until,
        descending: which.newest,
        after: None,
    };
    let mut left = which.limit.unwrap_or(usize::MAX);
    while left > 0 {
        let page = reader.commands(&filter, left.min(PAGE))?;
        left -= page.commands.len();
        match args.format.is_json() {
            true => page.commands.iter().try_for_each(|it| out.json(it))?,
            false if page.commands.is_empty() => {}
            false => print(&page.commands, out)?,
        }
        let Some(next) = page.next else {
            break;
        };
        filter.after = Some(next);
    }
    Ok(Exit::Fine)
}

impl Outcome {
    fn end(self) -> CommandEnd {
        match self {
            Outcome::Accepted => CommandEnd::Accepted,
            Outcome::Rejected => CommandEnd::Rejected,
            Outcome::Failed => CommandEnd::Failed,
        }
    }
}

fn print(commands: &[Command], out: &mut Output) -> Result<()> {
    let mut rows = table(["TIME", "TYPE", "SUBJECT", "ACTOR", "OUTCOME", "", "ID"]);
    for command in commands {
        rows.add_row([
            text(command.time.get(..19).unwrap_or(&command.time)),
            text(&command.command_type),
            text(command.subject.as_deref().unwrap_or_default()),
            text(command.actor.as_deref().unwrap_or_default()),
            text(command.outcome.as_str()),
            number(what(command)),
            text(&command.id),
        ]);
    }
    out.line(rows)
}

/// The positions of its events, or why there are none.
fn what(command: &Command) -> String {
    match (command.outcome, command.events.as_slice()) {
        (CommandEnd::Accepted, []) => "no event".to_owned(),
        (CommandEnd::Accepted, [only]) => format!("event {only}"),
        (CommandEnd::Accepted, [first, .., last]) => format!("events {first} to {last}"),
        (CommandEnd::Rejected, _) => command.code.clone().unwrap_or_default(),
        (CommandEnd::Failed, _) => command.message.clone().unwrap_or_default(),
    }
}

fn show(reader: &dyn Reads, id: &str, is_json: bool, out: &mut Output) -> Result<Exit> {
    let answered = reader.command(id)?;
    if is_json {
        out.json(&answered)?;
        return Ok(Exit::Fine);
    }
    let command = &answered.command;
    let data = command.data.as_ref().map_or("erased", |data| data.get());
    out.line(format_args!(
        "{}  {}  {}",
        command.command_type,
        clean(command.subject.as_deref().unwrap_or("–")),
        clean(data)
    ))?;
    out.line(format_args!("  id        {}", command.id))?;
    out.line(format_args!("  asked     {}", command.time))?;
    if let Some(actor) = &command.actor {
        out.line(format_args!("  by        {}", clean(actor)))?;
    }
    out.line(format_args!("  saw       event {}", command.position))?;
    out.line(format_args!("  in force  {}", command.lineup))?;
    out.line(format_args!(
        "  {}  {}",
        command.outcome.as_str(),
        clean(&what(command))
    ))?;
    if let (CommandEnd::Rejected, Some(message)) = (command.outcome, &command.message) {
        out.line(format_args!("  message   {}", clean(message)))?;
    }
    if let Some(details) = &command.details {
        out.line(format_args!("  details   {}", clean(details.get())))?;
    }
    for recorded in &answered.caused {
        out.line(event_line(&recorded.event))?;
        print_effects(&recorded.changes, &recorded.tasks, out)?;
    }
    Ok(Exit::Fine)
}
