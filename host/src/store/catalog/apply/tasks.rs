//! Tasks, what has become of them, and how they are carried out, into their tables.

use rusqlite::params;

use super::super::events::Catalog;
use crate::model::log::RecordedTask;
use crate::model::task::REACT_KIND;
use crate::model::{Delivery, Place, Result, Seq, StoredKind, TaskState, TaskStep};

impl Catalog {
    pub(super) fn write_tasks(&self, seq: Seq, tasks: &[RecordedTask]) -> Result<()> {
        for (ordinal, task) in tasks.iter().enumerate() {
            // A blocking reaction was carried out before this is written.
            let state = match task.task.kind.as_str() {
                REACT_KIND => TaskState::Done,
                _ => TaskState::Pending,
            };
            self.insert_task(seq, ordinal as i64, task, state)?;
        }
        Ok(())
    }

    pub(super) fn write_task(
        &self,
        place: Place,
        task: &RecordedTask,
        late: Option<Seq>,
    ) -> Result<()> {
        let ordinal = i64::from(place.ordinal);
        self.insert_task(place.seq, ordinal, task, TaskState::Pending)?;
        if let Some(by) = late {
            self.run(
                "INSERT INTO late_tasks (seq, ordinal, enqueued_by) VALUES (?1, ?2, ?3)",
                params![place.seq.0 as i64, ordinal, by.0 as i64],
            )?;
        }
        Ok(())
    }

    fn insert_task(
        &self,
        seq: Seq,
        ordinal: i64,
        task: &RecordedTask,
        state: TaskState,
    ) -> Result<()> {
        self.run(
            "INSERT INTO tasks (id, seq, ordinal, kind, key, data, not_before, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                task.id,
                seq.0 as i64,
                ordinal,
                task.task.kind,
                task.task.key,
                task.task.data,
                task.task.not_before,
                state.as_str(),
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_task_mark(&self, kind: &str, place: Place) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO task_marks (kind, seq, ordinal) VALUES (?1, ?2, ?3)",
            params![kind, place.seq.0 as i64, place.ordinal],
        )?;
        Ok(())
    }

    pub(super) fn write_delivery(&self, delivery: &Delivery) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO deliveries
                 (seq, ordinal, kind, state, tries, round, due, begun_at, result, data, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                delivery.place.seq.0 as i64,
                delivery.place.ordinal,
                delivery.kind,
                delivery.state.as_str(),
                delivery.tries,
                delivery.round,
                delivery.due,
                delivery.begun_at,
                delivery.result,
                delivery.data,
                delivery.changed_at,
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_task_step(&self, step: &TaskStep) -> Result<()> {
        self.run(
            "INSERT INTO task_steps (seq, ordinal, what, begun_at, at, tries, said, actor)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                step.place.seq.0 as i64,
                step.place.ordinal,
                step.what,
                step.begun_at,
                step.at,
                step.tries,
                step.said,
                step.actor,
            ],
        )?;
        Ok(())
    }

    pub(super) fn write_gateway_kind(&self, kind: &StoredKind) -> Result<()> {
        self.run(
            "INSERT OR REPLACE INTO gateway (kind, config, changed_at, actor) VALUES (?1, ?2, ?3, ?4)",
            params![kind.kind, kind.config, kind.changed_at, kind.actor],
        )?;
        Ok(())
    }

    pub(super) fn remove_gateway_kind(&self, kind: &str) -> Result<()> {
        self.run("DELETE FROM gateway WHERE kind = ?1", &[&kind])?;
        Ok(())
    }
}
