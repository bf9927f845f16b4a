//! `daybook bisect`

use std::path::PathBuf;

use super::Exit;
use super::common::FormatArg;
use super::diff::{Choice, picked};
use super::input;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::{clean, table, text};
use super::target::TargetArg;
use super::values::plain;
use crate::diff::words::{place, sides};
use crate::model::Result;
use crate::wire::{Bisected, Cell, CloudEvent};

/// Find the first event on which two versions part
///
/// Runs both side by side from the first event and stops where their effects differ. Up to there their states are equal, so
/// what is shown is the whole cause: the event, the rows that each of them looked at as they were, and what each made of
/// them. With an expectation file, events that differ only as expected are passed over. `daybook diff` tells all the events.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook bisect mybook --base bank@1993-01-01 --candidate bank@1994-01-01
  daybook bisect mybook --base bank@1993-01-01 --candidate bank@1994-01-01 --expect expect.toml

Exit code 1: they part.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// A version (the other plugins as they are active), or `recorded`: history as it happened
    #[arg(long, value_name = "PLUGIN@DATE|recorded", required = true)]
    base: Vec<Choice>,
    /// What is compared with it
    #[arg(long, value_name = "PLUGIN@DATE|recorded", required = true)]
    candidate: Vec<Choice>,
    /// The differences that are wanted, with reasons (TOML): they are passed over
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let (base, candidate) = (picked(&args.base)?, picked(&args.candidate)?);
    let expect = { args.expect.as_deref() }
        .map(input::expectation_text)
        .transpose()?
        .unwrap_or_default();
    let bisected = args.target.look(|target| {
        let mut bar = Bar::new("comparing");
        let mut progress = bar.events("comparing");
        target.bisect(&base, &candidate, &expect, &mut progress)
    })?;
    match (args.format.is_json(), &bisected.event) {
        (true, _) => out.json(&bisected)?,
        (false, Some(event)) => show(event, &bisected, out)?,
        (false, None) => out.line(format_args!(
            "no difference in {}",
            count(bisected.events, "event")
        ))?,
    }
    Ok(match bisected.first {
        Some(_) => Exit::Differs,
        None => Exit::Fine,
    })
}

fn show(event: &CloudEvent<'_>, found: &Bisected<'_>, out: &mut Output) -> Result<()> {
    out.line(format_args!(
        "event {} is the first they part on: {}  {}  {}",
        event.seq,
        event.event_type,
        event.time,
        clean(event.subject.as_deref().unwrap_or_default())
    ))?;
    out.line(format_args!("  {}", clean(event.payload())))?;
    let mut rows = table(["DIFFERS IN", "BASE", "CANDIDATE"]);
    for difference in &found.differences {
        let difference = difference.into();
        let (base, candidate) = sides(&difference);
        rows.add_row([text(place(&difference)), text(base), text(candidate)]);
    }
    out.line(rows)?;
    let sides = [("base", &found.base), ("candidate", &found.candidate)];
    for (name, seen) in sides
        .into_iter()
        .filter_map(|(name, it)| Some((name, it.as_ref()?)))
    {
        out.line(format_args!("what the {name} looked at, before the event"))?;
        for row in &seen.rows {
            let key: Vec<_> = row.key.iter().map(|Cell(value)| plain(value)).collect();
            let values = match &row.row {
                None => "no such row".to_owned(),
                Some(values) => {
                    let values = values.members().into_iter();
                    let words = values.map(|(name, value)| {
                        let shown = row.formats.show(name, value);
                        format!("{name} {}", shown.unwrap_or_else(|| plain(value)))
                    });
                    words.collect::<Vec<_>>().join(", ")
                }
            };
            out.line(format_args!(
                "  {}[{}]  {values}",
                row.table,
                key.join(", ")
            ))?;
        }
        if seen.searched {
            out.line("  and it searched; what it found so is not told")?;
        }
    }
    Ok(())
}
