//! A comparison over a log that is a file: in a book that is made for it and gone afterwards.

use std::io::BufReader;

use super::sides::{self, Side};
use super::{Args, Choice, Expected, report};
use crate::cli::Exit;
use crate::cli::append::{Batches, open};
use crate::cli::common::runtime;
use crate::cli::lines::Lines;
use crate::cli::output::Output;
use crate::cli::progress::Bar;
use crate::model::{Error, Lineup, Result, Seq, limits};
use crate::study::ScratchBook;
use crate::verbs::APPEND_BYTES_MAX;
use crate::wire::CallsIn;

pub fn run(args: &Args, expected: Option<&Expected>, out: &mut Output) -> Result<Exit> {
    if args.commands {
        return Err(Error::usage(format!(
            "{} holds events and no commands",
            args.book.display()
        ))
        .hint("--commands compares the commands of a book"));
    }
    let mut sides = args.base.iter().chain(&args.candidate);
    if sides.any(|side| *side == Side::Choice(Choice::Recorded)) {
        return Err(Error::usage(format!(
            "`recorded` is what a book recorded, and {} is a log alone",
            args.book.display()
        ))
        .hint("name a component's file, or a crate's folder"));
    }
    let (input, bytes_total) = open(&args.book)?;
    let mut scratch = ScratchBook::new(runtime()?)?;
    let lent = sides::lend(&args.base, &args.candidate, &args.with, |bytes| {
        scratch.lend(bytes)
    })?;
    scratch.begin(Lineup::default().with(&lent.versions))?;
    let mut batches = Batches {
        lines: Lines::new(BufReader::with_capacity(1 << 20, input)),
        count_max: limits::APPEND_BATCH_DEFAULT,
        bytes_max: APPEND_BYTES_MAX,
    };
    let mut events = 0;
    {
        let mut bar = Bar::new("reading the log");
        loop {
            let read = batches.next().and_then(|batch| match batch.is_empty() {
                true => Ok(0),
                false => scratch.book().take_over(batch),
            });
            let count = read.map_err(|error| error.context(args.book.display()))?;
            if count == 0 {
                break;
            }
            events += count;
            bar.bytes(events, batches.lines.bytes(), bytes_total);
        }
    }
    if scratch.book().head() == Seq::ZERO {
        return Err(Error::refused(format!(
            "{} holds no event",
            args.book.display()
        )));
    }
    let request = args.request(lent.base, lent.candidate);
    let mut study = scratch.book().study();
    study.set_calls(CallsIn::from(args.instances).into());
    report(args, &mut study, &request, expected, out)
}
