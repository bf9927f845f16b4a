//! Pinned schedules: one lineup for all of history, but for events that are pinned to another version.

use super::onlooker::Study;
use crate::model::{Error, Lineup, PluginVersion, Result, Schedule, Seq};

impl Study<'_> {
    /// One lineup for all of history, but for the events that are pinned to other versions.
    pub(crate) fn pinned(&mut self, lineup: Lineup) -> Result<Schedule> {
        let pins = self.history.log.event_pins()?;
        self.pinned_with(lineup, &pins)
    }

    pub(crate) fn pinned_with(
        &mut self,
        lineup: Lineup,
        pins: &[(Seq, PluginVersion)],
    ) -> Result<Schedule> {
        let mut schedule = Schedule::pinned(lineup.clone());
        for (event, version) in pins {
            let other = lineup.with(std::slice::from_ref(version));
            // A plugin that is not in force any more has nothing to handle.
            if other == lineup || lineup.version(version.plugin.as_str()).is_none() {
                continue;
            }
            let program = self.history.program(&lineup)?;
            if self.history.program(&other)?.layouts != program.layouts {
                return Err(Error::refused(format!(
                    "event {event} is pinned to {version}, whose tables are not those of '{lineup}'"
                ))
                .hint(format!(
                    "daybook doom BOOK --event {event} --unpin --reason TEXT; then amend or skip the event"
                )));
            }
            schedule = schedule
                .then(*event, other)
                .then(event.next(), lineup.clone());
        }
        Ok(schedule)
    }
}
