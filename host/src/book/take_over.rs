//! Events of another log, taken over as they happened: what they caused in the first place is among them, so nothing that
//! they ask for is done again.

use super::cloud_event::Incoming;
use super::extensions::Extensions;
use super::group::{Group, Most};
use super::open::Book;
use crate::model::event::{STATE_GIVEN, SYSTEM_PLUGIN};
use crate::model::state_given;
use crate::model::{Error, Event, PluginVersion, Result, Seq, TypeName};
use crate::store::EventFilter;

/// The time of a log's first event that has none.
const FIRST_TIME: &str = "2000-01-01T00:00:00Z";

impl Book {
    /// Adds a piece of a log, whole or not at all. An event keeps the version that handled it first, if it says so; one
    /// without an id gets one from its line, one without a time that of the event before it, so that the same file is the
    /// same log at any time. Nothing is delivered, and no command is run: a log holds what came of them.
    pub fn take_over(&mut self, events: Vec<Incoming>) -> Result<u64> {
        let mut group = self.group()?;
        self.within(&mut group, false, |book, group| {
            group.allow(Most::WHOLE);
            for incoming in events {
                let line = incoming.line;
                book.take_over_one(group, incoming)
                    .map_err(|error| match line {
                        Some(line) => error.context(format!("line {line}")),
                        None => error,
                    })?;
            }
            Ok(())
        })?;
        let count = group.events() as u64;
        self.commit_group(group)?;
        self.told_ahead = None;
        Ok(count)
    }

    fn take_over_one(&mut self, group: &mut Group, incoming: Incoming) -> Result<()> {
        let seq = self.next_seq(group);
        let event_type = incoming.event_type.as_str();
        let gives_state = event_type == STATE_GIVEN;
        if gives_state {
            self.check_given(&incoming.data)?;
        } else if incoming.event_type.plugin() == SYSTEM_PLUGIN {
            return Err(Error::refused(format!(
                "'{event_type}' is the host's own event, and none of this log's"
            ))
            .hint("daybook export leaves them out, and daybook events --format json --no-system"));
        }
        let kept = self.kept_seq(group, seq, &incoming)?;
        let said = incoming.version()?;
        let id = match incoming.id {
            Some(id) => id,
            None => format!("line-{}", incoming.line.unwrap_or(seq.0)),
        };
        let identity = (incoming.source, id);
        if group.identities.contains_key(&identity)
            || self
                .history
                .log
                .find_identity(&identity.0, &identity.1)?
                .is_some()
        {
            let (source, id) = (identity.0.escape_debug(), identity.1.escape_debug());
            return Err(Error::refused(format!(
                "event '{id}' of source '{source}' is there already"
            ))
            .hint("an id names one event for ever; in a log each comes once"));
        }
        let (source, id) = identity;
        let lineup = self.lineup();
        let present = lineup.version(incoming.event_type.plugin());
        let version = match said {
            Some(stamp) if !gives_state => Some(stamp),
            _ => present,
        };
        if !gives_state {
            // A payload that another version took is that version's; whether this one can read it shows when it does.
            let schema = self.live.materializer.program().event_schema(event_type)?;
            match version == present {
                true => schema.check(&incoming.data)?,
                false => schema.check_json(&incoming.data)?,
            }
        }
        let time = match incoming.time {
            Some(time) => time,
            None => match group.commit.events.last() {
                Some(before) => before.event.time.clone(),
                None => self.last_time()?,
            },
        };
        let handled_by = version.filter(|_| version != present).map(|date| {
            let plugin = incoming.event_type.plugin().parse();
            plugin.map(|plugin| PluginVersion { plugin, date })
        });
        let handled_by = handled_by.transpose()?;
        let event = Event {
            seq,
            id,
            source,
            event_type: incoming.event_type,
            subject: incoming.subject,
            time,
            version,
            data: incoming.data,
            extensions: incoming.extensions.filled_in(incoming.context),
        };
        let event = match kept == seq {
            true => event,
            false => Event {
                extensions: Extensions::keeping(event.extensions.as_deref(), kept),
                ..event
            },
        };
        self.work_out(group, event, None)?;
        if let Some(added) = group.commit.events.last_mut() {
            // What was asked for then was done then.
            added.tasks.clear();
            // The log tells an event's version by its lineup.
            if let Some(handled_by) = handled_by {
                added.lineup = lineup.with(&[handled_by]).to_string();
            }
        }
        Ok(())
    }

