//! `daybook diff`

mod log_file;
mod sides;

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;

use self::sides::Side;
use super::Exit;
use super::common::{InstancesArg, seq};
use super::input::cannot_read;
use super::output::{Output, count, thousands};
use super::progress::Bar;
use super::what_if;
use crate::authoring;
use crate::diff::html::HtmlReport;
use crate::diff::jsonl::JsonlReport;
use crate::diff::text::TextReport;
use crate::diff::{Approval, Approved, Expectations, Sink, Summary};
use crate::model::{Error, PluginVersion, Result, Seq};
use crate::study::{DiffRequest, Onlooker, Picked, Study};
use crate::wire::CallsIn;

/// Compare two versions over the whole log
///
/// Both run over the same events at the same time, each on a state of its own, and every event whose outcome differs is
/// reported: which rows and columns, with both values, which tasks, and why. The cause is direct where the candidate
/// would also have differed on the base's state, so this event's logic changed; it is inherited where only the state
/// before it differs. Then come the totals, the final rows that differ, and what each side cost. The book is as it was.
///
/// A side may be a component that the book does not have: a file, or a crate's folder, which is built as `daybook plugin
/// build` does. Instead of a book there may be a log alone, a file of JSON Lines with an event a line: then all versions are
/// such components, the base is in force over the whole log, and an event's position is its line. The log must be one that
/// the base takes, every event of it; an event without a time has that of the one before it.
///
/// An expectation file names the differences that are wanted, each with its reason. Whatever it does not name is
/// unexpected, and makes the exit code 1, so that a comparison can stand in a build; so does an entry with `count` that is met
/// less often. `--approve` writes the file as the comparison came out, and keeps the reasons that were written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook diff mybook --base bank@1993-01-01 --candidate bank@1994-01-01
  daybook diff mybook --base recorded --candidate bank@1994-01-01 --expect wanted.toml
  daybook diff mybook --base bank@1993-01-01 --candidate bank@1994-01-01 --format html --out report.html
  daybook diff mybook --commands --base recorded --candidate bank@1994-01-01
  daybook diff mybook --base bank@1993-01-01 --candidate plugins/bank/1994-01-01
  daybook diff tests/visits.jsonl --base ../2024-01-01 --candidate . --expect expect.toml --approve

An expectation file:
  [[expect]]
  reason = \"interest is counted by 30/360 from 1994 on\"
  table = \"bank.account\"
  columns = [\"interest_microcents\"]
  event = \"bank.TransactionPosted\"   # narrowing, as cause, from and to
  count = 45745                      # exactly so many; count_max: at most

Exit codes: 0 nothing unexpected, 1 unexpected differences; the others are those of `daybook --help`.")]
pub struct Args {
    /// The book's directory, or a log: a file of JSON Lines
    #[arg(value_name = "BOOK|LOG.jsonl")]
    book: PathBuf,
    /// What the comparison starts from: a version (the other plugins as they are active), a component's file or a crate's
    /// folder, or `recorded`: history as it happened. Can be given more than once, for several plugins
    #[arg(long, value_name = "PLUGIN@DATE|PATH|recorded", required = true)]
    base: Vec<Side>,
    /// What is compared with it
    #[arg(long, value_name = "PLUGIN@DATE|PATH|recorded", required = true)]
    candidate: Vec<Side>,
    /// A component's file, or a crate's folder, that both sides need: a version below, or another plugin, which then takes
    /// part on both sides. Can be given more than once
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,
    /// Compare what the creators answer to the journal's commands, instead of what events do: which would now be refused,
    /// accepted, or make other events. `--base recorded` is what was answered
    #[arg(long, conflicts_with_all = ["from", "to", "expect", "out", "approve", "strict"])]
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
    /// Write the expectation file so that it says exactly what was found: each column, row, kind of task and doom, by type of
    /// event, with its count. Reasons that are there for the same thing stay; the others are left to be written
    #[arg(long, requires = "expect")]
    approve: bool,
    /// An expectation that nothing met is a failure too
    #[arg(long, requires = "expect")]
    strict: bool,
    /// In which instances calls are made: the effects are the same
    #[arg(long, value_enum, default_value_t)]
    instances: InstancesArg,
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
    let expected = match &args.expect {
        None => None,
        Some(path) => Expected::read(path, args.approve)?,
    };
    if !args.book.is_dir() {
        return log_file::run(args, expected.as_ref(), out);
    }
    Onlooker::open(&args.book)?.study(|study| {
        let lent = sides::lend(&args.base, &args.candidate, &args.with, |bytes| {
            study.lend(bytes)
        })?;
        study.check_lent()?;
        let request = args.request(lent.base, lent.candidate);
        study.set_calls(CallsIn::from(args.instances).into());
        if args.commands {
            let sides = [&request.base, &request.candidate];
            let is_json = args.format == Format::Jsonl;
            return what_if::run(study, sides, is_json, args.show, out);
        }
        report(args, study, &request, expected.as_ref(), out)
    })
}

impl Args {
    fn request(&self, base: Picked, candidate: Picked) -> DiffRequest {
        DiffRequest {
            base,
            candidate,
            from: self.from,
            to: self.to,
        }
    }
}

/// An expectation file that is there, and can be read as one.
struct Expected {
    path: PathBuf,
    text: String,
}

impl Expected {
    /// None: there is no such file, and none is needed.
    fn read(path: &Path, is_approved: bool) -> Result<Option<Expected>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return match is_approved {
                    true => Ok(None),
                    false => Err(cannot_read(path, error)
                        .hint("the same with --approve writes it, as the comparison comes out")),
                };
            }
            Err(error) => return Err(cannot_read(path, error)),
        };
        let expected = Expected {
            path: path.to_owned(),
            text,
        };
        expected.parse().map(|_| Some(expected))
    }

    fn parse(&self) -> Result<Expectations> {
        Expectations::parse(&self.text).map_err(|error| error.context(self.path.display()))
    }
}

