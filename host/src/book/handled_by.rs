//! Which version handles what a caller brings: the one in force; or, where its plugin is served by the date of each caller
//! (the policy `stamped`), the version of that date. A caller that asks for another one is told so.

use std::sync::Arc;

use super::cloud_event::Incoming;
use super::open::Book;
use crate::engine::Program;
use crate::model::error::Problem;
use crate::model::log::PinUse;
use crate::model::{Error, Lineup, PluginVersion, Result, VersionDate, clock};

impl Book {
    /// The version of an event's own plugin that will handle it. Refused where its caller (`pin`) or its envelope
    /// (`version`) asks for another one than it would get: nobody is to believe that it did.
    pub(super) fn handled_by(
        &self,
        incoming: &Incoming,
        pin: Option<VersionDate>,
    ) -> Result<Option<VersionDate>> {
        let plugin = incoming.event_type.plugin();
        let lineup = self.lineup();
        let Some(in_force) = lineup.version(plugin) else {
            return Ok(None);
        };
        match (incoming.version()?, pin) {
            (Some(said), _) if said == in_force || lineup.earlier(plugin).contains(&said) => {
                Ok(Some(said))
            }
            (Some(said), _) => Err(other(&lineup, plugin, in_force, said)?),
            (None, Some(pin)) => match lineup.stamped_at(plugin, pin) {
                Some(date) => Ok(Some(date)),
                None if pin >= in_force => Ok(Some(in_force)),
                None => Err(other(&lineup, plugin, in_force, pin)?),
            },
            (None, None) => Ok(Some(in_force)),
        }
    }

    /// What answers a command of a caller of a date, and handles what comes of it: what is in force, unless the plugin is
    /// served by its callers' dates.
    pub(super) fn serving(
        &self,
        program: &Arc<Program>,
        plugin: &str,
        pin: Option<VersionDate>,
    ) -> Result<Arc<Program>> {
        let lineup = &program.lineup;
        let Some(pin) = pin.filter(|_| !lineup.earlier(plugin).is_empty()) else {
            return Ok(program.clone());
        };
        match (lineup.stamped_at(plugin, pin), lineup.version(plugin)) {
            (None, Some(in_force)) => Err(other(lineup, plugin, in_force, pin)?),
            (date, _) => Ok(program.of_version(plugin, date).clone()),
        }
    }

    /// That a caller asked for a version by its date, and got this one.
    pub(super) fn pin_use(
        &self,
        plugin: &str,
        date: Option<VersionDate>,
        actor: Option<String>,
    ) -> Result<Option<PinUse>> {
        let Some(date) = date else {
            return Ok(None);
        };
        Ok(Some(PinUse {
            version: PluginVersion {
                plugin: plugin.parse()?,
                date,
            },
            actor,
            at: clock::now(),
        }))
    }
}

/// The version that was asked for is not to be had.
fn other(
    lineup: &Lineup,
    plugin: &str,
    in_force: VersionDate,
    asked: VersionDate,
) -> Result<Error> {
    let in_force = PluginVersion {
        plugin: plugin.parse()?,
        date: in_force,
    };
    let error = match lineup.earlier(plugin).last() {
        None => Error::refused(format!(
            "events of '{plugin}' are handled by {in_force}, which is in force, and not by the version of {asked}"
        ))
        .hint(format!(
            "leave the version out (Daybook-Version of a request, version of an event); or have callers served by their dates: daybook activate BOOK {in_force} --policy stamped"
        )),
        Some(oldest) => Error::refused(format!(
            "no version of '{plugin}' of {asked} serves callers of their dates; the oldest that does is {oldest}"
        ))
        .hint(format!("versions that do: {in_force} and {}", dates(lineup.earlier(plugin)))),
    };
    Ok(error.problem(Problem::Unknown))
}

fn dates(dates: &[VersionDate]) -> String {
    let dates: Vec<String> = dates.iter().map(ToString::to_string).collect();
    dates.join(", ")
}
