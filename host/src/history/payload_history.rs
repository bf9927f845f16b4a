//! Payloads as they were: which ones were in force when an epoch began, and what the chain of hashes covers where the log
//! holds another payload now.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::model::event::{AMENDMENT_REVERTED, EVENT_AMENDED, EVENT_REDACTED};
use crate::model::hash::payload_hash;
use crate::model::{Amendment, Redaction};
use crate::model::{Digest, Event, Result, Seq};
use crate::store::{Catalog, StoredEvent};

/// Payloads that stand in the place of the log's, by event.
pub(crate) type Payloads = BTreeMap<Seq, String>;

/// The log's own.
pub(crate) static NO_PAYLOADS: Payloads = Payloads::new();

/// Gives an event the payload that stands in the place of its own.
pub(crate) fn put_in_place(payloads: &Payloads, event: &mut Event) {
    if let Some(data) = payloads.get(&event.seq) {
        event.data.clone_from(data);
    }
}

/// Every repair of payloads in a log.
pub(crate) struct PayloadHistory {
    /// Oldest first.
    pub amendments: Vec<Amendment>,
    pub redactions: Vec<Redaction>,
}

impl PayloadHistory {
    pub fn read(log: &Catalog) -> Result<PayloadHistory> {
        Ok(PayloadHistory {
            amendments: log.amendments()?,
            redactions: log.redactions()?,
        })
    }

    /// Payloads of which the log holds others now, as they were in force at a position: what the first later amendment
    /// replaced. What was redacted since is as the log has it: history is without it at every position.
    pub fn as_of(&self, position: Seq) -> Payloads {
        let mut payloads = Payloads::new();
        let later = { self.amendments.iter() }.filter(|amendment| amendment.seq > position);
        for amendment in later {
            if let Some(replaced) = &amendment.replaced {
                let first = payloads.entry(amendment.event);
                first.or_insert_with(|| replaced.clone());
            }
        }
        payloads
    }

    /// The last of them.
    pub fn last(&self) -> Seq {
        let amendments = self.amendments.iter().map(|it| it.seq);
        let redactions = self.redactions.iter().map(|it| it.seq);
        amendments.chain(redactions).max().unwrap_or(Seq::ZERO)
    }

    /// The payload that an amended event had first.
    pub fn original(&self, event: Seq) -> Option<&str> {
        let mut of = { self.amendments.iter() }.filter(|amendment| amendment.event == event);
        of.next()?.replaced.as_deref()
    }

    /// The amendment that put in force what the log holds, unless it is the original again.
    pub fn amended(&self, event: Seq) -> Option<&Amendment> {
        let last = { self.amendments.iter().rev() }.find(|amendment| amendment.event == event);
        last.filter(|amendment| !amendment.reverts)
    }

    pub fn redacted(&self, event: Seq) -> Option<&Redaction> {
        let at = self
            .redactions
            .binary_search_by_key(&event, |redaction| redaction.event);
        at.ok().map(|at| &self.redactions[at])
    }

    /// For each event whose payload is another one now: the hash that the chain covers.
    pub fn links(&self, salt: impl Fn(Seq) -> Result<[u8; 16]>) -> Result<Links> {
        let mut links = Links::new();
        for (event, original) in self.as_of(Seq::ZERO) {
            links.insert(event, payload_hash(&salt(event)?, &original));
        }
        for redaction in &self.redactions {
            links.insert(redaction.event, redaction.payload_hash);
        }
        Ok(links)
    }

