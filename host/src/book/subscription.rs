//! The log as a subscriber follows it: from a position, filtered, a bounded batch at a time.

use super::reader::{Reader, Shown, shown_with};
use crate::history::notes;
use crate::model::error::Problem;
use crate::model::event::SYSTEM_TYPES;
use crate::model::{Error, Result, Seq, TypeName};

/// Events of one batch, and bytes of their JSON: what is held for one subscriber. The event that goes past the bytes is
/// still in.
const BATCH_EVENTS_MAX: usize = 512;
const BATCH_BYTES_MAX: usize = 256 << 10;

/// Positions that one read of a filtered log looks at: a filter that nothing fits must not read the log in one go.
const SCAN_EVENTS_MAX: u64 = 10_000;

/// Which events a subscriber wants. An empty list wants all.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub types: Vec<String>,
    pub subjects: Vec<String>,
    /// `plugin.table`: events with a recorded change there.
    pub tables: Vec<String>,
}

/// An event with its effects, ready to be sent.
#[derive(Debug, Clone)]
pub struct SubscribedEvent {
    pub seq: Seq,
    pub event_type: TypeName,
    /// One line.
    pub json: String,
}

/// What was found behind a position.
#[derive(Debug, Clone)]
pub struct Batch {
    pub events: Vec<SubscribedEvent>,
    /// Nothing up to here is wanted beside `events`.
    pub reached: Seq,
}

impl Reader {
    /// Refuses types and tables that no loaded version ever declared: a misspelt filter would wait for ever.
    pub fn check_wanted(&self, wanted: &Wanted) -> Result<()> {
        if !wanted.types.is_empty() {
            let versions = self.log().versions()?;
            let declared: Vec<&str> = versions
                .iter()
                .flat_map(|version| &version.manifest.events)
                .map(|declared| declared.name.as_str())
                .chain(SYSTEM_TYPES.iter().map(|(name, _)| *name))
                .collect();
            for name in &wanted.types {
                TypeName::new(name)?;
                if !declared.contains(&name.as_str()) {
                    return Err(unknown("event type", name, declared));
                }
            }
        }
        if !wanted.tables.is_empty() {
            let layouts = self.log().layouts()?;
            let known: Vec<String> = layouts.values().map(|layout| layout.name()).collect();
            for name in &wanted.tables {
                if !known.contains(name) {
                    let known = known.iter().map(String::as_str).collect();
                    return Err(unknown("table", name, known));
                }
            }
        }
        Ok(())
    }

    /// What a subscriber gets next: events after a position and up to the head, not more than a batch. `line` writes one
    /// as JSON.
    pub fn next_batch(
        &self,
        after: Seq,
        head: Seq,
        wanted: &Wanted,
        line: impl Fn(Seq, &Shown) -> Result<String>,
    ) -> Result<Batch> {
        let from = after.next();
        let end = Seq(head.0.min(after.0.saturating_add(SCAN_EVENTS_MAX)));
        let log = self.log();
        let notes = notes(log, from, end)?;
        let mut batch = Batch {
            events: Vec::new(),
            reached: end,
        };
        let mut bytes = 0;
        let pieces = { log.recorded(from..=end) }
            .only(&wanted.types, &wanted.subjects)
            .of_bytes(BATCH_BYTES_MAX);
        for piece in pieces.changes()? {
            for changed in piece? {
                let mut shown = shown_with(&notes, changed);
                if !(wanted.tables.is_empty() || wanted.tables.iter().any(|it| touches(&shown, it)))
                {
                    continue;
                }
                shown.tell_tasks(log, false)?;
                let seq = shown.stored.event.seq;
                let json = line(seq, &shown)?;
                bytes += json.len();
                batch.events.push(SubscribedEvent {
                    seq,
                    event_type: shown.stored.event.event_type,
                    json,
                });
                if bytes >= BATCH_BYTES_MAX || batch.events.len() >= BATCH_EVENTS_MAX {
                    batch.reached = seq;
                    return Ok(batch);
                }
            }
        }
        Ok(batch)
    }
}

/// True where an event changed rows of a table, `plugin.table`.
fn touches(shown: &Shown, table: &str) -> bool {
    shown.changes.iter().any(|change| {
        let layout = &change.layout;
        let rest = table.strip_prefix(layout.plugin.as_str());
        rest.and_then(|rest| rest.strip_prefix('.')) == Some(&layout.table)
    })
}

fn unknown(what: &str, name: &str, mut known: Vec<&str>) -> Error {
    known.sort_unstable();
    known.dedup();
    Error::usage(format!(
        "{what} '{}' is not known to this book",
        crate::model::error::shown(name)
    ))
    .problem(Problem::Unknown)
    .hint(format!("known: {}", known.join(", ")))
}
