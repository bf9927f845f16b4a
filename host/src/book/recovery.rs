//! The live projection after a crash: as it is, caught up with the log and checked, or built again.

use std::ops::ControlFlow;
use std::path::Path;

use crate::engine::{Library, Materializer, Plan, Player};
use crate::history::{History, OnProgress, play};
use crate::model::{Error, ErrorKind, ProjectionRecord, Result, Seq};
use crate::store::{Catalog, Projection, remove_projection};

/// Where the log says which file was patched, and by which event: until the file has that event, it lacks the patch.
pub(crate) const PATCHED: &str = "patched";

/// The live projection, current: as it is, caught up, or built again.
pub(super) fn recover(
    history: &mut History,
    record: &ProjectionRecord,
    head: Seq,
    progress: OnProgress<'_>,
) -> Result<Materializer> {
    let path = history.dir.projection_to_write(&record.file);
    let plan = history.plan(&record.schedule)?;
    let History { log, library, .. } = history;
    let epoch = log.epochs()?.last().map_or(Seq(1), |(from, _)| *from);
    if path.is_file() {
        match open_at(library, log, record, &plan, &path, head) {
            Ok(mut player) => {
                catch_up(log, &mut player, epoch, head, progress)?;
                return Ok(player.materializer);
            }
            // What is damaged or from elsewhere is only state: it is built again.
            Err(error) if matches!(error.kind, ErrorKind::Corrupt | ErrorKind::Internal) => {
                tracing::warn!(%error, "the live projection cannot be used; building it again");
            }
            Err(error) => return Err(error),
        }
    }
    remove_projection(&path)?;
    let building = path.with_extension("building");
    remove_projection(&building)?;
    let mut player = Player::new(library.runtime.clone(), plan.clone(), &building)?;
    catch_up(log, &mut player, epoch, head, progress)?;
    player.materializer.into_projection().finish()?;
    std::fs::rename(&building, &path)
        .map_err(|error| Error::io(format!("putting {} in place", path.display()), error))?;
    Ok(Player::resume(library.runtime.clone(), plan, &path, head)?.materializer)
}

fn open_at(
    library: &Library,
    log: &Catalog,
    record: &ProjectionRecord,
    plan: &Plan,
    path: &Path,
    head: Seq,
) -> Result<Player> {
    let position = Projection::position_of(path)?;
    if lacks_patch(log, record, position)? {
        return Err(Error::corrupt(format!(
            "{} lacks the patch of the last promotion",
            path.display()
        )));
    }
    if position > head {
        return Err(Error::corrupt(format!(
            "{} is at event {position}, ahead of the log's {head}",
            path.display()
        )));
    }
    Player::resume(library.runtime.clone(), plan.clone(), path, position)
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
            .hint("daybook verify BOOK shows the first difference"));
        }
        player.keep()?;
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
