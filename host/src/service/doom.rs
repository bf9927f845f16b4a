//! Events of doom: those that a choice of logic cannot materialize, what other versions make of them, and what follows
//! when they are skipped.

use super::book::{Book, remove_projection};
use super::materializer::{Doom, Failure};
use super::player::Player;
use super::replays::Picked;
use crate::model::log::EventLog;
use crate::model::{Error, PluginVersion, Result, Seq, limits};
use crate::replay::{OnProgress, Progress, READ};

/// What another version makes of an event: rows changed and tasks asked for, or why it cannot.
pub type Tried = (PluginVersion, Result<(usize, usize), String>);

/// An event that could not be materialized.
#[derive(Debug, Clone)]
pub struct FoundDoom {
    pub doom: Doom,
    /// The plugin's other versions on the same event and state.
    pub others: Vec<Tried>,
}

/// What a search came to.
#[derive(Debug, Clone, Default)]
pub struct Dooms {
    /// Events that were run.
    pub events: u64,
    /// The first ones, in the order of the log.
    pub found: Vec<FoundDoom>,
    /// How many there were beyond those.
    pub more: u64,
}

impl Book {
    /// Replays the log and looks for events of doom. Stops at the first one; or goes on as if it were skipped, so that
    /// what is found after it is what skipping it would lead to. The book is as it was.
    pub fn find_dooms(
        &mut self,
        picked: &Picked,
        keep_going: bool,
        progress: OnProgress<'_>,
    ) -> Result<Dooms> {
        let path = self.dir.projection("doom.building");
        remove_projection(&path)?;
        let found = self.look_for_dooms(picked, keep_going, &path, progress);
        remove_projection(&path)?;
        found
    }

    fn look_for_dooms(
        &mut self,
        picked: &Picked,
        keep_going: bool,
        path: &std::path::Path,
        progress: OnProgress<'_>,
    ) -> Result<Dooms> {
        let schedule = self.schedule_of(picked)?;
        let plan = self.plan(&schedule)?;
        let mut player = Player::new(self.library.runtime.clone(), plan, path)?;
        let mut dooms = Dooms::default();
        let (mut next, to) = (Seq(1), self.head());
        let mut uncommitted = 0;
        while next <= to {
            let events = self.log.read(next, to, READ)?;
            if events.first().is_none_or(|event| event.seq != next) {
                return Err(Error::corrupt(format!(
                    "event {next} is missing in the log"
                )));
            }
            uncommitted += events.len();
            for event in &events {
                next = event.seq.next();
                dooms.events += 1;
                let doom = match player.run(event) {
                    Ok(_) => {
                        player.keep()?;
                        continue;
                    }
                    Err(Failure::Doom(doom)) => *doom,
                    Err(Failure::Host(error)) => return Err(error),
                };
                if dooms.found.len() == limits::DOOMS_TOLD_MAX {
                    dooms.more += 1;
                    continue;
                }
                let others = self.try_others(&mut player, &doom, event)?;
                dooms.found.push(FoundDoom { doom, others });
                if !keep_going {
                    return Ok(dooms);
                }
            }
            if uncommitted >= limits::REPLAY_BATCH {
                player.materializer.commit()?;
                uncommitted = 0;
            }
            progress(Progress {
                done: next.0 - 1,
                total: to.0,
            });
        }
        Ok(dooms)
    }

    /// Every other loaded version of the plugin on the same event and the same state.
    fn try_others(
        &mut self,
        player: &mut Player,
        doom: &Doom,
        event: &crate::model::Event,
    ) -> Result<Vec<Tried>> {
        let known = self.log.versions()?.into_iter();
        let known = known.map(|stored| stored.version);
        let others = known.filter(|it| it.plugin == doom.version.plugin && *it != doom.version);
        let others: Vec<PluginVersion> = others.collect();
        let lineup = player.materializer.program().lineup.clone();
        let mut tried = Vec::new();
        for version in others {
            let lineup = lineup.with(std::slice::from_ref(&version));
            let made = match self.library.program(&self.log, &lineup) {
                Err(error) => Err(error.message),
                Ok(program) => match player.materializer.probe(&program, event) {
                    Ok(outcome) => {
                        let effects = outcome.effects;
                        Ok((effects.changes.len(), effects.tasks.len()))
                    }
                    Err(Failure::Doom(doom)) => Err(doom.error.to_string()),
                    Err(Failure::Host(error)) => Err(error.message),
                },
            };
            tried.push((version, made));
        }
        Ok(tried)
    }
}
