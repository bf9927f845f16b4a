//! An event with what it caused, recorded or only just worked out.

use crate::engine::Outcome;
use crate::engine::Usage;
use crate::model::effects::RecordedChange;
use crate::model::{Event, Layouts, LogLine, Task};

#[derive(Debug, Clone)]
pub struct EventWithEffects {
    pub event: Event,
    pub changes: Vec<RecordedChange>,
    pub tasks: Vec<Task>,
    /// Their ids, where they are known and not only to be derived: those of the past may have been made in another way.
    pub task_ids: Vec<Option<String>>,
    /// What the handlers logged; nothing for an event of the past.
    pub log: Vec<LogLine>,
    /// What that cost; nothing for an event of the past.
    pub usage: Usage,
}

impl EventWithEffects {
    /// Gives each change the layout of its table.
    pub(crate) fn now(event: Event, outcome: Outcome, layouts: &Layouts) -> EventWithEffects {
        EventWithEffects {
            event,
            changes: outcome.effects.recorded(layouts),
            tasks: outcome.effects.tasks,
            task_ids: Vec::new(),
            log: outcome.log,
            usage: outcome.usage,
        }
    }
}
