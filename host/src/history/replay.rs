//! Replay: a player that goes through the log, and a reader that is a little ahead of it.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

use crate::engine::Player;
use crate::model::progress::{OnProgress, Progress, silent};
use crate::model::{Error, Result, Seq, limits};
use crate::store::{Catalog, Logged};

/// Lets a player go through pieces of the log that end at `to`. `step` runs each event, and may end it with what it found.
/// Between two pieces the player commits, where so much is kept that it should.
pub(crate) fn play<T: Logged, B>(
    player: &mut Player,
    pieces: impl Iterator<Item = Result<Vec<T>>>,
    to: Seq,
    progress: OnProgress<'_>,
    mut step: impl FnMut(&mut Player, T) -> Result<ControlFlow<B>>,
) -> Result<Option<B>> {
    let first = player.materializer.head().position.0;
    for piece in pieces {
        let mut last = first;
        for logged in piece? {
            last = logged.event().seq.0;
            if let ControlFlow::Break(found) = step(player, logged)? {
                return Ok(Some(found));
            }
        }
        player.materializer.end_batch()?;
        progress(Progress {
            done: last - first,
            total: to.0 - first,
        });
    }
    Ok(None)
}

/// Runs and keeps all events behind a player's position, up to another one. An event of doom is an error.
pub(crate) fn advance(player: &mut Player, log: &Catalog, to: Seq) -> Result<()> {
    let events = log.events(player.materializer.head().position.next()..=to);
    play(player, events, to, &mut silent(), |player, event| {
        player.run(&event).map_err(Error::from)?;
        player.apply()?;
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    Ok(())
}

/// Has pieces read on a thread of their own, a little ahead of `work`, which need not take them all.
pub(crate) fn read_ahead<T: Send, R>(
    pieces: impl Iterator<Item = Result<T>> + Send,
    work: impl FnOnce(&mut dyn Iterator<Item = Result<T>>) -> Result<R>,
) -> Result<R> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(limits::PIECES_AHEAD);
        let reader = scope.spawn(move || {
            for piece in pieces {
                // Whoever has enough does not listen any more.
                if sender.send(piece).is_err() {
                    break;
                }
            }
        });
        let mut ahead = receiver.into_iter();
        let done = work(&mut ahead);
        drop(ahead);
        match reader.join() {
            Ok(()) => done,
            Err(_) => done.and(Err(Error::internal("the reader of the log panicked"))),
        }
    })
}
