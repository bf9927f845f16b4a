//! `daybook bisect`

use serde_json::json;

use super::common::FormatArg;
use super::diff::{Choice, picked};
use super::output::{Output, count};
use super::progress::Bar;
use super::table::{clean, table, text};
use super::target::{Look, TargetArg};
use super::values::plain;
use super::{Exit, remote};
use crate::diff::words::{place, sides};
use crate::model::Result;
use crate::study::Divergence;

/// Find the first event on which two versions part
///
/// Runs both side by side from the first event and stops where their effects differ. Up to there their states are equal, so
/// what is shown is the whole cause: the event, the rows that each of them looked at as they were, and what each made of
/// them. `daybook diff` tells all the events.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook bisect mybook --base bank@1993-01-01 --candidate bank@1994-01-01

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
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let (base, candidate) = (picked(&args.base)?, picked(&args.candidate)?);
    let onlooker = match args.target.look()? {
        Look::Book(onlooker) => onlooker,
        Look::Server(client) => {
            let body = json!({ "base": base.to_string(), "candidate": candidate.to_string() });
            let differs = |reply: &serde_json::Value| !reply["first"].is_null();
            return remote::tell(&client, "/bisect", &body, &args.format, differs, out);
        }
    };
    let (found, head) = {
        let mut bar = Bar::new("comparing");
        let mut progress = bar.events("comparing");
        onlooker.study(|study| {
            let found = study.bisect(&base, &candidate, &mut progress)?;
            Ok((found, study.head().0))
        })?
    };
    let Some(found) = found else {
        match args.format.is_json() {
            true => out.json(&json!({ "first": null, "events": head }))?,
            false => out.line(format_args!("no difference in {}", count(head, "event")))?,
        }
        return Ok(Exit::Fine);
    };
    match args.format.is_json() {
        true => out.json(&found.json())?,
        false => show(&found, out)?,
    }
    Ok(Exit::Differs)
}

fn show(found: &Divergence, out: &mut Output) -> Result<()> {
    let event = &found.event;
    out.line(format_args!(
        "event {} is the first they part on: {}  {}  {}",
        event.seq,
        event.event_type,
        event.time,
        clean(event.subject.as_deref().unwrap_or_default())
    ))?;
    out.line(format_args!("  {}", clean(&event.data)))?;
    let mut rows = table(["DIFFERS IN", "BASE", "CANDIDATE"]);
    for difference in &found.differences {
        let (base, candidate) = sides(difference);
        rows.add_row([text(place(difference)), text(base), text(candidate)]);
    }
    out.line(rows)?;
    for (name, saw) in [("base", &found.base), ("candidate", &found.candidate)] {
        out.line(format_args!("what the {name} looked at, before the event"))?;
        for row in &saw.rows {
            let key: Vec<_> = row.key.iter().map(plain).collect();
            let values = match &row.row {
                None => "no such row".to_owned(),
                Some(values) => {
                    let values = values.iter();
                    let words = values.map(|(name, value)| format!("{name} {}", plain(value)));
                    words.collect::<Vec<_>>().join(", ")
                }
            };
            out.line(format_args!(
                "  {}[{}]  {values}",
                row.table,
                key.join(", ")
            ))?;
        }
        if saw.searched {
            out.line("  and it searched; what it found so is not told")?;
        }
    }
    Ok(())
}
