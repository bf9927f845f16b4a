//! Tasks in the log: what was asked for, what has become of it, and what there is to do. `task_list` is for people.

use crate::model::StoredKind;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};

use super::events::Catalog;
use crate::model::clock::unix_milliseconds;
use crate::model::{Delivery, DueTask, Error, Place, Result, Seq, TaskState, Waiting};

/// What `delivery_of` reads.
pub(crate) const DELIVERY_COLUMNS: &str = "d.seq, d.ordinal, d.kind, d.state, d.tries, d.round, d.due, d.begun_at, d.result, d.data, d.changed_at";

/// What `waiting_of` reads.
const WAITING_COLUMNS: &str =
    "t.seq, t.ordinal, t.key, coalesce(d.state, t.state), coalesce(d.tries, 0), t.not_before, d.due, e.recorded_at,
     d.seq IS NOT NULL";

/// Tasks of one kind that wait behind a place, each with its `Delivery` where it has one. Those that are final are left
/// out. ?1 kind, ?2 and ?3 the place, ?4 how many.
const FRESH: &str = "FROM tasks t
    LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
    JOIN events e ON e.seq = t.seq
    WHERE t.kind = ?1 AND (t.seq, t.ordinal) > (?2, ?3)
      AND coalesce(d.state, t.state) IN ('pending', 'running', 'retry', 'dead')
    ORDER BY t.seq, t.ordinal LIMIT ?4";

/// The same for those that somebody has touched, up to the place ?5 and ?6.
const TOUCHED: &str = "FROM deliveries d
    JOIN tasks t ON t.kind = d.kind AND t.seq = d.seq AND t.ordinal = d.ordinal
    JOIN events e ON e.seq = d.seq
    WHERE d.kind = ?1 AND d.state IN ('pending', 'running', 'retry', 'dead')
      AND (d.seq, d.ordinal) > (?2, ?3) AND (d.seq, d.ordinal) <= (?5, ?6)
    ORDER BY d.seq, d.ordinal LIMIT ?4";

impl Catalog {
    /// What has become of a task; untouched where nothing has. None: there is no such task.
    pub fn delivery(&self, kind: &str, place: Place) -> Result<Option<Delivery>> {
        let values = (kind, place.seq.0 as i64, place.ordinal);
        let stored = self
            .connection
            .prepare_cached(&format!(
                "SELECT {DELIVERY_COLUMNS} FROM deliveries d WHERE d.kind = ?1 AND d.seq = ?2 AND d.ordinal = ?3"
            ))
            .and_then(|mut statement| statement.query_row(values, delivery_of).optional())
            .map_err(|error| self.failed(error))?;
        if stored.is_some() {
            return Ok(stored);
        }
        let state: Option<TaskState> = self
            .connection
            .prepare_cached("SELECT state FROM tasks WHERE kind = ?1 AND seq = ?2 AND ordinal = ?3")
            .and_then(|mut statement| {
                statement
                    .query_row(values, |row| state_of(row, 0))
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        Ok(state.map(|state| Delivery {
            state,
            ..Delivery::untouched(place, kind)
        }))
    }

    /// What a delivery needs to know of a task; the delivery itself is told by who leases it.
    pub fn due_task(&self, delivery: &Delivery) -> Result<Option<DueTask>> {
        let place = delivery.place;
        self.connection
            .prepare_cached(
                "SELECT t.id, t.key, t.data, e.type, e.id, e.source, e.time, e.subject, e.extensions
                 FROM tasks t JOIN events e ON e.seq = t.seq WHERE t.kind = ?1 AND t.seq = ?2 AND t.ordinal = ?3",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(
                        (&delivery.kind, place.seq.0 as i64, place.ordinal),
                        |row| {
                            let data: String = row.get(2)?;
                            Ok(DueTask {
                                id: row.get(0)?,
                                place,
                                kind: delivery.kind.clone(),
                                key: row.get(1)?,
                                data: delivery.data.clone().unwrap_or(data),
                                tries: delivery.tries,
                                round: delivery.round,
                                event_type: row.get(3)?,
                                event_id: row.get(4)?,
                                event_source: row.get(5)?,
                                event_time: row.get(6)?,
                                subject: row.get(7)?,
                                event_extensions: row.get(8)?,
                            })
                        },
                    )
                    .optional()
            })
            .map_err(|error| self.failed(error))
    }