    /// The first repair that the log's own events do not bear out. `stored` reads an event.
    pub fn problem(
        &self,
        stored: impl Fn(Seq) -> Result<Option<StoredEvent>>,
    ) -> Result<Option<String>> {
        for (at, amendment) in self.amendments.iter().enumerate() {
            let Amendment { seq, event, .. } = *amendment;
            let event_type = match amendment.reverts {
                true => AMENDMENT_REVERTED,
                false => EVENT_AMENDED,
            };
            let named = announced(stored(seq)?, event_type, "hash");
            if named != Some((event.0, Some(amendment.hash.to_string()))) {
                return Ok(Some(format!(
                    "event {event} has an amendment that event {seq} does not announce"
                )));
            }
            if self.redacted(event).is_some() {
                continue;
            }
            let mut later = { self.amendments[at + 1..].iter() }.filter(|next| next.event == event);
            let payload = match later.next() {
                Some(next) => next.replaced.clone(),
                None => stored(event)?.map(|stored| stored.event.data),
            };
            let hash = payload.map(|payload| payload_hash(&amendment.salt, &payload));
            if hash != Some(amendment.hash) {
                return Ok(Some(format!(
                    "the payload that event {seq} gave to event {event} is not what it announced"
                )));
            }
        }
        for redaction in &self.redactions {
            let Redaction { seq, event, .. } = *redaction;
            if !told_of_redaction(stored(seq)?, redaction) {
                return Ok(Some(format!(
                    "event {event} has a redaction that event {seq} does not announce"
                )));
            }
            let data = stored(event)?.map(|stored| stored.event.data);
            let hash = data
                .filter(|data| !data.is_empty())
                .map(|data| payload_hash(&redaction.salt, &data));
            if hash != redaction.replacement {
                return Ok(Some(format!(
                    "what stands in the place of event {event}'s payload is not what event {seq} announced"
                )));
            }
        }
        Ok(None)
    }
}

pub(crate) type Links = BTreeMap<Seq, Digest>;

/// What one of the host's own events of a type says: the event that it is about, and a hash.
fn announced(
    stored: Option<StoredEvent>,
    event_type: &str,
    hash: &str,
) -> Option<(u64, Option<String>)> {
    let data = said(stored, event_type)?;
    let hash = data.get(hash).and_then(Json::as_str).map(str::to_owned);
    Some((data.get("seq")?.as_u64()?, hash))
}

fn said(stored: Option<StoredEvent>, event_type: &str) -> Option<Json> {
    let stored = stored.filter(|stored| stored.event.event_type.as_str() == event_type)?;
    serde_json::from_str(&stored.event.data).ok()
}

