//! What a caller saw, checked again inside the transaction: a subject's position, and hashes of columns.

use super::group::Group;
use super::open::Book;
use crate::model::error::Problem;
use crate::model::layout::find_table;
use crate::model::{Digest, Error, ErrorKind, Result, Value};

/// What must still be so. Nothing, by default.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// The subject, and the seq of its last event; 0 for a subject without events.
    pub position: Option<(String, u64)>,
    pub rows: Vec<SeenRow>,
}

impl Guards {
    pub fn is_empty(&self) -> bool {
        self.position.is_none() && self.rows.is_empty()
    }
}

/// A row as it was read.
#[derive(Debug, Clone)]
pub struct SeenRow {
    /// `plugin.table`
    pub table: String,
    pub key: Vec<Value>,
    /// Columns with the hash of what was in them (`column_hash`).
    pub columns: Vec<(String, String)>,
}

/// Sixteen hexadecimal digits for what a column of a row holds, or that there is no row.
pub fn column_hash(value: Option<&Value>) -> String {
    let mut bytes = Vec::new();
    match value {
        None => bytes.push(0xff),
        Some(value) => value.encode(&mut bytes),
    }
    Digest::of(&bytes).to_string().chars().take(16).collect()
}

impl Book {
    pub(crate) fn check_guards(&mut self, group: &Group, guards: &Guards) -> Result<()> {
        if let Some((subject, seen)) = &guards.position {
            self.check_position(group, subject, *seen)?;
        }
        let mut stale = Vec::new();
        for row in &guards.rows {
            stale.extend(self.stale_columns(row)?);
        }
        if stale.is_empty() {
            return Ok(());
        }
        let (table, key, columns) = &stale[0];
        let text = format!(
            "{table} {key}: {} changed since it was read",
            columns.join(", ")
        );
        Err(Error::new(ErrorKind::Conflict, text)
            .problem(Problem::Stale(stale))
            .hint("read the row again and decide anew"))
    }

    fn check_position(&mut self, group: &Group, subject: &str, seen: u64) -> Result<()> {
        let about = |event: &&crate::model::log::RecordedEvent| {
            event.event.subject.as_deref() == Some(subject)
        };
        let position = match group.commit.events.iter().rev().find(about) {
            Some(last) => last.event.seq.0,
            None => self
                .history
                .log
                .last_of_subject(subject)?
                .map_or(0, |seq| seq.0),
        };
        if position == seen {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "subject '{}' is at event {position}, not at {seen}",
                subject.escape_debug()
            ),
        )
        .problem(Problem::Moved { position })
        .hint("read the subject's events again and decide anew"))
    }

    /// The columns of a row that are not as they were seen.
    fn stale_columns(&mut self, seen: &SeenRow) -> Result<Option<(String, String, Vec<String>)>> {
        let layouts = self.live.materializer.program().layouts.clone();
        let (at, layout) = find_table(&layouts.tables, &seen.table)?;
        if seen.key.len() != layout.key.len() {
            return Err(Error::refused(format!(
                "the key of {} has {} parts, not {}",
                seen.table,
                layout.key.len(),
                seen.key.len()
            )));
        }
        let row = self.live.materializer.projection().get(at, &seen.key)?;
        let mut moved = Vec::new();
        for (name, hash) in &seen.columns {
            let column = layout.column(name).ok_or_else(|| {
                Error::refused(format!(
                    "{} has no column '{}'",
                    seen.table,
                    name.escape_debug()
                ))
                .problem(Problem::Unknown)
            })?;
            if column_hash(row.as_ref().map(|row| &row[column])) != *hash {
                moved.push(name.clone());
            }
        }
        let key: Vec<_> = seen.key.iter().map(ToString::to_string).collect();
        Ok((!moved.is_empty())
            .then(|| (seen.table.clone(), format!("({})", key.join(", ")), moved)))
    }
}
