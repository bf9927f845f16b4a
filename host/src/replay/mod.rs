//! Replay: a range of the log, in order, in batches, to whoever wants it. Knows neither disk nor engine.

use crate::model::{Event, Seq};

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

/// Reads `from..=to` through `read(from, to, count_max)` and hands over batch after batch. A batch that does not
/// begin where the last one ended is an error: nothing is ever skipped.
pub fn batches<E>(
    from: Seq,
    to: Seq,
    batch: usize,
    mut read: impl FnMut(Seq, Seq, usize) -> Result<Vec<Event>, E>,
    gap: impl Fn(Seq) -> E,
    mut visit: impl FnMut(Vec<Event>) -> Result<(), E>,
) -> Result<(), E> {
    let mut next = from;
    while next <= to {
        let events = read(next, to, batch)?;
        if events.is_empty() {
            return Err(gap(next));
        }
        for event in &events {
            if event.seq != next {
                return Err(gap(next));
            }
            next = next.next();
        }
        visit(events)?;
    }
    Ok(())
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
        let read = |from: Seq, to: Seq, max: usize| -> Result<Vec<Event>, Seq> {
            Ok((from.0..=to.0)
                .filter(|seq| *seq != 7)
                .take(max)
                .map(event)
                .collect())
        };
        let mut seen = Vec::new();
        let result = batches(
            Seq(1),
            Seq(9),
            3,
            read,
            |at| at,
            |events| {
                seen.extend(events.iter().map(|event| event.seq.0));
                Ok(())
            },
        );
        assert_eq!(result, Err(Seq(7)));
        assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    }
}
