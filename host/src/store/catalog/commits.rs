//! Commits by position: where the log stands, and whether a commit is in it.

use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::events::Catalog;
use crate::model::log::{Appended, Commit, LocalOp, Tip};
use crate::model::{CommitSeq, Error, Result, Seq};

impl Catalog {
    /// Where the log stands.
    pub fn tip(&self) -> Result<Tip> {
        let head = self.head()?;
        Ok(Tip {
            commit: self.last_commit()?,
            recorded_at: self.taken_in_at(head.0)?.unwrap_or_default(),
            head,
        })
    }

    /// The position of the last commit.
    pub fn last_commit(&self) -> Result<CommitSeq> {
        self.connection
            .prepare_cached("SELECT coalesce(max(position), 0) FROM commits")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)))
            .map(|position| CommitSeq(position as u64))
            .map_err(|error| self.failed(error))
    }

    /// The id of the commit at a position.
    pub fn commit_id(&self, position: CommitSeq) -> Result<Option<Uuid>> {
        let id: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT id FROM commits WHERE position = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([position.0 as i64], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        id.map(|id| {
            Uuid::from_slice(&id)
                .map_err(|_| Error::corrupt(format!("commit {position} has an id that is no UUID")))
        })
        .transpose()
    }

    /// Adds a commit where it follows the last one, with what is this machine's own. `publish` is asked once all of it is
    /// written and before it is durable here: what it answers is the answer, and anything but `Kept` undoes the writing.
    pub fn commit(
        &mut self,
        commit: &Commit,
        local: &[LocalOp],
        publish: impl FnOnce() -> Result<Appended>,
    ) -> Result<Appended> {
        self.check_own()?;
        self.begin_sealing()?;
        self.begin()?;
        let written = self
            .write_commit(commit, local)
            .and_then(|last| match last {
                Some(last) => Ok(Appended::Conflict { last }),
                None => publish(),
            });
        match written {
            Ok(Appended::Kept) => self.end(),
            _ => self.roll_back(),
        }
        .and(written)
    }

    /// `Some`: it does not follow the last commit, which is at this position, and nothing was written.
    fn write_commit(&mut self, commit: &Commit, local: &[LocalOp]) -> Result<Option<CommitSeq>> {
        let last = self.last_commit()?;
        if last != commit.expected {
            return Ok(Some(last));
        }
        self.apply(commit)?;
        local.iter().try_for_each(|op| self.apply_local(op))?;
        Ok(None)
    }

    /// Keeps what is this machine's own.
    pub fn write_local(&mut self, local: &[LocalOp]) -> Result<()> {
        self.begin()?;
        let kept = local.iter().try_for_each(|op| self.apply_local(op));
        match kept.and_then(|()| self.check_unsealed()) {
            Ok(()) => self.end(),
            Err(error) => self.roll_back().and(Err(error)),
        }
    }

    /// Part of the open transaction.
    pub(super) fn write_position(&mut self, commit: &Commit) -> Result<()> {
        self.run(
            "INSERT INTO commits (position, id) VALUES (?1, ?2)",
            params![commit.position().0 as i64, &commit.id.as_bytes()[..]],
        )?;
        self.seal(commit)
    }

    fn taken_in_at(&self, seq: Seq) -> Result<Option<String>> {
        self.connection
            .prepare_cached("SELECT recorded_at FROM events WHERE seq = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([seq.0 as i64], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
impl Catalog {
    /// Every row of the tables that commits make, as text: what is this machine's own is left out.
    pub fn tables(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        const OWN: [&str; 5] = [
            "handler_log",
            "projections",
            "snapshots",
            "meta",
            "sqlite_sequence",
        ];
        let names: Vec<String> = self
            .all(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
                |row| row.get(0),
            )
            .unwrap();
        let names = names.into_iter().filter(|name| !OWN.contains(&&**name));
        let rows = |name: String| {
            let sql = format!("SELECT * FROM {name}");
            let mut rows = self
                .all(&sql, |row| {
                    let columns = row.as_ref().column_count();
                    let cells = (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?)));
                    Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
                })
                .unwrap();
            rows.sort();
            (name, rows)
        };
        names.map(rows).collect()
    }
}
