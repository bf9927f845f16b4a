//! A log as a copy follows it: what is asked for, what is told, and how it is taken. A copy has the rows of all tables that
//! commits make, and the seals over them: what it took is what its sums say, or it is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};

use rusqlite::{OptionalExtension, params, params_from_iter};
use uuid::Uuid;

use super::events::Catalog;
use super::seal::{Sum, Sums, chained, quoted, sealed_tables};
use crate::model::copying::{CopiedTable, CopyReader, CopyWriter, Part};
use crate::model::{CommitSeq, Digest, Error, ErrorKind, Result, Seq, Value};
use crate::store::sql::{self, Bind};

/// The note that says what a copy follows.
pub(super) const FOLLOWS: &str = "follows";

/// Tables whose rows are added at an end, and by which column: a copy asks for what is behind its own last row. Rows in the
/// middle that were changed since show in the sum.
const GROWING: [(&str, &str); 7] = [
    ("amendments", "seq"),
    ("commands", "ordinal"),
    ("effects", "seq"),
    ("events", "seq"),
    ("lineups", "id"),
    ("task_steps", "step"),
    ("tasks", "seq"),
];

/// Events whose payload was replaced or erased behind the event of the second parameter.
const TOUCHED: &str =
    "SELECT event FROM amendments WHERE seq > ?2 UNION SELECT event FROM redactions WHERE seq > ?2";

/// What a copy has, told to what it follows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CopyMarks {
    /// The book's id, the last commit, and the digest up to it. None of a copy that has nothing yet.
    pub place: Option<(String, CommitSeq, Digest)>,
    /// Of each table, the digest of its sum.
    pub sums: BTreeMap<String, String>,
    /// Of each growing table, the last key.
    pub last: BTreeMap<String, Value>,
    /// Components, by digest.
    pub components: Vec<Digest>,
    /// Tables that are wanted with all of their rows.
    pub whole: BTreeSet<String>,
}

/// What came of a stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// Kept.
    Kept,
    /// These tables are not what they should be: they are to be asked for with all of their rows. The transaction is open.
    Differs(BTreeSet<String>),
}

impl Catalog {
    /// What this log follows, where it is a copy.
    pub fn follows(&self) -> Result<Option<String>> {
        if let Some(known) = self.follows.get() {
            return Ok(known.clone());
        }
        let found = self.meta(FOLLOWS)?;
        Ok(self.follows.get_or_init(|| found).clone())
    }

    /// Refuses commits of a copy's own.
    pub(super) fn check_own(&self) -> Result<()> {
        match self.follows()? {
            None => Ok(()),
            Some(source) => Err(Error::refused(format!(
                "this book is a copy that follows {source}, and takes nothing of its own"
            ))
            .hint("write to the book that it follows; verify, diff and shadow work here")),
        }
    }

    /// What this log has.
    pub fn copy_marks(&self) -> Result<CopyMarks> {
        let book = self.book_id()?;
        let place = match self.last_seal()? {
            Some(seal) if !book.is_empty() => Some((book, seal.position, seal.digest)),
            _ => None,
        };
        let sums = self.present_sums()?;
        let mut last = BTreeMap::new();
        for (table, key) in GROWING {
            let sql = format!("SELECT max({key}) FROM {table}");
            let found = {
                self.connection
                    .query_row(&sql, [], |row| Ok(sql::value(row.get_ref(0)?)))
            }
            .map_err(|error| self.failed(error))?;
            if let Some(found @ (Value::Integer(_) | Value::Text(_))) = found {
                last.insert(table.to_owned(), found);
            }
        }
        let digests: Vec<Vec<u8>> = self.all("SELECT digest FROM components", |row| row.get(0))?;
        Ok(CopyMarks {
            place,
            sums: sums
                .iter()
                .map(|(table, sum)| (table.clone(), digest_of(sum)))
                .collect(),
            last,
            components: digests
                .iter()
                .map(|it| Digest::from_slice(it))
                .collect::<Result<_>>()?,
            whole: BTreeSet::new(),
        })
    }

