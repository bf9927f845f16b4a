//! Events of doom: those that a choice of logic cannot materialize, what other versions make of them, and what follows
//! when they are skipped. And the ways past one: what each would lead to, and taking it.

use std::ops::ControlFlow;

use super::onlooker::Study;
use super::replays::Picked;
use crate::diff::{Difference, EventDiff, FinalRow, Sink, Summary};
use crate::engine::Player;
use crate::engine::{Doom, Failure};
use crate::history::{OnProgress, Payloads, play};
use crate::model::{Error, Event, PluginVersion, Result, Seq, limits};
use crate::store::Temporary;

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

/// A way past an event of doom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Nobody handles the event: an amendment.
    Skip,
    /// Another payload, as JSON text: an amendment.
    Amend(String),
    /// This version handles it, wherever versions are pinned.
    Pin(PluginVersion),
}

/// What a remedy would lead to: history under the chosen logic and with the remedy, beside the live state as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub remedy: Remedy,
    /// The event itself is still one of doom; then what follows is as if it were skipped.
    pub still_doomed: bool,
    /// Events of doom in the whole log.
    pub dooms: u64,
    /// Events with other effects than those of the live state.
    pub events: u64,
    /// Rows that end otherwise than the live state's.
    pub rows: u64,
}

/// Watches one event, and counts the rows.
struct Counting {
    seq: Seq,
    still_doomed: bool,
    rows: u64,
}

impl Sink for Counting {
    fn event(&mut self, diff: &EventDiff, _: &[bool]) -> Result<()> {
        let fails = |it: &Difference| {
            matches!(
                it,
                Difference::Doom {
                    candidate: Some(_),
                    ..
                }
            )
        };
        self.still_doomed |= diff.seq == self.seq && diff.differences.iter().any(fails);
        Ok(())
    }
    fn final_row(&mut self, _: &FinalRow, _: bool) -> Result<()> {
        self.rows += 1;
        Ok(())
    }
    fn finish(&mut self, _: &Summary) -> Result<()> {
        Ok(())
    }
}

impl Study<'_> {
    /// What a remedy of an event would lead to under a choice of logic. The book is as it was.
    pub fn forecast(
        &mut self,
        picked: &Picked,
        seq: Seq,
        remedy: &Remedy,
        progress: OnProgress<'_>,
    ) -> Result<Forecast> {
        let mut payloads = Payloads::new();
        let schedule = match remedy {
            Remedy::Pin(version) => {
                let Picked::Pinned(versions) = picked else {
                    return Err(Error::usage(
                        "a replay of what was recorded is pinned to nothing",
                    ));
                };
                self.history.library.find(version)?;
                let mut pins = self.history.log.event_pins()?;
                pins.retain(|(event, _)| *event != seq);
                pins.push((seq, version.clone()));
                pins.sort();
                let lineup = self.lineup().with(versions);
                self.pinned_with(lineup, &pins)?
            }
            other => {
                let data = match other {
                    Remedy::Amend(data) => data.trim().to_owned(),
                    _ => String::new(),
                };
                payloads.insert(seq, data);
                self.schedule_of(picked)?
            }
        };
        let mut counting = Counting {
            seq,
            still_doomed: false,
            rows: 0,
        };
        let none = std::collections::BTreeSet::new();
        let foreseen = self.foresee_under(
            &schedule,
            &payloads,
            &none,
            String::new(),
            &mut counting,
            progress,
        )?;
        Ok(Forecast {
            remedy: remedy.clone(),
            still_doomed: counting.still_doomed,
            dooms: foreseen.summary.dooms.1,
            events: foreseen.summary.differing.total(),
            rows: counting.rows,
        })
    }

    /// Replays the log and looks for events of doom. Stops at the first one; or goes on as if it were skipped, so that
    /// what is found after it is what skipping it would lead to. The book is as it was.
    pub fn find_dooms(
        &mut self,
        picked: &Picked,
        keep_going: bool,
        progress: OnProgress<'_>,
    ) -> Result<Dooms> {
        let path = self.temporary("doom");
        let _temporary = Temporary::new(std::slice::from_ref(&path))?;
        let schedule = self.schedule_of(picked)?;
        let mut player = self.history.player(&schedule, &path)?;
        let mut dooms = Dooms::default();
        let to = self.head();
        // Other versions are loaded on the way: the log is read on a connection of its own.
        let events = self.history.events_apart(Seq(1)..=to)?;
        play(&mut player, events, to, progress, |player, event| {
            dooms.events += 1;
            let doom = match player.run(&event) {
                Ok(_) => {
                    player.apply()?;
                    return Ok(ControlFlow::Continue(()));
                }
                Err(Failure::Doom(doom)) => *doom,
                Err(Failure::Host(error)) => return Err(error),
            };
            if dooms.found.len() == limits::DOOMS_TOLD_MAX {
                dooms.more += 1;
                return Ok(ControlFlow::Continue(()));
            }
            let others = self.try_others(player, &doom, &event)?;
            dooms.found.push(FoundDoom { doom, others });
            Ok(match keep_going {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            })
        })?;
        Ok(dooms)
    }

    /// Every other loaded version of the plugin on the same event and the same state.
    fn try_others(
        &mut self,
        player: &mut Player,
        doom: &Doom,
        event: &Event,
    ) -> Result<Vec<Tried>> {
        let known = self.history.log.versions()?.into_iter();
        let known = known.map(|stored| stored.version);
        let others = known.filter(|it| it.plugin == doom.version.plugin && *it != doom.version);
        let others: Vec<PluginVersion> = others.collect();
        let lineup = player.materializer.program().lineup.clone();
        let mut tried = Vec::new();
        for version in others {
            let lineup = lineup.with(std::slice::from_ref(&version));
            let made = match self.history.program(&lineup) {
                Err(error) => Err(error.message),
                Ok(program) => match player.materializer.probe(&program, event) {
                    Ok(outcome) => {
                        let effects = outcome.effects;
                        Ok((effects.changes.len(), effects.tasks.len()))
                    }
                    Err(Failure::Doom(doom)) => Err(doom.error.to_string()),
                    Err(Failure::Host(error)) => return Err(error),
                },
            };
            tried.push((version, made));
        }
        Ok(tried)
    }
}
