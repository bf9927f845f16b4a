//! `daybook diff --commands`: past commands under other creators.

use super::Exit;
use super::output::{Output, count, thousands};
use super::progress::Bar;
use super::table::{clean, number, table, text};
use crate::model::Result;
use crate::study::{Picked, Said, Study, Turned};
use crate::wire::{CommandsSummary, TurnedCommand};

/// Asks the journal again and prints what would be answered otherwise; `show` of them one by one where people read.
pub fn run(
    study: &mut Study<'_>,
    [base, candidate]: [&Picked; 2],
    is_json: bool,
    show: usize,
    out: &mut Output,
) -> Result<Exit> {
    let mut shown = Vec::new();
    let found = {
        let mut bar = Bar::new("asking again");
        let mut progress = bar.events("materializing");
        let mut visit = |turned: &Turned| match is_json {
            true => out.json(&TurnedCommand::from(turned)),
            false => {
                if shown.len() < show {
                    shown.push(line(turned));
                }
                Ok(())
            }
        };
        study.what_if(base, candidate, &mut visit, &mut progress)?
    };
    let turned = found.turned.values().sum();
    let exit = if turned == 0 {
        Exit::Fine
    } else {
        Exit::Differs
    };
    if is_json {
        out.json(&CommandsSummary::from(&found))?;
        return Ok(exit);
    }
    for line in &shown {
        out.line(line)?;
    }
    if !found.turned.is_empty() {
        let mut rows = table(["COMMAND", "", "COMMANDS"]);
        for ((name, turn), times) in &found.turned {
            rows.add_row([text(name), text(turn.as_str()), number(thousands(*times))]);
        }
        out.line(rows)?;
    }
    out.line(format_args!(
        "{} of {} would be answered otherwise",
        thousands(turned),
        count(found.commands, "command")
    ))?;
    Ok(exit)
}

fn line(turned: &Turned) -> String {
    let command = &turned.command;
    format!(
        "after event {}  {}  {}  {}\n    {}\n    base       {}\n    candidate  {}",
        command.position,
        command.command_type,
        command.time,
        turned.turn.as_str(),
        clean(&command.data),
        words(&turned.base),
        words(&turned.candidate),
    )
}

fn words(said: &Said) -> String {
    match said {
        Said::Accepted(events) if events.is_empty() => "accepted, nothing happens".to_owned(),
        Said::Accepted(events) => {
            let events = events.iter();
            let words = events.map(|event| format!("{} {}", event.event_type, clean(&event.data)));
            words.collect::<Vec<_>>().join(", ")
        }
        Said::Rejected(rejection) => {
            format!(
                "rejected: {}: {}",
                clean(&rejection.code),
                clean(&rejection.message)
            )
        }
        Said::Failed(message) => format!("failed: {}", clean(message)),
    }
}
