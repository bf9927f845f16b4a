//! The one reader of the log: events in order, in pieces of bounded memory, and no position is ever skipped. Whoever needs the
//! log's events takes an iterator from here; nobody else loops over them.

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use super::changes::{ChangedPieces, Decoder};
use super::{Payloads, put_in_place};
use crate::model::{Error, Event, Result, Seq, limits};
use crate::store::{Catalog, Logged, Scan, StoredEvent};

/// What is to be said of a log in which a position is missing.
pub(crate) fn hole(at: Seq) -> Error {
    Error::corrupt(format!(
        "event {at} is missing in the log, or its effects are"
    ))
}

/// A range of the log, piece after piece, in order. The first position that is missing ends it with an error, wherever it is:
/// at the front, inside a piece, between two, or at the end. So does one whose effects are missing, also where nobody asks
/// for effects.
///
/// `L` is the log, borrowed or owned: on a connection of its own it goes on on any thread.
pub(crate) struct Pieces<'a, L, T> {
    log: L,
    next: Seq,
    to: Seq,
    types: &'a [String],
    subjects: &'a [String],
    payloads: Option<&'a Payloads>,
    bytes_max: usize,
    of: PhantomData<fn() -> T>,
}

impl Catalog {
    /// Events with their envelopes and payloads.
    pub(crate) fn events<'a>(&self, range: RangeInclusive<Seq>) -> Pieces<'a, &Catalog, Event> {
        Pieces::new(self, range)
    }

    /// Events with everything recorded beside them.
    pub(crate) fn recorded<'a>(
        &self,
        range: RangeInclusive<Seq>,
    ) -> Pieces<'a, &Catalog, StoredEvent> {
        Pieces::new(self, range)
    }

    /// What is recorded of an event; none beyond the log's head. A position before it that is missing is an error.
    pub fn recorded_at(&self, seq: Seq) -> Result<Option<StoredEvent>> {
        self.at(seq)
    }

    /// An event alone; otherwise as `recorded_at`.
    pub fn event_at(&self, seq: Seq) -> Result<Option<Event>> {
        self.at(seq)
    }

    fn at<T: Logged>(&self, seq: Seq) -> Result<Option<T>> {
        if seq == Seq::ZERO || seq > self.head()?.0 {
            return Ok(None);
        }
        let piece = Pieces::<&Catalog, T>::new(self, seq..=seq).next();
        Ok(piece.transpose()?.and_then(|mut rows| rows.pop()))
    }
}

impl<'a, L: Borrow<Catalog>, T: Logged> Pieces<'a, L, T> {
    pub fn new(log: L, range: RangeInclusive<Seq>) -> Pieces<'a, L, T> {
        Pieces {
            log,
            next: *range.start(),
            to: *range.end(),
            types: &[],
            subjects: &[],
            payloads: None,
            bytes_max: limits::PIECE_BYTES_MAX,
            of: PhantomData,
        }
    }

    /// Only events of these types and about these subjects; an empty list wants all. Positions between them are looked at all
    /// the same, and a piece may be empty.
    pub fn only(mut self, types: &'a [String], subjects: &'a [String]) -> Self {
        (self.types, self.subjects) = (types, subjects);
        self
    }

    /// With other payloads for some events.
    pub fn with(mut self, payloads: &'a Payloads) -> Self {
        self.payloads = Some(payloads).filter(|payloads| !payloads.is_empty());
        self
    }

    /// With smaller pieces: for whoever may have enough before the end.
    pub fn of_bytes(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max;
        self
    }

    fn read(&mut self) -> Result<Vec<T>> {
        let scan = Scan {
            from: self.next,
            to: self.to,
            types: self.types,
            subjects: self.subjects,
            descending: false,
            events_max: limits::PIECE_EVENTS_MAX,
            bytes_max: self.bytes_max,
        };
        let log = self.log.borrow();
        let mut piece = log.scan::<T>(&scan)?;
        let is_filtered = !(self.types.is_empty() && self.subjects.is_empty());
        let last = piece.rows.last().map(|row| row.event().seq);
        let reached = match last {
            Some(last) if !piece.is_last => last,
            _ => self.to,
        };
        if !is_filtered {
            let mut expected = self.next;
            for row in &piece.rows {
                if row.event().seq != expected {
                    return Err(hole(expected));
                }
                expected = expected.next();
            }
            if expected <= reached {
                return Err(hole(expected));
            }
        }
        if (is_filtered || !T::JOINS_EFFECTS)
            && let Some(missing) = log.first_missing(self.next, reached)?
        {
            return Err(hole(missing));
        }
        if let Some(payloads) = self.payloads {
            for row in &mut piece.rows {
                put_in_place(payloads, row.event_mut());
            }
        }
        self.next = reached.next();
        Ok(piece.rows)
    }
}

