//! `daybook show`

use super::Exit;
use super::common::{FormatArg, seq};
use super::effects::{changed_columns, event_line, print_effects, repair_text};
use super::output::Output;
use super::table::clean;
use super::target::TargetArg;
use super::tasks::print_history;
use crate::model::{Result, Seq};
use crate::wire::{CommandOfEvent, EventStory, PayloadWithEffects, Row};

/// Show an event with everything it caused
///
/// The event with who asked for it, the versions that handled it, the rows it inserted, updated and deleted with their values
/// before and after, and the tasks it asked for, those that were enqueued late too: as they were recorded when it happened,
/// not worked out again. Then what became of it: what was done to it by whom, when and why, with the payload it was logged
/// with beside those that took its place, each with its effects; every attempt at its tasks; and the commands that followed
/// from it, with their events.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook show mybook 42
  daybook show mybook 42 --format json
  daybook show --url http://127.0.0.1:7373 42")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The event's position
    #[arg(value_name = "SEQ", value_parser = seq)]
    seq: Seq,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let recorded = args.target.read()?.event(args.seq)?;
    if args.format.is_json() {
        out.json(&recorded)?;
        return Ok(Exit::Fine);
    }
    let event = &recorded.event;
    let repairs = repair_text(recorded.amended, recorded.redacted, recorded.undone);
    out.line(event_line(event) + &repairs)?;
    out.line(format_args!(
        "  id        {} of {}",
        event.id.escape_debug(),
        event.source.escape_debug()
    ))?;
    out.line(format_args!("  recorded  {}", recorded.recorded_at))?;
    let lineup = match &*recorded.lineup {
        "" => "no plugin",
        lineup => lineup,
    };
    out.line(format_args!("  handled   {lineup}"))?;
    let story = recorded.story.as_deref();
    if let Some(actor) = story.and_then(|story| story.actor.as_deref()) {
        out.line(format_args!("  actor     {}", clean(actor)))?;
    }
    if let Some(command) = &recorded.command {
        let asked = story.and_then(|story| story.asked.as_ref());
        let asked = asked.map(|asked| format!("  {}", command_text(asked)));
        out.line(format_args!(
            "  command   {command}{}",
            asked.unwrap_or_default()
        ))?;
    }
    if !event.extensions.is_empty() {
        let extensions = serde_json::Value::Object(event.extensions.clone());
        out.line(format_args!(
            "  beside    {}",
            clean(&extensions.to_string())
        ))?;
    }
    out.line(format_args!("  hash      {}", recorded.hash))?;
    print_effects(&recorded.changes, &recorded.tasks, out)?;
    for task in &recorded.tasks {
        let Some(history) = &task.history else {
            continue;
        };
        out.line(format_args!("  task   {}  {}", clean(&task.kind), task.id))?;
        let due = history.due.as_deref();
        print_history(&history.state, history.tries, due, &history.steps, out)?;
    }
    match story {
        Some(story) => print_story(story, out),
        None => Ok(()),
    }?;
    Ok(Exit::Fine)
}

/// `company.Lend {…}`, and why it was not accepted.
fn command_text(command: &CommandOfEvent) -> String {
    let data = match &command.data {
        Some(data) => clean(&data.to_string()),
        None => "(erased)".to_owned(),
    };
    let said = match &command.message {
        Some(message) => format!("  {}: {}", command.outcome, clean(message)),
        None => String::new(),
    };
    format!("{} {data}{said}", command.command_type)
}

/// What was done to an event, each payload with its effects, and what followed from it.
fn print_story(story: &EventStory, out: &mut Output) -> Result<()> {
    if let Some(original) = &story.original {
        print_payload("logged with", original, out)?;
    }
    for repair in &story.repairs {
        let by = repair.actor.as_deref().unwrap_or("nobody named");
        let why = { repair.reason.as_deref() }
            .map(|reason| format!(": {}", clean(reason)))
            .unwrap_or_default();
        out.line(format_args!(
            "  {} by event {}  {}  by {}{why}",
            repair.what,
            repair.by,
            repair.at,
            clean(by)
        ))?;
        if let Some(payload) = &repair.payload {
            print_payload("with", payload, out)?;
        }
    }
    for reaction in &story.reactions {
        let command = &reaction.command;
        out.line(format_args!(
            "  followed by command {}  {}",
            command.id,
            command_text(command)
        ))?;
        for event in &reaction.events {
            out.line(format_args!("    {}", event_line(event)))?;
        }
    }
    Ok(())
}

fn print_payload(what: &str, payload: &PayloadWithEffects, out: &mut Output) -> Result<()> {
    let data = match &payload.data {
        Some(data) => clean(&data.to_string()),
        None => "no payload: nobody handles it".to_owned(),
    };
    out.line(format_args!("  {what} {data}"))?;
    let (Some(changes), Some(tasks)) = (&payload.changes, &payload.tasks) else {
        return out.line("    what it did then was not kept");
    };
    for change in changes {
        let key = change.key.as_ref().map(Row::members).unwrap_or_default();
        let key: Vec<_> = { key.iter() }
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        out.line(format_args!(
            "    {} {}  {}  {}",
            change.operation,
            change.table,
            key.join(" "),
            changed_columns(change)
        ))?;
    }
    for task in tasks {
        out.line(format_args!(
            "    asks for {}  {}",
            clean(&task.kind),
            clean(&task.data)
        ))?;
    }
    Ok(())
}
