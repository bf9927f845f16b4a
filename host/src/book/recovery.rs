//! The live projection when a book is opened: as it is, caught up with the log and checked, or built again.

use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::{Materializer, Plan, Player};
use crate::history::{History, OnProgress, play};
use crate::model::{Error, ErrorKind, ProjectionRecord, Result, Seq};
use crate::store::{Catalog, remove_projection};

/// Where the log says which file was patched, and by which event: until the file has that event, it lacks the patch.
pub(crate) const PATCHED: &str = "patched";

/// What the effects that events have now must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// Those that were recorded in the present epoch.
    Recorded,
    /// Whatever they are: the recorded ones are to be put right.
    Anything,
}

/// The live projection, current: as it is, caught up, or built again.
pub(super) fn recover(
    history: &mut History,
    record: &ProjectionRecord,
    head: Seq,
    expect: Expect,
    progress: OnProgress<'_>,
) -> Result<Materializer> {
    let path = history.dir.projection_to_write(&record.file);
    let plan = history.plan(&record.schedule)?;
    // The first event whose recorded effects are those of the present epoch.
    let epoch = match expect {
        Expect::Recorded => history
            .log
            .epochs()?
            .last()
            .map_or(Seq(1), |(from, _)| *from),
        Expect::Anything => head.next(),
    };
    if path.is_file() {
        match open_at(history, record, &plan, &path) {
            Ok(mut player) => {
                history.remind(&mut player, head)?;
                catch_up(&history.log, &mut player, epoch, head, progress)?;
                return Ok(player.materializer);
            }
            // What is damaged or from elsewhere is only state: it is built again.
            Err(error) if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Internal) => {
                tracing::warn!(%error, "the live projection cannot be used; it is built again from the log");
            }
            Err(error) => return Err(error),
        }
    }
    remove_projection(&path)?;
    let building = path.with_extension("building");
    remove_projection(&building)?;
    let runtime = history.library.runtime.clone();
    let mut player = Player::new(runtime.clone(), plan.clone(), &building)?;
    catch_up(&history.log, &mut player, epoch, head, progress)?;
    history.finish(player)?;
    std::fs::rename(&building, &path)
        .map_err(|error| Error::io(format!("putting {} in place", path.display()), error))?;
    Ok(Player::resume(runtime, plan, &path, head)?.materializer)
}

fn open_at(
    history: &History,
    record: &ProjectionRecord,
    plan: &Plan,
    path: &Path,
) -> Result<Player> {
    let position = history.log.position_of(path)?;
    if lacks_patch(&history.log, record, position)? {
        return Err(Error::corrupt(format!(
            "{} lacks the patch of the last promotion",
            path.display()
        )));
    }
    let runtime = history.library.runtime.clone();
    Player::resume(runtime, plan.clone(), path, position)
}

/// Materializes what is missing, and checks it against what was recorded in the present epoch.
fn catch_up(
    log: &Catalog,
    player: &mut Player,
    epoch: Seq,
    head: Seq,
    progress: OnProgress<'_>,
) -> Result<()> {
    let missing = log.recorded(player.materializer.head().position.next()..=head);
    play(player, missing, head, progress, |player, record| {
        let event = &record.event;
        let outcome = player.run(event).map_err(Error::from)?;
        if event.seq >= epoch && outcome.body != record.effects {
            return Err(Error::corrupt(format!(
                "event {} ({}) now has other effects than were recorded",
                event.seq, event.event_type
            ))
            .hint("daybook reconcile BOOK --repair --reason TEXT builds the state from the events alone, and puts the effects right"));
        }
        let origin = log.origin(&record.hash)?;
        player.materializer.projection().set_origin(origin);
        player.apply()?;
        Ok(ControlFlow::<()>::Continue(()))
    })?;
    player.materializer.commit()
}

/// True where a projection's file lacks the patch that its schedule tells of: a crash came between the log's commit and its
/// own.
fn lacks_patch(log: &Catalog, record: &ProjectionRecord, position: Seq) -> Result<bool> {
    let Some(text) = log.meta(PATCHED)? else {
        return Ok(false);
    };
    let patched = text
        .split_once(' ')
        .and_then(|(file, seq)| Some((file, seq.parse().ok().map(Seq)?)));
    Ok(patched.is_some_and(|(file, seq)| file == record.file && position < seq))
}
