//! `daybook subject`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{event_line, print_effects, repair_text};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::tasks::print_history;
use crate::model::{Formats, Result, Seq};
use crate::store::EventFilter;
use crate::wire::{RecordedEvent, Row, Subject, SubjectRepair, SubjectRow};

/// Show all there is about a subject
///
/// Its events in order, each with the rows that it changed and the tasks that it asked for, and what has become of these; then
/// the rows that those events touched, as they are now; then what was repaired, by whom and why. A long history comes in
/// pages: the last line says how to go on.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook subject mybook account/17
  daybook subject mybook patient/9 --newest --limit 20
  daybook subject mybook patient/9 --format json
  daybook subject --url http://127.0.0.1:7373 account/17")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The subject, as events name it
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// The newest events first
    #[arg(long)]
    newest: bool,
    /// Go on behind this event
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    after: Option<Seq>,
    /// At most so many events
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=200))]
    limit: usize,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let mut filter = EventFilter {
        subject: Some(args.subject.clone()),
        descending: args.newest,
        ..EventFilter::default()
    };
    match args.newest {
        false => filter.from = args.after.map(Seq::next),
        true => filter.to = args.after.map(|after| Seq(after.0.saturating_sub(1))),
    }
    let page = args.target.read()?.subject(&filter, args.limit)?;
    if args.format.is_json() {
        out.json(&page)?;
        return Ok(Exit::Fine);
    }
    print(&page, out)?;
    if let Some(next) = page.next {
        let newest = if args.newest { " --newest" } else { "" };
        out.advise(format_args!(
            "daybook subject {} {}{newest} --after {next}",
            args.target,
            clean(&args.subject)
        ))?;
    }
    Ok(Exit::Fine)
}

fn print(page: &Subject<'_>, out: &mut Output) -> Result<()> {
    if page.events.is_empty() {
        return out.say(format_args!("no event is about {}", clean(&page.subject)));
    }
    page.events
        .iter()
        .try_for_each(|event| print_event(event, out))?;
    out.line("rows, as they are now")?;
    if page.rows.is_empty() {
        out.line("  none was touched")?;
    }
    page.rows.iter().try_for_each(|row| print_row(row, out))?;
    if !page.repairs.is_empty() {
        out.line("repairs")?;
    }
    page.repairs
        .iter()
        .try_for_each(|repair| print_repair(repair, out))
}

fn print_event(recorded: &RecordedEvent<'_>, out: &mut Output) -> Result<()> {
    let repairs = repair_text(recorded.amended, recorded.redacted, recorded.undone);
    out.line(event_line(&recorded.event) + &repairs)?;
    print_effects(&recorded.changes, &recorded.tasks, out)?;
    for task in &recorded.tasks {
        if let Some(history) = &task.history {
            out.line(format_args!("  task   {}  {}", clean(&task.kind), task.id))?;
            let due = history.due.as_deref();
            print_history(&history.state, history.tries, due, &history.steps, out)?;
        }
    }
    Ok(())
}

fn members(row: &Row<'_>, formats: &Formats) -> String {
    let parts: Vec<_> = { row.members().into_iter() }
        .map(|(name, value)| format!("{name}={}", formats.words(name, value)))
        .collect();
    parts.join(" ")
}

fn print_row(row: &SubjectRow<'_>, out: &mut Output) -> Result<()> {
    match &row.row {
        Some(now) => {
            let now = members(now, &row.formats);
            out.line(format_args!("  {}  {now}", row.table))
        }
        None => out.line(format_args!(
            "  {}  {}  is gone",
            row.table,
            members(&row.key, &row.formats)
        )),
    }
}

fn print_repair(repair: &SubjectRepair, out: &mut Output) -> Result<()> {
    let by = repair
        .actor
        .as_deref()
        .map(|actor| format!(" by {}", clean(actor)));
    let why = repair
        .reason
        .as_deref()
        .map(|why| format!(": {}", clean(why)));
    out.line(format_args!(
        "  event {} {} by event {} on {}{}{}",
        repair.event,
        repair.what,
        repair.by,
        repair.time,
        by.unwrap_or_default(),
        why.unwrap_or_default()
    ))
}
