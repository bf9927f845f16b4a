//! Commands that the clock runs: what operators do to them, and how one whose time has come is run once.
//!
//! The run and what is known of it are one commit, and the command's id is made of the schedule and the time: whatever
//! happens in between, a time is dealt with once. Of the times that were missed, while nobody served the book, the last
//! one is run, and those before it are not.

use uuid::Uuid;

use crate::book::{Book, Decision, Group, Reader, Reply, Request};
use crate::engine::beside;
use crate::model::clock::{self, text_of_milliseconds, unix_milliseconds, unix_milliseconds_now};
use crate::model::error::{Problem, shown};
use crate::model::log::LogOp;
use crate::model::timing::{Timing, fill_due};
use crate::model::{CommandSchedule, Error, ErrorKind, LastRun, Result, TypeName, limits};

/// A command that the clock is to run.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    pub timing: Timing,
    pub command_type: TypeName,
    /// JSON text; `{due}` and `{due.date}` in its strings stand for the time.
    pub data: String,
    pub subject: Option<String>,
}

impl Book {
    /// Has a command run by the clock from now on, in the place of the one of its name. One that is as it was stays as it is.
    pub fn set_schedule(
        &mut self,
        name: &str,
        new: &NewSchedule,
        actor: Option<&str>,
    ) -> Result<CommandSchedule> {
        check_name(name)?;
        let known = self.schedules()?;
        let before = known.iter().find(|known| known.name == name);
        if before.is_none() && known.len() >= limits::SCHEDULES_MAX {
            return Err(Error::refused(format!(
                "there are {} schedules already, the most there may be",
                known.len()
            ))
            .problem(Problem::Limit)
            .hint("remove one: daybook schedule remove BOOK NAME"));
        }
        let now = clock::now();
        self.check_command(new.command_type.as_str(), &fill_due(&new.data, &now))?;
        let schedule = CommandSchedule {
            name: name.to_owned(),
            timing: new.timing.to_string(),
            command_type: new.command_type.as_str().to_owned(),
            data: new.data.clone(),
            subject: new.subject.clone(),
            after: now.clone(),
            paused: false,
            set_at: now,
            actor: actor.map(str::to_owned),
            runs: before.map_or(0, |before| before.runs),
            last: before.and_then(|before| before.last.clone()),
        };
        match before {
            Some(before) if says_the_same(before, &schedule) => Ok(before.clone()),
            _ => self.record_schedule(schedule),
        }
    }

    /// Has it run no more until it is resumed; or again, from now on: what was missed meanwhile is not run.
    pub fn pause_schedule(&mut self, name: &str, paused: bool) -> Result<CommandSchedule> {
        let mut schedule = self.schedule_named(name)?;
        if schedule.paused == paused {
            return Ok(schedule);
        }
        schedule.paused = paused;
        if !paused && let Some(missed) = latest(&schedule, unix_milliseconds_now())? {
            schedule.after = text_of_milliseconds(missed);
        }
        self.record_schedule(schedule)
    }

    pub fn remove_schedule(&mut self, name: &str) -> Result<()> {
        let name = self.schedule_named(name)?.name;
        self.check_current()?;
        self.commit(vec![LogOp::CommandScheduleRemoved { name }])?;
        self.task_news.timed = true;
        Ok(())
    }

    /// Runs it now, beside its times, also where it is paused.
    pub fn run_schedule(&mut self, name: &str, actor: Option<&str>) -> Result<CommandSchedule> {
        let mut schedule = self.schedule_named(name)?;
        let mut group = self.group()?;
        let now = clock::now();
        let request = Request {
            id: Some(crate::model::given::id()),
            actor: actor.map(str::to_owned).or(Some(actor_of(name))),
            ..request(&schedule, &now)
        };
        let ran = self.run_scheduled(&mut group, &mut schedule, request, None);
        self.commit_group(group)?;
        ran?;
        self.schedule_named(name)
    }

    /// Every command that the clock runs, by its name.
    pub fn schedules(&self) -> Result<Vec<CommandSchedule>> {
        self.log().schedules()
    }

    fn schedule_named(&self, name: &str) -> Result<CommandSchedule> {
        let known = self.schedules()?;
        let names: Vec<&str> = known.iter().map(|known| &*known.name).collect();
        let hint = match names.is_empty() {
            true => "daybook schedule set BOOK NAME --every 1h COMMAND JSON".to_owned(),
            false => format!("there are: {}", names.join(", ")),
        };
        let unknown = || {
            let text = format!("there is no schedule '{}'", shown(name));
            Error::usage(text).problem(Problem::Unknown).hint(hint)
        };
        let found = known.iter().find(|known| known.name == name).cloned();
        found.ok_or_else(unknown)
    }

    fn record_schedule(&mut self, schedule: CommandSchedule) -> Result<CommandSchedule> {
        self.check_current()?;
        let op = LogOp::CommandSchedule(Box::new(schedule.clone()));
        self.commit(vec![op])?;
        self.task_news.timed = true;
        Ok(schedule)
    }

