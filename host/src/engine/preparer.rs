//! A thread that writes a group's rows while its events become durable: half of a group's time is SQLite's, and log and
//! projection are two files that have nothing to do with each other until the end.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::event_state::EventState;
use crate::model::{Error, Result};

/// Is lent the event's state of one materializer at a time.
pub struct Preparer {
    lent: SyncSender<Box<EventState>>,
    back: Receiver<(Box<EventState>, Result<()>)>,
}

impl Preparer {
    /// The thread ends when this is dropped.
    pub fn start() -> Result<Preparer> {
        let (lent, event_states) = sync_channel::<Box<EventState>>(1);
        let (done, back) = sync_channel(1);
        let work = move || {
            for mut event_state in event_states {
                let prepared = event_state.projection.prepare();
                if done.send((event_state, prepared)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("daybook-rows".to_owned())
            .spawn(work)
            .map_err(|error| Error::io("starting a thread", error))?;
        Ok(Preparer { lent, back })
    }

    pub(crate) fn lend(&self, event_state: Box<EventState>) {
        self.lent
            .send(event_state)
            .expect("the thread waits for as long as somebody may lend");
    }

    /// What was lent, and how far the thread came.
    pub(crate) fn take_back(&self) -> (Box<EventState>, Result<()>) {
        self.back
            .recv()
            .expect("the thread gives back what it was lent")
    }
}
