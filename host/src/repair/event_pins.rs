//! An event that a version named for it handles, whatever else is pinned: the way past an event of doom that leaves the
//! event as it is, where an earlier version can materialize it.

use crate::book::SystemEvent;
use crate::model::log::LogOp;
use serde_json::json;

use super::repairable::check_words;
use crate::book::Book;
use crate::model::error::Problem;
use crate::model::event::{EVENT_PINNED, EVENT_UNPINNED};
use crate::model::{Error, PluginVersion, Result, Seq};

/// What is to be said of an event's version.
#[derive(Debug, Clone)]
pub struct PinRequest {
    pub seq: Seq,
    /// None: the event is nobody's in particular again.
    pub version: Option<PluginVersion>,
    pub reason: String,
    pub actor: Option<String>,
}

impl Book {
    /// Pins an event to a version, or gives its pin up. It holds for every schedule that is pinned from now on: shadows,
    /// activations, replays, diffs. What is live stays as it is. Gives the position of the event that says so.
    pub fn pin_event(&mut self, request: &PinRequest) -> Result<Seq> {
        let seq = request.seq;
        let stored = self.repairable(seq)?;
        check_words(&request.reason, request.actor.as_deref())?;
        let pins = self.history.log.event_pins()?;
        let pinned = pins.iter().find(|(event, _)| *event == seq);
        match (&request.version, pinned) {
            (None, None) => {
                return Err(Error::refused(format!(
                    "event {seq} is pinned to no version"
                )));
            }
            (Some(version), Some((_, known))) if version == known => {
                return Err(
                    Error::refused(format!("event {seq} is pinned to {version} already"))
                        .problem(Problem::Already),
                );
            }
            _ => {}
        }
        if let Some(version) = &request.version {
            self.history.library.find(version)?;
            let lineup = self.lineup().with(std::slice::from_ref(version));
            let program = self.history.program(&lineup)?;
            let name = stored.event.event_type.as_str();
            let mut handlers = program.handlers(name).iter();
            if !handlers.any(|it| program.link(*it).code.version.plugin == version.plugin) {
                return Err(Error::refused(format!(
                    "{version} does not handle {name}, which event {seq} is"
                )));
            }
        }
        let data = json!({
            "seq": seq.0,
            "id": stored.event.id,
            "version": request.version.as_ref().map(ToString::to_string),
            "reason": request.reason,
            "actor": request.actor,
        });
        let event_type = match request.version {
            Some(_) => EVENT_PINNED,
            None => EVENT_UNPINNED,
        };
        let op = match &request.version {
            Some(version) => LogOp::EventPin {
                event: seq,
                version: version.clone(),
                by: self.head().next(),
            },
            None => LogOp::EventUnpin { event: seq },
        };
        self.record_system(SystemEvent {
            event_type,
            data: data.to_string(),
            ops: vec![op],
            local: Vec::new(),
        })
    }
}
