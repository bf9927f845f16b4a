//! Asks for the commands whose time has come. It reads beside the writer, and the writer runs what is asked for.

use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::schedules::{due, latest, next_due};
use crate::book::Writer;
use crate::model::clock::unix_milliseconds_now;
use crate::model::{Error, Result};
use crate::store::{BookDir, Catalog};

/// Time until what could not be run is tried again.
const AGAIN_MS: i64 = 1_000;

/// The longest time for which nothing is looked at: the machine's clock may be set meanwhile.
const IDLE: Duration = Duration::from_secs(30);

enum Message {
    /// Schedules are others now.
    Look,
    /// What came of a run that was asked for.
    Ran(String, Result<()>),
    Stop,
}

/// Who runs commands by the clock.
pub struct Timekeeper {
    writer: Writer,
    log: Catalog,
    messages: Sender<Message>,
    inbox: Receiver<Message>,
    /// Runs that are asked for and not answered; and when one that failed may be asked for again.
    asked: HashMap<String, Option<i64>>,
    stopped: bool,
}

/// Tells a timekeeper.
#[derive(Debug, Clone)]
pub struct TimekeeperHandle(Sender<Message>);

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Message")
    }
}

impl TimekeeperHandle {
    /// Schedules are others now.
    pub fn look(&self) {
        // One that has ended needs no news.
        let _ = self.0.send(Message::Look);
    }

    pub fn stop(&self) {
        let _ = self.0.send(Message::Stop);
    }
}

impl Timekeeper {
    pub fn new(path: &Path, writer: Writer) -> Result<Timekeeper> {
        let (messages, inbox) = channel();
        Ok(Timekeeper {
            writer,
            log: Catalog::open(&BookDir::open(path)?.log())?,
            messages,
            inbox,
            asked: HashMap::new(),
            stopped: false,
        })
    }

    /// Gives it a thread of its own.
    pub fn start(mut self) -> Result<TimekeeperHandle> {
        let handle = TimekeeperHandle(self.messages.clone());
        std::thread::Builder::new()
            .name("daybook-clock".to_owned())
            .spawn(move || while self.work() {})
            .map_err(|error| Error::io("starting the thread of schedules", error))?;
        Ok(handle)
    }

    /// A turn, and then waits for the next time, or for news. False once it was told to stop.
    fn work(&mut self) -> bool {
        let pause = match self.turn() {
            Ok(Some(next)) => {
                let away = next.saturating_sub(unix_milliseconds_now());
                Duration::from_millis(u64::try_from(away).unwrap_or(0)).min(IDLE)
            }
            Ok(None) => IDLE,
            Err(error) => {
                tracing::warn!(%error, "schedules cannot be read");
                Duration::from_millis(AGAIN_MS as u64)
            }
        };
        match self.inbox.recv_timeout(pause) {
            Ok(message) => self.hear(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        !self.stopped
    }

    /// Hears what it was told, and asks for what is due. Gives when there is something to do next, in milliseconds since 1970.
    pub fn turn(&mut self) -> Result<Option<i64>> {
        while let Ok(message) = self.inbox.try_recv() {
            self.hear(message);
        }
        let now = unix_milliseconds_now();
        let mut first = None;
        let mut soonest = |at: i64| first = Some(first.map_or(at, |first: i64| first.min(at)));
        for schedule in self.log.schedules()? {
            match self.asked.get(&schedule.name) {
                _ if schedule.paused => continue,
                Some(None) => continue,
                Some(Some(again)) if *again > now => {
                    soonest(*again);
                    continue;
                }
                _ => {}
            }
            let Some(at) = latest(&schedule, now)? else {
                if let Some(at) = next_due(&schedule)? {
                    soonest(at);
                }
                continue;
            };
            let (name, messages) = (schedule.name, self.messages.clone());
            let told = name.clone();
            let done = Box::new(move |ran| drop(messages.send(Message::Ran(told, ran))));
            self.asked.insert(name.clone(), None);
            if let Err(error) = self.writer.due(due(name.clone(), at), done) {
                self.hear(Message::Ran(name, Err(error)));
                soonest(now + AGAIN_MS);
            }
        }
        Ok(first)
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Look => {}
            Message::Ran(name, Ok(())) => drop(self.asked.remove(&name)),
            Message::Ran(name, Err(error)) => {
                tracing::warn!(%error, schedule = name, "a schedule's command waits");
                let again = unix_milliseconds_now() + AGAIN_MS;
                self.asked.insert(name, Some(again));
            }
            Message::Stop => self.stopped = true,
        }
    }
}
