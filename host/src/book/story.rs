//! What became of an event since it was logged, and because of it: who asked for it, the payloads that it had with their effects,
//! what was done to it by whom and why, and the commands that followed from it with their events.

use serde_json::Value as Json;

use super::extensions::{ACTOR, Extensions};
use super::told_tasks::{ToldTask, command_id};
use crate::history::Decoder;
use crate::model::effects::RecordedChange;
use crate::model::event::{AMENDMENT_REVERTED, EVENT_AMENDED, EVENT_PINNED, EVENT_REDACTED};
use crate::model::log::{CommandOutcome, RecordedCommand};
use crate::model::task::{COMMAND_KIND, REACT_KIND};
use crate::model::{Event, Result, Seq, Task};
use crate::store::{Catalog, StoredEvent};

/// Events of one command that are told.
const EVENTS_TOLD_MAX: u64 = 1_000;

#[derive(Debug, Clone)]
pub struct Story {
    /// Who did it, with or without a token.
    pub actor: Option<String>,
    /// The command that it is of.
    pub command: Option<RecordedCommand>,
    /// What it was logged with and did then; none where its payload is that one.
    pub original: Option<Payload>,
    /// What was done to it, oldest first.
    pub repairs: Vec<Repaired>,
    /// Commands that its tasks asked for.
    pub reactions: Vec<Reaction>,
}

/// A payload that an event had, with its effects.
#[derive(Debug, Clone)]
pub struct Payload {
    /// Empty: nobody handled the event.
    pub data: String,
    /// None: an earlier daybook did not keep them.
    pub effects: Option<(Vec<RecordedChange>, Vec<Task>)>,
}

/// Something that was done to an event.
#[derive(Debug, Clone)]
pub struct Repaired {
    /// `amended`, `skipped`, `reverted`, `redacted`, `undone`, `redone` or `pinned`.
    pub what: &'static str,
    /// The event that says so.
    pub by: Seq,
    pub at: String,
    pub actor: Option<String>,
    pub reason: Option<String>,
    /// What was put in force; none where it was erased since, or where none was.
    pub payload: Option<Payload>,
}

/// A command that one of an event's tasks asked for.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// The task's id.
    pub task: String,
    pub command: RecordedCommand,
    /// Its events.
    pub events: Vec<Event>,
}

impl Story {
    /// Of an event with its effects, and what became of its tasks.
    pub(super) fn read<'t>(
        log: &Catalog,
        stored: &StoredEvent,
        effects: (Vec<RecordedChange>, Vec<Task>),
        told: impl Iterator<Item = &'t ToldTask>,
    ) -> Result<Story> {
        let command = match &stored.command {
            Some(id) => log.find_command(id)?,
            None => None,
        };
        let said = Extensions::read(stored.event.extensions.as_deref());
        let said = said.get(ACTOR).and_then(Json::as_str).map(str::to_owned);
        let actor = said.or_else(|| command.as_ref()?.actor.clone());
        let (original, mut repairs) = amendments(log, stored, effects)?;
        repairs.extend(other_repairs(log, stored.event.seq)?);
        repairs.sort_by_key(|repaired| repaired.by);
        Ok(Story {
            actor,
            command,
            original,
            repairs,
            reactions: reactions(log, told)?,
        })
    }
}

/// The first payload, and each that was put in its place.
fn amendments(
    log: &Catalog,
    stored: &StoredEvent,
    effects: (Vec<RecordedChange>, Vec<Task>),
) -> Result<(Option<Payload>, Vec<Repaired>)> {
    let event = &stored.event;
    let amendments = log.amendments_of(event.seq)?;
    let mut decoder = Decoder::new(log)?;
    let mut repairs = Vec::with_capacity(amendments.len());
    for (at, amendment) in amendments.iter().enumerate() {
        let data = match amendments.get(at + 1) {
            Some(next) => next.replaced.clone(),
            None => Some(event.data.clone()),
        };
        let amended = match log.amended_effects(amendment.seq)? {
            Some(effects) => {
                let amended = StoredEvent {
                    effects,
                    ..stored.clone()
                };
                Some(decoder.decode(log, &amended)?)
            }
            None => None,
        };
        let what = match data.as_deref() {
            _ if amendment.reverts => "reverted",
            Some("") => "skipped",
            _ => "amended",
        };
        repairs.push(Repaired {
            what,
            by: amendment.seq,
            at: amendment.time.clone(),
            actor: amendment.actor.clone(),
            reason: Some(amendment.reason.clone()),
            payload: data.map(|data| Payload {
                data,
                effects: amended,
            }),
        });
    }
    let first = amendments.first().and_then(|first| first.replaced.clone());
    let original = first.map(|data| Payload {
        data,
        effects: Some(effects),
    });
    Ok((original, repairs))
}

/// What the host's own events, and a plugin's inverse, say that they did to an event.
fn other_repairs(log: &Catalog, seq: Seq) -> Result<Vec<Repaired>> {
    let mut repairs = Vec::new();
    let mut tell = |by: Seq, otherwise: &'static str| -> Result<()> {
        let Some(event) = log.event_at(by)? else {
            return Ok(());
        };
        let said = Extensions::read(event.extensions.as_deref());
        let data: Json = serde_json::from_str(&event.data).unwrap_or_default();
        let of_host = |name: &str| match event.is_system() {
            true => data.get(name)?.as_str().map(str::to_owned),
            false => said.get(name)?.as_str().map(str::to_owned),
        };
        let what = match event.event_type.as_str() {
            EVENT_REDACTED => "redacted",
            EVENT_PINNED => "pinned",
            EVENT_AMENDED | AMENDMENT_REVERTED => return Ok(()),
            _ => otherwise,
        };
        repairs.push(Repaired {
            what,
            by,
            at: event.time.clone(),
            actor: of_host(ACTOR),
            reason: of_host("reason"),
            payload: None,
        });
        Ok(())
    };
    for by in log.repaired_by(seq)? {
        tell(by, "undone")?;
        // An undo that was undone, and so on.
        let (mut last, mut is_undone) = (by, true);
        while let Some(next) = log.undone_row(last)? {
            is_undone = !is_undone;
            tell(next, if is_undone { "undone" } else { "redone" })?;
            last = next;
        }
    }
    Ok(repairs)
}

/// The commands that an event's tasks asked for, as far as they were run.
fn reactions<'t>(log: &Catalog, told: impl Iterator<Item = &'t ToldTask>) -> Result<Vec<Reaction>> {
    let mut reactions = Vec::new();
    for row in told.map(|told| &told.row) {
        if ![COMMAND_KIND, REACT_KIND].contains(&&*row.delivery.kind) {
            continue;
        }
        for round in 0..=row.delivery.round {
            let Some(command) = log.find_command(&command_id(&row.id, round)?.to_string())? else {
                continue;
            };
            reactions.push(Reaction {
                task: row.id.clone(),
                events: events_of(log, &command)?,
                command,
            });
        }
    }
    Ok(reactions)
}

/// A command's own events. Those of its reactions come between them, and are told with the events that asked.
fn events_of(log: &Catalog, command: &RecordedCommand) -> Result<Vec<Event>> {
    let CommandOutcome::Accepted { events } = command.outcome else {
        return Ok(Vec::new());
    };
    let from = command.position.next();
    let to = Seq(command.position.0 + events.min(EVENTS_TOLD_MAX));
    let mut own = Vec::new();
    for piece in log.recorded(from..=to) {
        let of_command =
            { piece?.into_iter() }.filter(|stored| stored.command.as_ref() == Some(&command.id));
        own.extend(of_command.map(|stored| stored.event));
    }
    Ok(own)
}
