//! Amending: another payload for an event, and the state that follows from it. The original is kept, and can be put back.

use crate::book::SystemEvent;
use crate::model::log::{LocalOp, LogOp};
use std::collections::BTreeSet;

use serde_json::json;

use super::repairable::check_words;
use crate::book::Book;
use crate::diff::{Sink, Unheard};
use crate::history::{OnProgress, Rebuild, silent};
use crate::history::{PayloadHistory, Payloads};
use crate::model::Amendment;
use crate::model::event::{AMENDMENT_REVERTED, EVENT_AMENDED};
use crate::model::hash::payload_hash;
use crate::model::{Error, Result, Seq, clock};
use crate::store::StoredEvent;
use crate::store::remove_projection;
use crate::study::{Foreseen, strays};

#[derive(Debug, Clone)]
pub struct AmendRequest {
    pub seq: Seq,
    pub payload: NewPayload,
    pub reason: String,
    pub actor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewPayload {
    /// JSON text that fits the event type's schema.
    Data(String),
    /// The one that the event was logged with.
    Original,
    /// None: nobody handles the event, as if it had not happened. The way past an event of doom.
    Nothing,
}

/// An amendment that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// Of the amendment's own event.
    pub seq: Seq,
    pub event: Seq,
    /// The original was put back.
    pub reverts: bool,
}

/// What is to be put in force.
struct Amending {
    stored: StoredEvent,
    data: String,
    reverts: bool,
}

impl Book {
    /// Replaces an event's payload. The state that follows is built beside the live one and switched to in the log
    /// transaction that records the amendment; an event of doom on the way refuses it whole.
    pub fn amend(&mut self, request: &AmendRequest, progress: OnProgress<'_>) -> Result<Amended> {
        let Amending {
            stored,
            data,
            reverts,
        } = self.amending(request)?;
        let event = request.seq;
        let record = self.next_live();
        let path = self.history.dir.projection(&record.file);
        let payloads = Payloads::from([(event, data.clone())]);
        self.refuse_straying(event, &payloads)?;
        let head = self.head();
        let rebuild = Rebuild::of(&record.schedule, &path, head).with(&payloads);
        let built = self.history.build(rebuild.watching(event), progress);
        let effects = match built {
            Ok(effects) => effects,
            Err(error) => {
                remove_projection(&path)?;
                return Err(error.context(format!("event {event} is not amended")));
            }
        };
        let salt = crate::model::given::salt();
        let hash = payload_hash(&salt, &data);
        // Never the payload itself: it may have to be redacted one day, and this event stays.
        let told = json!({
            "seq": event.0,
            "id": stored.event.id,
            "reason": request.reason,
            "actor": request.actor,
            "hash": hash.to_string(),
        });
        let event_type = match reverts {
            true => AMENDMENT_REVERTED,
            false => EVENT_AMENDED,
        };
        self.pause_shadow_threads();
        let seq = self.head().next();
        let amendment = Amendment {
            seq,
            event,
            reverts,
            replaced: Some(stored.event.data),
            salt,
            hash,
            time: clock::now(),
            actor: request.actor.clone(),
            reason: request.reason.clone(),
        };
        let kept = self.append_system(SystemEvent {
            event_type,
            data: told.to_string(),
            ops: vec![
                LogOp::Epoch {
                    from: seq,
                    schedule: record.schedule.clone(),
                },
                LogOp::Amendment {
                    amendment,
                    data,
                    effects,
                },
            ],
            local: vec![LocalOp::Projection(record.clone())],
        });
        let seq = match kept {
            Ok(seq) => seq,
            Err(error) => {
                remove_projection(&path)?;
                self.resume_shadow_threads()?;
                return Err(error);
            }
        };
        self.switch_live(record, seq)?;
        self.remove_forgotten()?;
        Ok(Amended {
            seq,
            event,
            reverts,
        })
    }

    /// Refuses what would change values that a later undo took back. Only then history is run once more, with and
    /// without the amendment.
    fn refuse_straying(&mut self, event: Seq, payloads: &Payloads) -> Result<()> {
        if self
            .history
            .log
            .undone()?
            .iter()
            .all(|(_, undo)| *undo < event)
        {
            return Ok(());
        }
        let name = String::new();
        let none = BTreeSet::new();
        let mut study = self.study();
        let foreseen = study.foresee(payloads, &none, name, &mut Unheard, &mut silent())?;
        match foreseen.strayed.as_slice() {
            [] => Ok(()),
            seqs => Err(strays(seqs).context(format!("event {event} is not amended"))),
        }
    }

    /// Everything that an amendment would change, to the sink; nothing is kept.
    pub fn preview_amendment(
        &mut self,
        request: &AmendRequest,
        sink: &mut dyn Sink,
        progress: OnProgress<'_>,
    ) -> Result<Foreseen> {
        let amending = self.amending(request)?;
        let name = match amending.reverts {
            true => format!("event {} with its first payload", request.seq),
            false => format!("event {} amended", request.seq),
        };
        let payloads = Payloads::from([(request.seq, amending.data)]);
        self.study()
            .foresee(&payloads, &BTreeSet::new(), name, sink, progress)
    }

    /// Checks a request: the event may be amended, and the new payload is one that its type may have.
    fn amending(&mut self, request: &AmendRequest) -> Result<Amending> {
        let seq = request.seq;
        let stored = self.repairable(seq)?;
        check_words(&request.reason, request.actor.as_deref())?;
        let past = PayloadHistory::read(&self.history.log)?;
        if let Some(redaction) = past.redacted(seq) {
            return Err(Error::refused(format!(
                "event {seq} was redacted by event {}: there is no payload to amend",
                redaction.seq
            ))
            .hint("daybook redact BOOK SEQ --with JSON puts another payload in its place, once"));
        }
        if let Some(undo) = self.history.log.undone_by(seq)? {
            return Err(Error::refused(format!(
                "event {seq} was undone by event {undo}, which took back what its present payload did"
            ))
            .hint(format!(
                "undo event {undo} first: daybook undo BOOK {undo}; or append the event anew"
            )));
        }
        let data = match &request.payload {
            NewPayload::Original => match past.original(seq) {
                Some(original) if past.amended(seq).is_some() => original.to_owned(),
                _ => {
                    return Err(Error::refused(format!(
                        "event {seq} has the payload that it was logged with"
                    )));
                }
            },
            NewPayload::Nothing => String::new(),
            NewPayload::Data(data) => {
                let data = data.trim();
                let program = self.live.materializer.program();
                program
                    .event_schema(stored.event.event_type.as_str())?
                    .check(data)?;
                data.to_owned()
            }
        };
        if data == stored.event.data {
            return Err(Error::refused(format!(
                "event {seq} has exactly this payload already"
            )));
        }
        Ok(Amending {
            stored,
            data,
            reverts: request.payload == NewPayload::Original,
        })
    }
}
