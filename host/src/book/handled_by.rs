//! Which version handles an event that a client brings: the one in force. A client that asks for another one is told so.

use super::cloud_event::Incoming;
use super::open::Book;
use crate::model::error::Problem;
use crate::model::{Error, PluginVersion, Result, VersionDate};

impl Book {
    /// The version of an event's own plugin that will handle it. Refused where its caller (`pin`) or its envelope
    /// (`version`) asks for another one: nobody is to believe that it did.
    pub(super) fn handled_by(
        &self,
        incoming: &Incoming,
        pin: Option<VersionDate>,
    ) -> Result<Option<VersionDate>> {
        let plugin = incoming.event_type.plugin();
        let present = self.lineup().version(plugin);
        let Some(in_force) = present else {
            return Ok(None);
        };
        let said = incoming.version()?;
        let asked = said.or(pin.filter(|pin| *pin < in_force));
        match asked.filter(|asked| *asked != in_force) {
            None => Ok(present),
            Some(asked) => Err(other(plugin, in_force, asked)?),
        }
    }
}

fn other(plugin: &str, in_force: VersionDate, asked: VersionDate) -> Result<Error> {
    let in_force = PluginVersion {
        plugin: plugin.parse()?,
        date: in_force,
    };
    let text = format!(
        "events of '{plugin}' are handled by {in_force}, which is in force, and not by the version of {asked}"
    );
    Ok(Error::refused(text)
        .problem(Problem::Unknown)
        .hint("leave the version out: Daybook-Version of the request, version of the event"))
}
