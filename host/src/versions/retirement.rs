//! Where a version stands in its life, who needs it, and its end.

use crate::book::SystemEvent;
use crate::model::log::LogOp;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::listing::Listing;
use super::load::VersionLine;
use crate::book::Book;
use crate::model::error::Problem;
use crate::model::event::VERSION_RETIRED;
use crate::model::{Error, Lineup, PluginVersion, Result, Schedule, Seq, clock};
use crate::model::{ProjectionRecord, Role};
use crate::store::{Catalog, Pinned};

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// Registered and in no use.
    Loaded,
    /// A shadow runs it.
    Shadow,
    /// In force, or extended by a version that is.
    Live,
    /// The standby runs it.
    Standby,
    /// Given up: nobody gets it any more.
    Retired,
}

impl VersionState {
    pub fn as_str(self) -> &'static str {
        match self {
            VersionState::Loaded => "loaded",
            VersionState::Shadow => "shadow",
            VersionState::Live => "live",
            VersionState::Standby => "standby",
            VersionState::Retired => "retired",
        }
    }
}

impl std::str::FromStr for VersionState {
    type Err = Error;

    fn from_str(text: &str) -> Result<VersionState> {
        [
            VersionState::Loaded,
            VersionState::Shadow,
            VersionState::Live,
            VersionState::Standby,
            VersionState::Retired,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| Error::corrupt(format!("'{text}' is no state of a version")))
    }
}

impl Book {
    /// Gives a version up, where nothing and nobody needs it: it is neither listed as a choice nor answers a pin. Its code
    /// stays in the log; loading the same again takes the retirement back.
    pub fn retire(
        &mut self,
        version: &PluginVersion,
        reason: Option<&str>,
        actor: Option<&str>,
    ) -> Result<Seq> {
        self.check_current()?;
        self.history.library.find(version)?;
        let needed =
            Lives::read(&self.history.log)?.needed_by(&Listing::read(&self.history.log)?, version);
        if !needed.is_empty() {
            return Err(Error::refused(format!(
                "{version} cannot be retired: {}",
                needed.join("; ")
            ))
            .problem(Problem::Needed)
            .hint(
                "what is needed for a replay or by a caller stays; daybook versions tells of each",
            ));
        }
        let at = clock::now();
        let data = json!({
            "plugin": version.plugin.as_str(),
            "version": version.date.to_string(),
            "reason": reason,
            "actor": actor,
        });
        let seq = self.append_system(SystemEvent {
            event_type: VERSION_RETIRED,
            data: data.to_string(),
            ops: vec![LogOp::Retired {
                version: version.clone(),
                at,
                reason: reason.map(str::to_owned),
            }],
            local: Vec::new(),
        })?;
        self.history.reload()?;
        self.live.materializer.keep()?;
        self.commit_live()?;
        Ok(seq)
    }
}

/// What the log says of all versions' lives.
struct Lives {
    retired: BTreeMap<PluginVersion, String>,
    pins: BTreeMap<PluginVersion, Vec<Pinned>>,
    projections: Vec<ProjectionRecord>,
    epochs: Vec<(Seq, Schedule)>,
    event_pins: Vec<(Seq, PluginVersion)>,
}

/// Fills in where each version stands and who needs it.
pub(crate) fn tell_lives(
    log: &Catalog,
    listing: &Listing,
    lines: &mut [VersionLine],
) -> Result<()> {
    let lives = Lives::read(log)?;
    for line in lines {
        line.state = lives.state(listing, &line.version);
        line.pins = lives.pins.get(&line.version).cloned().unwrap_or_default();
        line.needed_by = lives.needed_by(listing, &line.version);
    }
    Ok(())
}

impl Lives {
    fn read(log: &Catalog) -> Result<Lives> {
        Ok(Lives {
            retired: log.retired()?,
            pins: log.pins()?,
            projections: log.projections()?,
            epochs: log.epochs()?,
            event_pins: log.event_pins()?,
        })
    }

    fn state(&self, listing: &Listing, version: &PluginVersion) -> VersionState {
        let runs = |role: Role| {
            let mut of_role = self.projections.iter().filter(|it| it.role == role);
            of_role.any(|record| listing.runs(&record.schedule.last(), version))
        };
        match () {
            () if self.retired.contains_key(version) => VersionState::Retired,
            () if runs(Role::Live) => VersionState::Live,
            () if runs(Role::Shadow) => VersionState::Shadow,
            () if runs(Role::Standby) => VersionState::Standby,
            () => VersionState::Loaded,
        }
    }

    /// Why a version cannot be retired; nothing where it can.
    fn needed_by(&self, listing: &Listing, version: &PluginVersion) -> Vec<String> {
        let mut reasons = Vec::new();
        let extended: Vec<_> = listing
            .extending(version)
            .filter(|other| !self.retired.contains_key(other))
            .map(ToString::to_string)
            .collect();
        if !extended.is_empty() {
            reasons.push(format!("{} extends it", extended.join(", ")));
        }
        for record in &self.projections {
            if schedule_runs(listing, &record.schedule, version) {
                reasons.push(format!("the {} projection runs it", record.name));
            }
        }
        let events = listing.events(version);
        if events > 0 {
            reasons.push(format!("{events} events of the log were handled by it"));
        } else {
            let mut epochs = self.epochs.iter();
            if let Some((from, _)) = epochs.find(|(_, it)| schedule_runs(listing, it, version)) {
                reasons.push(format!(
                    "the effects recorded from event {from} on come from it"
                ));
            }
        }
        let mut event_pins = self.event_pins.iter();
        if let Some((event, _)) = event_pins.find(|(_, it)| it == version) {
            reasons.push(format!("event {event} is pinned to it"));
        }
        if let Some(pins) = self.pins.get(version) {
            let who: BTreeSet<_> = pins
                .iter()
                .map(|pin| pin.actor.as_deref().unwrap_or("a caller without a token"))
                .collect();
            let last = pins.iter().map(|pin| pin.last_at.as_str()).max();
            reasons.push(format!(
                "{} asked for it by its date, last at {}",
                who.into_iter().collect::<Vec<_>>().join(", "),
                last.unwrap_or_default()
            ));
        }
        reasons
    }
}

fn schedule_runs(listing: &Listing, schedule: &Schedule, version: &PluginVersion) -> bool {
    let mut lineups = schedule.0.iter().map(|(_, lineup): &(_, Lineup)| lineup);
    lineups.any(|lineup| listing.runs(lineup, version))
}
