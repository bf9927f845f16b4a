//! Tasks as people look at them: listed, shown beside their event, and counted.

use rusqlite::{OptionalExtension, Row, params};

use super::events::Catalog;
use super::late_tasks::enqueued_by;
use super::tasks::{DELIVERY_COLUMNS, delivery_at, place_of, state_of};
use crate::model::clock::{text_of_milliseconds, unix_milliseconds, unix_milliseconds_now};
use crate::model::{Delivery, Place, Result, Seq, Task, TaskState, TaskStep, limits};

/// Which tasks a listing wants.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub kind: Option<String>,
    pub state: Option<TaskState>,
    pub event: Option<Seq>,
    /// What their events are about.
    pub subject: Option<String>,
    pub after: Option<Place>,
}

/// A task with what has become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    pub id: String,
    pub key: Option<String>,
    /// As it was asked for; `delivery.data` is in force where an operator edited it.
    pub data: String,
    pub not_before: Option<String>,
    pub recorded_at: String,
    /// The type of the event that asked.
    pub event_type: String,
    pub delivery: Delivery,
    /// The event that enqueued it, where that was after its own was handled.
    pub late: Option<Seq>,
}

impl TaskRow {
    /// What was asked for.
    pub fn task(&self) -> Task {
        Task {
            kind: self.delivery.kind.clone(),
            key: self.key.clone(),
            data: self.data.clone(),
            not_before: self.not_before.clone(),
        }
    }
}

/// How many tasks of a kind are in a state, of those that may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindCount {
    pub kind: String,
    pub counts: Vec<(TaskState, u64)>,
    /// Since when the oldest that is neither final nor dead may be carried out; none where none may be yet.
    pub oldest_at: Option<String>,
}

/// What `task_row` reads.
fn columns() -> String {
    let late = enqueued_by();
    format!(
        "t.seq, t.ordinal, t.kind, t.id, t.key, t.data, t.not_before, t.state, e.recorded_at, e.type, {late}, d.seq,
         {DELIVERY_COLUMNS}"
    )
}

impl Catalog {
    /// A page of tasks in the order of the log: at most `count_max`, and fewer where they are large.
    pub fn tasks(&self, filter: &TaskFilter, count_max: usize) -> Result<Vec<TaskRow>> {
        self.task_page(filter, count_max).map(|(rows, _)| rows)
    }

    /// A page of tasks, and whether there are others behind it.
    pub fn task_page(&self, filter: &TaskFilter, count_max: usize) -> Result<(Vec<TaskRow>, bool)> {
        let kinds = match &filter.kind {
            Some(kind) => vec![kind.clone()],
            None => self.task_kinds()?,
        };
        let bytes_max = limits::PAGE_BYTES_MAX / kinds.len().max(1);
        let mut found = Vec::new();
        // Up to where nothing of any kind is missing.
        let mut whole_to = None;
        for kind in kinds {
            let (rows, more) = self.tasks_of_kind(&kind, filter, count_max, bytes_max)?;
            if let Some(last) = rows.last().filter(|_| more) {
                let last = last.delivery.place;
                whole_to = Some(whole_to.map_or(last, |to: Place| to.min(last)));
            }
            found.extend(rows);
        }
        found.sort_by_key(|row| row.delivery.place);
        let asked = found.len();
        found.retain(|row| whole_to.is_none_or(|to| row.delivery.place <= to));
        found.truncate(count_max);
        let more = whole_to.is_some() || found.len() < asked;
        Ok((found, more))
    }

