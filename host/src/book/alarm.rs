//! The alarm: history does not verify. An event of the host's own says so, with a task for whoever is to be told.

use serde_json::json;

use super::commit::SystemEvent;
use super::open::Book;
use crate::engine::task_id_of;
use crate::model::event::VERIFICATION_FAILED;
use crate::model::log::{LocalOp, LogOp, RecordedTask};
use crate::model::task::ALARM_KIND;
use crate::model::{Place, Result, Seq, Task, clock};

/// Where the log keeps what the last alarm was about.
const LAST: &str = "alarm";

impl Book {
    /// What a verification came to: a problem that nobody was told of yet becomes an event with a task. The same one is told
    /// of once, until history verified again in between.
    pub fn tell_alarm(&mut self, problem: Option<&str>) -> Result<Option<Seq>> {
        let last = self.history.log.meta(LAST)?;
        let Some(problem) = problem else {
            if last.is_some() {
                self.history.log.write_local(&[LocalOp::RemoveNote {
                    key: LAST.to_owned(),
                }])?;
            }
            return Ok(None);
        };
        if last.as_deref() == Some(problem) {
            return Ok(None);
        }
        self.check_current()?;
        let data = json!({ "problem": problem }).to_string();
        let task = Task {
            kind: ALARM_KIND.to_owned(),
            key: None,
            data: data.clone(),
            not_before: None,
        };
        // Told in vain, the gateway looks once more than it has to.
        self.task_news.asked = true;
        let seq = self.head().next();
        let id = task_id_of("/daybook/alarm", &seq.to_string(), &clock::now(), 0);
        self.record_system(SystemEvent {
            event_type: VERIFICATION_FAILED,
            data,
            ops: vec![LogOp::Task {
                place: Place { seq, ordinal: 0 },
                task: RecordedTask { id, task },
                late: None,
            }],
            local: vec![LocalOp::Note {
                key: LAST.to_owned(),
                value: problem.to_owned(),
            }],
        })
        .map(Some)
    }
}
