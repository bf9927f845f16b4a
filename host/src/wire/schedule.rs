//! Commands that the clock runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{self, Error, JsonText, Result, Timing, TypeName, clock};
use crate::tasks;

/// Every command that the clock runs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CommandSchedules {
    /// This server runs them.
    pub clock: bool,
    pub schedules: Vec<CommandSchedule>,
}

/// When a command is to be run, and which: one of `every` and `cron` is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    /// The time between two runs: `90s`, `15m`, `1h`, `1d`. The first is so long after this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// Minute, hour, day of the month, month and day of the week, in UTC: `0 3 * * *`. Or `@hourly`, `@daily`, `@weekly`,
    /// `@monthly`, `@yearly`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The command's type: `plugin.Name`.
    pub command: String,
    /// Its payload. In strings, `{due}` stands for the time that it is run for and `{due.date}` for that day.
    pub data: JsonText<'static>,
    /// What the command is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl ScheduleRequest {
    pub fn parsed(&self) -> Result<tasks::NewSchedule> {
        let timing = match (&self.every, &self.cron) {
            (Some(every), None) => Timing::every(every)?,
            (None, Some(cron)) => Timing::cron(cron)?,
            _ => {
                return Err(Error::usage("a schedule has one of 'every' and 'cron'")
                    .hint("every 1h, or cron '0 3 * * *'"));
            }
        };
        Ok(tasks::NewSchedule {
            timing,
            command_type: TypeName::new(&self.command)?,
            data: self.data.get().to_owned(),
            subject: self.subject.clone(),
        })
    }
}

/// A command that the clock runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommandSchedule {
    pub name: String,
    pub every: Option<String>,
    pub cron: Option<String>,
    pub command: String,
    pub data: JsonText<'static>,
    pub subject: Option<String>,
    /// It is run at no time until it is resumed.
    pub paused: bool,
    /// The next time that it is due; RFC 3339, UTC. Null while it is paused. One in the past is run as soon as the book is
    /// served, once.
    pub next: Option<String>,
    /// Since when it is as it is; RFC 3339, UTC.
    pub set_at: String,
    /// Who said so.
    pub actor: Option<String>,
    /// How often it was run.
    pub runs: u64,
    /// What came of it last; null before the first run.
    pub last: Option<ScheduleRun>,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleRun {
    /// The time that it was run for; null where somebody asked for it.
    pub due: Option<String>,
    /// When it was run; RFC 3339, UTC.
    pub at: String,
    /// The command's id.
    pub command: String,
    /// `accepted`, `rejected`, or `failed`: it could not be asked, or its plugin failed.
    pub outcome: String,
    /// The first of its events; null where it has none.
    pub first_event: Option<u64>,
    /// How many events it has, with those of its reactions.
    pub events: u64,
    /// Why it was not accepted.
    pub said: Option<String>,
}

impl From<&model::CommandSchedule> for CommandSchedule {
    fn from(schedule: &model::CommandSchedule) -> CommandSchedule {
        let next = match schedule.paused {
            true => None,
            // It was read when it was set.
            false => tasks::next_due(schedule).ok().flatten(),
        };
        let is_cron = matches!(schedule.timing.parse(), Ok(Timing::Cron(_)));
        let timing = Some(schedule.timing.clone());
        let (every, cron) = match is_cron {
            true => (None, timing),
            false => (timing, None),
        };
        CommandSchedule {
            name: schedule.name.clone(),
            every,
            cron,
            command: schedule.command_type.clone(),
            data: JsonText::of(&schedule.data).into_owned(),
            subject: schedule.subject.clone(),
            paused: schedule.paused,
            next: next.map(clock::text_of_milliseconds),
            set_at: schedule.set_at.clone(),
            actor: schedule.actor.clone(),
            runs: schedule.runs,
            last: schedule.last.as_ref().map(Into::into),
        }
    }
}

impl From<&model::LastRun> for ScheduleRun {
    fn from(run: &model::LastRun) -> ScheduleRun {
        ScheduleRun {
            due: run.due.clone(),
            at: run.at.clone(),
            command: run.command.clone(),
            outcome: run.outcome.clone(),
            first_event: run.first_event.map(|seq| seq.0),
            events: run.events,
            said: run.said.clone(),
        }
    }
}

/// A schedule that is there no more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RemovedSchedule {
    /// Its name.
    pub removed: String,
}