    /// The kind and place of a task with an id.
    pub fn find_task(&self, id: &str) -> Result<Option<(String, Place)>> {
        self.connection
            .prepare_cached("SELECT kind, seq, ordinal FROM tasks WHERE id = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([id], |row| Ok((row.get(0)?, place_of(row, 1)?)))
                    .optional()
            })
            .map_err(|error| self.failed(error))
    }

    /// Tasks of a kind that are not final, behind a place and in order, at most `count_max`; and the place up to which all
    /// were looked at.
    pub fn waiting_tasks(
        &self,
        kind: &str,
        after: Place,
        count_max: usize,
    ) -> Result<(Vec<Waiting>, Place)> {
        let mark = self.task_mark(kind)?;
        let mut found = Vec::new();
        let mut reached = after;
        if after < mark {
            let (to, from) = (mark, after);
            found = self.waiting(
                TOUCHED,
                params![
                    kind,
                    from.seq.0 as i64,
                    from.ordinal,
                    count_max as i64,
                    to.seq.0 as i64,
                    to.ordinal
                ],
            )?;
            match found.last() {
                Some(last) if found.len() == count_max => return Ok((found.clone(), last.place)),
                _ => reached = mark,
            }
        }
        let room = (count_max - found.len()) as i64;
        let fresh = self.waiting(
            FRESH,
            params![kind, reached.seq.0 as i64, reached.ordinal, room],
        )?;
        if let Some(last) = fresh.last() {
            reached = last.place;
        }
        found.extend(fresh);
        Ok((found, reached))
    }

    /// One of them, where it is not final.
    pub fn waiting_task(&self, kind: &str, place: Place) -> Result<Option<Waiting>> {
        let sql = format!(
            "SELECT {WAITING_COLUMNS} FROM tasks t LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
             JOIN events e ON e.seq = t.seq WHERE t.kind = ?1 AND t.seq = ?2 AND t.ordinal = ?3"
        );
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                let values = (kind, place.seq.0 as i64, place.ordinal);
                statement.query_row(values, waiting_of).optional()
            })
            .map_err(|error| self.failed(error))?;
        Ok(found.filter(|waiting| !waiting.state.is_final()))
    }

    fn waiting(&self, from: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Waiting>> {
        self.connection
            .prepare_cached(&format!("SELECT {WAITING_COLUMNS} {from}"))
            .and_then(|mut statement| statement.query_map(values, waiting_of)?.collect())
            .map_err(|error| self.failed(error))
    }

    /// Up to here each task of the kind that is not final has a row in `deliveries`.
    pub fn task_mark(&self, kind: &str) -> Result<Place> {
        let mark = self
            .connection
            .prepare_cached("SELECT seq, ordinal FROM task_marks WHERE kind = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([kind], |row| place_of(row, 0))
                    .optional()
            })
            .map_err(|error| self.failed(error))?;
        Ok(mark.unwrap_or_default())
    }

    /// How each kind is carried out.
    pub fn gateway_kinds(&self) -> Result<Vec<StoredKind>> {
        self.all(
            "SELECT kind, config, changed_at, actor FROM gateway ORDER BY kind",
            |row| {
                Ok(StoredKind {
                    kind: row.get(0)?,
                    config: row.get(1)?,
                    changed_at: row.get(2)?,
                    actor: row.get(3)?,
                })
            },
        )
    }

    /// Every kind that was ever asked for, in order. Looked up from one to the next, not counted through.
    pub fn task_kinds(&self) -> Result<Vec<String>> {
        self.all(
            "WITH RECURSIVE kinds (kind) AS (
                 SELECT min(kind) FROM tasks
                 UNION ALL SELECT (SELECT min(t.kind) FROM tasks t WHERE t.kind > k.kind) FROM kinds k WHERE k.kind IS NOT NULL
             ) SELECT kind FROM kinds WHERE kind IS NOT NULL",
            |row| row.get(0),
        )
    }
}

pub(crate) fn place_of(row: &Row<'_>, at: usize) -> rusqlite::Result<Place> {
    Ok(Place {
        seq: Seq(row.get::<_, i64>(at)? as u64),
        ordinal: row.get(at + 1)?,
    })
}

pub(crate) fn state_of(row: &Row<'_>, at: usize) -> rusqlite::Result<TaskState> {
    let text = row.get_ref(at)?.as_str()?;
    text.parse().map_err(|error: Error| {
        rusqlite::Error::FromSqlConversionFailure(at, Type::Text, Box::new(error))
    })
}

/// A row of `DELIVERY_COLUMNS`.
pub(crate) fn delivery_of(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    delivery_at(row, 0)
}

pub(crate) fn delivery_at(row: &Row<'_>, at: usize) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        place: place_of(row, at)?,
        kind: row.get(at + 2)?,
        state: state_of(row, at + 3)?,
        tries: row.get(at + 4)?,
        round: row.get(at + 5)?,
        due: row.get(at + 6)?,
        begun_at: row.get(at + 7)?,
        result: row.get(at + 8)?,
        data: row.get(at + 9)?,
        changed_at: row.get(at + 10)?,
    })
}

fn waiting_of(row: &Row<'_>) -> rusqlite::Result<Waiting> {
    let time = |at| -> rusqlite::Result<i64> {
        let text = row.get_ref(at)?.as_str_or_null()?;
        Ok(text.and_then(unix_milliseconds).unwrap_or(0))
    };
    let not_before = time(5)?;
    Ok(Waiting {
        place: place_of(row, 0)?,
        key: row.get(2)?,
        state: state_of(row, 3)?,
        tries: row.get(4)?,
        due: not_before.max(time(6)?),
        since: not_before.max(time(7)?),
        is_touched: row.get(8)?,
    })
}
