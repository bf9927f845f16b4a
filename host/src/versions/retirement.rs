//! Where a version stands in its life, who needs it, and its end.

use crate::book::SystemEvent;
use crate::model::clock::{text_of_milliseconds, unix_milliseconds_now};
use crate::model::log::{LocalOp, LogOp};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::listing::Listing;
use super::load::VersionLine;
use crate::book::{Book, Reader};
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
        let lives = Lives::read(&self.history.log)?;
        let needs = lives.needs(
            &self.history.log,
            &Listing::read(&self.history.log)?,
            version,
        )?;
        let reasons = needs.reasons();
        if !reasons.is_empty() {
            return Err(Error::refused(format!(
                "{version} cannot be retired: {}",
                reasons.join("; ")
            ))
            .problem(Problem::Needed)
            .hint(format!(
                "daybook retire BOOK {version} --why-not names each event, pin and caller"
            )));
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
        self.live.materializer.apply()?;
        self.commit_live()?;
        Ok(seq)
    }
}

impl Book {
    /// Sets for how many days a caller's request of a version by its date counts when that is to be retired; none: for ever.
    pub fn set_pin_days(&mut self, days: Option<u32>) -> Result<()> {
        self.check_current()?;
        let key = PIN_DAYS.to_owned();
        self.history.log.write_local(&[match days {
            Some(days) => LocalOp::Note {
                key,
                value: days.to_string(),
            },
            None => LocalOp::RemoveNote { key },
        }])
    }
}

impl Reader {
    /// Everything that keeps a version from being retired, with each event.
    pub fn needs(&self, version: &PluginVersion) -> Result<Needs> {
        let (log, listing) = (self.log(), Listing::read(self.log())?);
        if !listing.has(version) {
            return Err(Error::usage(format!("{version} is not loaded")).problem(Problem::Unknown));
        }
        let mut needs = Lives::read(log)?.needs(log, &listing, version)?;
        for (lineup, event_type) in listing.handled(version) {
            let left = EVENTS_TOLD_MAX - needs.first_events.len();
            let found = log.stamped_events(&lineup.to_string(), event_type, left)?;
            needs.first_events.extend(found);
        }
        needs.first_events.sort_unstable();
        Ok(needs)
    }
}

/// Where a book keeps for how many days a request by date counts.
const PIN_DAYS: &str = "pin_days";

/// Events that are named one by one.
const EVENTS_TOLD_MAX: usize = 1_000;

/// Who and what needs a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    pub extended_by: Vec<PluginVersion>,
    /// Projections that run it.
    pub projections: Vec<String>,
    /// How many events it handled.
    pub events: u64,
    /// The first of them, where they are asked for.
    pub first_events: Vec<Seq>,
    /// Where it handled none: from which events on recorded effects come from what others read of it.
    pub epochs: Vec<Seq>,
    /// Events that it is to handle wherever versions are pinned.
    pub pinned_events: Vec<Seq>,
    /// Who asked for it by its date.
    pub callers: Vec<Pinned>,
    /// For how many days that counts; none: for ever.
    pub pin_days: Option<u32>,
    /// What was asked last before this time counts no more.
    counts_from: Option<String>,
}

impl Needs {
    /// True where what a caller asked for counts still.
    pub fn counts(&self, caller: &Pinned) -> bool {
        { self.counts_from.as_ref() }.is_none_or(|from| caller.last_at >= *from)
    }