    /// Runs, inside a group, the command of a schedule whose time has come. Nothing is done for a time that was dealt with.
    fn run_due_into(&mut self, group: &mut Group, name: &str, due: i64) -> Result<()> {
        let due = text_of_milliseconds(due);
        let known = match group.schedule(name) {
            Some(known) => Some(known.clone()),
            None => self.schedules()?.into_iter().find(|it| it.name == name),
        };
        let Some(mut schedule) = known.filter(|it| !it.paused && it.after < due) else {
            return Ok(());
        };
        let request = Request {
            id: Some(id_of(&schedule, &due)),
            actor: Some(actor_of(name)),
            ..request(&schedule, &due)
        };
        self.run_scheduled(group, &mut schedule, request, Some(due))
    }

    /// Runs the command, and puts what came of it beside it. `Err`: it could not be run now.
    fn run_scheduled(
        &mut self,
        group: &mut Group,
        schedule: &mut CommandSchedule,
        request: Request,
        due: Option<String>,
    ) -> Result<()> {
        let id = request.id.unwrap_or_default();
        let mut run = LastRun {
            due: due.clone(),
            at: clock::now(),
            command: id.to_string(),
            outcome: "accepted".to_owned(),
            first_event: None,
            events: 0,
            said: None,
        };
        match self.run_into(group, request) {
            Ok(reply) => told(&mut run, &reply),
            Err(error) if is_passing(error.kind) => return Err(error),
            Err(error) => {
                "failed".clone_into(&mut run.outcome);
                run.said = Some(error.message);
            }
        }
        schedule.runs += 1;
        schedule.last = Some(run);
        if let Some(due) = due {
            schedule.after = due;
        }
        group.put_schedule(schedule.clone());
        Ok(())
    }
}

impl Reader {
    /// Every command that the clock runs, by its name.
    pub fn schedules(&self) -> Result<Vec<CommandSchedule>> {
        self.log().schedules()
    }
}

fn told(run: &mut LastRun, reply: &Reply) {
    match &reply.decision {
        Decision::Accepted(events) => {
            run.first_event = events.first().map(|caused| caused.event.seq);
            run.events = events.len() as u64;
        }
        Decision::Rejected(rejection) => {
            "rejected".clone_into(&mut run.outcome);
            run.said = Some(format!("{}: {}", rejection.code, rejection.message));
        }
    }
}

/// It may go well later: nothing is known of the command.
fn is_passing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unavailable | ErrorKind::Io | ErrorKind::Internal | ErrorKind::Corrupt
    )
}

fn request(schedule: &CommandSchedule, due: &str) -> Request {
    Request {
        command_type: schedule.command_type.clone(),
        data: fill_due(&schedule.data, due),
        subject: schedule.subject.clone(),
        ..Request::default()
    }
}

/// Whom the journal names.
fn actor_of(name: &str) -> String {
    format!("schedule/{name}")
}

/// The id of the command that a schedule runs at a time. One that was set anew is another.
fn id_of(schedule: &CommandSchedule, due: &str) -> Uuid {
    let name = format!("schedule:{}:{}:{due}", schedule.name, schedule.set_at);
    beside(Uuid::NAMESPACE_OID, &name)
}

/// The time for which a schedule is to be run now; none where there is none.
pub(super) fn latest(schedule: &CommandSchedule, now: i64) -> Result<Option<i64>> {
    let (timing, after) = parsed(schedule)?;
    Ok(timing.latest(after, now))
}

/// When it is due next, after those times that are dealt with.
pub fn next_due(schedule: &CommandSchedule) -> Result<Option<i64>> {
    let (timing, after) = parsed(schedule)?;
    Ok(timing.next(after))
}

fn parsed(schedule: &CommandSchedule) -> Result<(Timing, i64)> {
    let timing: Timing = schedule.timing.parse()?;
    let after = unix_milliseconds(&schedule.after).ok_or_else(|| {
        Error::corrupt(format!(
            "schedule '{}' is after '{}'",
            schedule.name,
            shown(&schedule.after)
        ))
    })?;
    Ok((timing, after))
}

/// What makes the due command: for the timekeeper, which has no book.
pub(super) fn due(name: String, due: i64) -> crate::book::Due {
    Box::new(move |book, group| book.run_due_into(group, &name, due))
}

fn says_the_same(before: &CommandSchedule, new: &CommandSchedule) -> bool {
    !before.paused
        && before.timing == new.timing
        && before.command_type == new.command_type
        && before.data == new.data
        && before.subject == new.subject
}

fn check_name(name: &str) -> Result<()> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_long = name.is_empty() || name.len() > limits::SCHEDULE_NAME_BYTES_MAX;
    match is_long || !name.chars().all(is_name) {
        false => Ok(()),
        true => Err(Error::usage(format!(
            "'{}' is no name of a schedule: letters, digits, '-', '_' and '.', {} at most",
            shown(name),
            limits::SCHEDULE_NAME_BYTES_MAX
        ))),
    }
}
