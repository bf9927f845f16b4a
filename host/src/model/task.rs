//! A task after it was asked for: where it stands, what became of it, and which step may follow which.
//!
//! What is asked for is `effects::Task`; it never changes. What is done about it is a `Delivery`, which there is only once
//! somebody did something, and its steps.

use std::fmt;
use std::str::FromStr;

use super::error::{Error, ErrorKind, Problem, Result};
use super::id::Seq;

/// A command back into the book, run by the gateway after the commit: a lazy reaction.
pub const COMMAND_KIND: &str = "daybook.command";
/// A command run in the transaction of the event that asks for it: a blocking reaction. The gateway never sees it.
pub const REACT_KIND: &str = "daybook.react";

/// The host's own: history does not verify. An operator says who is told.
pub const ALARM_KIND: &str = "daybook.alarm";

/// True for a kind that the host gives its meaning to.
pub fn is_reserved_kind(kind: &str) -> bool {
    kind.starts_with("daybook.")
}

/// Where a task was asked for: by which event, and as which of its tasks. Places are in the order of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    pub seq: Seq,
    pub ordinal: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.seq, self.ordinal)
    }
}

impl FromStr for Place {
    type Err = Error;
    fn from_str(text: &str) -> Result<Place> {
        let parsed = text
            .split_once('.')
            .and_then(|(seq, ordinal)| Some((seq.parse().ok()?, ordinal.parse().ok()?)));
        let (seq, ordinal) =
            parsed.ok_or_else(|| Error::usage("a task's place is SEQ.ORDINAL, as 12.0"))?;
        Ok(Place { seq, ordinal })
    }
}

/// What has become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// Nobody has begun.
    Pending,
    /// Leased: a delivery has begun, and it is not known how it ends.
    Running,
    /// A delivery failed; another one is due.
    Retry,
    Done,
    /// No further delivery is tried until somebody says so.
    Dead,
    /// Its time was over before it could be delivered.
    Expired,
    Cancelled,
    /// Dead, and it stays so.
    Dismissed,
}

impl TaskState {
    pub const ALL: [TaskState; 8] = [
        TaskState::Pending,
        TaskState::Running,
        TaskState::Retry,
        TaskState::Done,
        TaskState::Dead,
        TaskState::Expired,
        TaskState::Cancelled,
        TaskState::Dismissed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            TaskState::Pending => "pending",
            TaskState::Running => "running",
            TaskState::Retry => "retry",
            TaskState::Done => "done",
            TaskState::Dead => "dead",
            TaskState::Expired => "expired",
            TaskState::Cancelled => "cancelled",
            TaskState::Dismissed => "dismissed",
        }
    }

    /// False where something may still happen to the task, or to those behind it, by somebody's doing.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            TaskState::Done | TaskState::Expired | TaskState::Cancelled | TaskState::Dismissed
        )
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskState {
    type Err = Error;
    fn from_str(text: &str) -> Result<TaskState> {
        let known = Self::ALL.iter().find(|state| state.as_str() == text);
        known.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|state| state.as_str()).collect();
            Error::usage(format!(
                "'{}' is no state of a task",
                super::error::shown(text)
            ))
            .hint(names.join(", "))
        })
    }
}

/// What is kept of a task beside what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub place: Place,
    pub kind: String,
    pub state: TaskState,
    /// Deliveries that were begun since the task was asked for, or since an operator put it back.
    pub tries: u32,
    /// How often an operator put it back after it was dead.
    pub round: u32,
    /// When the next delivery may begin; RFC 3339, UTC, as all times here.
    pub due: Option<String>,
    /// When the last delivery began.
    pub begun_at: Option<String>,
    /// What the one who carried it out said.
    pub result: Option<String>,
    /// JSON text that an operator put in the place of the task's data.
    pub data: Option<String>,
    pub changed_at: String,
}

/// Something that happened to a task, kept for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStep {
    pub place: Place,
    /// `done`, `retry`, `dead`, `expired`, `interrupted`; `retried`, `edited`, `cancelled`, `dismissed` by somebody.
    pub what: String,
    pub begun_at: Option<String>,
    pub at: String,
    pub tries: u32,
    /// What was answered, or why somebody did it.
    pub said: Option<String>,
    pub actor: Option<String>,
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    Done { result: Option<String> },
    Retry { due: String, said: String },
    Dead { said: String },
}

