//! One projection: a SQLite file with the tables of one lineup and the position it has reached.
//!
//! Rows are read through and written back from a cache (`rows`), so that a row which changes a
//! thousand times between two commits is written once. What SQL sees is brought up to date before
//! any `find` or `query`. Undoing is writing rows back, so no savepoint is ever needed.

mod glance;
mod head;
mod search;
mod shares;

pub use glance::Glance;
pub use head::ProjectionHead;
pub use search::Bounds;
pub use shares::Share;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, params_from_iter};

use super::guard::Guard;
use super::key_filter::KeyFilter;
use super::rows::{TableRows, key_values};
use super::sql::{self, Bind};
use super::{connect, schema, sqlite};
use crate::model::layout::RowMap;
use crate::model::value::RowKey;
use crate::model::{Digest, Error, Layouts, Result, Row, TableLayout, Value, limits};

/// What a projection's file is for, and so how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Kept current beside the log: write-ahead log, `synchronous=NORMAL`. May lag after a crash, never leads.
    Live,
    /// Built from nothing and thrown away if anything goes wrong: no journal, no syncing until `finish`.
    Building,
}

/// Table, key, and the row there.
pub type RowAt<'r> = (usize, &'r [Value], Option<&'r Row>);

#[derive(Debug)]
pub struct Projection {
    connection: Connection,
    guard: Guard,
    path: PathBuf,
    layouts: Arc<Layouts>,
    tables: Vec<TableRows>,
    head: ProjectionHead,
    committed: ProjectionHead,
    /// What the open transaction says, if it says anything yet.
    prepared: Option<ProjectionHead>,
    in_transaction: bool,
    /// Nothing is read from the file: what was not supplied is not known.
    closed: bool,
    /// To be written with the next commit.
    note: Option<String>,
    /// Which history the position that the next commit writes is of.
    origin: Option<Digest>,
}

impl Projection {
    /// A state in memory that knows only the rows it is supplied with; asking for any other is an error.
    pub fn closed(layouts: Arc<Layouts>) -> Result<Projection> {
        let mut projection = Self::create(Path::new(":memory:"), layouts, Access::Building)?;
        projection.closed = true;
        Ok(projection)
    }

    /// Replaces everything a closed state knows.
    pub fn supply(&mut self, rows: &[(usize, Vec<Value>, Option<Row>)]) {
        self.tables.iter_mut().for_each(TableRows::clear);
        for (table, key, row) in rows {
            self.tables[*table].learn(RowKey::new(key.iter()), row.clone());
        }
    }

    /// A new, empty projection file.
    pub fn create(path: &Path, layouts: Arc<Layouts>, access: Access) -> Result<Projection> {
        let connection = connect::create(path)
            .map_err(|error| sqlite(&format!("creating {}", path.display()), error))?;
        let mut projection = Self::set_up(connection, path, access)?;
        projection.begin()?;
        schema::create_projection(&projection.connection)?;
        projection.migrate(layouts)?;
        projection.commit()?;
        Ok(projection)
    }

    /// Opens a file whose tables are those of `layouts`.
    pub fn open(path: &Path, layouts: Arc<Layouts>, access: Access) -> Result<Projection> {
        let connection = connect::open(path)
            .map_err(|error| sqlite(&format!("opening {}", path.display()), error))?;
        let mut projection = Self::set_up(connection, path, access)?;
        schema::check_projection(&projection.connection, path)?;
        projection.head = schema::projection_head(&projection.connection)?;
        projection.committed = projection.head;
        projection.attach_layouts(layouts)?;
        Ok(projection)
    }

    /// A projection as it is at this moment, to be read while its writer goes on. Changes pile up beside the file until
    /// it is dropped.
    pub fn snapshot(path: &Path, layouts: Arc<Layouts>) -> Result<Projection> {
        let mut projection = Self::open(path, layouts, Access::Live)?;
        projection
            .connection
            .execute_batch("BEGIN")
            .map_err(|error| projection.failed(error))?;
        // The first read is what the moment is of.
        projection.head = schema::projection_head(&projection.connection)?;
        Ok(projection)
    }

