//! `daybook snapshot`

use super::Exit;
use super::common::FormatArg;
use super::output::{Output, thousands};
use super::table::{number, table, text};
use super::target::TargetArg;
use crate::model::Result;
use crate::wire::Snapshot;

/// Keep a copy of the live state, to start from
///
/// What is built from the log starts at the last snapshot that its versions would have led to, instead of at the first
/// event: a past state (`--as-of`), a shadow, an activation. A snapshot holds nothing that the log does not; it can be
/// deleted. A book keeps sixteen, the older the rarer.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook snapshot mybook
  daybook snapshot mybook --list")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Only show which there are
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let records = match args.list {
        true => args.target.read()?.snapshots()?,
        false => vec![args.target.open(out)?.snapshot()?],
    };
    if args.format.is_json() {
        records.iter().try_for_each(|record| out.json(record))?;
        return Ok(Exit::Fine);
    }
    if let ([record], false) = (records.as_slice(), args.list) {
        out.line(format_args!("a snapshot at event {}", record.position))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table(["POSITION", "MADE", "MADE UNDER", "FILE"]);
    for record in &records {
        rows.add_row(row(record));
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}

fn row(record: &Snapshot) -> [comfy_table::Cell; 4] {
    [
        number(thousands(record.position)),
        text(record.made_at.get(..19).unwrap_or(&record.made_at)),
        text(&record.schedule),
        text(&record.file),
    ]
}