/// What an operator does to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Deliver it (again), now.
    Retry,
    /// The same with other data, JSON text.
    Edit(String),
    /// Leave a dead one be; those behind it go on.
    Dismiss,
    /// Do not deliver it.
    Cancel,
}

impl Act {
    pub fn name(&self) -> &'static str {
        match self {
            Act::Retry => "retry",
            Act::Edit(_) => "edit",
            Act::Dismiss => "dismiss",
            Act::Cancel => "cancel",
        }
    }
}

/// What is to happen to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// A delivery begins.
    Lease,
    End(Ended),
    /// The process that had it leased is gone. With `None` it was the last try.
    Interrupt {
        due: Option<String>,
    },
    Expire,
    Act {
        act: Act,
        reason: String,
        actor: Option<String>,
    },
}

impl Delivery {
    /// Of a task that nobody has touched.
    pub fn untouched(place: Place, kind: &str) -> Delivery {
        Delivery {
            place,
            kind: kind.to_owned(),
            state: TaskState::Pending,
            tries: 0,
            round: 0,
            due: None,
            begun_at: None,
            result: None,
            data: None,
            changed_at: String::new(),
        }
    }

    /// Makes a move at a time, where it may follow. What is worth telling of it comes back.
    pub fn make(&mut self, step: &Move, now: &str) -> Result<Option<TaskStep>> {
        use TaskState::{Cancelled, Dead, Dismissed, Done, Expired, Pending, Retry, Running};
        let from = self.state;
        let told = |what: &str, said: Option<String>, actor: Option<String>, before: &Delivery| {
            Some(TaskStep {
                place: before.place,
                what: what.to_owned(),
                begun_at: before.begun_at.clone().filter(|_| from == Running),
                at: now.to_owned(),
                tries: before.tries,
                said,
                actor,
            })
        };
        let told = match (step, from) {
            (Move::Lease, Pending | Retry) => {
                self.state = Running;
                self.tries += 1;
                self.due = None;
                self.begun_at = Some(now.to_owned());
                None
            }
            (Move::End(Ended::Done { result }), Running) => {
                self.state = Done;
                self.result.clone_from(result);
                told("done", result.clone(), None, self)
            }
            (Move::End(Ended::Retry { due, said }), Running) => {
                self.state = Retry;
                self.due = Some(due.clone());
                told("retry", Some(said.clone()), None, self)
            }
            (Move::End(Ended::Dead { said }), Running) => {
                self.state = Dead;
                self.result = Some(said.clone());
                told("dead", Some(said.clone()), None, self)
            }
            (Move::Interrupt { due }, Running) => {
                self.state = if due.is_some() { Retry } else { Dead };
                self.due.clone_from(due);
                let said = "the host ended while it was being delivered".to_owned();
                if due.is_none() {
                    self.result = Some(said.clone());
                }
                told("interrupted", Some(said), None, self)
            }
            (Move::Expire, Pending | Retry) => {
                self.state = Expired;
                self.due = None;
                told("expired", None, None, self)
            }
            (Move::Act { act, reason, actor }, _) => {
                match (act, from) {
                    (Act::Retry, Dead | Retry | Expired | Cancelled)
                    | (Act::Edit(_), Dead | Retry | Pending) => {
                        if from == Dead {
                            self.round += 1;
                        }
                        if from != Pending {
                            self.state = Retry;
                            self.tries = 0;
                            self.due = Some(now.to_owned());
                        }
                        if let Act::Edit(data) = act {
                            self.data = Some(data.clone());
                        }
                    }
                    (Act::Dismiss, Dead) => self.state = Dismissed,
                    (Act::Cancel, Pending | Retry) => {
                        self.state = Cancelled;
                        self.due = None;
                    }
                    _ => return Err(self.refused(act.name())),
                }
                let what = match act {
                    Act::Retry => "retried",
                    Act::Edit(_) => "edited",
                    Act::Dismiss => "dismissed",
                    Act::Cancel => "cancelled",
                };
                told(what, Some(reason.clone()), actor.clone(), self)
            }
            _ => return Err(self.refused("that")),
        };
        self.changed_at = now.to_owned();
        Ok(told)
    }

