//! `daybook diff`

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;

use super::Exit;
use super::certify::IsolationArg;
use super::common::{BookArg, seq};
use super::input::expectation_text;
use super::output::{Output, count, thousands};
use super::progress::Bar;
use super::what_if;
use crate::diff::html::HtmlReport;
use crate::diff::jsonl::JsonlReport;
use crate::diff::text::TextReport;
use crate::diff::{Expectations, Sink, Summary};
use crate::model::{Error, PluginVersion, Result, Seq};
use crate::service::{DiffRequest, Picked, Study};

/// Compare two versions over the whole log
///
/// Both run over the same events at the same time, each on a state of its own, and every event whose outcome differs is
/// reported: which rows and columns, with both values, which tasks, and why. The cause is direct where the candidate
/// would also have differed on the base's state, so this event's logic changed; it is inherited where only the state
/// before it differs. Then come the totals, the final rows that differ, and what each side cost. The book is as it was.
///
/// An expectation file names the differences that are wanted, each with its reason. Whatever it does not name is
/// unexpected, and makes the exit code 1, so that a comparison can stand in a build.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook diff mybook --base bank@1993-01-01 --candidate bank@1994-01-01
  daybook diff mybook --base recorded --candidate bank@1994-01-01 --expect wanted.toml
  daybook diff mybook --base bank@1993-01-01 --candidate bank@1994-01-01 --format html --out report.html
  daybook diff mybook --commands --base recorded --candidate bank@1994-01-01

An expectation file:
  [[expect]]
  reason = \"interest is counted by 30/360 from 1994 on\"
  table = \"bank.account\"
  columns = [\"interest_microcents\"]

Exit codes: 0 nothing unexpected, 1 unexpected differences; the others are those of `daybook --help`.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// What the comparison starts from: a version (the other plugins as they are active), or `recorded`: history as it
    /// happened. Can be given more than once, for several plugins
    #[arg(long, value_name = "PLUGIN@DATE|recorded", required = true)]
    base: Vec<Choice>,
    /// What is compared with it
    #[arg(long, value_name = "PLUGIN@DATE|recorded", required = true)]
    candidate: Vec<Choice>,
    /// Compare what the creators answer to the journal's commands, instead of what events do: which would now be refused,
    /// accepted, or make other events. `--base recorded` is what was answered
    #[arg(long, conflicts_with_all = ["from", "to", "expect", "out"])]
    commands: bool,
    /// The first event whose differences are told; what comes before it is run and not told
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    from: Option<Seq>,
    /// The last event
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    to: Option<Seq>,
    /// The differences that are wanted, with reasons (TOML)
    #[arg(long, value_name = "FILE")]
    expect: Option<PathBuf>,
    /// Give every call a fresh instance, whatever isolation a version was certified for: the effects are the same
    #[arg(long, value_enum)]
    isolation: Option<IsolationArg>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where the report is written; absent: to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Differing events that the text shows one by one; the other formats have all of them
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    show: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// JSON Lines: a line for each differing event and row, the summary last
    #[value(alias = "json")]
    Jsonl,
    /// One file that needs nothing else
    Html,
}

/// One side of a comparison, or one plugin of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Recorded,
    Version(PluginVersion),
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Choice> {
        if text == "recorded" {
            Ok(Choice::Recorded)
        } else {
            text.parse().map(Choice::Version)
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let request = DiffRequest {
        base: picked(&args.base)?,
        candidate: picked(&args.candidate)?,
        from: args.from,
        to: args.to,
    };
    let mut expectations = expectations(args.expect.as_deref())?;
    args.book.onlooker()?.study(|study| {
        study.isolate_events(args.isolation.is_some());
        if args.commands {
            let sides = [&request.base, &request.candidate];
            let is_json = args.format == Format::Jsonl;
            return what_if::run(study, sides, is_json, args.show, out);
        }
        report(args, study, &request, &mut expectations, out)
    })
}

fn report(
    args: &Args,
    study: &mut Study<'_>,
    request: &DiffRequest,
    expectations: &mut Expectations,
    out: &mut Output,
) -> Result<Exit> {
    let summary = match &args.out {
        None => {
            let is_coloured =
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            compare(study, request, expectations, args, is_coloured, out)?
        }
        Some(path) => {
            // The report appears under its name when it is whole.
            let unfinished = path.with_added_extension("new");
            let failed = |error| Error::io(format!("writing {}", path.display()), error);
            let mut file = BufWriter::new(File::create(&unfinished).map_err(failed)?);
            let result = compare(study, request, expectations, args, false, &mut file);
            let result = result.and_then(|summary| {
                file.flush().map_err(failed)?;
                std::fs::rename(&unfinished, path).map_err(failed)?;
                Ok(summary)
            });
            if result.is_err() {
                // The error that matters is the comparison's.
                let _ = std::fs::remove_file(&unfinished);
            }
            let summary = result?;
            out.say(format_args!(
                "{} of {} differ, {} unexpected; the report is in {}",
                thousands(summary.differing.total()),
                count(summary.events, "event"),
                count(summary.unexpected, "difference"),
                path.display()
            ))?;
            summary
        }
    };
    Ok(if summary.unexpected == 0 {
        Exit::Fine
    } else {
        Exit::Differs
    })
}

fn compare(
    study: &mut Study<'_>,
    request: &DiffRequest,
    expectations: &mut Expectations,
    args: &Args,
    is_coloured: bool,
    to: &mut dyn Write,
) -> Result<Summary> {
    let mut sink: Box<dyn Sink + '_> = match args.format {
        Format::Text => Box::new(
            TextReport::new(to)
                .further_max(args.show)
                .coloured(is_coloured),
        ),
        Format::Jsonl => Box::new(JsonlReport::new(to)),
        Format::Html => Box::new(HtmlReport::new(to)),
    };
    let mut bar = Bar::new("comparing");
    let mut progress = bar.events("comparing");
    study.diff(request, expectations, sink.as_mut(), &mut progress)
}

pub fn picked(choices: &[Choice]) -> Result<Picked> {
    let versions: Vec<PluginVersion> = choices
        .iter()
        .filter_map(|choice| match choice {
            Choice::Recorded => None,
            Choice::Version(version) => Some(version.clone()),
        })
        .collect();
    match (versions.is_empty(), versions.len() == choices.len()) {
        (true, _) => Ok(Picked::Recorded),
        (_, true) => Ok(Picked::Pinned(versions)),
        _ => Err(Error::usage(
            "a side is either `recorded` or versions, not both",
        )),
    }
}

fn expectations(path: Option<&Path>) -> Result<Expectations> {
    let Some(path) = path else {
        return Ok(Expectations::none());
    };
    Expectations::parse(&expectation_text(path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_recorded_or_versions_and_never_both() {
        let choices = |texts: &[&str]| -> Vec<Choice> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        assert_eq!(picked(&choices(&["recorded"])).unwrap(), Picked::Recorded);
        let versions = picked(&choices(&["bank@1993-01-01", "poker@2019-08-01"])).unwrap();
        assert!(matches!(versions, Picked::Pinned(versions) if versions.len() == 2));
        assert!(picked(&choices(&["recorded", "bank@1993-01-01"])).is_err());
    }
}
