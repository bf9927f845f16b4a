//! Replay: a range of the log, in order, in batches, to whoever wants it. Knows neither disk nor engine.

use std::sync::mpsc::sync_channel;

use crate::model::{Error, Event, Result, Seq};

/// How far something long is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
}

/// Told now and then; may draw a bar.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

/// Nobody is watching.
pub fn silent() -> impl FnMut(Progress) {
    |_| {}
}

/// Reads `from..=to`, at most so many.
pub type Source<'a> = Box<dyn FnMut(Seq, Seq, usize) -> Result<Vec<Event>> + Send + 'a>;

/// Events read at once: large enough to make hand-over cheap, small enough to stay in cache.
pub const READ: usize = 256;
/// Such pieces the reader may be ahead.
const AHEAD: usize = 4;

/// What is to be said of a log in which a position is missing.
pub fn hole(at: Seq) -> Error {
    Error::corrupt(format!("event {at} is missing in the log"))
}

/// Reads `from..=to` and hands over piece after piece, until one is not wanted (`false`). A piece that does not begin
/// where the last one ended is an error: nothing is ever skipped.
pub fn read(
    mut source: Source<'_>,
    from: Seq,
    to: Seq,
    mut take: impl FnMut(Vec<Event>) -> bool,
) -> Result<()> {
    let mut next = from;
    while next <= to {
        let events = source(next, to, READ)?;
        if events.is_empty() {
            return Err(hole(next));
        }
        for event in &events {
            if event.seq != next {
                return Err(hole(next));
            }
            next = next.next();
        }
        if !take(events) {
            break;
        }
    }
    Ok(())
}

/// As `read`, on a thread of its own, a little ahead of the visitor.
pub fn read_ahead(
    source: Source<'_>,
    from: Seq,
    to: Seq,
    mut visit: impl FnMut(Vec<Event>) -> Result<()>,
) -> Result<()> {
    std::thread::scope(|scope| {
        let (sender, pieces) = sync_channel(AHEAD);
        let reader =
            scope.spawn(move || read(source, from, to, |events| sender.send(events).is_ok()));
        let visited = pieces.iter().try_for_each(&mut visit);
        // The reader stops when it is not listened to any more.
        drop(pieces);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Error::internal("the reader of the log panicked")));
        visited.and(read)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TypeName;

    fn event(seq: u64) -> Event {
        Event {
            seq: Seq(seq),
            id: String::new(),
            source: String::new(),
            event_type: TypeName::new("a.B").unwrap(),
            subject: None,
            time: String::new(),
            version: None,
            data: String::new(),
            extensions: None,
        }
    }

    /// Another event store's replay skipped events that were appended while it ran: positions had holes that were
    /// filled later. Here a hole stops the replay.
    #[test]
    fn a_hole_in_the_log_stops_the_replay_at_the_hole() {
        let source = |from: Seq, to: Seq, max: usize| -> Result<Vec<Event>> {
            Ok((from.0..=to.0)
                .filter(|seq| *seq != 700)
                .take(max)
                .map(event)
                .collect())
        };
        let mut seen = Vec::new();
        let result = read_ahead(Box::new(source), Seq(1), Seq(900), |events| {
            seen.extend(events.iter().map(|event| event.seq.0));
            Ok(())
        });
        let message = result.expect_err("a hole is an error").message;
        assert_eq!(message, "event 700 is missing in the log");
        assert!(seen.len() < 700 && seen.iter().copied().eq(1..=seen.len() as u64));
    }

    #[test]
    fn a_visitor_that_fails_ends_the_reading() {
        let source = |from: Seq, _: Seq, max: usize| Ok((from.0..).take(max).map(event).collect());
        let mut seen = 0;
        let result = read_ahead(Box::new(source), Seq(1), Seq(u64::MAX - 1), |events| {
            seen += events.len();
            match seen {
                0..2_000 => Ok(()),
                _ => Err(Error::refused("enough")),
            }
        });
        assert_eq!(result.expect_err("the visitor's error").message, "enough");
    }
}
