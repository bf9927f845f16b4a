//! `daybook tasks`

use clap::{ArgMatches, Command, FromArgMatches, Subcommand};

use super::Exit;
use super::common::{FormatArg, seq};
use super::input;
use super::output::Output;
use super::table::{clean, number, table, text};
use super::target::TargetArg;
use crate::model::{Act, Place, Result, Seq, TaskState};
use crate::store::TaskFilter;
use crate::wire::{Step, Task};

/// What is asked for: a list, or something to be done to one task.
pub enum Args {
    List(ListArgs),
    Act(ActVerb),
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        ActVerb::augment_subcommands(ListArgs::augment_args(command))
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Args {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        match matches.subcommand_name() {
            Some(_) => ActVerb::from_arg_matches(matches).map(Args::Act),
            None => ListArgs::from_arg_matches(matches).map(Args::List),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// List the tasks that events asked for, and what has become of them
///
/// A task is a side effect that a materializer asks for: it is kept with its event, and carried out by the gateway of the
/// server that serves the book, as `daybook gateway` says for its kind. One of a kind that nobody carries out is pending.
/// One that failed too often is dead until somebody retries, edits or dismisses it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks mybook
  daybook tasks mybook --state dead
  daybook tasks mybook --kind mail --event 42 --format json
  daybook tasks show mybook 01890a5d-ac96-8b4b-bcce-b302099a8057
  daybook tasks retry mybook 01890a5d-ac96-8b4b-bcce-b302099a8057 --reason 'the receiver is up again'")]
pub struct ListArgs {
    #[command(flatten)]
    target: TargetArg,
    /// Only those in this state: pending, running, retry, done, dead, expired, cancelled, dismissed
    #[arg(long, value_name = "STATE")]
    state: Option<TaskState>,
    /// Only those of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only those that this event asked for
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    event: Option<Seq>,
    /// Only those that events about this asked for
    #[arg(long)]
    subject: Option<String>,
    /// At most so many, the oldest first
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(Subcommand)]
pub enum ActVerb {
    Show(ShowArgs),
    Retry(RetryArgs),
    Edit(EditArgs),
    Dismiss(DismissArgs),
    Cancel(CancelArgs),
}

/// Show a task with every attempt and what was said
///
/// What was asked for, what has become of it, and everything that happened on the way: each attempt at delivery with its
/// times and its answer, and what operators did and why.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks show mybook 01890a5d-ac96-8b4b-bcce-b302099a8057")]
pub struct ShowArgs {
    #[command(flatten)]
    target: TargetArg,
    /// The task's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Which task, and why.
#[derive(clap::Args)]
struct TaskArg {
    #[command(flatten)]
    target: TargetArg,
    /// The task's id
    #[arg(value_name = "ID")]
    id: String,
    /// Why; stays with the task
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    format: FormatArg,
}

/// Deliver a task again, now
///
/// A dead, expired or cancelled one, or one that waits for its next try. It has all its tries again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks retry mybook 01890a5d-ac96-8b4b-bcce-b302099a8057 --reason 'the receiver is up again'")]
pub struct RetryArgs {
    #[command(flatten)]
    task: TaskArg,
}

/// Put other data into a task
///
/// A dead one is delivered with it now, one that waits when it is due. What was asked for stays beside it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks edit mybook 01890a5d-ac96-8b4b-bcce-b302099a8057 '{\"to\": \"ana@example.com\"}' --reason 'a typo'")]
pub struct EditArgs {
    #[command(flatten)]
    task: TaskArg,
    /// The data: JSON, @FILE, or - for standard input
    #[arg(value_name = "JSON|@FILE|-")]
    data: String,
}

/// Leave a dead task be
///
/// It stays undelivered for good; later tasks of its key, which wait behind it, go on.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks dismiss mybook 01890a5d-ac96-8b4b-bcce-b302099a8057 --reason 'was told by telephone'")]
pub struct DismissArgs {
    #[command(flatten)]
    task: TaskArg,
}

/// Do not deliver a task
///
/// One that has not begun, or waits for its next try.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook tasks cancel mybook 01890a5d-ac96-8b4b-bcce-b302099a8057 --reason 'a test'")]
pub struct CancelArgs {
    #[command(flatten)]
    task: TaskArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    match args {
        Args::List(args) => list(args, out),
        Args::Act(ActVerb::Show(args)) => show(args, out),
        Args::Act(ActVerb::Retry(args)) => act(&args.task, Act::Retry, out),
        Args::Act(ActVerb::Edit(args)) => {
            act(&args.task, Act::Edit(input::payload(&args.data)?), out)
        }
        Args::Act(ActVerb::Dismiss(args)) => act(&args.task, Act::Dismiss, out),
        Args::Act(ActVerb::Cancel(args)) => act(&args.task, Act::Cancel, out),
    }
}

fn list(args: &ListArgs, out: &mut Output) -> Result<Exit> {
    let mut filter = TaskFilter {
        kind: args.kind.clone(),
        state: args.state,
        event: args.event,
        subject: args.subject.clone(),
        after: None,
    };
    let target = args.target.read()?;
    let mut rows = Vec::new();
    // A server gives a page at a time.
    while rows.len() < args.limit {
        let page = target.tasks(&filter, args.limit - rows.len())?;
        let Some(last) = page.last() else {
            break;
        };
        filter.after = Some(Place {
            seq: Seq(last.event),
            ordinal: last.ordinal,
        });
        rows.extend(page);
    }
    if args.format.is_json() {
        rows.iter().try_for_each(|row| out.json(row))?;
        return Ok(Exit::Fine);
    }
    if rows.is_empty() {
        out.say("no such task")?;
        return Ok(Exit::Fine);
    }
    let mut lines = table([
        "EVENT", "KIND", "KEY", "STATE", "TRIES", "DUE", "ID", "RESULT",
    ]);
    for row in rows {
        let due = row.due.as_deref();
        lines.add_row([
            number(row.event),
            text(row.kind),
            text(row.key.unwrap_or_default()),
            text(row.state),
            number(row.tries),
            text(due.and_then(|due| due.get(..19)).unwrap_or_default()),
            text(row.id),
            text(shortened(row.result.as_deref().unwrap_or_default())),
        ]);
    }
    out.line(lines)?;
    Ok(Exit::Fine)
}

/// What a line of a table has room for.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn show(args: &ShowArgs, out: &mut Output) -> Result<Exit> {
    let task = args.target.read()?.task(&args.id)?;
    print(&task, args.format.is_json(), out)
}

fn act(args: &TaskArg, act: Act, out: &mut Output) -> Result<Exit> {
    let mut target = args.target.open(out)?;
    let task = target.act_on_task(&args.id, &act, &args.reason, None)?;
    print(&task, args.format.is_json(), out)
}

fn print(task: &Task, as_json: bool, out: &mut Output) -> Result<Exit> {
    if as_json {
        out.json(task)?;
        return Ok(Exit::Fine);
    }
    out.line(format_args!(
        "{}  {}  of event {}",
        task.id,
        clean(&task.kind),
        task.event
    ))?;
    if let Some(key) = &task.key {
        out.line(format_args!("  key    {}", clean(key)))?;
    }
    let edited = if task.edited { "  (edited)" } else { "" };
    out.line(format_args!("  data   {}{edited}", clean(task.data.get())))?;
    let steps = task.steps.as_deref().unwrap_or_default();
    print_history(&task.state, task.tries, task.due.as_deref(), steps, out)?;
    Ok(Exit::Fine)
}

/// What has become of a task: a line for its state, one for each step.
pub fn print_history(
    state: &str,
    tries: u32,
    due: Option<&str>,
    steps: &[Step],
    out: &mut Output,
) -> Result<()> {
    let due = due.map(|due| format!(", due {due}"));
    let tries = match tries {
        0 => String::new(),
        1 => ", 1 try".to_owned(),
        tries => format!(", {tries} tries"),
    };
    out.line(format_args!(
        "  state  {state}{tries}{}",
        due.unwrap_or_default()
    ))?;
    steps.iter().try_for_each(|step| print_step(step, out))
}

fn print_step(step: &Step, out: &mut Output) -> Result<()> {
    let by = step
        .actor
        .as_deref()
        .map(|actor| format!(" by {}", clean(actor)));
    let said = step
        .said
        .as_deref()
        .map(|said| format!("  {}", clean(said)));
    out.line(format_args!(
        "    {}  {}{}{}",
        step.at,
        step.what,
        by.unwrap_or_default(),
        said.unwrap_or_default()
    ))
}