    /// Why the version cannot be retired; nothing where it can.
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if !self.extended_by.is_empty() {
            let others: Vec<_> = self.extended_by.iter().map(ToString::to_string).collect();
            reasons.push(format!("{} extends it", others.join(", ")));
        }
        let projections = self.projections.iter();
        reasons.extend(projections.map(|name| format!("the {name} projection runs it")));
        if self.events > 0 {
            reasons.push(format!(
                "{} events of the log were handled by it",
                self.events
            ));
        }
        if let Some(from) = self.epochs.first() {
            reasons.push(format!(
                "the effects recorded from event {from} on come from it"
            ));
        }
        if let Some(event) = self.pinned_events.first() {
            reasons.push(format!("event {event} is pinned to it"));
        }
        let callers: Vec<_> = self.callers.iter().filter(|it| self.counts(it)).collect();
        if !callers.is_empty() {
            let who: BTreeSet<_> = { callers.iter() }
                .map(|pin| pin.actor.as_deref().unwrap_or("a caller without a token"))
                .collect();
            let last = callers.iter().map(|pin| pin.last_at.as_str()).max();
            reasons.push(format!(
                "{} asked for it by its date, last at {}",
                who.into_iter().collect::<Vec<_>>().join(", "),
                last.unwrap_or_default()
            ));
        }
        reasons
    }
}

/// What the log says of all versions' lives.
struct Lives {
    retired: BTreeMap<PluginVersion, String>,
    pins: BTreeMap<PluginVersion, Vec<Pinned>>,
    pin_days: Option<u32>,
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
        line.needed_by = lives.needs(log, listing, &line.version)?.reasons();
    }
    Ok(())
}

impl Lives {
    fn read(log: &Catalog) -> Result<Lives> {
        Ok(Lives {
            retired: log.retired()?,
            pins: log.pins()?,
            pin_days: log.meta(PIN_DAYS)?.and_then(|days| days.parse().ok()),
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

    fn needs(&self, log: &Catalog, listing: &Listing, version: &PluginVersion) -> Result<Needs> {
        let extending = listing.extending(version);
        let projections = { self.projections.iter() }
            .filter(|record| schedule_runs(listing, &record.schedule, version));
        let event_pins = self.event_pins.iter().filter(|(_, it)| it == version);
        let since = |days: u32| unix_milliseconds_now() - i64::from(days) * 24 * 60 * 60 * 1_000;
        Ok(Needs {
            extended_by: extending
                .filter(|other| !self.retired.contains_key(other))
                .cloned()
                .collect(),
            projections: projections.map(|record| record.name.clone()).collect(),
            events: listing.events(version),
            first_events: Vec::new(),
            epochs: self.epochs_of(log, listing, version)?,
            pinned_events: event_pins.map(|(event, _)| *event).collect(),
            callers: self.pins.get(version).cloned().unwrap_or_default(),
            pin_days: self.pin_days,
            counts_from: self.pin_days.map(|days| text_of_milliseconds(since(days))),
        })
    }

    /// Where effects come from a version that handled no event: others read what is its own, or late tasks are its. An epoch
    /// without events needs nobody, whatever it would have run.
    fn epochs_of(
        &self,
        log: &Catalog,
        listing: &Listing,
        version: &PluginVersion,
    ) -> Result<Vec<Seq>> {
        let mut found = Vec::new();
        if listing.events(version) > 0 {
            return Ok(found);
        }
        for (at, (from, schedule)) in self.epochs.iter().enumerate() {
            let next = self.epochs.get(at + 1).map(|(next, _)| *next);
            let lineups = schedule.0.iter().map(|(_, lineup)| lineup);
            let lineups: Vec<_> = lineups.filter(|it| listing.runs(it, version)).collect();
            let plugin = version.plugin.as_str();
            let is_read = lineups.iter().any(|lineup| listing.reads(lineup, plugin));
            let is_needed = (is_read && log.has_effects(*from, next)?)
                || (!lineups.is_empty() && log.has_enqueued(*from, next)?);
            if is_needed {
                found.push(*from);
            }
        }
        Ok(found)
    }
}

fn schedule_runs(listing: &Listing, schedule: &Schedule, version: &PluginVersion) -> bool {
    let mut lineups = schedule.0.iter().map(|(_, lineup): &(_, Lineup)| lineup);
    lineups.any(|lineup| listing.runs(lineup, version))
}