impl<L: Borrow<Catalog>, T: Logged> Iterator for Pieces<'_, L, T> {
    type Item = Result<Vec<T>>;

    fn next(&mut self) -> Option<Result<Vec<T>>> {
        if self.next > self.to {
            return None;
        }
        let piece = self.read();
        if piece.is_err() {
            // Nothing comes after an error.
            (self.next, self.to) = (self.next.max(Seq(1)), Seq::ZERO);
        }
        Some(piece)
    }
}

impl<'a, L: Borrow<Catalog>> Pieces<'a, L, StoredEvent> {
    /// Those events with what they did: their effects, decoded by the layouts.
    pub fn changes(self) -> Result<ChangedPieces<'a, L>> {
        Ok(ChangedPieces {
            decoder: Decoder::new(self.log.borrow())?,
            pieces: self,
        })
    }

    pub(super) fn log(&self) -> &Catalog {
        self.log.borrow()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::history::read_ahead;
    use crate::model::log::{Appended, Commit, LogOp, RecordedEvent};
    use crate::model::{CommitSeq, Digest, TypeName};

    /// A log of events with payloads of these sizes; an event has effects of twice its number.
    fn log(folder: &tempfile::TempDir, sizes: &[usize]) -> Catalog {
        let path = folder.path().join("log.db");
        let mut log = Catalog::create(&path).unwrap();
        let events = sizes.iter().zip(1_u64..).map(|(size, seq)| RecordedEvent {
            event: Event {
                seq: Seq(seq),
                id: seq.to_string(),
                source: "a".to_owned(),
                event_type: TypeName::new(["a.Odd", "a.Even"][usize::from(seq % 2 == 0)]).unwrap(),
                subject: None,
                time: String::new(),
                version: None,
                data: "x".repeat(*size),
                extensions: None,
            },
            recorded_at: String::new(),
            salt: [0; 16],
            hash: Digest::ZERO,
            lineup: String::new(),
            command: None,
            effects: vec![0; 2 * seq as usize],
            tasks: Vec::new(),
        });
        let events = events.map(LogOp::Event).collect();
        let commit = Commit::new(CommitSeq::ZERO, events);
        let kept = log.commit(&commit, &[], || Ok(Appended::Kept)).unwrap();
        assert_eq!(kept, Appended::Kept);
        log
    }

    fn remove(log: &Catalog, table: &str, seq: u64) {
        let sql = format!("DELETE FROM {table} WHERE seq = {seq}");
        log.connection.execute_batch(&sql).unwrap();
    }

    /// Positions that were given, and how it ended.
    fn read<T: Logged>(pieces: impl Iterator<Item = Result<Vec<T>>>) -> (Vec<u64>, Option<String>) {
        let mut seen = Vec::new();
        for piece in pieces {
            match piece {
                Ok(piece) => seen.extend(piece.iter().map(|row| row.event().seq.0)),
                Err(error) => return (seen, Some(error.message)),
            }
        }
        (seen, None)
    }

    /// Another event store's replay skipped events that were appended while it ran: positions had holes that were
    /// filled later. Here a hole stops every reading, before the hole.
    #[test]
    fn a_hole_stops_every_reading_wherever_it_is_and_whatever_is_missing() {
        let odd = ["a.Odd".to_owned()];
        for table in ["events", "effects"] {
            // At the front, inside a piece, on either side of where two meet, and at the end.
            for gone in [1, 2, 100, 256, 257, 300, 599, 600] {
                let folder = tempfile::tempdir().unwrap();
                let log = log(&folder, &[1; 600]);
                let range = || Seq(1)..=Seq(600);
                assert_eq!(log.first_missing(Seq(1), Seq(600)).unwrap(), None);
                remove(&log, table, gone);
                let ends = [
                    read(log.events(range())),
                    read(log.recorded(range())),
                    read(log.recorded(range()).only(&odd, &[])),
                    read(log.events(range()).only(&odd, &[])),
                    read(log.events(range()).only(&[], &odd)),
                ];
                for (at, (seen, ended)) in ends.into_iter().enumerate() {
                    let message = hole(Seq(gone)).message;
                    assert_eq!(ended, Some(message), "{table} {gone}, reader {at}");
                    assert!(seen.iter().all(|seq| *seq < gone), "{table} {gone}");
                    if at < 2 {
                        assert!(seen.iter().copied().eq(1..=seen.len() as u64));
                    }
                }
                // Without its last event a log is a shorter one.
                let found = log.recorded_at(Seq(gone)).map_err(|error| error.message);
                match (table, gone) {
                    ("events", 600) => assert!(found.unwrap().is_none()),
                    _ => assert_eq!(found.unwrap_err(), hole(Seq(gone)).message),
                }
                assert_eq!(read(log.events(Seq(gone + 1)..=Seq(600))).1, None);
                assert_eq!(read(log.events(Seq(1)..=Seq(gone - 1))).1, None);
            }
        }
    }

    #[test]
    fn a_range_that_goes_on_beyond_the_head_has_a_hole_there() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder, &[1; 10]);
        let (seen, ended) = read(log.events(Seq(3)..=Seq(12)));
        assert_eq!((seen, ended), (vec![], Some(hole(Seq(11)).message)));
        assert!(log.recorded_at(Seq(11)).unwrap().is_none());
        assert!(log.event_at(Seq::ZERO).unwrap().is_none());
        assert_eq!(log.event_at(Seq(10)).unwrap().unwrap().seq, Seq(10));
    }

    /// A log whose events have a megabyte of payload, and now and then one that is larger than a whole piece.
    #[test]
    fn a_piece_is_of_bounded_bytes_and_has_at_least_one_event() {
        let folder = tempfile::tempdir().unwrap();
        let mut sizes = [limits::PAYLOAD_BYTES_MAX; 24];
        sizes[9] = limits::PIECE_BYTES_MAX + 1;
        let log = log(&folder, &sizes);
        let mut counts = Vec::new();
        for piece in log.recorded(Seq(1)..=Seq(24)) {
            let piece = piece.unwrap();
            let bytes: usize = piece
                .iter()
                .map(|it| it.event.data.len() + it.effects.len())
                .sum();
            assert!(
                bytes <= limits::PIECE_BYTES_MAX || piece.len() == 1,
                "{bytes}"
            );
            counts.push(piece.len());
        }
        assert_eq!(counts.iter().sum::<usize>(), 24);
        // Three payloads and some effects in each, and the large one alone.
        assert_eq!(counts, [3, 3, 3, 1, 3, 3, 3, 3, 2]);
        let small = log.events(Seq(1)..=Seq(3)).of_bytes(1);
        assert_eq!(
            small.map(|piece| piece.unwrap().len()).collect::<Vec<_>>(),
            [1, 1, 1]
        );
        let folder = tempfile::tempdir().unwrap();
        let log = self::log(&folder, &[1; 600]);
        let counts = { log.events(Seq(1)..=Seq(600)) }.map(|piece| piece.unwrap().len());
        assert_eq!(counts.collect::<Vec<_>>(), [256, 256, 88]);
    }

    #[test]
    fn what_is_read_ahead_is_bounded_and_ends_with_whoever_takes_it() {
        let made = AtomicUsize::new(0);
        let endless = std::iter::repeat_with(|| Ok(made.fetch_add(1, Ordering::Relaxed)));
        let mut seen = 0;
        let done: Result<()> = read_ahead(endless, |pieces| {
            for piece in pieces {
                seen += 1;
                if piece? == 9 {
                    return Err(Error::refused("enough"));
                }
            }
            Ok(())
        });
        assert_eq!(done.expect_err("the taker's error").message, "enough");
        assert_eq!(seen, 10);
        // One on either side of those that wait.
        let made = made.load(Ordering::Relaxed);
        assert!(made <= seen + limits::PIECES_AHEAD + 2, "{made}");
    }

    #[test]
    fn payloads_that_stand_in_the_place_of_the_logs_are_given() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder, &[1; 4]);
        let other = Payloads::from([(Seq(3), "other".to_owned())]);
        let events = log
            .events(Seq(2)..=Seq(4))
            .with(&other)
            .next()
            .unwrap()
            .unwrap();
        let data: Vec<_> = events.iter().map(|event| event.data.as_str()).collect();
        assert_eq!(data, ["x", "other", "x"]);
    }
}
