//! `daybook query`

use clap::ValueEnum;
use comfy_table::Table;

use super::Exit;
use super::common::seq;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::{number, table, text};
use super::target::TargetArg;
use super::values::{json_line, plain, tab_separated};
use crate::book::LIVE;
use crate::model::{ColumnFormat, Error, ErrorKind, QueryColumn, Result, Seq, Value};
use crate::study::Moment;
use crate::verbs::{Rows, StateOf};

/// Ask the state, read-only, in SQL
///
/// One SELECT over the tables of the active versions, or of a replay's projection. A table is called plugin_table. It
/// sees what is committed, and never waits for the process that writes.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook query mybook 'SELECT * FROM bank_account ORDER BY balance DESC LIMIT 10'
  daybook query mybook --projection in1994 'SELECT sum(interest_microcents) FROM bank_account'
  daybook query mybook --as-of 20000 'SELECT sum(balance) FROM bank_account'
  daybook query mybook --as-of 20000 --as-known 'SELECT sum(balance) FROM bank_account'
  daybook query mybook --as-of-event-time 1993-06-30T23:59:59Z 'SELECT sum(balance) FROM bank_account'
  daybook query mybook \"SELECT name, sql FROM sqlite_schema WHERE type = 'table'\" --format json
  daybook query --url http://127.0.0.1:7373 'SELECT count(*) FROM bank_account'")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// One SELECT
    #[arg(value_name = "SQL")]
    sql: String,
    /// Which state: the live one, or a replay's by its name
    #[arg(long, value_name = "NAME", default_value = LIVE)]
    projection: String,
    /// The state as it was after this event, or after the last one recorded by this time (RFC 3339), under what is in force
    /// now
    #[arg(long, value_name = "SEQ|TIME", conflicts_with = "projection")]
    as_of: Option<Moment>,
    /// The state after the last event that happened by this time, by its own account: for history that was imported
    #[arg(long, value_name = "TIME", value_parser = Moment::happened, conflicts_with_all = ["projection", "as_of"])]
    as_of_event_time: Option<Moment>,
    /// Of an earlier state: as the book showed it then, by the versions that were in force then and from the payloads of then
    #[arg(long, conflicts_with = "projection")]
    as_known: bool,
    /// Wait, a while, until the state has this event
    #[arg(long, value_name = "SEQ", value_parser = seq, conflicts_with = "projection")]
    min_position: Option<Seq>,
    /// How the rows are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Text,
    /// Tab-separated, the names first, escaped as PostgreSQL's COPY does it (\N is null)
    Tsv,
    /// JSON Lines, one object a row
    Json,
}

/// Rows of one table for people. Its columns must be as wide as the widest row, so the rows are held until it is full;
/// what is more comes in another table.
const ROWS_PER_TABLE: usize = 1_000;

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let moment = args.as_of.as_ref().or(args.as_of_event_time.as_ref());
    if args.as_known && moment.is_none() {
        return Err(Error::usage(
            "--as-known says how an earlier state is shown, and none is named",
        )
        .hint("--as-of SEQ|TIME, or --as-of-event-time TIME, names one"));
    }
    let target = args.target.read()?;
    if let Some(position) = args.min_position {
        target.reach(position)?;
    }
    let mut printer = Printer {
        format: args.format,
        columns: Vec::new(),
        table: None,
        count: 0,
        out,
    };
    let state = match moment {
        None => StateOf::Projection(&args.projection),
        Some(moment) => StateOf::Past {
            moment,
            as_known: args.as_known,
        },
    };
    let is_cut = {
        let mut bar = Bar::new("going back");
        let mut progress = bar.events("materializing");
        target.select(state, &args.sql, &mut printer, &mut progress)?
    };
    printer.finish()?;
    if is_cut {
        return Err(Error::new(
            ErrorKind::Refused,
            format!(
                "there are more than these {}: a server gives no more at once",
                count(printer.count, "row")
            ),
        )
        .hint("ask for fewer with LIMIT or WHERE, or by the book's directory"));
    }
    Ok(Exit::Fine)
}

struct Printer<'a> {
    format: Format,
    columns: Vec<QueryColumn>,
    /// The table that is being filled.
    table: Option<Table>,
    /// Rows so far.
    count: u64,
    out: &'a mut Output,
}

impl Rows for Printer<'_> {
    fn columns(&mut self, columns: &[QueryColumn]) -> Result<()> {
        self.columns = columns.to_vec();
        match self.format {
            Format::Text => self.table = Some(table(columns.iter().map(|it| &it.name))),
            Format::Tsv => {
                let names: Vec<_> = columns
                    .iter()
                    .map(|column| tab_separated(&Value::Text(column.name.clone())))
                    .collect();
                self.out.line(names.join("\t"))?;
            }
            Format::Json => {}
        }
        Ok(())
    }

    fn row(&mut self, row: Vec<Value>) -> Result<()> {
        self.count += 1;
        match self.format {
            Format::Json => self.out.line(json_line(&self.columns, &row)),
            Format::Tsv => {
                let cells: Vec<_> = row.iter().map(tab_separated).collect();
                self.out.line(cells.join("\t"))
            }
            Format::Text => {
                if self
                    .table
                    .as_ref()
                    .is_some_and(|table| table.row_count() == ROWS_PER_TABLE)
                {
                    self.finish()?;
                }
                let names = self.columns.iter().map(|it| &it.name);
                let table = self.table.get_or_insert_with(|| table(names));
                table.add_row(self.columns.iter().zip(&row).map(|(column, value)| {
                    let format = column.format.as_ref();
                    let shown = format.and_then(|it| it.show(value));
                    let shown = shown.unwrap_or_else(|| plain(value));
                    let is_word = format.is_some_and(ColumnFormat::is_word);
                    match value {
                        Value::Integer(_) | Value::Real(_) if !is_word => number(shown),
                        _ => text(shown),
                    }
                }));
                Ok(())
            }
        }
    }
}

impl Printer<'_> {
    fn finish(&mut self) -> Result<()> {
        match self.table.take() {
            Some(table) => self.out.line(table),
            None => Ok(()),
        }
    }
}