    fn tasks_of_kind(
        &self,
        kind: &str,
        filter: &TaskFilter,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<TaskRow>, bool)> {
        let after = filter.after.unwrap_or_default();
        // What may go on has an index of its own; what nobody has touched is not in it.
        let from = match filter.state {
            // From the subject's events, which have an index, to the tasks of each.
            _ if filter.subject.is_some() => {
                "events e CROSS JOIN tasks t ON t.kind = ?1 AND t.seq = e.seq
                 LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
                 WHERE e.subject = ?8 AND (?4 IS NULL OR coalesce(d.state, t.state) = ?4)"
            }
            Some(TaskState::Running | TaskState::Retry | TaskState::Dead) => {
                "deliveries d JOIN tasks t ON t.kind = d.kind AND t.seq = d.seq AND t.ordinal = d.ordinal
                 JOIN events e ON e.seq = t.seq WHERE d.kind = ?1 AND d.state IN ('pending', 'running', 'retry', 'dead')
                 AND d.state = ?4 AND ?8 IS NULL"
            }
            _ => {
                "tasks t LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
                 JOIN events e ON e.seq = t.seq WHERE t.kind = ?1 AND (?4 IS NULL OR coalesce(d.state, t.state) = ?4)
                 AND ?8 IS NULL"
            }
        };
        let columns = columns();
        // That of the table whose index gives the order.
        let seq = if filter.subject.is_some() {
            "e.seq"
        } else {
            "t.seq"
        };
        let sql = format!(
            "SELECT {columns} FROM {from} AND ({seq}, t.ordinal) > (?2, ?3)
             AND {seq} >= ?5 AND {seq} <= ?6 ORDER BY {seq}, t.ordinal LIMIT ?7"
        );
        let (first, last) = match filter.event {
            Some(seq) => (seq.0 as i64, seq.0 as i64),
            None => (after.seq.0 as i64, i64::MAX),
        };
        let values = params![
            kind,
            after.seq.0 as i64,
            // The first task of an event has ordinal 0, and is behind no place at all.
            filter.after.map_or(-1, |place| i64::from(place.ordinal)),
            filter.state.map(TaskState::as_str),
            first,
            last,
            // One more, to know whether there is one.
            i64::try_from(count_max)
                .unwrap_or(i64::MAX)
                .saturating_add(1),
            filter.subject,
        ];
        let mut statement =
            { self.connection.prepare_cached(&sql) }.map_err(|error| self.failed(error))?;
        let found = statement
            .query_map(values, task_row)
            .map_err(|error| self.failed(error))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for row in found {
            if rows.len() == count_max || bytes > bytes_max {
                return Ok((rows, true));
            }
            let row = row.map_err(|error| self.failed(error))?;
            bytes += row.data.len() + row.delivery.data.as_ref().map_or(0, String::len);
            rows.push(row);
        }
        Ok((rows, false))
    }

    /// A task by its id.
    pub fn task(&self, id: &str) -> Result<Option<TaskRow>> {
        self.connection
            .prepare_cached(&format!("{} WHERE t.id = ?1", select()))
            .and_then(|mut statement| statement.query_row([id], task_row).optional())
            .map_err(|error| self.failed(error))
    }

    /// Every task of an event, late ones last.
    pub fn tasks_of(&self, seq: Seq) -> Result<Vec<TaskRow>> {
        let mut found = Vec::new();
        let sql = format!("{} WHERE t.kind = ?1 AND t.seq = ?2", select());
        for kind in self.task_kinds()? {
            let rows: Vec<TaskRow> = self
                .connection
                .prepare_cached(&sql)
                .and_then(|mut statement| {
                    let rows = statement.query_map((&kind, seq.0 as i64), task_row);
                    rows?.collect()
                })
                .map_err(|error| self.failed(error))?;
            found.extend(rows);
        }
        found.sort_by_key(|row| row.delivery.place);
        Ok(found)
    }

    /// Everything that happened to a task, in order.
    pub fn task_steps(&self, place: Place) -> Result<Vec<TaskStep>> {
        self.connection
            .prepare_cached(
                "SELECT seq, ordinal, what, begun_at, at, tries, said, actor FROM task_steps
                 WHERE seq = ?1 AND ordinal = ?2 ORDER BY step",
            )
            .and_then(|mut statement| {
                let found =
                    statement.query_map((place.seq.0 as i64, place.ordinal), |row| step(row, 0));
                found?.collect()
            })
            .map_err(|error| self.failed(error))
    }

    /// Steps of all tasks after a step's number, in order, each with its number and its task's kind and id.
    pub fn steps_after(
        &self,
        after: u64,
        count_max: usize,
    ) -> Result<Vec<(u64, String, String, TaskStep)>> {
        self.connection
            .prepare_cached(
                "SELECT s.step, d.kind, t.id, s.seq, s.ordinal, s.what, s.begun_at, s.at, s.tries, s.said, s.actor
                 FROM task_steps s JOIN deliveries d ON d.seq = s.seq AND d.ordinal = s.ordinal
                 JOIN tasks t ON t.kind = d.kind AND t.seq = s.seq AND t.ordinal = s.ordinal
                 WHERE s.step > ?1 ORDER BY s.step LIMIT ?2",
            )
            .and_then(|mut statement| {
                let found = statement.query_map((after as i64, count_max as i64), |row| {
                    let number = row.get::<_, i64>(0)? as u64;
                    Ok((number, row.get(1)?, row.get(2)?, step(row, 3)?))
                });
                found?.collect()
            })
            .map_err(|error| self.failed(error))
    }

