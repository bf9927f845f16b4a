//! Whether an event was there before: one (source, id) is one event for ever. All that a producer says of it counts, and
//! nothing that the host fills in itself.

use uuid::Uuid;

use super::append::{Admitted, Receipt};
use super::cloud_event::Incoming;
use super::command::Request;
use super::group::Group;
use super::open::Book;
use crate::engine::beside;
use crate::model::error::Problem;
use crate::model::log::RecordedCommand;
use crate::model::{Error, Event, Result};

impl Book {
    /// The (source, id) again: the first result where it says the same, else a refusal that names what differs.
    pub(super) fn known(&self, group: &Group, again: &Incoming) -> Result<Option<Receipt>> {
        let Some(id) = &again.id else {
            return Ok(None);
        };
        let name = (again.source.clone(), id.clone());
        let stored;
        let first = match group.identities.get(&name) {
            Some(&at) => &group.commit.events[at].event,
            None => match self.history.log.find_identity(&again.source, id)? {
                Some(found) => {
                    stored = found;
                    &stored
                }
                None => return Ok(None),
            },
        };
        let mut differing = differing(first, again);
        if first.data != again.data && !self.history.log.had_payload(first.seq, &again.data)? {
            differing.push("payload".to_owned());
        }
        if !differing.is_empty() {
            return Err(Error::refused(format!(
                "event '{}' of source '{}' is in the log at {} with another {}",
                id.escape_debug(),
                again.source.escape_debug(),
                first.seq,
                differing.join(", another ")
            ))
            .problem(Problem::Reused)
            .hint("an id names one event for ever; give the new one an id of its own"));
        }
        Ok(Some(Receipt {
            seq: first.seq,
            id: id.clone(),
            duplicate: true,
        }))
    }

    /// True where every event of a request is there already: it asks for nothing, and what it saw is no matter any more.
    pub(super) fn knows_all(&self, group: &Group, events: &[Incoming]) -> Result<bool> {
        for event in events {
            if self.known(group, event)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Events without ids get them from the request's key and their place in it. Returns those places.
    pub(super) fn name_events(
        &self,
        group: &Group,
        key: Uuid,
        events: &mut [Incoming],
    ) -> Result<Vec<usize>> {
        let name = |at: usize| beside(key, &format!("event:{at}")).to_string();
        let mut named = Vec::new();
        for (at, event) in events.iter_mut().enumerate() {
            if event.id.is_none() {
                event.id = Some(name(at));
                named.push(at);
            }
        }
        // Of another source, or followed by another event: then the key was another request's.
        let is_others = match named.first() {
            Some(&first) => {
                let sources = self.sources_of(group, &name(first))?;
                !sources.is_empty() && !sources.contains(&events[first].source)
                    || !self.sources_of(group, &name(events.len()))?.is_empty()
            }
            None => false,
        };
        match is_others {
            true => Err(reused()),
            false => Ok(named),
        }
    }

    /// The sources that have an event of this id.
    fn sources_of(&self, group: &Group, id: &str) -> Result<Vec<String>> {
        let pending = group.commit.events.iter().map(|sealed| &sealed.event);
        let pending = pending.filter(|event| event.id == id);
        let mut sources: Vec<String> = pending.map(|event| event.source.clone()).collect();
        sources.extend(self.history.log.sources_of(id)?);
        Ok(sources)
    }
}

/// Refuses the id of a command that was another one.
pub(super) fn check_command(first: &RecordedCommand, again: &Request) -> Result<()> {
    let differs = [
        ("type", first.command_type.as_str() != again.command_type),
        ("subject", first.subject != again.subject),
        ("actor", first.actor != again.actor),
        // One that was redacted cannot be compared any more; its id is taken all the same.
        (
            "payload",
            first.data != again.data && !first.data.is_empty(),
        ),
    ];
    let differing: Vec<&str> = { differs.iter() }
        .filter_map(|(name, differs)| differs.then_some(*name))
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "command {} was run already, with another {}",
        first.id,
        differing.join(", another ")
    ))
    .problem(Problem::Reused)
    .hint("an id names one command for ever; give the new one an id of its own"))
}

/// Of the events that are named by one key all were there, or none.
pub(super) fn check_alike(named: &[usize], admitted: &[Admitted]) -> Result<()> {
    let mut known = { named.iter() }.map(|&at| admitted[at].receipt.duplicate);
    let first = known.next();
    match known.all(|duplicate| Some(duplicate) == first) {
        true => Ok(()),
        false => Err(reused()),
    }
}

fn reused() -> Error {
    Error::refused("the Idempotency-Key was used for a request with other events")
        .problem(Problem::Reused)
        .hint("a key names one request for ever; give the new one a key of its own")
}

/// What of an envelope differs from the first one's.
fn differing(first: &Event, again: &Incoming) -> Vec<String> {
    let mut differing = Vec::new();
    let mut tell = |name: &str, differs: bool| {
        if differs {
            differing.push(name.to_owned());
        }
    };
    tell("type", first.event_type != again.event_type);
    tell("subject", first.subject != again.subject);
    tell(
        "time",
        { again.time.as_ref() }.is_some_and(|time| *time != first.time),
    );
    // A listing's word on it that cannot be read differs from every version.
    tell(
        "version",
        again
            .version()
            .is_ok_and(|said| said.is_some() && said != first.version)
            || again.version().is_err(),
    );
    let kept = first.extensions.as_deref();
    for name in again.extensions.differing(kept, &again.context) {
        tell(&format!("'{name}'"), true);
    }
    differing
}
