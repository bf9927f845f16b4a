//! Events of doom: those that a choice of logic cannot materialize, what other versions make of them, and what follows
//! when they are skipped.

use super::book::Book;
use super::diffs::Temporary;
use super::materializer::{Doom, Failure};
use super::past::Payloads;
use super::player::Player;
use super::replays::Picked;
use crate::model::{Event, PluginVersion, Result, Seq, limits};
use crate::replay::{OnProgress, Progress, read};

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
        let _temporary = Temporary::new(std::slice::from_ref(&path))?;
        let schedule = self.schedule_of(picked)?;
        let plan = self.plan(&schedule)?;
        let mut player = Player::new(self.library.runtime.clone(), plan, &path)?;
        let mut dooms = Dooms::default();
        let (none, to) = (Payloads::new(), self.head());
        let mut looked = Ok(true);
        read(self.source(&none)?, Seq(1), to, |events| {
            looked = self.look_at(&mut player, &events, keep_going, &mut dooms);
            progress(Progress {
                done: dooms.events,
                total: to.0,
            });
            matches!(looked, Ok(true))
        })?;
        looked.map(|_| dooms)
    }

    /// Runs a piece of the log; false where an event of doom ends the search.
    fn look_at(
        &mut self,
        player: &mut Player,
        events: &[Event],
        keep_going: bool,
        dooms: &mut Dooms,
    ) -> Result<bool> {
        for event in events {
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
            let others = self.try_others(player, &doom, event)?;
            dooms.found.push(FoundDoom { doom, others });
            if !keep_going {
                return Ok(false);
            }
        }
        player.end_batch()?;
        Ok(true)
    }

    /// Every other loaded version of the plugin on the same event and the same state.
    fn try_others(
        &mut self,
        player: &mut Player,
        doom: &Doom,
        event: &Event,
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