fn report(
    args: &Args,
    study: &mut Study<'_>,
    request: &DiffRequest,
    expected: Option<&Expected>,
    out: &mut Output,
) -> Result<Exit> {
    let mut expectations = match expected {
        Some(expected) => expected.parse()?,
        None => Expectations::none(),
    };
    if args.strict {
        expectations = expectations.strict();
    }
    let (summary, approved) = match &args.out {
        None => {
            let is_coloured =
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            compare(
                study,
                request,
                &mut expectations,
                expected,
                args,
                is_coloured,
                out,
            )?
        }
        Some(path) => {
            // The report appears under its name when it is whole.
            let unfinished = path.with_added_extension("new");
            let failed = |error| Error::io(format!("writing {}", path.display()), error);
            let mut file = BufWriter::new(File::create(&unfinished).map_err(failed)?);
            let result = compare(
                study,
                request,
                &mut expectations,
                expected,
                args,
                false,
                &mut file,
            );
            let result = result.and_then(|done| {
                file.flush().map_err(failed)?;
                std::fs::rename(&unfinished, path).map_err(failed)?;
                Ok(done)
            });
            if result.is_err() {
                // The error that matters is the comparison's.
                let _ = std::fs::remove_file(&unfinished);
            }
            let (summary, approved) = result?;
            out.say(format_args!(
                "{} of {} differ, {} unexpected; the report is in {}",
                thousands(summary.differing.total()),
                count(summary.events, "event"),
                count(summary.unexpected, "difference"),
                path.display()
            ))?;
            (summary, approved)
        }
    };
    if let (Some(approved), Some(path)) = (approved, &args.expect) {
        authoring::write_whole(path, approved.text.as_bytes())?;
        let left = match approved.unexplained {
            0 => String::new(),
            left => format!(", {left} not explained yet"),
        };
        out.say(format_args!(
            "{} says what was found: {}{left}",
            path.display(),
            match approved.entries {
                1 => "1 entry".to_owned(),
                entries => format!("{entries} entries"),
            }
        ))?;
        return Ok(Exit::Fine);
    }
    Ok(if summary.is_as_expected() {
        Exit::Fine
    } else {
        Exit::Differs
    })
}

fn compare(
    study: &mut Study<'_>,
    request: &DiffRequest,
    expectations: &mut Expectations,
    expected: Option<&Expected>,
    args: &Args,
    is_coloured: bool,
    to: &mut dyn Write,
) -> Result<(Summary, Option<Approved>)> {
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
    if !args.approve {
        let summary = study.diff(request, expectations, sink.as_mut(), &mut progress)?;
        return Ok((summary, None));
    }
    let mut approval = Approval::beside(sink.as_mut());
    let summary = study.diff(request, expectations, &mut approval, &mut progress)?;
    let heading = format!(
        "# What {} is meant to change against {}: exactly this, as `daybook diff --approve` found it.\n",
        summary.candidate, summary.base
    );
    let approved = approval.file(expected.map(|it| it.text.as_str()), &heading)?;
    Ok((summary, Some(approved)))
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