    /// Refuses to tell a copy of another book, or of another history of this one.
    pub fn check_copy(&self, marks: &CopyMarks) -> Result<()> {
        let own = self.book_id()?;
        let Some((book, position, digest)) = &marks.place else {
            return match self.last_seal()? {
                Some(_) => Ok(()),
                None => Err(Error::unavailable("the log was sealed by no daybook yet")
                    .hint("open the book once with this version")),
            };
        };
        if *book != own {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the copy is of book {book}, and this is book {own}"),
            )
            .hint("follow it into a new directory"));
        }
        let known: Option<Vec<u8>> = { &self.connection }
            .query_row(
                "SELECT digest FROM seals WHERE position = ?1",
                [position.0 as i64],
                |row| row.get(0),
            )
            .optional()
            .map_err(|error| self.failed(error))?;
        match known.is_some_and(|known| known == digest.0) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::Conflict, format!(
                "the copy's history is not this book's: at commit {position} it has the digest {digest}"
            ))
            .hint("one of the two went on by itself; follow the book into a new directory")),
        }
    }

    /// Tells everything that a copy lacks, as it is at one moment.
    pub fn copy_to(&self, marks: &CopyMarks, to: impl Write) -> Result<()> {
        self.connection
            .execute_batch("BEGIN")
            .map_err(|error| self.failed(error))?;
        let told = self.check_copy(marks).and_then(|()| self.tell(marks, to));
        let ended = self.connection.execute_batch("COMMIT");
        told.and(ended.map_err(|error| self.failed(error)))
    }

    fn tell(&self, marks: &CopyMarks, to: impl Write) -> Result<()> {
        let mut writer = CopyWriter::new(to, &self.book_id()?).map_err(gone)?;
        let from = marks
            .place
            .as_ref()
            .map_or(0, |(_, position, _)| position.0 as i64);
        let columns = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let sums = self.kept_sums()?;
        for (table, names) in sealed_tables(&self.connection).map_err(|error| self.failed(error))? {
            let own = sums.get(&table).map(digest_of);
            let is_whole = marks.whole.contains(&table);
            if own == marks.sums.get(&table).cloned() && !is_whole {
                continue;
            }
            let (condition, parameters) = match is_whole {
                false => lacking(&table, marks).unwrap_or_default(),
                true => Default::default(),
            };
            self.tell_table(&mut writer, &table, names, &condition, &parameters)?;
        }
        let position = vec![Value::Integer(from)];
        let commits = columns(&["position", "id"]);
        self.tell_table(&mut writer, "commits", commits, "position > ?1", &position)?;
        let seals = columns(&["position", "state", "digest", "blind"]);
        self.tell_table(&mut writer, "seals", seals, "position >= ?1", &position)?;
        let sums = columns(&["name", "rows", "sum"]);
        self.tell_table(&mut writer, "sums", sums, "", &[])?;
        writer.end().map_err(gone)
    }

    fn tell_table<W: Write>(
        &self,
        writer: &mut CopyWriter<W>,
        table: &str,
        columns: Vec<String>,
        condition: &str,
        parameters: &[Value],
    ) -> Result<()> {
        let mut sql = format!("SELECT {} FROM \"{table}\"", quoted("", &columns));
        if !condition.is_empty() {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        let count = columns.len();
        let told = CopiedTable {
            name: table.to_owned(),
            columns,
            is_whole: condition.is_empty(),
        };
        writer.table(&told).map_err(gone)?;
        let mut statement = self
            .connection
            .prepare(&sql)
            .map_err(|error| self.failed(error))?;
        let parameters = parameters.iter().map(Bind);
        let mut rows = statement
            .query(params_from_iter(parameters))
            .map_err(|error| self.failed(error))?;
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            writer.row(&sql::row(row, count)?).map_err(gone)?;
        }
        Ok(())
    }

    /// Begins to take: everything up to `keep_copy` is one transaction, which `drop_copy` gives up.
    pub fn begin_copy(&mut self) -> Result<()> {
        self.begin_sealing()?;
        self.book.take();
        // What was erased over there is erased here.
        self.overwrite_deleted()?;
        self.begin()?;
        self.connection
            .execute_batch("PRAGMA defer_foreign_keys=ON")
            .map_err(|error| self.failed(error))
    }

    pub fn drop_copy(&mut self) -> Result<()> {
        self.roll_back()
    }

    /// Takes what a stream tells, inside the transaction, and keeps it where it leads to the tables that were sealed.
    /// `before` is what it had when the transaction began.
    pub fn take_copy(&mut self, from: impl Read, before: &CopyMarks) -> Result<Taken> {
        let mut reader = CopyReader::new(from)?;
        match &before.place {
            Some((book, ..)) if *book != reader.book => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "the copy is of book {book}, and the stream of book {}",
                        reader.book
                    ),
                ));
            }
            None if self.book_id()?.is_empty() => self.write_founded(&reader.book)?,
            _ => {}
        }
        let tables: BTreeMap<_, _> = sealed_tables(&self.connection)
            .map_err(|error| self.failed(error))?
            .into_iter()
            .collect();
        let mut sums = Sums::new();
        let mut insert = String::new();
        let mut is_sums = false;
        while let Some(part) = reader.part()? {
            match part {
                Part::Table(table) => {
                    is_sums = table.name == "sums";
                    let is_log = matches!(&*table.name, "commits" | "seals" | "sums");
                    if !is_log && tables.get(&table.name) != Some(&table.columns) {
                        return Err(Error::unavailable(format!(
                            "the table '{}' of the log that is followed is unknown here, or another one",
                            table.name
                        ))
                        .hint("follow it with the daybook that serves it"));
                    }
                    if table.is_whole && !is_log {
                        self.run(&format!("DELETE FROM \"{}\"", table.name), &[])?;
                    }
                    let marks = vec!["?"; table.columns.len()].join(", ");
                    let columns = quoted("", &table.columns);
                    insert = format!(
                        "INSERT OR REPLACE INTO \"{}\" ({columns}) VALUES ({marks})",
                        table.name
                    );
                }
                Part::Row(cells) if is_sums => match cells.as_slice() {
                    [Value::Text(table), Value::Integer(rows), Value::Blob(bytes)] => {
                        sums.insert(table.clone(), Sum::of(*rows, bytes)?);
                    }
                    _ => return Err(Error::corrupt("a table's sum in the stream is not one")),
                },
                Part::Row(cells) => {
                    self.connection
                        .prepare_cached(&insert)
                        .and_then(|mut statement| {
                            statement.execute(params_from_iter(cells.iter().map(Bind)))
                        })
                        .map_err(|error| self.failed(error))?;
                }
            }
        }
        let own = self.present_sums()?;
        let names = own.keys().chain(sums.keys());
        let differs = names.filter(|name| {
            own.get(*name).cloned().unwrap_or_default()
                != sums.get(*name).cloned().unwrap_or_default()
        });
        let differs: BTreeSet<String> = differs.cloned().collect();
        if !differs.is_empty() {
            return Ok(Taken::Differs(differs));
        }
        self.check_components(before)?;
        self.check_seals(
            before
                .place
                .as_ref()
                .map(|(_, position, digest)| (*position, *digest)),
        )?;
        self.write_sums()?;
        self.forget_what_changed(before)?;
        self.end()?;
        self.load_lineups()?;
        Ok(Taken::Kept)
    }

    /// A component is known by the digest of its bytes, whoever sent it.
    fn check_components(&self, before: &CopyMarks) -> Result<()> {
        let all: Vec<Vec<u8>> = self.all("SELECT digest FROM components", |row| row.get(0))?;
        for digest in all {
            let digest = Digest::from_slice(&digest)?;
            if before.components.contains(&digest) {
                continue;
            }
            let sql = "SELECT bytes FROM components WHERE digest = ?1";
            let found = self.connection.query_row(sql, [&digest.0[..]], |row| {
                Ok(Digest::of(row.get_ref(0)?.as_blob()?))
            });
            if found.map_err(|error| self.failed(error))? != digest {
                let text = format!("the component {digest} that was sent has other bytes");
                return Err(Error::corrupt(text));
            }
        }
        Ok(())
    }

    /// The seals that were sent follow the copy's last one, and the last of them is over the tables as they are here.
    fn check_seals(&self, before: Option<(CommitSeq, Digest)>) -> Result<()> {
        let book = self.book_id()?;
        let (position, mut digest) = match before {
            Some((position, digest)) => (position.0 as i64, Some(digest)),
            None => (-1, None),
        };
        type Row = (i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>);
        let rows: Vec<Row> = { &self.connection }
            .prepare(
                "SELECT s.position, c.id, s.state, s.digest FROM seals s LEFT JOIN commits c ON c.position = s.position
                 WHERE s.position > ?1 ORDER BY s.position",
            )
            .and_then(|mut statement| {
                let rows = statement.query_map([position], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?;
                rows.collect()
            })
            .map_err(|error| self.failed(error))?;
        let mut next = before.map(|(position, _)| position.next());
        for (position, id, state, told) in rows {
            let position = CommitSeq(position as u64);
            let id = Uuid::from_slice(&id.unwrap_or_default()).unwrap_or_default();
            let (state, told) = (Digest::from_slice(&state)?, Digest::from_slice(&told)?);
            let expected = chained(
                &digest.unwrap_or(Digest::ZERO),
                &book,
                position,
                &id,
                &state,
            );
            if expected != told || next.is_some_and(|next| next != position) {
                return Err(Error::corrupt(format!(
                    "the seals that were sent do not follow each other at commit {position}"
                )));
            }
            (digest, next) = (Some(told), Some(position.next()));
        }
        let is_sealed = match self.last_seal()? {
            Some(seal) => seal.covers(&self.present_sums()?),
            None => false,
        };
        match is_sealed {
            true => Ok(()),
            false => Err(Error::corrupt(
                "the tables that were sent are not those that were sealed",
            )),
        }
    }

    /// Forgets this machine's files that are of another history now: what they were made of was changed.
    fn forget_what_changed(&mut self, before: &CopyMarks) -> Result<()> {
        let Some(Value::Integer(head)) = before.last.get("events").cloned() else {
            return Ok(());
        };
        let changed = |table: &str| -> Result<bool> {
            let now = self.present_sums()?.get(table).map(digest_of);
            Ok(now != before.sums.get(table).cloned())
        };
        let is_erased = changed("redactions")?;
        if !is_erased && !changed("amendments")? && !changed("event_pins")? {
            return Ok(());
        }
        self.run("DELETE FROM projections WHERE role <> 'replay'", &[])?;
        self.run("DELETE FROM snapshots", &[])?;
        if is_erased {
            self.run("DELETE FROM projections", &[])?;
            self.run("DELETE FROM meta WHERE key LIKE 'expect %'", &[])?;
            self.run("DELETE FROM handler_log", &[])?;
            self.begin_cleaning(Seq(head as u64))?;
        }
        Ok(())
    }

    /// Says what this log follows, or that it is a book of its own.
    pub fn set_follows(&mut self, source: Option<&str>) -> Result<()> {
        let set = match source {
            Some(source) => self.connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
                params![FOLLOWS, source],
            ),
            None => self
                .connection
                .execute("DELETE FROM meta WHERE key = ?1", [FOLLOWS]),
        };
        set.map_err(|error| self.failed(error))?;
        self.follows.take();
        Ok(())
    }
}

