//! `daybook append`

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use super::Exit;
use super::common::FormatArg;
use super::input::cannot_read;
use super::lines::Lines;
use super::log::log_line;
use super::output::{Output, count};
use super::progress::Bar;
use super::target::TargetArg;
use crate::book::Incoming;
use crate::model::clock::Stopwatch;
use crate::model::error::Problem;
use crate::model::event::STATE_GIVEN;
use crate::model::{Error, Result, limits};
use crate::store::HandlerLogFilter;
use crate::verbs::Operates;
use crate::wire::{AppendedEvent, AppendedFile};

/// Append events to the log
///
/// The input has one event a line, as structured JSON of CloudEvents 1.0: `type` and `data`, and as far as they are known
/// `id`, `source`, `subject` and `time`; what is missing is filled in. An event with an id and source that are in the log
/// already is not added again, so the same file can be appended twice.
///
/// Events go into the log in batches, each in one durable transaction: all of it or nothing. When a line is refused,
/// the batches before its own are kept, and the error says how many lines these are. Empty lines are skipped.
///
/// What `daybook export` wrote begins with a state. It is taken whole, in one transaction, and only into a directory whose book
/// has no events yet. Tasks that its events asked for were delivered where they came from, and are not delivered again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook append mybook events.jsonl
  daybook append mybook events.jsonl --batch 1
  zcat events.jsonl.gz | daybook append mybook -
  daybook append --url http://127.0.0.1:7373 events.jsonl

One event:
  {\"type\": \"bank.LoanGranted\", \"subject\": \"account/2\", \"data\": {\"loan\": 1, \"account\": 2, …}}")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// A file of JSON Lines, or - for standard input
    #[arg(value_name = "EVENTS.jsonl|-")]
    events: PathBuf,
    /// Events in one transaction. A batch also ends when its lines have 64 MiB together, 4 MiB for a server
    #[arg(long, value_name = "COUNT", default_value_t = default_batch())]
    batch: NonZeroUsize,
    #[command(flatten)]
    format: FormatArg,
}

/// Lines of what handlers log that are told.
const LOG_LINES_MAX: usize = 20;

fn default_batch() -> NonZeroUsize {
    NonZeroUsize::new(limits::APPEND_BATCH_DEFAULT).expect("the default is not zero")
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let (input, bytes_total) = open(&args.events)?;
    let mut target = args.target.open(out)?;
    // Of what handlers log, those lines are told that come from now on.
    let reads = args.target.read()?;
    let newest = || {
        let lines = reads.handler_log(&HandlerLogFilter::default(), 1)?;
        Ok::<_, Error>(lines.last().map_or(0, |line| line.number))
    };
    let heard = newest()?;
    let clock = Stopwatch::start();
    let mut tally = Tally::default();
    let result = {
        let mut bar = Bar::new("appending");
        let mut batches = Batches {
            lines: Lines::new(BufReader::with_capacity(1 << 20, input)),
            count_max: args.batch.get(),
            bytes_max: target.append_bytes_max(),
        };
        let first = batches.next().map_err(|error| explain(error, &tally))?;
        let is_exported =
            { first.first() }.is_some_and(|event| event.event_type.as_str() == STATE_GIVEN);
        match is_exported {
            true => begin_with(target.as_mut(), first, batches, &mut tally),
            false => append_all(target.as_mut(), first, batches, &mut tally, |tally| {
                bar.bytes(tally.events(), tally.bytes, bytes_total)
            }),
        }
    };
    result.map_err(|error| explain(error, &tally))?;
    let appended = AppendedFile {
        appended: tally.appended,
        known: tally.known,
        first: tally.first,
        head: target.head()?.0,
    };
    if args.format.is_json() {
        out.json(&appended)?;
        return Ok(Exit::Fine);
    }
    let known = if tally.known > 0 {
        format!(", {} known already", count(tally.known, "event"))
    } else {
        String::new()
    };
    out.line(format_args!(
        "appended {}{known}, in {:.1} s; the head is {}",
        count(tally.appended, "event"),
        clock.seconds(),
        appended.head
    ))?;
    let since = HandlerLogFilter {
        after: Some(heard),
        ..HandlerLogFilter::default()
    };
    let lines = reads.handler_log(&since, LOG_LINES_MAX)?;
    for line in &lines {
        out.say(format_args!("log: {}", log_line(line)))?;
    }
    if lines.len() == LOG_LINES_MAX {
        let more = newest()?.saturating_sub(heard + LOG_LINES_MAX as u64);
        if more > 0 {
            out.say(format_args!(
                "log: and {}; all of it: daybook log {}",
                count(more, "more line"),
                args.target
            ))?;
        }
    }
    Ok(Exit::Fine)
}

/// The input and, where it is a file, its bytes.
pub fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let file = File::open(path).map_err(|error| cannot_read(path, error))?;
    let metadata = file.metadata().map_err(|error| cannot_read(path, error))?;
    if metadata.is_dir() {
        return Err(Error::usage(format!("{} is a directory", path.display())));
    }
    let bytes = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(file), bytes))
}

