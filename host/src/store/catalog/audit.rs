//! Whether a log's file is what its commits left: undamaged, with the tables that every log has and no others, with the rows
//! that the sums and the chain of seals tell of, and with its end.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::events::Catalog;
use crate::model::{Digest, Result};
use crate::store::{schema, sqlite};

/// By type and name: the declaration, spaces apart.
type Declared = BTreeMap<(String, String), String>;

impl Catalog {
    /// The first thing in which the file itself is not a log's: damage that SQLite finds, or a table, an index, a trigger or
    /// a view that no log has, or has otherwise.
    pub fn audit_file(&self) -> Result<Option<String>> {
        let found: String = self
            .connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(|error| self.failed(error))?;
        if found != "ok" {
            return Ok(Some(format!("log.db is damaged: {found}")));
        }
        let expected = Connection::open_in_memory()
            .map_err(|error| sqlite("making the tables of a log", error))?;
        schema::create_log(&expected)?;
        let expected = declared(&expected).map_err(|error| self.failed(error))?;
        let found = declared(&self.connection).map_err(|error| self.failed(error))?;
        for ((kind, name), sql) in &found {
            match expected.get(&(kind.clone(), name.clone())) {
                None => {
                    let article = if kind == "index" { "an" } else { "a" };
                    return Ok(Some(format!(
                        "log.db has {article} {kind} '{name}', which no log has"
                    )));
                }
                Some(known) if known != sql => {
                    return Ok(Some(format!(
                        "the {kind} '{name}' of log.db is declared otherwise than in every log"
                    )));
                }
                Some(_) => {}
            }
        }
        let missing = expected.keys().find(|key| !found.contains_key(*key));
        Ok(missing.map(|(kind, name)| format!("log.db lacks the {kind} '{name}'")))
    }

    /// The first thing that the log's commits did not leave so. `wanted` is a digest that was kept elsewhere: it must be
    /// in the chain, or commits were cut off, or are others.
    pub fn audit_rows(&self, wanted: Option<&Digest>) -> Result<Option<String>> {
        // All of one moment, which may be later than that of whoever asks.
        let moment = self
            .connection
            .unchecked_transaction()
            .map_err(|error| self.failed(error))?;
        let found = self.audit_moment(wanted);
        drop(moment);
        found
    }

    fn audit_moment(&self, wanted: Option<&Digest>) -> Result<Option<String>> {
        // On a disk that cannot be written, a log of format 1 stays one: nothing was sealed that could be broken.
        if wanted.is_none() && schema::log_format(&self.connection)? < schema::LOG_FORMAT {
            return Ok(None);
        }
        let (kept, counted) = (self.kept_sums()?, self.count_sums()?);
        for table in kept.keys().chain(counted.keys()) {
            let sum = |sums: &super::seal::Sums| sums.get(table).copied().unwrap_or_default();
            let (kept, counted) = (sum(&kept), sum(&counted));
            if kept == counted {
                continue;
            }
            return Ok(Some(match kept.rows == counted.rows {
                true => format!(
                    "the {} rows of table '{table}' are not all what the commits left there",
                    counted.rows
                ),
                false => format!(
                    "table '{table}' has {} rows; the commits left {} there",
                    counted.rows, kept.rows
                ),
            }));
        }
        if !self.last_seal()?.is_some_and(|seal| seal.covers(&kept)) {
            return Ok(Some(
                "the sums of the tables are not those of the last commit".into(),
            ));
        }
        let (broken, is_found) = self.follow_seals(wanted)?;
        if let Some(position) = broken {
            return Ok(Some(format!(
                "the chain of commits does not hold at commit {position}"
            )));
        }
        if let Some(cut) = self.cut_end()? {
            return Ok(Some(cut));
        }
        Ok(match wanted {
            Some(wanted) if !is_found => Some(format!(
                "no commit of the log has the digest {wanted}: its end was cut off, or it is another history"
            )),
            _ => None,
        })
    }

    /// SQLite remembers the last position that it gave, also where the rows are gone.
    fn cut_end(&self) -> Result<Option<String>> {
        for (table, column) in [("events", "seq"), ("commands", "ordinal")] {
            let sql = format!(
                "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{table}'), 0),
                        coalesce((SELECT max({column}) FROM {table}), 0)"
            );
            let (given, last): (i64, i64) = self
                .connection
                .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(|error| self.failed(error))?;
            if given != last {
                return Ok(Some(format!(
                    "the last row of table '{table}' is {last}, and {given} was given: its end was cut off"
                )));
            }
        }
        Ok(None)
    }
}