/// True where one of the host's own events says that an event was redacted, or that its undo was: by itself, or also, beside
/// the first of several.
fn told_of_redaction(stored: Option<StoredEvent>, redaction: &Redaction) -> bool {
    let Some(data) = said(stored, EVENT_REDACTED) else {
        return false;
    };
    let event = Some(redaction.event.0);
    let replacement = redaction.replacement.map(|hash| hash.to_string());
    let number = |told: &Json, name: &str| told.get(name).and_then(Json::as_u64);
    let names = |told: &Json| {
        let hash = told.get("replacement").and_then(Json::as_str);
        (number(told, "seq") == event && hash == replacement.as_deref())
            || (number(told, "undo") == event && replacement.is_none())
    };
    let also = data.get("also").and_then(Json::as_array);
    names(&data) || also.is_some_and(|also| also.iter().any(names))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::TypeName;

    const SALT: [u8; 16] = [7; 16];

    fn stored(seq: u64, event_type: &str, data: &str) -> StoredEvent {
        StoredEvent {
            event: Event {
                seq: Seq(seq),
                id: String::new(),
                source: String::new(),
                event_type: TypeName::new(event_type).unwrap(),
                subject: None,
                time: String::new(),
                version: None,
                data: data.to_owned(),
                extensions: None,
            },
            recorded_at: String::new(),
            salt: SALT,
            hash: Digest::ZERO,
            lineup: String::new(),
            command: None,
            effects: Vec::new(),
        }
    }

    fn amendment(seq: u64, event: u64, replaced: &str, data: &str) -> Amendment {
        Amendment {
            seq: Seq(seq),
            event: Seq(event),
            reverts: false,
            replaced: Some(replaced.to_owned()),
            salt: SALT,
            hash: payload_hash(&SALT, data),
            time: String::new(),
            actor: None,
            reason: String::new(),
        }
    }

    /// Event 1 was `a`, was amended to `b` by 5 and to `c` by 9; event 2 was redacted by 12, with `r` in its place.
    fn history() -> (PayloadHistory, BTreeMap<Seq, StoredEvent>) {
        let past = PayloadHistory {
            amendments: vec![amendment(5, 1, "a", "b"), amendment(9, 1, "b", "c")],
            redactions: vec![Redaction {
                event: Seq(2),
                seq: Seq(12),
                payload_hash: payload_hash(&SALT, "z"),
                salt: SALT,
                replacement: Some(payload_hash(&SALT, "r")),
                time: String::new(),
                actor: None,
                reason: String::new(),
            }],
        };
        let told = |seq: u64, data: &str, name: &str| {
            json!({"seq": seq, name: payload_hash(&SALT, data).to_string()}).to_string()
        };
        let events = [
            stored(1, "a.B", "c"),
            stored(2, "a.B", "r"),
            stored(5, EVENT_AMENDED, &told(1, "b", "hash")),
            stored(9, EVENT_AMENDED, &told(1, "c", "hash")),
            stored(12, EVENT_REDACTED, &told(2, "r", "replacement")),
        ];
        let events = events.map(|stored| (stored.event.seq, stored));
        (past, events.into())
    }

    fn problem(past: &PayloadHistory, events: &BTreeMap<Seq, StoredEvent>) -> Option<String> {
        past.problem(|seq| Ok(events.get(&seq).cloned())).unwrap()
    }

    #[test]
    fn a_payload_is_what_the_first_later_amendment_replaced() {
        let (past, _) = history();
        let at = |seq| past.as_of(Seq(seq)).get(&Seq(1)).cloned();
        assert_eq!((at(0), at(4)), (Some("a".into()), Some("a".into())));
        assert_eq!((at(5), at(8)), (Some("b".into()), Some("b".into())));
        assert_eq!((at(9), at(99)), (None, None));
        assert_eq!(past.original(Seq(1)), Some("a"));
        let links = past.links(|_| Ok(SALT)).unwrap();
        assert_eq!(links[&Seq(1)], payload_hash(&SALT, "a"));
        assert_eq!(links[&Seq(2)], payload_hash(&SALT, "z"));
    }

    #[test]
    fn whatever_was_tampered_with_in_a_repair_is_found() {
        let (past, events) = history();
        assert_eq!(problem(&past, &events), None);
        type Tamper = fn(&mut PayloadHistory, &mut BTreeMap<Seq, StoredEvent>);
        let tampers: [(Tamper, &str); 8] = [
            (
                |_, events| events.get_mut(&Seq(1)).unwrap().event.data = "d".into(),
                "event 9 gave to event 1",
            ),
            (
                |past, _| past.amendments[1].replaced = Some("d".into()),
                "event 5 gave to event 1",
            ),
            (
                |past, _| past.amendments[1].event = Seq(3),
                "event 5 gave to event 1",
            ),
            (
                |past, _| past.amendments[0].hash = Digest::ZERO,
                "event 1 has an amendment",
            ),
            (
                |past, _| past.amendments[0].reverts = true,
                "event 1 has an amendment",
            ),
            (
                |_, events| events.get_mut(&Seq(2)).unwrap().event.data = "d".into(),
                "in the place of event 2",
            ),
            (
                |_, events| events.get_mut(&Seq(2)).unwrap().event.data.clear(),
                "in the place of event 2",
            ),
            (
                |past, _| past.redactions[0].event = Seq(1),
                "event 1 has a redaction",
            ),
        ];
        for (tamper, words) in tampers {
            let (mut past, mut events) = history();
            tamper(&mut past, &mut events);
            let found = problem(&past, &events).unwrap_or_default();
            assert!(found.contains(words), "{found:?} does not say {words:?}");
        }
    }
}
