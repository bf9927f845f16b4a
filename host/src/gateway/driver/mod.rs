//! Who carries tasks out: one file for each way. A delivery may be repeated, always with the task's id; a driver says what
//! came of it, and leaves to `deliver` what follows.

mod address;
mod fetch;
mod file;
mod folders;
mod mail;
mod object;
mod template;
mod webhook;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

pub use self::folders::Folders;
pub(super) use address::check as check_address;

use super::config::{DriverConfig, Secret};
use crate::model::{DueTask, Error, ErrorKind, Result, Span, limits};

/// Takes the lines of tasks that are printed.
#[derive(Clone)]
pub struct Printer(pub Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Printer")
    }
}

/// Is told what came of a delivery, once.
pub type ToldVerdict = Box<dyn FnOnce(Verdict) + Send>;

/// Carries tasks out in the drivers' place, where somebody chooses what becomes of each and when: a simulation.
#[derive(Clone)]
pub struct Carrier(pub Arc<Carry>);

/// Is given a task, and who is told what came of it.
pub type Carry = dyn Fn(&DueTask, ToldVerdict) + Send + Sync;

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// With what the receiver said.
    Done(Option<String>),
    /// It may go well later, and not before what the receiver asks for.
    Retry {
        said: String,
        after: Option<Duration>,
    },
    /// It never will.
    Dead(String),
}

impl Verdict {
    fn retry(said: impl fmt::Display) -> Verdict {
        Verdict::Retry {
            said: said.to_string(),
            after: None,
        }
    }
}

/// A way to deliver, ready for use.
pub enum Driver {
    Webhook(Box<webhook::Webhook>),
    Mail(Box<mail::Mail>),
    Object(Box<object::Objects>),
    /// `deliver` runs these at the desk.
    Command,
    /// `deliver` runs at the desk what it fetches.
    Fetch(Box<fetch::Fetch>),
    File(file::File),
    Stdout(Printer),
    /// `deliver` gives it what these take.
    Carried(Carrier),
}

impl Driver {
    /// Made and dropped where the runtime of its deliveries is the current one.
    pub fn new(config: &DriverConfig, outside: &Outside) -> Result<Driver> {
        if let Some(carrier) = &outside.carrier {
            return Ok(Driver::Carried(carrier.clone()));
        }
        Ok(match config {
            DriverConfig::Webhook(config) => {
                Driver::Webhook(Box::new(webhook::Webhook::new(config, &outside.folders)?))
            }
            DriverConfig::Mail(config) => {
                Driver::Mail(Box::new(mail::Mail::new(config, &outside.folders)?))
            }
            DriverConfig::Object(config) => {
                Driver::Object(Box::new(object::Objects::new(config, &outside.folders)?))
            }
            DriverConfig::Command {} => Driver::Command,
            DriverConfig::Fetch(config) => {
                Driver::Fetch(Box::new(fetch::Fetch::new(config, &outside.folders)?))
            }
            DriverConfig::File { path } => {
                Driver::File(file::File::new(path, outside.folders.clone())?)
            }
            DriverConfig::Stdout {} => {
                Driver::Stdout(outside.printer.clone().ok_or_else(|| {
                    Error::usage("this process has no standard output for tasks")
                        .hint("daybook serve has one")
                })?)
            }
        })
    }

    /// Fetches, within `limit`, the command that a task comes to, as JSON; or says why there is none.
    pub async fn fetch(&self, task: &DueTask, limit: Duration) -> Result<String, Verdict> {
        match self {
            Driver::Fetch(fetch) => {
                let fetched = tokio::time::timeout(limit, fetch.command(task)).await;
                fetched.unwrap_or_else(|_| Err(late(limit)))
            }
            _ => Err(Verdict::retry("nothing is fetched by this driver")),
        }
    }

