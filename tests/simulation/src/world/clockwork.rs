//! Owns the command that the clock runs: for each time it is in the log once at most, and what is known of its last run is
//! what the log has.

use daybook::model::clock::{text_of_milliseconds, unix_milliseconds};
use daybook::model::{Timing, TypeName};
use daybook::tasks::NewSchedule;

use super::*;

const NAME: &str = "tick";

/// Milliseconds between two times.
const EVERY_MS: i64 = 1_000;

impl World {
    pub(super) fn begin_clock(&mut self) -> Found {
        let schedule = NewSchedule {
            timing: Timing::every("1s").expect("a time"),
            command_type: TypeName::new("tally.Do").expect("a type"),
            data: r#"{"key": 1, "n": 1, "text": "due {due}"}"#.to_owned(),
            subject: None,
        };
        let set = self.book().set_schedule(NAME, &schedule, None);
        set.map(drop)
            .map_err(|error| format!("a schedule: {error}"))
    }

    /// The timekeeper's turn, after a while in which several times may pass.
    pub(super) fn clock(&mut self) {
        given::advance(Duration::from_millis(self.random.below(2_500)));
        self.say(|| "the clock".to_owned());
        // What the disk refuses is asked for again.
        let _ = self.timekeeper.as_mut().expect("open").turn();
    }

    /// What the clock's command adds, where a text is one of its; each time comes once, and not early.
    pub(super) fn of_the_clock(
        &mut self,
        text: &str,
    ) -> Result<Option<Vec<(String, Data)>>, String> {
        let Some(due) = text.strip_prefix("due ") else {
            return Ok(None);
        };
        let begun = BEGIN.rem_euclid(EVERY_MS);
        let at = unix_milliseconds(due).ok_or_else(|| format!("'{due}' is no time"))?;
        if at.rem_euclid(EVERY_MS) != begun || due > daybook::model::clock::now().as_str() {
            return Err(format!("the clock ran its command for {due}"));
        }
        if !self.dues.insert(text_of_milliseconds(at)) {
            return Err(format!("the clock ran its command twice for {due}"));
        }
        self.report.ticks += 1;
        let data = Data {
            key: 1,
            n: 1,
            text: text.to_owned(),
        };
        Ok(Some(vec![(String::new(), data)]))
    }

    /// A run and what is known of it are there together.
    pub(super) fn check_clock(&mut self) -> Found {
        let schedules = self.book().schedules();
        let schedules = schedules.map_err(|error| format!("reading schedules: {error}"))?;
        let last = schedules
            .first()
            .and_then(|it| it.last.as_ref()?.due.clone());
        match last.as_ref() == self.dues.last() {
            true => Ok(()),
            false => Err(format!(
                "the clock ran last for {last:?}, and the log has {:?}",
                self.dues.last()
            )),
        }
    }
}