/// What has become durable so far.
#[derive(Debug, Default)]
struct Tally {
    appended: u64,
    known: u64,
    /// Position of the first appended event.
    first: Option<u64>,
    /// The last line whose batch is kept.
    line: u64,
    bytes: u64,
}

impl Tally {
    fn events(&self) -> u64 {
        self.appended + self.known
    }
}

/// Bytes of an exported log that is appended: all of it is one transaction, and held in memory until then.
const EXPORTED_BYTES_MAX: u64 = 256 << 20;

/// Takes an exported log, whole.
fn begin_with(
    target: &mut dyn Operates,
    mut events: Vec<Incoming>,
    mut batches: Batches<impl io::BufRead>,
    tally: &mut Tally,
) -> Result<()> {
    loop {
        let batch = batches.next()?;
        if batch.is_empty() {
            break;
        }
        events.extend(batch);
        if batches.lines.bytes() > EXPORTED_BYTES_MAX {
            return Err(Error::refused(format!(
                "the exported log has more than {} MiB, and is taken in one transaction",
                EXPORTED_BYTES_MAX >> 20
            ))
            .hint("export a shorter stretch, or a sample of it"));
        }
    }
    let before = target.head()?;
    tally.appended = target.begin_with(events)?;
    tally.first = Some(before.next().0);
    tally.line = batches.lines.number();
    Ok(())
}

fn append_all(
    target: &mut dyn Operates,
    first: Vec<Incoming>,
    mut batches: Batches<impl io::BufRead>,
    tally: &mut Tally,
    mut show: impl FnMut(&Tally),
) -> Result<()> {
    let mut batch = first;
    loop {
        if batch.is_empty() {
            return Ok(());
        }
        for receipt in append_batch(target, batch)? {
            if receipt.duplicate {
                tally.known += 1;
            } else {
                tally.appended += 1;
                tally.first.get_or_insert(receipt.seq);
            }
        }
        tally.line = batches.lines.number();
        tally.bytes = batches.lines.bytes();
        show(tally);
        batch = batches.next()?;
    }
}

/// Appends a batch; where that is more than one request may make, in halves.
fn append_batch(
    target: &mut dyn Operates,
    mut batch: Vec<Incoming>,
) -> Result<Vec<AppendedEvent<'static>>> {
    let result = target.append(batch.clone());
    match result {
        Err(error) if is_too_much(&error) && batch.len() > 1 => {
            let rest = batch.split_off(batch.len() / 2);
            let mut receipts = append_batch(target, batch)?;
            receipts.extend(append_batch(target, rest)?);
            Ok(receipts)
        }
        result => result,
    }
}

fn is_too_much(error: &Error) -> bool {
    error.problem.as_deref() == Some(&Problem::Limit)
}

/// Says how much of the input is kept.
fn explain(error: Error, tally: &Tally) -> Error {
    let kept = if tally.line == 0 {
        "nothing of the input was kept".to_owned()
    } else {
        format!(
            "the lines up to {} were kept ({}), nothing after them; events with ids can be appended again",
            tally.line,
            count(tally.appended, "new event")
        )
    };
    let hint = match &error.hint {
        Some(hint) => format!("{hint}\n      {kept}"),
        None => kept,
    };
    error.hint(hint)
}

/// Cuts the input into groups of events.
pub struct Batches<R> {
    pub lines: Lines<R>,
    pub count_max: usize,
    pub bytes_max: u64,
}

impl<R: io::BufRead> Batches<R> {
    /// The next batch; empty at the end of the input.
    pub fn next(&mut self) -> Result<Vec<Incoming>> {
        let mut batch = Vec::with_capacity(self.count_max.min(limits::APPEND_BATCH_DEFAULT));
        let start = self.lines.bytes();
        while batch.len() < self.count_max && self.lines.bytes() - start < self.bytes_max {
            let Some((number, text)) = self.lines.next()? else {
                break;
            };
            let mut event =
                Incoming::parse(text).map_err(|error| error.context(format!("line {number}")))?;
            event.line = Some(number);
            batch.push(event);
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::APPEND_BYTES_MAX;

    fn batches(text: &'static str, count_max: usize) -> Batches<&'static [u8]> {
        Batches {
            lines: Lines::new(text.as_bytes()),
            count_max,
            bytes_max: APPEND_BYTES_MAX,
        }
    }

    #[test]
    fn batches_hold_as_many_events_as_asked_for_and_the_rest() {
        let mut batches = batches(
            "{\"type\":\"a.B\"}\n\n{\"type\":\"a.C\"}\n{\"type\":\"a.D\"}",
            2,
        );
        let mut sizes = Vec::new();
        loop {
            let batch = batches.next().unwrap();
            if batch.is_empty() {
                break;
            }
            sizes.push(
                batch
                    .iter()
                    .map(|event| event.line.unwrap())
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(sizes, [vec![1, 3], vec![4]]);
    }

    #[test]
    fn a_malformed_line_is_named() {
        let error = batches("{\"type\":\"a.B\"}\n\nnonsense\n", 10)
            .next()
            .unwrap_err();
        assert!(
            error.message.starts_with("line 3: malformed JSON"),
            "{error}"
        );
    }
}
