//! A projection materialized from the log again, under a schedule.

use super::{OnProgress, Payloads, Progress, Source, put_in_place, read_ahead};
use crate::engine::{Library, Player, start};
use crate::model::{Error, Result, Schedule, Seq};
use crate::store::{BookDir, Catalog};

pub(crate) fn source<'a>(dir: &BookDir, payloads: &'a Payloads) -> Result<Source<'a>> {
    let log = Catalog::open(&dir.log())?;
    Ok(Box::new(move |from, to, count_max| {
        let mut events = log.read(from, to, count_max)?;
        if !payloads.is_empty() {
            events
                .iter_mut()
                .for_each(|event| put_in_place(payloads, event));
        }
        Ok(events)
    }))
}

#[expect(
    clippy::too_many_arguments,
    reason = "each is a different role, named at each call"
)]
/// Materializes `1..=to` under a schedule into a new projection file, from the nearest snapshot that fits, with other
/// payloads for some events.
pub(crate) fn build(
    dir: &BookDir,
    log: &Catalog,
    library: &mut Library,
    schedule: &Schedule,
    path: &std::path::Path,
    to: Seq,
    payloads: &Payloads,
    progress: OnProgress<'_>,
) -> Result<()> {
    let plan = library.plan(log, schedule)?;
    // A snapshot is of the log as it is.
    let changed = payloads.keys().next().map_or(to, |first| Seq(first.0 - 1));
    let start = start(dir, log, schedule, to.min(changed))?;
    let mut player = Player::begin(library.runtime.clone(), plan, path, start.as_ref())?;
    let first = player.materializer.head().position;
    let source = source(dir, payloads)?;
    read_ahead(source, first.next(), to, |events| {
        for event in &events {
            player.run(event).map_err(Error::from)?;
            player.keep()?;
        }
        player.end_batch()?;
        progress(Progress {
            done: events.last().map_or(0, |event| event.seq.0) - first.0,
            total: to.0 - first.0,
        });
        Ok(())
    })?;
    player.materializer.into_projection().finish().map(|_| ())
}
