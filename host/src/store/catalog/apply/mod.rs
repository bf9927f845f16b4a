//! What a commit does to the tables. The only code that writes what a log says.
//!
//! **Invariant:** applying the same commits to an empty catalog gives the same tables, on any machine. So nothing here reads
//! the clock, makes an id, or looks at what is this machine's own.

mod events;
mod repairs;
mod schedules;
mod tasks;
mod versions;

use super::events::Catalog;
use crate::model::Result;
use crate::model::log::{Commit, LogOp};

impl Catalog {
    /// Writes a commit's operations, in order, and its position. Part of the open transaction.
    pub(super) fn apply(&mut self, commit: &Commit) -> Result<()> {
        let erases = |op: &LogOp| {
            matches!(
                op,
                LogOp::Redaction { .. }
                    | LogOp::Effects { .. }
                    | LogOp::AmendedEffects { .. }
                    | LogOp::TaskRewritten { .. }
            )
        };
        if commit.ops.iter().any(erases) {
            self.overwrite_deleted()?;
        }
        for op in &commit.ops {
            self.apply_op(op)?;
        }
        self.write_position(commit)
    }

    fn apply_op(&mut self, op: &LogOp) -> Result<()> {
        match op {
            LogOp::Founded { book } => self.write_founded(book),
            LogOp::Event(event) => self.write_event(event),
            LogOp::Command(command) => self.write_command(command),
            LogOp::PinUse(pin) => self.write_pin_use(pin),
            LogOp::Undone { event, by } => self.write_undone(*event, *by),
            LogOp::Delivery(delivery) => self.write_delivery(delivery),
            LogOp::TaskStep(step) => self.write_task_step(step),
            LogOp::TaskMark { kind, place } => self.write_task_mark(kind, *place),
            LogOp::Task { place, task, late } => self.write_task(*place, task, *late),
            LogOp::TaskRewritten { place, kind, task } => {
                self.rewrite_task(*place, kind, task.as_ref())
            }
            LogOp::Component { digest, bytes } => self.write_component(digest, bytes),
            LogOp::Version(version) => self.write_version(version),
            LogOp::Layout(layout) => self.write_layout(layout),
            LogOp::Certification(certification) => self.write_certification(certification),
            LogOp::Retired {
                version,
                at,
                reason,
            } => self.write_retired(version, at, reason.as_deref()),
            LogOp::Unretired(version) => self.remove_retired(version),
            LogOp::Epoch { from, schedule } => self.write_epoch(*from, schedule),
            LogOp::Amendment {
                amendment,
                data,
                effects,
            } => self.write_amendment(amendment, data, effects),
            LogOp::AmendedEffects { by, effects } => self.rewrite_amended(*by, effects),
            LogOp::Redaction { redaction, data } => self.write_redaction(redaction, data),
            LogOp::Effects { seq, effects } => self.rewrite_effects(*seq, effects),
            LogOp::EventPin { event, version, by } => self.write_event_pin(*event, version, *by),
            LogOp::EventUnpin { event } => self.remove_event_pin(*event),
            LogOp::GatewayKind(kind) => self.write_gateway_kind(kind),
            LogOp::CommandSchedule(schedule) => self.write_schedule(schedule),
            LogOp::CommandScheduleRemoved { name } => self.remove_schedule(name),
            LogOp::TokensInForce { since } => self.write_tokens_in_force(since),
            LogOp::GatewayUnset { kind } => self.remove_gateway_kind(kind),
        }
    }

    /// Runs a statement that changes rows; gives how many. The statement is kept compiled.
    pub(super) fn run(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(|error| self.failed(error))
    }
}