    /// The position that an event keeps: the one that it says, which must come after the last one; else the next. Rows that are
    /// given have no place of their own.
    fn kept_seq(&self, group: &Group, seq: Seq, incoming: &Incoming) -> Result<Seq> {
        let stored;
        let last = match group.commit.events.last() {
            Some(last) => Some(&last.event),
            None => {
                stored = self.history.log.event_at(self.head())?;
                stored.as_ref()
            }
        };
        let gives_state = |event_type: &TypeName| event_type.as_str() == STATE_GIVEN;
        let last = last.filter(|last| !last.is_system() || gives_state(&last.event_type));
        // Rows that began a log stand before its first event, wherever that is.
        let before =
            last.filter(|last| !gives_state(&last.event_type) || last.told_seq() != last.seq);
        let Some(said) = incoming.extensions.get("seq") else {
            return Ok(match last {
                Some(last) if gives_state(&incoming.event_type) => last.told_seq(),
                Some(last) if last.told_seq() != last.seq => last.told_seq().next(),
                _ => seq,
            });
        };
        let said_seq = said.as_u64().map(Seq::given).transpose()?;
        said_seq
            .filter(|said| before.is_none_or(|before| *said > before.told_seq()))
            .ok_or_else(|| {
                let after = before.map_or(Seq::ZERO, Event::told_seq);
                Error::refused(format!("seq {said} is not a position after {after}"))
                    .hint("the events of a log stand in its order; leave seq out to count on from the line before")
            })
    }

    /// An event of a book that began with another log: its plugins are told positions that go on from that log's.
    pub(super) fn counted_on(&mut self, event: Event) -> Result<Event> {
        let ahead = match self.told_ahead {
            Some(ahead) => ahead,
            None => {
                let last = self.history.log.last_own_event()?;
                let ahead = last.map_or(0, |last| last.told_seq().0.saturating_sub(last.seq.0));
                *self.told_ahead.insert(ahead)
            }
        };
        Ok(match ahead {
            0 => event,
            ahead => Event {
                extensions: Extensions::keeping(
                    event.extensions.as_deref(),
                    Seq(event.seq.0 + ahead),
                ),
                ..event
            },
        })
    }

    /// Takes over an exported log into a book that has no events of its own yet, whole or not at all.
    pub fn begin_with(&mut self, events: Vec<Incoming>) -> Result<u64> {
        let stamped = self.history.log.stamped()?;
        let own: u64 = { stamped.iter() }
            .filter(|(_, event_type, _)| event_type.plugin() != SYSTEM_PLUGIN)
            .map(|(_, _, count)| count)
            .sum();
        let (given, _) = self.history.log.list(
            &EventFilter {
                event_type: Some(STATE_GIVEN.to_owned()),
                ..EventFilter::default()
            },
            1,
        )?;
        if own > 0 || !given.is_empty() {
            return Err(Error::refused(
                "an exported log brings its own state, and this book has events already",
            )
            .hint(
                "begin another book: daybook init, load and activate the versions, then append",
            ));
        }
        self.take_over(events)
    }

    /// Rows of a plugin that nobody has put in force would be lost without a word.
    fn check_given(&self, text: &str) -> Result<()> {
        let tables = state_given::parse(text)
            .map_err(|words| Error::refused(format!("the state cannot be read: {words}")))?;
        let lineup = self.lineup();
        for given in &tables {
            let plugin = given.table.split('.').next().unwrap_or_default();
            if lineup.version(plugin).is_none() {
                return Err(Error::refused(format!(
                    "the state has rows of '{}', and no version of '{}' is in force",
                    given.table.escape_debug(),
                    plugin.escape_debug()
                ))
                .hint("a book: load and activate one; a diff over a log: give its component with --with"));
            }
        }
        Ok(())
    }

    fn last_time(&self) -> Result<String> {
        let head = self.head();
        let last = self.history.log.event_at(head)?;
        Ok(last.map_or_else(|| FIRST_TIME.to_owned(), |event| event.time))
    }
}