/// Which rows of a table a copy lacks, as a condition with its parameters. None: nobody can tell, so all of them.
fn lacking(table: &str, marks: &CopyMarks) -> Option<(String, Vec<Value>)> {
    marks.place.as_ref()?;
    let last = |table: &str| marks.last.get(table).cloned().unwrap_or(Value::Integer(0));
    if table == "components" {
        let known: Vec<String> = marks
            .components
            .iter()
            .map(|it| format!("x'{it}'"))
            .collect();
        return Some((format!("digest NOT IN ({})", known.join(", ")), Vec::new()));
    }
    if table == "deliveries" {
        // One that is over has a step that says so.
        let condition = "state IN ('pending', 'running', 'retry', 'dead')
                         OR (seq, ordinal) IN (SELECT seq, ordinal FROM task_steps WHERE step > ?1)";
        return Some((condition.to_owned(), vec![last("task_steps")]));
    }
    let (_, key) = GROWING.iter().find(|(name, _)| *name == table)?;
    let behind = format!("{key} > ?1");
    Some(match table {
        "events" => (
            format!("{behind} OR seq IN ({TOUCHED})"),
            vec![last(table), last("events")],
        ),
        "commands" => {
            let touched = format!("SELECT command FROM events WHERE seq IN ({TOUCHED})");
            (
                format!("{behind} OR id IN ({touched})"),
                vec![last(table), last("events")],
            )
        }
        _ => (behind, vec![last(table)]),
    })
}

fn digest_of(sum: &Sum) -> String {
    let mut bytes = sum.rows.to_be_bytes().to_vec();
    bytes.extend(sum.bytes());
    Digest::of(&bytes).to_string()
}

/// Whoever listened is gone.
fn gone(error: std::io::Error) -> Error {
    Error::io("telling a copy", error)
}
