//! Commands that the clock runs, as they stand.

use super::events::Catalog;
use crate::model::{CommandSchedule, LastRun, Result, Seq};

impl Catalog {
    /// Every command that the clock runs, by its name.
    pub fn schedules(&self) -> Result<Vec<CommandSchedule>> {
        self.all(
            "SELECT name, timing, command, data, subject, after, paused, set_at, actor, runs,
                    last_due, last_at, last_command, last_outcome, last_event, last_events, last_said
             FROM schedules ORDER BY name",
            |row| {
                let at: Option<String> = row.get(11)?;
                let last = match at {
                    None => None,
                    Some(at) => Some(LastRun {
                        due: row.get(10)?,
                        at,
                        command: row.get(12)?,
                        outcome: row.get(13)?,
                        first_event: { row.get::<_, Option<i64>>(14)? }.map(|seq| Seq(seq as u64)),
                        events: row.get::<_, i64>(15)? as u64,
                        said: row.get(16)?,
                    }),
                };
                Ok(CommandSchedule {
                    name: row.get(0)?,
                    timing: row.get(1)?,
                    command_type: row.get(2)?,
                    data: row.get(3)?,
                    subject: row.get(4)?,
                    after: row.get(5)?,
                    paused: row.get(6)?,
                    set_at: row.get(7)?,
                    actor: row.get(8)?,
                    runs: row.get::<_, i64>(9)? as u64,
                    last,
                })
            },
        )
    }
}