    /// Ends within `limit`, or soon after it: what a receiver goes on to say counts for nothing.
    pub async fn deliver(&self, task: &DueTask, limit: Duration) -> Verdict {
        let delivered = async {
            match self {
                Driver::Webhook(webhook) => webhook.deliver(task, limit).await,
                Driver::Mail(mail) => mail.deliver(task).await,
                Driver::Object(objects) => objects.deliver(task).await,
                Driver::File(file) => file.deliver(task).await,
                Driver::Stdout(printer) => {
                    let (printer, line) = (printer.clone(), body(task));
                    let printed = tokio::task::spawn_blocking(move || (printer.0)(&line));
                    match printed.await {
                        Ok(()) => Verdict::Done(None),
                        Err(error) => Verdict::retry(error),
                    }
                }
                Driver::Command | Driver::Fetch(_) | Driver::Carried(_) => {
                    Verdict::retry("this is not delivered by a driver")
                }
            }
        };
        // A webhook keeps its time itself: it has its answer once the head is there.
        let whole = match self {
            Driver::Webhook(_) => limit + LAST_WORDS,
            _ => limit,
        };
        let delivered = tokio::time::timeout(whole, delivered).await;
        delivered.unwrap_or_else(|_| late(limit))
    }
}

/// Time for the body of an answer whose head has come; what comes later is not waited for.
const LAST_WORDS: Duration = Duration::from_millis(250);

fn late(limit: Duration) -> Verdict {
    Verdict::retry(format_args!("no answer within {}", Span(limit)))
}

impl DriverConfig {
    /// Refuses what this machine does not allow, and a secret that is not what it says it is. One that is not there yet is
    /// for the deliveries to tell.
    pub fn check_outside(&self, folders: &Folders) -> Result<()> {
        let secret = match self {
            DriverConfig::Webhook(config) => config.secret.as_ref(),
            DriverConfig::Mail(config) => config.password.as_ref(),
            DriverConfig::Object(config) => {
                object::folder(config, folders)?;
                config.secret.as_ref()
            }
            DriverConfig::Fetch(config) => config.secret.as_ref(),
            DriverConfig::File { path } => {
                folders.to_write(path)?;
                None
            }
            DriverConfig::Command {} | DriverConfig::Stdout {} => None,
        };
        let read = secret.map(|secret| secret.read(folders));
        match (read, self) {
            (Some(Ok(text)), DriverConfig::Webhook(_)) => webhook::key(&text).map(drop),
            (Some(Err(error)), _) if error.kind == ErrorKind::Usage => Err(error),
            _ => Ok(()),
        }
    }
}

/// What drivers use of the process they are in.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    pub printer: Option<Printer>,
    pub folders: Folders,
    pub carrier: Option<Carrier>,
}

/// What a receiver gets: the same bytes at every try.
#[derive(Serialize)]
struct BodyJson<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    /// The event's time.
    timestamp: &'a str,
    key: Option<&'a str>,
    event: EventJson<'a>,
    data: &'a RawValue,
}

#[derive(Serialize)]
struct EventJson<'a> {
    seq: u64,
    #[serde(rename = "type")]
    event_type: &'a str,
    id: &'a str,
    source: &'a str,
    subject: Option<&'a str>,
}

/// The task as one line of JSON.
fn body(task: &DueTask) -> String {
    let data: Result<&RawValue, _> = serde_json::from_str(&task.data);
    let body = BodyJson {
        id: &task.id,
        kind: &task.kind,
        timestamp: &task.event_time,
        key: task.key.as_deref(),
        event: EventJson {
            seq: task.place.seq.0,
            event_type: &task.event_type,
            id: &task.event_id,
            source: &task.event_source,
            subject: task.subject.as_deref(),
        },
        // It was checked when it was asked for, and when it was edited.
        data: data.unwrap_or(RawValue::NULL),
    };
    let text = serde_json::to_string(&body).unwrap_or_default();
    // A payload keeps its text, line breaks between its tokens too; inside of strings JSON has none.
    match text.contains(['\n', '\r']) {
        true => text.replace(['\n', '\r'], " "),
        false => text,
    }
}

impl Secret {
    /// What is there now.
    fn read(&self, folders: &Folders) -> Result<String> {
        let text = match self {
            Secret::Env(name) => std::env::var(name).map_err(|_| {
                Error::unavailable(format!(
                    "the server's environment has no '{}'",
                    name.escape_debug()
                ))
                .hint("set it where the server is started, and start it again")
            })?,
            Secret::File(path) => folders.secret(path)?,
        };
        let text = text.trim();
        match text.is_empty() {
            true => Err(Error::unavailable("the secret is empty")),
            false => Ok(text.to_owned()),
        }
    }
}

/// The beginning of what a receiver said.
fn beginning(bytes: &[u8]) -> String {
    let bytes = &bytes[..bytes.len().min(limits::TASK_ANSWER_BYTES_MAX)];
    String::from_utf8_lossy(bytes).trim().to_owned()
}
