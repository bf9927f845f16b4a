//! The rows of events, as whoever reads the log gets them: one statement, in pieces that are bounded. What goes from piece to
//! piece, and that no position is missing, is `history`'s; a listing for people takes one piece.

use rusqlite::OptionalExtension;
use rusqlite::types::Value;

use super::events::Catalog;
use crate::model::{Digest, Error, Event, Lineup, Result, Seq, TypeName, VersionDate, limits};

/// An event with everything recorded beside it.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub event: Event,
    pub recorded_at: String,
    pub salt: [u8; 16],
    pub hash: Digest,
    pub lineup: String,
    pub command: Option<String>,
    pub effects: Vec<u8>,
}

/// Which events a listing wants.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub from: Option<Seq>,
    pub to: Option<Seq>,
    pub event_type: Option<String>,
    pub subject: Option<String>,
    /// Newest first.
    pub descending: bool,
}

/// Which events one read takes, and how much of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    pub from: Seq,
    /// The last one, included.
    pub to: Seq,
    /// Empty: all.
    pub types: &'a [String],
    pub subjects: &'a [String],
    pub descending: bool,
    pub events_max: usize,
    /// Of payloads, extensions and effects. The first event is taken whatever its size.
    pub bytes_max: usize,
}

/// What one read gave.
#[derive(Debug)]
pub(crate) struct Piece<T> {
    pub rows: Vec<T>,
    /// The range was looked through to its end.
    pub is_last: bool,
}

impl<T> Piece<T> {
    fn of(rows: Vec<T>, is_last: bool) -> Piece<T> {
        Piece { rows, is_last }
    }
}

/// What a row of the log is read as: an event alone, or with everything recorded beside it.
pub(crate) trait Logged: Sized {
    const SELECT: &'static str;
    /// A row without effects is not among those that `SELECT` gives.
    const JOINS_EFFECTS: bool;

    fn read(row: &rusqlite::Row<'_>, stamp: &mut LineupText) -> rusqlite::Result<Result<Self>>;
    fn event(&self) -> &Event;
    fn event_mut(&mut self) -> &mut Event;
}

impl Logged for Event {
    const SELECT: &'static str =
        "SELECT e.seq, e.id, e.source, e.type, e.subject, e.time, e.data, l.text, e.extensions
         FROM events e JOIN lineups l ON l.id = e.lineup";
    const JOINS_EFFECTS: bool = false;

    fn read(row: &rusqlite::Row<'_>, stamp: &mut LineupText) -> rusqlite::Result<Result<Event>> {
        event(row, stamp)
    }

    fn event(&self) -> &Event {
        self
    }

    fn event_mut(&mut self) -> &mut Event {
        self
    }
}

impl Logged for StoredEvent {
    const SELECT: &'static str =
        "SELECT e.seq, e.id, e.source, e.type, e.subject, e.time, e.data, l.text, e.extensions, e.recorded_at, e.salt,
         e.hash, e.command, f.body
         FROM events e JOIN lineups l ON l.id = e.lineup JOIN effects f ON f.seq = e.seq";
    const JOINS_EFFECTS: bool = true;

    fn read(
        row: &rusqlite::Row<'_>,
        stamp: &mut LineupText,
    ) -> rusqlite::Result<Result<StoredEvent>> {
        let event = match event(row, stamp)? {
            Ok(event) => event,
            Err(error) => return Ok(Err(error)),
        };
        let Ok(salt) = row.get_ref(10)?.as_blob()?.try_into() else {
            let seq = event.seq;
            return Ok(Err(Error::corrupt(format!(
                "the salt of event {seq} is not of 16 bytes"
            ))));
        };
        let hash = match Digest::from_slice(row.get_ref(11)?.as_blob()?) {
            Ok(hash) => hash,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(StoredEvent {
            event,
            recorded_at: row.get(9)?,
            salt,
            hash,
            lineup: row.get(7)?,
            command: row.get(12)?,
            effects: row.get(13)?,
        }))
    }

    fn event(&self) -> &Event {
        &self.event
    }

    fn event_mut(&mut self) -> &mut Event {
        &mut self.event
    }
}

impl Catalog {
    /// The events of a range in order, until there is enough of them.
    pub(crate) fn scan<T: Logged>(&self, scan: &Scan<'_>) -> Result<Piece<T>> {
        let mut text = format!("{} WHERE e.seq BETWEEN ?1 AND ?2", T::SELECT);
        let mut values: Vec<Value> = vec![bound(scan.from).into(), bound(scan.to).into()];
        for (column, wanted) in [("type", scan.types), ("subject", scan.subjects)] {
            if wanted.is_empty() {
                continue;
            }
            let places: Vec<String> = wanted
                .iter()
                .map(|value| {
                    values.push(value.clone().into());
                    format!("?{}", values.len())
                })
                .collect();
            text.push_str(&format!(" AND e.{column} IN ({})", places.join(", ")));
        }
        let direction = if scan.descending { " DESC" } else { "" };
        text.push_str(&format!(" ORDER BY e.seq{direction}"));
        let mut statement = self
            .connection
            .prepare_cached(&text)
            .map_err(|error| self.failed(error))?;
        let mut found = statement
            .query(rusqlite::params_from_iter(values))
            .map_err(|error| self.failed(error))?;
        let mut rows = Vec::new();
        let mut bytes = 0;
        let mut stamp = LineupText::default();
        while let Some(row) = found.next().map_err(|error| self.failed(error))? {
            bytes += weight::<T>(row).map_err(|error| self.failed(error))?;
            if bytes > scan.bytes_max && !rows.is_empty() {
                return Ok(Piece::of(rows, false));
            }
            rows.push(T::read(row, &mut stamp).map_err(|error| self.failed(error))??);
            if rows.len() == scan.events_max {
                return Ok(Piece::of(rows, false));
            }
        }
        Ok(Piece::of(rows, true))
    }