fn declared(connection: &Connection) -> rusqlite::Result<Declared> {
    let sql = "SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema WHERE name NOT GLOB 'sqlite_*'";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let sql: String = row.get(2)?;
        let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(((row.get(0)?, row.get(1)?), sql))
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::conformance::{new_catalog, one_of_each};
    use crate::model::CommitSeq;
    use crate::model::log::{Appended, Commit};

    /// A log in whose tables there is a row at least, and its digest at each commit.
    fn log(folder: &std::path::Path) -> (Catalog, Vec<Digest>) {
        let mut log = new_catalog(folder);
        let mut digests = Vec::new();
        // What takes something away goes first.
        let (lasting, passing): (Vec<_>, Vec<_>) = { one_of_each().into_iter() }
            .partition(|op| !matches!(op, crate::model::log::LogOp::Unretired(_)));
        assert_eq!(passing.len(), 1);
        for (op, expected) in lasting.into_iter().zip(0..) {
            let commit = Commit::new(CommitSeq(expected), vec![op]);
            let kept = log.commit(&commit, &[], || Ok(Appended::Kept)).unwrap();
            assert_eq!(kept, Appended::Kept);
            digests.push(log.log_digest().unwrap().unwrap().1);
        }
        (log, digests)
    }

    fn problem(log: &Catalog) -> Option<String> {
        let of_file = log.audit_file().unwrap();
        of_file.or_else(|| log.audit_rows(None).unwrap())
    }

    fn tables(log: &Catalog) -> Vec<(String, Vec<(String, String)>)> {
        let names: Vec<String> = log
            .all(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*'",
                |row| row.get(0),
            )
            .unwrap();
        let columns = |name: String| {
            let sql = format!("SELECT name, type FROM pragma_table_info('{name}')");
            let columns = log.all(&sql, |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            (name, columns)
        };
        names.into_iter().map(columns).collect()
    }

    /// Row by row and column by column: whatever is altered beside the commits is seen, and the table is named.
    #[test]
    fn whatever_is_altered_in_a_table_that_commits_make_is_named() {
        const OWN: [&str; 4] = ["handler_log", "meta", "projections", "snapshots"];
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = log(folder.path());
        assert_eq!(problem(&log), None);
        let path = folder.path().join("log.db");
        // A connection of its own: it feeds no sums.
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "foreign_keys", false).unwrap();
        other
            .pragma_update(None, "ignore_check_constraints", true)
            .unwrap();
        let mut seen = 0;
        for (table, columns) in tables(&log) {
            if OWN.contains(&&*table) {
                continue;
            }
            let rows: i64 = other
                .query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| {
                    row.get(0)
                })
                .unwrap();
            assert!(rows > 0, "{table} has no row to be altered");
            let last = "ORDER BY 1 DESC LIMIT 1";
            let key = &columns[0].0;
            for (column, kind) in &columns {
                let altered = match kind.as_str() {
                    "INTEGER" => format!("coalesce(\"{column}\", 0) + 1000"),
                    "TEXT" => format!("coalesce(\"{column}\", '') || 'x'"),
                    "BLOB" => format!("zeroblob(length(coalesce(\"{column}\", x'')) + 1)"),
                    other => panic!("{table}.{column} is {other}"),
                };
                let sql = format!(
                    "UPDATE \"{table}\" SET \"{column}\" = {altered}
                     WHERE \"{key}\" = (SELECT \"{key}\" FROM \"{table}\" {last})"
                );
                check(&other, &log, &sql, &table, column);
                seen += 1;
            }
            let gone = format!(
                "DELETE FROM \"{table}\" WHERE \"{key}\" = (SELECT \"{key}\" FROM \"{table}\" {last})"
            );
            check(&other, &log, &gone, &table, "deleted");
        }
        assert!(seen > 90, "{seen}");
        assert_eq!(problem(&log), None);
    }

    /// Alters, looks, and puts back what was there.
    fn check(other: &Connection, log: &Catalog, sql: &str, table: &str, what: &str) {
        let copy = format!("CREATE TEMP TABLE copy AS SELECT * FROM main.\"{table}\"");
        other.execute_batch(&copy).unwrap();
        let sequences = "CREATE TEMP TABLE sequences AS SELECT * FROM main.sqlite_sequence";
        other.execute_batch(sequences).unwrap();
        assert!(other.execute(sql, []).unwrap() > 0, "{table} {what}");
        let found = log.audit_rows(None).map_err(|error| error.message);
        match &found {
            Ok(Some(words)) => {
                let is_named = words.contains(&format!("'{table}'"));
                let is_seal = ["seals", "sums", "commits"].contains(&table);
                assert!(is_named || is_seal, "{table} {what}: {words}");
            }
            Ok(None) => {
                // What the next commit erases covers nothing, once it is gone.
                assert_eq!((table, what), ("seals", ""), "went unnoticed");
            }
            Err(words) => assert!(!words.is_empty()),
        }
        let back = format!(
            "DELETE FROM main.\"{table}\"; INSERT INTO main.\"{table}\" SELECT * FROM temp.copy; DROP TABLE temp.copy;
             DELETE FROM main.sqlite_sequence; INSERT INTO main.sqlite_sequence SELECT * FROM temp.sequences;
             DROP TABLE temp.sequences"
        );
        other.execute_batch(&back).unwrap();
        assert_eq!(
            log.audit_rows(None).unwrap(),
            None,
            "{table} {what}: put back"
        );
    }

    #[test]
    fn what_no_log_has_is_named_and_so_is_what_every_log_has() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = log(folder.path());
        let other = Connection::open(folder.path().join("log.db")).unwrap();
        for (make, unmake, words) in [
            (
                "CREATE TRIGGER sly AFTER INSERT ON events BEGIN DELETE FROM tasks; END",
                "DROP TRIGGER sly",
                "a trigger 'sly', which no log has",
            ),
            (
                "CREATE TABLE mine (id)",
                "DROP TABLE mine",
                "a table 'mine'",
            ),
            (
                "CREATE VIEW seen AS SELECT 1",
                "DROP VIEW seen",
                "a view 'seen'",
            ),
            (
                "CREATE INDEX mine ON events (time)",
                "DROP INDEX mine",
                "an index 'mine'",
            ),
            (
                "DROP INDEX events__identity",
                "CREATE UNIQUE INDEX events__identity ON events (id, source)",
                "lacks the index 'events__identity'",
            ),
            (
                "DROP INDEX events__identity; CREATE INDEX events__identity ON events (id, source)",
                "DROP INDEX events__identity; CREATE UNIQUE INDEX events__identity ON events (id, source)",
                "index 'events__identity' of log.db is declared otherwise",
            ),
        ] {
            other.execute_batch(make).unwrap();
            let found = problem(&log).unwrap_or_default();
            assert!(found.contains(words), "{make}: {found:?}");
            other.execute_batch(unmake).unwrap();
            assert_eq!(problem(&log), None, "{unmake}");
        }
    }

    #[test]
    fn a_cut_end_is_seen_by_what_was_kept_elsewhere_and_by_what_sqlite_remembers() {
        let folder = tempfile::tempdir().unwrap();
        let (log, digests) = log(folder.path());
        for digest in &digests {
            assert_eq!(log.audit_rows(Some(digest)).unwrap(), None);
        }
        let unknown = log
            .audit_rows(Some(&Digest::of(b"other")))
            .unwrap()
            .unwrap();
        assert!(
            unknown.contains("its end was cut off, or it is another history"),
            "{unknown}"
        );
        // Without its last commits, and with all that they left put back, it is a log like any other: but for the digest.
        let shorter = tempfile::tempdir().unwrap();
        let (_, others) = self::log(shorter.path());
        assert_ne!(others.last(), digests.last());
        let other = Connection::open(folder.path().join("log.db")).unwrap();
        other
            .execute_batch("DELETE FROM events WHERE seq = 2; DELETE FROM effects WHERE seq = 2")
            .unwrap();
        let found = log.audit_rows(None).unwrap().unwrap();
        assert!(found.contains("'e"), "{found}");
    }

    #[test]
    fn a_log_of_format_1_is_sealed_as_it_is_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = log(folder.path());
        let position = log.last_commit().unwrap();
        drop(log);
        let path = folder.path().join("log.db");
        let other = Connection::open(&path).unwrap();
        let old = "DELETE FROM sums; DELETE FROM seals; PRAGMA user_version = 1";
        other.execute_batch(old).unwrap();
        let mut log = Catalog::open(&path).unwrap();
        assert_eq!(log.log_digest().unwrap(), None);
        log.begin_sealing().unwrap();
        assert_eq!(problem(&log), None);
        let first = log.log_digest().unwrap().unwrap();
        assert_eq!(first.0, position);
        let commit = Commit::new(position, Vec::new());
        log.commit(&commit, &[], || Ok(Appended::Kept)).unwrap();
        assert_eq!(log.audit_rows(Some(&first.1)).unwrap(), None);
        assert_eq!(problem(&log), None);
    }

    #[test]
    fn nothing_is_written_to_a_sealed_table_outside_of_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = log(folder.path());
        log.connection.execute("DELETE FROM tasks", []).unwrap();
        let error = log.write_local(&[]).unwrap_err();
        assert!(
            error.message.contains("'tasks' is written outside"),
            "{error}"
        );
    }
}
