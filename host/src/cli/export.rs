//! `daybook export`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use super::Exit;
use super::common::{BookArg, FormatArg, seq};
use super::effects::repair_text;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use crate::model::{Error, Result, Seq};
use crate::study::{ExportRequest, Exported, Mask, Onlooker, PayloadsOf};
use crate::wire;

/// Write a stretch of the log to a file, as a fixture for replay-diffs
///
/// The file is a log of its own, JSON Lines: first the state before the stretch, as rows; then its events. Where a sample
/// leaves events out, the rows that they changed stand in their place, so that every event runs on the state on which it ran.
/// The host's own events and erased ones are left out. What of the stretch was amended, skipped, redacted or undone since is
/// told. Amended events have the payload that is in force now; with `--payloads first` the one that they were logged with. `daybook diff FILE` compares versions over it, and `daybook append`
/// makes a book of it.
///
/// Masked values are replaced by pseudonyms of the same kind, wherever they stand in rows, payloads, subjects, ids, sources and
/// tasks: as a whole string or number, between the slashes of a subject, and, from four characters on, as words of longer texts.
/// Equal values get equal pseudonyms, under a key that is forgotten. Who did it (the extension `actor`) is masked as soon as
/// anything is; times are not. A number is masked wherever it is that number, so mask numbers that are names and not amounts.
///
/// The file is tried while it is written: replayed with the versions that handled its events, it must have the effects that the
/// book has, masked. What does not is told, by its line, and makes the exit code 1; the file is written all the same. Where the
/// file ends with the log, it is told too whether a book made of it has the rows of this one.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook export mybook --out tests/visits.jsonl
  daybook export mybook --out fixture.jsonl --from 20000 --to 21000
  daybook export mybook --out fixture.jsonl --sample 25 --mask bank.owner.name --mask bank.OwnerMoved/address

Exit codes: 0 the file replays as the book did, 1 some events do not; the others are those of `daybook --help`.")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The first event; absent: the log's first
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    from: Option<Seq>,
    /// The last event; absent: the log's last
    #[arg(long, value_name = "SEQ", value_parser = seq)]
    to: Option<Seq>,
    /// At most so many events of each type and version that handled it, spread evenly over the stretch
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Replace the values of a column, or a part of a type's payloads, by pseudonyms. Can be given more than once
    #[arg(long, value_name = "PLUGIN.TABLE.COLUMN|PLUGIN.Type/POINTER")]
    mask: Vec<Mask>,
    /// Which payload an amended event has in the file
    #[arg(long, value_enum, default_value_t, value_name = "WHICH")]
    payloads: PayloadsArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Payloads of amended events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum PayloadsArg {
    /// The one in force; skipped events are left out
    #[default]
    Now,
    /// The one that it was logged with
    First,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let request = ExportRequest {
        from: args.from,
        to: args.to,
        sample: args.sample,
        masks: args.mask.clone(),
        payloads: match args.payloads {
            PayloadsArg::Now => PayloadsOf::Now,
            PayloadsArg::First => PayloadsOf::First,
        },
    };
    // The file appears under its name when it is whole.
    let path = args.out.display();
    let unfinished = args.out.with_added_extension("new");
    let failed = |error| Error::io(format!("writing {path}"), error);
    let onlooker = Onlooker::open(&args.book.path)?;
    let mut file = BufWriter::new(File::create(&unfinished).map_err(failed)?);
    let exported = onlooker.study(|study| {
        let mut bar = Bar::new("exporting");
        let mut progress = bar.events("exporting");
        study.export(&request, &mut file, &mut progress)
    });
    let exported = exported.and_then(|exported| {
        file.flush().map_err(failed)?;
        std::fs::rename(&unfinished, &args.out).map_err(failed)?;
        Ok(exported)
    });
    if exported.is_err() {
        // The error that matters is the export's.
        let _ = std::fs::remove_file(&unfinished);
    }
    let exported = exported?;
    if args.format.is_json() {
        out.json(&wire::Exported::from(&exported))?;
    } else {
        let masked = match exported.masked {
            0 => String::new(),
            masked => format!(", {} masked", count(masked, "value")),
        };
        out.line(format_args!(
            "{path}: {} of {}{masked}",
            count(exported.events, "event"),
            count(exported.events + exported.left_out, "event"),
        ))?;
        tell_repairs(&exported, args.payloads, out)?;
        for told in &exported.told {
            out.line(format_args!(
                "  line {}, event {} ({}): {}",
                told.line,
                told.seq,
                told.event_type,
                clean(&told.words)
            ))?;
        }
    }
    if exported.differing == 0 {
        return Ok(Exit::Fine);
    }
    out.say(format_args!(
        "{} of the file have other effects than in the book: what a version makes of a masked value, or what was recorded by other code",
        count(exported.differing, "event")
    ))?;
    Ok(Exit::Differs)
}

/// What of the stretch was repaired, and whether the file comes to the same rows.
fn tell_repairs(exported: &Exported, payloads: PayloadsArg, out: &mut Output) -> Result<()> {
    let (repairs, told) = &exported.repaired;
    for repaired in told {
        let note = repaired.note;
        let [amended, redacted, undone] =
            [note.amended, note.redacted, note.undone].map(|by| by.map(|seq| seq.0));
        let in_file = match (amended, payloads) {
            (Some(_), PayloadsArg::First) => ": the file has its first payload",
            _ if repaired.is_withheld => ": nobody handles it, and it is left out",
            (Some(_), PayloadsArg::Now) => ": the file has the payload that is in force",
            (None, _) => "",
        };
        out.line(format_args!(
            "  event {}{}{in_file}",
            repaired.seq,
            repair_text(amended, redacted, undone)
        ))?;
    }
    if *repairs > told.len() as u64 {
        out.line(format_args!("  and {} more", repairs - told.len() as u64))?;
    }
    match exported.same_rows {
        Some(true) => out.line("  a book made of the file has the same rows"),
        Some(false) => out.line(
            "  a book made of the file has other rows: some events of it have other effects than in the book",
        ),
        None => Ok(()),
    }
}
