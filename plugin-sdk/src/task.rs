//! Tasks: side effects a materializer asks for.

use crate::contract::types as raw;
use crate::payload::{self, Payload};
use crate::time::Time;

/// The payload of a task kind. Derive it: `#[derive(Task)] #[task(kind = "mail")]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task's payload",
    note = "derive it: `#[derive(Task)]`"
)]
pub trait TaskPayload: Payload {
    /// The kind: `mail`.
    const KIND: &'static str;
    /// What is done: its doc comment.
    const DESCRIPTION: &'static str;

    /// This task, done in order with the other tasks of its kind that have the same key.
    fn with_key(self, key: impl Into<String>) -> NewTask {
        NewTask::from(self).with_key(key)
    }

    /// This task, not done before that time.
    fn not_before(self, time: Time) -> NewTask {
        NewTask::from(self).not_before(time)
    }
}

/// What can be enqueued: a payload, or a [`NewTask`] of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a task",
    note = "derive it: `#[derive(Task)]`"
)]
pub trait IntoTask {
    /// The task.
    fn into_task(self) -> NewTask;
}

impl IntoTask for NewTask {
    fn into_task(self) -> NewTask {
        self
    }
}

// A type without the derive is to be told of the derive.
#[diagnostic::do_not_recommend]
impl<T: TaskPayload> IntoTask for T {
    fn into_task(self) -> NewTask {
        NewTask::from(self)
    }
}

/// A task to enqueue: `cx.enqueue(Mail { .. }.with_key("17"))`.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    pub(crate) raw: raw::Task,
}

impl NewTask {
    /// The same task, done in order with the other tasks of its kind that have the same key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.raw.key = Some(key.into());
        self
    }

    /// The same task, not done before that time.
    #[must_use]
    pub fn not_before(mut self, time: Time) -> Self {
        self.raw.not_before = Some(time.to_text());
        self
    }
}

impl<T: TaskPayload> From<T> for NewTask {
    fn from(payload: T) -> Self {
        let data = payload::encode(&payload);
        Self {
            raw: raw::Task {
                kind: T::KIND.to_owned(),
                key: None,
                data,
                not_before: None,
                attributes: raw::Attributes::new(),
            },
        }
    }
}