    fn refused(&self, what: &str) -> Error {
        let way_out = match self.state {
            TaskState::Running => "wait until the delivery has ended",
            TaskState::Dead => "a dead one can be retried, edited or dismissed",
            TaskState::Pending => "one that waits can be edited or cancelled",
            TaskState::Retry => "one that waits can be retried now, edited or cancelled",
            TaskState::Cancelled | TaskState::Expired => "it can be retried",
            TaskState::Done | TaskState::Dismissed => "nothing can be done about it any more",
        };
        Error::new(
            ErrorKind::Conflict,
            format!(
                "task {} of kind {} is {}: {what} is not possible",
                self.place, self.kind, self.state
            ),
        )
        .problem(Problem::Needed)
        .hint(way_out)
    }
}

/// A task that waits, as the gateway's queue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub place: Place,
    pub key: Option<String>,
    pub state: TaskState,
    pub tries: u32,
    /// Milliseconds since 1970; the later of what the task and the last attempt ask for, 0 where neither does.
    pub due: i64,
    /// When it may be delivered first, for its expiry: when it was recorded, or its own not-before time.
    pub since: i64,
    /// There is a `Delivery` of it.
    pub is_touched: bool,
}

/// A task whose delivery begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTask {
    pub id: String,
    pub place: Place,
    pub kind: String,
    pub key: Option<String>,
    /// JSON text, as it is in force.
    pub data: String,
    /// This delivery included.
    pub tries: u32,
    pub round: u32,
    pub event_type: String,
    pub event_id: String,
    pub event_source: String,
    pub event_time: String,
    pub event_extensions: Option<String>,
    pub subject: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(state: TaskState) -> Delivery {
        Delivery {
            state,
            tries: 3,
            ..Delivery::untouched(Place::default(), "mail")
        }
    }

    fn act(act: Act) -> Move {
        Move::Act {
            act,
            reason: "r".into(),
            actor: Some("ana".into()),
        }
    }

    /// Each move with the states it may follow, and what it leads to.
    #[test]
    fn a_move_is_possible_in_just_the_states_that_it_may_follow() {
        use TaskState::{Cancelled, Dead, Dismissed, Done, Expired, Pending, Retry, Running};
        let due = || "2030-01-01T00:00:00Z".to_owned();
        let said = || "no".to_owned();
        let moves: [(Move, &[TaskState], TaskState); 11] = [
            (Move::Lease, &[Pending, Retry], Running),
            (Move::End(Ended::Done { result: None }), &[Running], Done),
            (
                Move::End(Ended::Retry {
                    due: due(),
                    said: said(),
                }),
                &[Running],
                Retry,
            ),
            (Move::End(Ended::Dead { said: said() }), &[Running], Dead),
            (Move::Interrupt { due: Some(due()) }, &[Running], Retry),
            (Move::Interrupt { due: None }, &[Running], Dead),
            (Move::Expire, &[Pending, Retry], Expired),
            (act(Act::Retry), &[Dead, Retry, Expired, Cancelled], Retry),
            (act(Act::Edit("{}".into())), &[Dead, Retry], Retry),
            (act(Act::Dismiss), &[Dead], Dismissed),
            (act(Act::Cancel), &[Pending, Retry], Cancelled),
        ];
        for (step, may_follow, leads_to) in moves {
            for state in TaskState::ALL {
                let mut delivery = at(state);
                let made = delivery.make(&step, "2026-01-01T00:00:00Z");
                if may_follow.contains(&state) {
                    assert!(made.is_ok(), "{state} {step:?}");
                    assert_eq!(delivery.state, leads_to, "{state} {step:?}");
                } else if !matches!(
                    (&step, state),
                    (
                        Move::Act {
                            act: Act::Edit(_),
                            ..
                        },
                        Pending
                    )
                ) {
                    assert!(made.is_err(), "{state} {step:?}");
                    assert_eq!(delivery, at(state), "a refused move changes nothing");
                }
            }
        }
    }

    #[test]
    fn what_an_operator_puts_back_has_all_its_tries_again_and_is_another_round_after_death() {
        let mut delivery = at(TaskState::Dead);
        let told = delivery.make(&act(Act::Retry), "t").unwrap().unwrap();
        assert_eq!((delivery.tries, delivery.round), (0, 1));
        assert_eq!(
            (told.what.as_str(), told.actor.as_deref()),
            ("retried", Some("ana"))
        );
        let mut delivery = at(TaskState::Cancelled);
        delivery.make(&act(Act::Retry), "t").unwrap();
        assert_eq!((delivery.tries, delivery.round), (0, 0));
    }
}