    /// The number of the last step.
    pub fn last_step(&self) -> Result<u64> {
        self.connection
            .query_row("SELECT coalesce(max(step), 0) FROM task_steps", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(|step| step as u64)
            .map_err(|error| self.failed(error))
    }

    /// How many tasks of each kind may go on, by state.
    pub fn open_tasks(&self) -> Result<Vec<KindCount>> {
        self.task_kinds()?
            .into_iter()
            .map(|kind| self.open_tasks_of(kind))
            .collect()
    }

    fn open_tasks_of(&self, kind: String) -> Result<KindCount> {
        let mark = self.task_mark(&kind)?;
        let counts = [
            TaskState::Pending,
            TaskState::Running,
            TaskState::Retry,
            TaskState::Dead,
        ];
        let mut counts: Vec<(TaskState, u64)> = counts.map(|state| (state, 0)).to_vec();
        let mut oldest: Option<i64> = None;
        // Of those that may wait for a time of their own, each is looked at; of the others only the first of each state.
        let open = self
            .connection
            .prepare_cached(
                "WITH open (seq, ordinal, state) AS (
                     SELECT seq, ordinal, state FROM deliveries
                     WHERE kind = ?1 AND state IN ('pending', 'running', 'retry', 'dead')
                     UNION ALL
                     SELECT t.seq, t.ordinal, t.state
                     FROM tasks t LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
                     WHERE t.kind = ?1 AND (t.seq, t.ordinal) > (?2, ?3) AND d.seq IS NULL AND t.state = 'pending')
                 SELECT f.state, f.count, f.not_before, e.recorded_at
                 FROM (SELECT o.state, count(*) AS count, t.not_before, min(o.seq) AS seq
                       FROM open o JOIN tasks t ON t.kind = ?1 AND t.seq = o.seq AND t.ordinal = o.ordinal
                       GROUP BY o.state, t.not_before) f
                 JOIN events e ON e.seq = f.seq",
            )
            .and_then(|mut statement| {
                let values = (&kind, mark.seq.0 as i64, mark.ordinal);
                let found = statement.query_map(values, |row| {
                    let time = |at| -> rusqlite::Result<Option<i64>> {
                        Ok(row.get_ref(at)?.as_str_or_null()?.and_then(unix_milliseconds))
                    };
                    let since = time(3)?.unwrap_or(0).max(time(2)?.unwrap_or(0));
                    Ok((state_of(row, 0)?, row.get::<_, i64>(1)?, since))
                });
                found?.collect::<rusqlite::Result<Vec<_>>>()
            })
            .map_err(|error| self.failed(error))?;
        let now = unix_milliseconds_now();
        for (state, count, since) in open {
            if let Some((_, sum)) = counts.iter_mut().find(|(known, _)| *known == state) {
                *sum += count as u64;
            }
            if state != TaskState::Dead && since <= now {
                oldest = oldest.into_iter().chain([since]).min();
            }
        }
        Ok(KindCount {
            kind,
            counts,
            oldest_at: oldest.map(text_of_milliseconds),
        })
    }
}

/// All tasks with what has become of them.
fn select() -> String {
    let columns = columns();
    format!(
        "SELECT {columns} FROM tasks t LEFT JOIN deliveries d ON d.seq = t.seq AND d.ordinal = t.ordinal
         JOIN events e ON e.seq = t.seq"
    )
}

fn task_row(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    let place = place_of(row, 0)?;
    let kind: String = row.get(2)?;
    let delivery = match row.get::<_, Option<i64>>(11)? {
        Some(_) => delivery_at(row, 12)?,
        None => Delivery {
            state: state_of(row, 7)?,
            ..Delivery::untouched(place, &kind)
        },
    };
    Ok(TaskRow {
        id: row.get(3)?,
        key: row.get(4)?,
        data: row.get(5)?,
        not_before: row.get(6)?,
        recorded_at: row.get(8)?,
        event_type: row.get(9)?,
        delivery,
        late: row.get::<_, Option<i64>>(10)?.map(|by| Seq(by as u64)),
    })
}

fn step(row: &Row<'_>, at: usize) -> rusqlite::Result<TaskStep> {
    Ok(TaskStep {
        place: place_of(row, at)?,
        what: row.get(at + 2)?,
        begun_at: row.get(at + 3)?,
        at: row.get(at + 4)?,
        tries: row.get(at + 5)?,
        said: row.get(at + 6)?,
        actor: row.get(at + 7)?,
    })
}