    /// A page of a listing, in which nothing is missed: events in order that match a filter, at most `count_max` and not
    /// much more than `PAGE_BYTES_MAX`; and whether there are others behind them.
    pub fn list(&self, filter: &EventFilter, count_max: usize) -> Result<(Vec<Event>, bool)> {
        self.list_as(filter, count_max)
    }

    /// The same of events alone, or of all that is recorded beside them.
    pub(crate) fn list_as<T: Logged>(
        &self,
        filter: &EventFilter,
        count_max: usize,
    ) -> Result<(Vec<T>, bool)> {
        let scan = Scan {
            from: filter.from.unwrap_or(Seq(1)),
            to: filter.to.unwrap_or(Seq(u64::MAX)),
            types: filter.event_type.as_slice(),
            subjects: filter.subject.as_slice(),
            descending: filter.descending,
            // One more, to know whether there is one.
            events_max: count_max.saturating_add(1),
            bytes_max: limits::PAGE_BYTES_MAX,
        };
        let mut piece = self.scan::<T>(&scan)?;
        piece.rows.truncate(count_max);
        Ok((piece.rows, !piece.is_last))
    }

    /// The first event of one of these types in a range.
    pub(crate) fn first_of_types(
        &self,
        (from, to): (Seq, Seq),
        types: &[&str],
    ) -> Result<Option<Seq>> {
        let places: Vec<_> = (3..types.len() + 3).map(|at| format!("?{at}")).collect();
        let text = format!(
            "SELECT seq FROM events WHERE seq BETWEEN ?1 AND ?2 AND type IN ({}) ORDER BY seq LIMIT 1",
            places.join(", ")
        );
        let mut values: Vec<Value> = vec![bound(from).into(), bound(to).into()];
        values.extend(types.iter().map(|name| (*name).to_owned().into()));
        let found: Option<i64> = self
            .connection
            .query_row(&text, rusqlite::params_from_iter(values), |row| row.get(0))
            .optional()
            .map_err(|error| self.failed(error))?;
        Ok(found.map(|seq| Seq(seq.unsigned_abs())))
    }

    /// The first of the positions `from..=to` at which the log lacks an event, or its effects. What is there is counted, not
    /// read.
    pub(crate) fn first_missing(&self, from: Seq, to: Seq) -> Result<Option<Seq>> {
        let is_whole = |last: u64| -> Result<bool> {
            let wanted = (last + 1).saturating_sub(from.0);
            self.connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM events WHERE seq BETWEEN ?1 AND ?2),
                            (SELECT count(*) FROM effects WHERE seq BETWEEN ?1 AND ?2)",
                )
                .and_then(|mut statement| {
                    statement.query_row((bound(from), bound(Seq(last))), |row| {
                        let [events, effects]: [i64; 2] = [row.get(0)?, row.get(1)?];
                        Ok([events, effects].map(i64::unsigned_abs) == [wanted; 2])
                    })
                })
                .map_err(|error| self.failed(error))
        };
        if to < from || is_whole(to.0)? {
            return Ok(None);
        }
        let (mut whole, mut lacking) = (from.0.saturating_sub(1), to.0);
        while whole + 1 < lacking {
            let middle = whole + (lacking - whole) / 2;
            match is_whole(middle)? {
                true => whole = middle,
                false => lacking = middle,
            }
        }
        Ok(Some(Seq(lacking)))
    }
}

fn bound(seq: Seq) -> i64 {
    i64::try_from(seq.0).unwrap_or(i64::MAX)
}

/// Bytes of a row's payload, extensions and effects: what makes one event larger than another.
fn weight<T: Logged>(row: &rusqlite::Row<'_>) -> rusqlite::Result<usize> {
    let length = |at| -> rusqlite::Result<usize> {
        Ok(row.get_ref(at)?.as_bytes_or_null()?.map_or(0, <[u8]>::len))
    };
    let effects = if T::JOINS_EFFECTS { length(13)? } else { 0 };
    Ok(length(6)? + length(8)? + effects)
}

/// Finds the owner's version in a lineup's text, remembering the last answer: neighbours are mostly alike.
#[derive(Default)]
pub(crate) struct LineupText {
    text: String,
    event_type: Option<TypeName>,
    version: Option<VersionDate>,
}

fn event(row: &rusqlite::Row<'_>, stamp: &mut LineupText) -> rusqlite::Result<Result<Event>> {
    let name = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
    let lineup = row.get_ref(7)?.as_str().map_err(rusqlite::Error::from)?;
    let known = stamp
        .event_type
        .as_ref()
        .filter(|known| known.as_str() == name && stamp.text == lineup);
    let event_type = match known {
        Some(known) => known.clone(),
        None => {
            let event_type = match TypeName::new(name).map_err(Error::stored) {
                Ok(event_type) => event_type,
                Err(error) => return Ok(Err(error)),
            };
            stamp.version = match lineup.parse::<Lineup>() {
                Ok(lineup) => lineup.version(event_type.plugin()),
                Err(error) => return Ok(Err(error)),
            };
            stamp.text = lineup.to_owned();
            stamp.event_type = Some(event_type.clone());
            event_type
        }
    };
    Ok(Ok(Event {
        seq: Seq(row.get::<_, i64>(0)? as u64),
        id: row.get(1)?,
        source: row.get(2)?,
        event_type,
        subject: row.get(4)?,
        time: row.get(5)?,
        version: stamp.version,
        data: row.get(6)?,
        extensions: row.get(8)?,
    }))
}
