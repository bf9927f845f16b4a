//! Ways past an event of doom, taken.

use super::amend::{AmendRequest, NewPayload};
use super::event_pins::PinRequest;
use crate::book::Book;
use crate::history::OnProgress;
use crate::model::{Result, Seq};
use crate::study::Remedy;

impl Book {
    /// Takes a way past an event of doom. Gives the position of the event that says so. Whether it leads where it should
    /// is `Study::forecast`'s to say; an amendment is refused where the live state cannot follow it.
    pub fn resolve_doom(
        &mut self,
        seq: Seq,
        remedy: Remedy,
        reason: &str,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<Seq> {
        let (reason, actor) = (reason.to_owned(), actor.map(str::to_owned));
        let payload = match remedy {
            Remedy::Skip => NewPayload::Nothing,
            Remedy::Amend(data) => NewPayload::Data(data),
            Remedy::Pin(version) => {
                return self.pin_event(&PinRequest {
                    seq,
                    version: Some(version),
                    reason,
                    actor,
                });
            }
        };
        let request = AmendRequest {
            seq,
            payload,
            reason,
            actor,
        };
        self.amend(&request, progress).map(|amended| amended.seq)
    }
}
