//! Reads of the live state beside its writer: connections that are kept open, and one snapshot per read.
//!
//! A connection is never older than its caller asks for. One whose file was replaced, by an activation or because the
//! projection was built again, is found by its position, and left.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::limits::Limit;
use rusqlite::{Connection, params_from_iter};

use super::guard::Guard;
use super::meter::Allowance;
use super::sql::{self, Bind};
use super::{connect, guard, schema, sqlite};
use crate::model::{Error, ErrorKind, QueryColumn, Result, Seq, TableLayout, Value};

/// Connections that are kept while nobody uses them.
const IDLE_MAX: usize = 32;

/// Of these, those that keep the pages they have read; the others give them up.
const IDLE_WARM_MAX: usize = 4;

/// Columns of one result of people's SQL.
const RESULT_COLUMNS_MAX: i32 = 256;

/// Read-only connections to the live projection.
#[derive(Debug, Default)]
pub struct StatePool {
    idle: Mutex<Vec<StateReader>>,
}

/// One connection, and what bounds it.
#[derive(Debug)]
pub(super) struct StateReader {
    connection: Connection,
    path: PathBuf,
    guard: Guard,
}

/// The state as it was at one position, whatever is written meanwhile.
#[derive(Debug)]
pub struct Snapshot<'a> {
    pool: &'a StatePool,
    reader: Option<StateReader>,
    position: Seq,
    /// More than some rows were read: what the connection keeps of it is of no use to the next read.
    was_searched: Cell<bool>,
}

/// How a column compares with a value. Null compares with nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    fn sql(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        }
    }
}

/// What a row must be like; columns are positions in the layout.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    Compare(usize, Comparison, Value),
    Null(usize, bool),
}

/// Some rows of a table in a total order.
#[derive(Debug, Clone)]
pub struct PageQuery {
    /// All of them must hold.
    pub filters: Vec<Filter>,
    /// Columns to order by; the key's are among them, so that no two rows are alike.
    pub order: Vec<usize>,
    pub descending: bool,
    /// Values of `order` in the last row that was seen.
    pub after: Option<Vec<Value>>,
    pub rows_max: usize,
    /// Bytes of rows after which a page ends; it has one row at least.
    pub bytes_max: usize,
}

/// Whole rows, and whether there are others after them.
#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Vec<Value>>,
    pub more: bool,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultColumn {
    pub name: String,
    /// The SQL name of the table, and the column of it, whose values these are; none where they were worked out.
    pub of: Option<(String, String)>,
}

/// The columns of a result with what these tables say of them; where two tables of a name say different things, nothing.
pub fn query_columns<'a>(
    columns: &[ResultColumn],
    tables: impl IntoIterator<Item = &'a Arc<TableLayout>> + Clone,
) -> Vec<QueryColumn> {
    let format = |(table, column): &(String, String)| {
        let named = tables.clone().into_iter();
        let mut formats = named
            .filter(|it| it.sql_name.eq_ignore_ascii_case(table))
            .filter_map(|it| it.formats.get(column));
        let first = formats.next()?;
        formats.all(|it| it == first).then(|| first.clone())
    };
    let columns = columns.iter().map(|column| QueryColumn {
        name: column.name.clone(),
        format: column.of.as_ref().and_then(format),
    });
    columns.collect()
}

/// What a person's SELECT gave.
#[derive(Debug)]
pub struct Answer {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Vec<Value>>,
    /// There were more rows, or more bytes, than asked for.
    pub truncated: bool,
}