    fn set_up(mut connection: Connection, path: &Path, access: Access) -> Result<Projection> {
        let pragmas = match access {
            Access::Live => "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            Access::Building => {
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
            }
        };
        let failed = |error| sqlite(&format!("opening {}", path.display()), error);
        connection.execute_batch(pragmas).map_err(failed)?;
        connection
            .execute_batch(&format!(
                "PRAGMA cache_size=-32768; PRAGMA trusted_schema=OFF;
                 PRAGMA wal_autocheckpoint={};",
                limits::WAL_PAGES
            ))
            .map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(512);
        schema::limit(&connection)?;
        let guard = Guard::install(&mut connection)?;
        Ok(Projection {
            connection,
            guard,
            path: path.to_owned(),
            layouts: Arc::default(),
            tables: Vec::new(),
            head: ProjectionHead::default(),
            committed: ProjectionHead::default(),
            prepared: None,
            in_transaction: false,
            closed: false,
            note: None,
            origin: None,
        })
    }

    /// Says which history it is of once the next commit is made: `Catalog::origin` of its position then. A commit that
    /// moves the position and is not told leaves a file that nobody believes.
    pub fn set_origin(&mut self, origin: Digest) {
        self.origin = Some(origin);
    }

    /// What its owner noted beside the position it is at, if it did.
    pub fn note(&self) -> Result<Option<String>> {
        schema::projection_note(&self.connection)
    }

    /// Notes something of the owner's: it is in the file once the position is, by the same commit.
    pub fn set_note(&mut self, note: String) {
        self.note = Some(note);
    }

    pub fn head(&self) -> ProjectionHead {
        self.head
    }

    pub fn layouts(&self) -> &Arc<Layouts> {
        &self.layouts
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes SQLite return rows of unordered SELECTs the other way round: what must not matter is perturbed.
    pub fn reverse_unordered_selects(&self, on: bool) -> Result<()> {
        self.connection
            .pragma_update(None, "reverse_unordered_selects", on)
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        sqlite(&format!("projection {}", self.path.display()), error)
    }

    fn begin(&mut self) -> Result<()> {
        if !self.in_transaction {
            self.connection
                .execute_batch("BEGIN IMMEDIATE")
                .map_err(|error| self.failed(error))?;
            self.in_transaction = true;
        }
        Ok(())
    }

    fn attach_layouts(&mut self, layouts: Arc<Layouts>) -> Result<()> {
        self.tables = layouts.tables.iter().cloned().map(TableRows::new).collect();
        for table in &mut self.tables {
            let text = format!(
                "SELECT EXISTS (SELECT 1 FROM \"{}\")",
                table.layout.sql_name
            );
            let has_rows: bool = self
                .connection
                .query_row(&text, [], |row| row.get(0))
                .map_err(|error| sqlite(&format!("projection {}", self.path.display()), error))?;
            table.stored_keys = (!has_rows).then(KeyFilter::default);
        }
        self.layouts = layouts;
        Ok(())
    }

    /// Brings the tables to those of another lineup, keeping what rows both have. Part of the open transaction.
    pub fn migrate(&mut self, layouts: Arc<Layouts>) -> Result<()> {
        if *self.layouts == *layouts {
            return Ok(());
        }
        self.begin()?;
        self.flush()?;
        let old = self.layouts.clone();
        for table in &layouts.tables {
            match old.position(&table.sql_name).map(|at| &old.tables[at]) {
                None => self.run_all(sql::create_table(table))?,
                Some(before) if before == table => {}
                Some(before) => self.rebuild_table(before, table)?,
            }
        }
        for gone in old
            .tables
            .iter()
            .filter(|table| layouts.position(&table.sql_name).is_none())
        {
            self.run_all([format!("DROP TABLE \"{}\"", gone.sql_name)])?;
        }
        self.attach_layouts(layouts)
    }

    fn run_all(&self, statements: impl IntoIterator<Item = String>) -> Result<()> {
        for statement in statements {
            self.connection
                .execute_batch(&statement)
                .map_err(|error| self.failed(error))?;
        }
        Ok(())
    }

    fn rebuild_table(&mut self, before: &Arc<TableLayout>, after: &Arc<TableLayout>) -> Result<()> {
        let key_names = |layout: &TableLayout| {
            layout
                .key
                .iter()
                .map(|&at| layout.columns[at].name.clone())
                .collect::<Vec<_>>()
        };
        if key_names(before) != key_names(after) {
            return Err(Error::refused(format!(
                "table '{}' has another primary key than before",
                after.sql_name
            ))
            .hint("rows cannot be carried over; activate with a rebuild instead"));
        }
        let map = RowMap::between(before, after);
        let mut rows: Vec<Row> = Vec::new();
        let old = TableRows::new(before.clone());
        self.scan_with(&old, |row| {
            rows.push(map.map(&row));
            Ok(())
        })?;
        self.run_all([format!("DROP TABLE \"{}\"", before.sql_name)])?;
        self.run_all(sql::create_table(after))?;
        let new = TableRows::new(after.clone());
        for row in rows {
            let mut statement = self
                .connection
                .prepare_cached(&new.sql.insert)
                .map_err(|error| self.failed(error))?;
            statement.execute(params_from_iter(row.iter().map(Bind))).map_err(|error| {
                Error::refused(format!("table '{}' cannot take over a row: {error}", after.sql_name))
                    .hint("give new columns a default or make them nullable, or activate with a rebuild")
            })?;
        }
        Ok(())
    }

    /// The row with a key, as all writes so far left it.
    pub fn get(&mut self, table: usize, key: &[Value]) -> Result<Option<Row>> {
        let name = RowKey::new(key.iter());
        if let Some(cached) = self.tables[table].cached.get(&name) {
            return Ok(cached.row.clone());
        }
        let rows = &self.tables[table];
        if self.closed {
            return Err(Error::internal(
                "a closed state was asked for a row it was not supplied with",
            ));
        }
        if rows
            .stored_keys
            .as_ref()
            .is_some_and(|keys| !keys.may_hold(&name))
        {
            return Ok(None);
        }
        let mut statement = self
            .connection
            .prepare_cached(&rows.sql.get)
            .map_err(|error| self.failed(error))?;
        let mut found = statement
            .query(params_from_iter(key.iter().map(Bind)))
            .map_err(|error| self.failed(error))?;
        let width = rows.layout.columns.len();
        let row = match found.next().map_err(|error| self.failed(error))? {
            None => None,
            Some(cells) => Some(Row::from(sql::row(cells, width)?)),
        };
        drop(found);
        drop(statement);
        self.tables[table].learn(name, row.clone());
        Ok(row)
    }

    /// Writes a row, or removes it. The caller has looked the key up before (`get`).
    pub fn put(&mut self, table: usize, key: &[Value], row: Option<Row>) -> Result<()> {
        self.tables[table].set(RowKey::new(key.iter()), row);
        Ok(())
    }

    /// Puts rows in the place of others. First every one of them goes, and SQL sees that, then they come: so no unique index
    /// meets a value twice on the way. Part of the open transaction.
    pub fn replace<'r>(&mut self, rows: impl Iterator<Item = RowAt<'r>> + Clone) -> Result<()> {
        for (table, key, _) in rows.clone() {
            self.get(table, key)?;
            self.put(table, key, None)?;
            self.shrink_if_full()?;
        }
        self.flush_shown()?;
        for (table, key, row) in rows {
            self.get(table, key)?;
            self.put(table, key, row.cloned())?;
            self.shrink_if_full()?;
        }
        Ok(())
    }

    /// Moves the position; kept with the next commit.
    pub fn advance(&mut self, head: ProjectionHead) {
        self.head = head;
    }

    /// All rows of a table in key order, uncommitted writes included.
    pub fn scan(&mut self, table: usize, visit: impl FnMut(Row) -> Result<()>) -> Result<()> {
        if self.in_transaction || !self.tables[table].dirty.is_empty() {
            self.begin()?;
            self.flush_table(table)?;
        }
        self.scan_with(&self.tables[table], visit)
    }

    /// What SQLite finds wrong with the file, if anything is.
    pub fn damage(&self) -> Result<Option<String>> {
        let found: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| self.failed(error))?;
        Ok((found != "ok").then(|| format!("{} is damaged: {found}", self.path.display())))
    }

    /// Digest of a table's rows in key order.
    pub fn table_digest(&mut self, table: usize) -> Result<Digest> {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        let mut bytes = Vec::new();
        self.scan(table, |row| {
            bytes.clear();
            row.iter().for_each(|value| value.encode(&mut bytes));
            hasher.update(&bytes);
            Ok(())
        })?;
        Ok(Digest(hasher.finalize().into()))
    }

    /// Digest of each table's rows, in the order of the layouts.
    pub fn table_digests(&mut self) -> Result<Vec<Digest>> {
        (0..self.tables.len())
            .map(|table| self.table_digest(table))
            .collect()
    }

    /// Digest of all rows of all tables: equal content, equal digest, whatever the files look like.
    pub fn rows_digest(&mut self) -> Result<Digest> {
        let digests = self.table_digests()?;
        Ok(self.layouts.rows_digest(&digests))
    }

    fn scan_with(&self, rows: &TableRows, mut visit: impl FnMut(Row) -> Result<()>) -> Result<()> {
        let mut statement = self
            .connection
            .prepare(&rows.sql.scan)
            .map_err(|error| self.failed(error))?;
        let mut found = statement.query([]).map_err(|error| self.failed(error))?;
        while let Some(cells) = found.next().map_err(|error| self.failed(error))? {
            visit(Row::from(sql::row(cells, rows.layout.columns.len())?))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        (0..self.tables.len()).try_for_each(|table| self.flush_table(table))
    }

    /// Writes the changed rows of a table into the open transaction.
    fn flush_table(&mut self, table: usize) -> Result<()> {
        let rows = &mut self.tables[table];
        if rows.dirty.is_empty() {
            return Ok(());
        }
        let path = &self.path;
        let failed = |error| sqlite(&format!("projection {}", path.display()), error);
        let mut dirty = std::mem::take(&mut rows.dirty);
        // Key order keeps SQLite's pages local. Unique indexes never meet a conflict here: every write to such a
        // table is preceded by a flush, so at most one row is dirty.
        dirty.sort_unstable();
        let mut insert = self
            .connection
            .prepare_cached(&rows.sql.insert)
            .map_err(failed)?;
        let mut update = self
            .connection
            .prepare_cached(&rows.sql.update)
            .map_err(failed)?;
        let mut delete = self
            .connection
            .prepare_cached(&rows.sql.delete)
            .map_err(failed)?;
        for key in dirty {
            let cached = rows.cached.get_mut(&key).expect("a dirty row is cached");
            match (&cached.row, cached.stored) {
                (Some(row), false) => {
                    insert
                        .execute(params_from_iter(row.iter().map(Bind)))
                        .map_err(failed)?;
                    if let Some(keys) = &mut rows.stored_keys {
                        keys.add(&key);
                    }
                }
                (Some(row), true) => {
                    let values = rows.sql.update_order.iter().map(|&at| Bind(&row[at]));
                    update.execute(params_from_iter(values)).map_err(failed)?;
                }
                (None, true) => {
                    let values = key_values(&key)?;
                    delete
                        .execute(params_from_iter(values.iter().map(Bind)))
                        .map_err(failed)?;
                }
                (None, false) => {}
            }
            cached.stored = cached.row.is_some();
            cached.dirty = false;
        }
        Ok(())
    }

    /// Writes what is in the cache into the open transaction now: rows that must be gone before others come.
    pub fn flush_shown(&mut self) -> Result<()> {
        self.begin()?;
        self.flush()
    }

    /// True when the cache holds so much that the caller should commit soon.
    pub fn is_full(&self) -> bool {
        self.tables
            .iter()
            .map(|table| table.cached.len())
            .sum::<usize>()
            > limits::CACHED_ROWS_MAX
            || self.tables.iter().map(|table| table.bytes).sum::<usize>() > limits::CACHED_BYTES_MAX
    }

    /// Keeps memory flat where a transaction goes on for long.
    pub fn shrink_if_full(&mut self) -> Result<()> {
        match self.is_full() {
            true => self.shrink(),
            false => Ok(()),
        }
    }

    /// Writes changed rows into the open transaction and forgets the cache, keeping memory flat.
    pub fn shrink(&mut self) -> Result<()> {
        self.begin()?;
        self.flush()?;
        self.tables.iter_mut().for_each(TableRows::clear);
        Ok(())
    }

    /// Everything of a commit but its end: rows and position are in the file's log, where nobody sees them yet.
    pub fn prepare(&mut self) -> Result<()> {
        self.begin()?;
        self.flush()?;
        schema::set_projection_head(&self.connection, self.head, self.origin)?;
        self.prepared = Some(self.head);
        self.connection
            .cache_flush()
            .map_err(|error| self.failed(error))
    }

    /// Rows and position together, or neither.
    pub fn commit(&mut self) -> Result<()> {
        let dirty = self.tables.iter().any(|table| !table.dirty.is_empty());
        let moved = self.head != self.committed || self.origin.is_some();
        if !dirty && !self.in_transaction && !moved && self.note.is_none() {
            return Ok(());
        }
        self.begin()?;
        self.flush()?;
        if self.prepared.take() != Some(self.head) && moved {
            schema::set_projection_head(&self.connection, self.head, self.origin)?;
        }
        if let Some(note) = self.note.take() {
            schema::set_projection_note(&self.connection, &note)?;
        }
        self.commit_now()?;
        self.origin = None;
        self.committed = self.head;
        if self.is_full() {
            self.tables.iter_mut().for_each(TableRows::clear);
        }
        Ok(())
    }

    /// Ends the open transaction.
    fn commit_now(&mut self) -> Result<()> {
        self.connection
            .execute_batch("COMMIT")
            .map_err(|error| self.failed(error))?;
        self.in_transaction = false;
        Ok(())
    }

    /// Back to the last commit. Does not fail: what SQLite cannot roll back is gone with the connection.
    pub fn rollback(&mut self) {
        if self.in_transaction {
            if let Err(error) = self.connection.execute_batch("ROLLBACK") {
                tracing::error!(%error, path = %self.path.display(), "rolling back a projection");
            }
            self.in_transaction = false;
        }
        self.prepared = None;
        self.tables.iter_mut().for_each(TableRows::clear);
        self.head = self.committed;
        self.note = None;
        self.origin = None;
        // Keys that were written and rolled back stay in the filters: that only costs a look-up.
    }

    /// Ends `Access::Building`: everything is on the disk and the file is an ordinary one.
    pub fn finish(mut self) -> Result<PathBuf> {
        self.commit()?;
        let path = self.path.clone();
        // The last transaction is synced, and with it all that was written before. SQLite writes no page that an update leaves
        // as it is, and syncs nothing then: this one changes it twice.
        self.connection
            .execute_batch(
                "PRAGMA locking_mode=NORMAL; PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL;
                 BEGIN IMMEDIATE;
                 UPDATE _daybook SET position = position + 1;
                 UPDATE _daybook SET position = position - 1;
                 COMMIT;",
            )
            .map_err(|error| self.failed(error))?;
        self.connection
            .close()
            .map_err(|(_, error)| sqlite("closing a projection", error))?;
        Ok(path)
    }
}