impl StatePool {
    /// Begins a read of the projection at `path`, which has all events up to `at_least`. It may take what is allowed, on
    /// this thread. Fails where the file is gone, or not that far: it is being replaced, and its successor should be asked.
    pub fn snapshot(
        &self,
        path: &Path,
        at_least: Seq,
        allowance: &Allowance,
    ) -> Result<Snapshot<'_>> {
        if let Some(snapshot) = self.kept(path, at_least, allowance) {
            return Ok(snapshot);
        }
        let reader = StateReader::open(path)?;
        let position = reader.begin(allowance)?;
        if position < at_least {
            return Err(Error::unavailable("the projection is being replaced"));
        }
        Ok(self.lend(reader, position))
    }

    /// The same on a connection that is open already: nothing is waited for.
    pub fn kept(&self, path: &Path, at_least: Seq, allowance: &Allowance) -> Option<Snapshot<'_>> {
        let reader = {
            let mut idle = self.idle();
            idle.retain(|reader| reader.path == path);
            idle.pop()
        }?;
        let position = reader.begin(allowance).ok()?;
        (position >= at_least).then(|| self.lend(reader, position))
    }

    fn lend(&self, reader: StateReader, position: Seq) -> Snapshot<'_> {
        Snapshot {
            pool: self,
            reader: Some(reader),
            position,
            was_searched: Cell::new(false),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<StateReader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateReader {
    pub fn open(path: &Path) -> Result<StateReader> {
        let failed = |error| sqlite(&format!("opening {}", path.display()), error);
        let mut connection = connect::open_to_read(path).map_err(failed)?;
        // Readers do not wait for writers; this is for the moments in which SQLite sorts its files out.
        connection
            .busy_timeout(Duration::from_secs(1))
            .map_err(failed)?;
        schema::check_projection(&connection, path)?;
        schema::limit(&connection)?;
        connection
            .set_limit(Limit::SQLITE_LIMIT_COLUMN, RESULT_COLUMNS_MAX)
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        let guard = Guard::install(&mut connection)?;
        Ok(StateReader {
            connection,
            path: path.to_owned(),
            guard,
        })
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        sqlite(&format!("projection {}", self.path.display()), error)
    }

    fn run(&self, text: &str) -> Result<()> {
        self.connection
            .prepare_cached(text)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Begins to read, and says how far what is read is.
    fn begin(&self, allowance: &Allowance) -> Result<Seq> {
        self.guard.meter().begin(allowance.clone());
        self.run("BEGIN")?;
        let position: i64 = self
            .connection
            .prepare_cached("SELECT position FROM _daybook")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(|error| self.failed(error))?;
        Ok(Seq(position as u64))
    }

    fn end(&self) -> Result<()> {
        self.guard.meter().end();
        self.run("COMMIT")
    }

    /// Gives up the pages that it keeps.
    fn shrink(&self) -> Result<()> {
        { self.connection.execute_batch("PRAGMA shrink_memory") }
            .map_err(|error| self.failed(error))
    }

    /// Runs one SELECT of a person, which may take what is allowed. `start` is told the columns, `visit` gets the rows as they
    /// come, and may end it with an error.
    pub fn select(
        &self,
        text: &str,
        parameters: &[Value],
        start: impl FnOnce(&[ResultColumn]) -> Result<()>,
        visit: impl FnMut(Vec<Value>) -> Result<bool>,
    ) -> Result<()> {
        guard::check_text(text, parameters.len())?;
        let work = || select(&self.connection, text, parameters, start, visit);
        self.guard.foreign(&self.connection, None, work)
    }

    /// Runs a SELECT outside of any snapshot.
    pub fn select_alone(
        &self,
        allowance: Allowance,
        text: &str,
        start: impl FnOnce(&[ResultColumn]) -> Result<()>,
        visit: impl FnMut(Vec<Value>) -> Result<bool>,
    ) -> Result<()> {
        self.guard.meter().begin(allowance);
        let result = self.select(text, &[], start, visit);
        self.guard.meter().end();
        result
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        let Some(reader) = self.reader.take() else {
            return;
        };
        if reader.end().is_err() {
            return;
        }
        let waiting = self.pool.idle().len();
        let is_cold = self.was_searched.get() || waiting >= IDLE_WARM_MAX;
        if is_cold && reader.shrink().is_err() {
            return;
        }
        let mut idle = self.pool.idle();
        if idle.len() < IDLE_MAX {
            idle.push(reader);
        }
    }
}

impl Snapshot<'_> {
    /// The last event that this state has seen.
    pub fn position(&self) -> Seq {
        self.position
    }

    fn reader(&self) -> Result<&StateReader> {
        self.reader
            .as_ref()
            .ok_or_else(|| Error::internal("a snapshot that has ended was asked"))
    }

    /// The row with a key.
    pub fn row(&self, table: &TableLayout, key: &[Value]) -> Result<Option<Vec<Value>>> {
        let filters = { table.key.iter() }
            .zip(key)
            .map(|(&at, part)| Filter::Compare(at, Comparison::Equal, part.clone()));
        let page = self.page(
            table,
            &PageQuery {
                filters: filters.collect(),
                order: Vec::new(),
                descending: false,
                after: None,
                rows_max: 1,
                bytes_max: usize::MAX,
            },
        )?;
        Ok(page.rows.into_iter().next())
    }

    /// Rows of a table.
    pub fn page(&self, table: &TableLayout, query: &PageQuery) -> Result<Page> {
        let reader = self.reader()?;
        let failed = |error| reader.failed(error);
        let (text, parameters) = page_sql(table, query);
        let mut statement = reader.connection.prepare_cached(&text).map_err(failed)?;
        let mut found = statement
            .query(params_from_iter(parameters.into_iter().map(Bind)))
            .map_err(failed)?;
        let mut page = Page {
            rows: Vec::new(),
            more: false,
        };
        let mut bytes = 0;
        while let Some(cells) = found.next().map_err(failed)? {
            if page.rows.len() == query.rows_max || bytes > query.bytes_max {
                page.more = true;
                break;
            }
            let row = sql::row(cells, table.columns.len())?;
            bytes += row.iter().map(Value::weight).sum::<usize>();
            page.rows.push(row);
        }
        Ok(page)
    }

    /// Runs one SELECT of a person; it sees the tables as they are in the file.
    pub fn select(
        &self,
        text: &str,
        parameters: &[Value],
        rows_max: usize,
        bytes_max: usize,
    ) -> Result<Answer> {
        self.was_searched.set(true);
        let mut answer = Answer {
            columns: Vec::new(),
            rows: Vec::new(),
            truncated: false,
        };
        let mut bytes = 0;
        let start = |columns: &[ResultColumn]| {
            answer.columns = columns.to_vec();
            Ok(())
        };
        let visit = |row: Vec<Value>| {
            bytes += row.iter().map(Value::weight).sum::<usize>();
            answer.truncated = answer.rows.len() == rows_max || bytes > bytes_max;
            if !answer.truncated {
                answer.rows.push(row);
            }
            Ok(!answer.truncated)
        };
        self.reader()?.select(text, parameters, start, visit)?;
        Ok(answer)
    }
}

fn select(
    connection: &Connection,
    text: &str,
    parameters: &[Value],
    start: impl FnOnce(&[ResultColumn]) -> Result<()>,
    mut visit: impl FnMut(Vec<Value>) -> Result<bool>,
) -> Result<()> {
    let failed = |error: rusqlite::Error| {
        let mapped = sqlite("SQL", error);
        // Whatever is wrong with a person's statement is the person's; only the disk and damage are not.
        match mapped.kind {
            ErrorKind::Io | ErrorKind::Corrupt | ErrorKind::Unavailable => mapped,
            _ if mapped.problem.is_some() => mapped,
            _ => Error {
                kind: ErrorKind::Refused,
                ..mapped
            }
            .hint("one read-only SELECT over the tables plugin_table"),
        }
    };
    let mut statement = connection.prepare(text).map_err(failed)?;
    // Some statements find nothing to do and so ask for no permission.
    if !statement.readonly() || statement.column_count() == 0 || statement.is_explain() != 0 {
        return Err(Error::refused("SQL: it is not a plain SELECT"));
    }
    if statement.parameter_count() != parameters.len() {
        return Err(Error::refused(format!(
            "SQL has {} parameters, {} were given",
            statement.parameter_count(),
            parameters.len()
        )));
    }
    let columns: Vec<ResultColumn> = { statement.columns_with_metadata() }
        .map(|column| ResultColumn {
            name: column.name().to_owned(),
            of: { column.table_name().zip(column.origin_name()) }
                .map(|(table, column)| (table.to_owned(), column.to_owned())),
        })
        .collect();
    start(&columns)?;
    let mut found = statement
        .query(params_from_iter(parameters.iter().map(Bind)))
        .map_err(failed)?;
    while let Some(cells) = found.next().map_err(failed)? {
        if !visit(sql::row(cells, columns.len())?)? {
            break;
        }
    }
    Ok(())
}

/// A page as SQL with its parameters in order. Names come from the layout, values are bound.
fn page_sql<'a>(table: &TableLayout, query: &'a PageQuery) -> (String, Vec<&'a Value>) {
    let name = |at: usize| format!("\"{}\"", table.columns[at].name);
    let mut parameters: Vec<&Value> = Vec::new();
    let mut terms = Vec::new();
    for filter in &query.filters {
        match filter {
            Filter::Compare(at, comparison, value) => {
                terms.push(format!("{} {} ?", name(*at), comparison.sql()));
                parameters.push(value);
            }
            Filter::Null(at, true) => terms.push(format!("{} IS NULL", name(*at))),
            Filter::Null(at, false) => terms.push(format!("{} IS NOT NULL", name(*at))),
        }
    }
    if let Some(after) = &query.after {
        terms.push(after_sql(table, query, after, &mut parameters));
    }
    let names = |columns: &[usize], end: &str| {
        let names: Vec<_> = columns
            .iter()
            .map(|&at| format!("{}{end}", name(at)))
            .collect();
        names.join(", ")
    };
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let mut text = format!("SELECT {} FROM \"{}\"", names(&all, ""), table.sql_name);
    if !terms.is_empty() {
        text.push_str(" WHERE ");
        text.push_str(&terms.join(" AND "));
    }
    if !query.order.is_empty() {
        let direction = if query.descending { " DESC" } else { "" };
        text.push_str(" ORDER BY ");
        text.push_str(&names(&query.order, direction));
    }
    // One more, to know whether there is one. The number is the host's own.
    text.push_str(&format!(" LIMIT {}", query.rows_max + 1));
    (text, parameters)
}

/// What comes after a row in the page's order. Null comes before every value, and only the first column may be null: the
/// others are the key's.
fn after_sql<'a>(
    table: &TableLayout,
    query: &PageQuery,
    after: &'a [Value],
    parameters: &mut Vec<&'a Value>,
) -> String {
    let beyond = if query.descending { "<" } else { ">" };
    let row = |columns: &[usize]| {
        let names: Vec<_> = columns
            .iter()
            .map(|&at| format!("\"{}\"", table.columns[at].name))
            .collect();
        let marks = vec!["?"; columns.len()].join(", ");
        format!("({}) {beyond} ({marks})", names.join(", "))
    };
    let first = query.order[0];
    let first_name = format!("\"{}\"", table.columns[first].name);
    if after[0] == Value::Null {
        parameters.extend(&after[1..]);
        let same = format!("({first_name} IS NULL AND {})", row(&query.order[1..]));
        return match query.descending {
            true => same,
            false => format!("({same} OR {first_name} IS NOT NULL)"),
        };
    }
    parameters.extend(after);
    let rest = row(&query.order);
    match query.descending && table.columns[first].nullable {
        true => format!("({rest} OR {first_name} IS NULL)"),
        false => rest,
    }
}
