//! Versions of a book: loading one, listing them, putting one in force.

use crate::book::SystemEvent;
use crate::model::log::LogOp;
use std::sync::Arc;

use serde_json::json;

use super::certify::Certified;
use super::listing::Listing;
use super::promotion::Reason;
use super::retirement::{self, VersionState};
use crate::book::{Book, live_record};
use crate::engine::Materializer;
use crate::engine::Player;
use crate::engine::Program;
use crate::history::{OnProgress, Rebuild, hole};
use crate::model::error::Problem;
use crate::model::event::VERSION_LOADED;
use crate::model::{Certification, ProjectionRecord, StoredVersion};
use crate::model::{
    Digest, Error, Instances, Lineup, Manifest, PluginVersion, Result, Seq, TableLayout, clock,
};
use crate::runtime::{Code, Producer, Runtime, fingerprint, producers};
use crate::store::remove_projection;
use crate::store::{Catalog, Pinned};

/// What loading came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub version: PluginVersion,
    pub digest: Digest,
    /// What the version says that it changes.
    pub changes: Vec<String>,
    /// Exactly this component was loaded before; nothing changed.
    pub already: bool,
    /// What its certification came to; none where it was loaded before.
    pub certification: Option<Certification>,
    /// How long its instances live; none where it was loaded before.
    pub instances: Option<Instances>,
    /// A call that came near the limit of fuel when it was tried, in words.
    pub costly: Option<String>,
}

/// One line of a listing.
#[derive(Debug, Clone)]
pub struct VersionLine {
    pub version: PluginVersion,
    pub digest: Digest,
    pub manifest: Manifest,
    pub loaded_at: String,
    pub active: bool,
    /// Events in the log that carry this version's stamp and are of its plugin.
    pub events: u64,
    pub state: VersionState,
    /// Who asked for it by its date.
    pub pins: Vec<Pinned>,
    /// Why it cannot be retired; empty where it can.
    pub needed_by: Vec<String>,
    /// Its last certification, on whatever engine.
    pub certification: Option<Certification>,
}

impl VersionLine {
    /// What becomes of its instances after a call, as it was certified on this engine; none: it was not.
    pub fn instances(&self) -> Option<Instances> {
        let known = self.certification.as_ref();
        known
            .filter(|_| !self.is_certification_due())
            .map(|known| known.instances)
    }

    /// True where it was never certified, or on another engine.
    pub fn is_certification_due(&self) -> bool {
        self.certification
            .as_ref()
            .is_none_or(|known| known.engine != fingerprint())
    }

    /// True where it was tried on this engine, and nothing that must not matter made a difference.
    pub fn is_certified(&self) -> bool {
        !self.is_certification_due() && { self.certification.as_ref() }
            .is_some_and(|known| !known.is_refused() && known.events + known.commands > 0)
    }
}

/// What activating does with the events that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// All of history is materialized again with the new lineup, beside the old state, and then switched to.
    #[default]
    Pinned,
    /// State stays as it is; the new version handles what comes from now on.
    Recorded,
    /// State stays as it is; from now on each event is handled by the version of its caller's date, on the tables of the new
    /// one, which callers get who name no date.
    Stamped,
}

impl Policy {
    /// As it is written in the log and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Pinned => "pinned",
            Policy::Recorded => "recorded",
            Policy::Stamped => "stamped",
        }
    }
}

impl Book {
    /// Registers a component: inspected, compiled, checked against the versions it extends, and certified on a sample of
    /// history. Nothing else changes.
    pub fn load(&mut self, bytes: &[u8]) -> Result<Loaded> {
        self.check_current()?;
        let code = Arc::new(
            self.history
                .library
                .runtime
                .load(bytes, Some(&self.history.library.cache))?,
        );
        self.register(code, bytes, None)
    }

    /// Registers a component that was compiled from these bytes, and certified by whoever compiled it or now.
    pub(crate) fn register(
        &mut self,
        code: Arc<Code>,
        bytes: &[u8],
        certified: Option<Certified>,
    ) -> Result<Loaded> {
        self.check_current()?;
        let version = code.version.clone();
        let known = self
            .history
            .library
            .find(&version)
            .ok()
            .map(|stored| stored.digest);
        let mut loaded = Loaded {
            version: version.clone(),
            digest: code.digest,
            changes: code.manifest.changes.clone(),
            already: known == Some(code.digest),
            certification: None,
            instances: None,
            costly: None,
        };
        if loaded.already {
            return Ok(loaded);
        }
        // What was retired and comes again is loaded as if it had never been here.
        if let Some(other) = known {
            self.refuse_replacing(&version, &other, &code.digest)?;
        }
        let tables = self.tables_of(&code)?;
        let certified = match certified {
            Some(certified) => certified,
            None => self.try_out(&code)?,
        };
        loaded.costly = certified.costly.clone();
        let certification = certified.or_refused()?;
        let stored = StoredVersion {
            version: version.clone(),
            digest: code.digest,
            manifest: code.manifest.clone(),
            loaded_at: clock::now(),
        };
        let data = json!({
            "plugin": version.plugin.as_str(),
            "version": version.date.to_string(),
            "digest": code.digest.to_string(),
            "description": code.manifest.description,
            "changes": code.manifest.changes,
        });
        let mut ops = vec![
            LogOp::Unretired(version),
            LogOp::Component {
                digest: code.digest,
                bytes: bytes.into(),
            },
            LogOp::Version(Box::new(stored)),
        ];
        ops.extend(tables.into_iter().map(LogOp::Layout));
        ops.push(LogOp::Certification(certification.clone()));
        self.append_system(SystemEvent {
            event_type: VERSION_LOADED,
            data: data.to_string(),
            ops,
            local: Vec::new(),
        })?;
        loaded.instances = Some(certification.instances);
        loaded.certification = Some(certification);
        self.history.library.insert(code);
        self.history.reload()?;
        self.live.materializer.apply()?;
        self.commit_live()?;
        Ok(loaded)
    }

    fn refuse_replacing(&self, version: &PluginVersion, old: &Digest, new: &Digest) -> Result<()> {
        let refuse = |why: String| {
            Err(Error::refused(format!(
                "{version} is loaded with other bytes ({}, this file has {}) and {why}",
                old.short(),
                new.short()
            ))
            .hint(
                "a version that was used stays as it is for ever; give the new code a later date",
            ))
        };
        let events = Listing::read(&self.history.log)?.events(version);
        if events > 0 {
            return refuse(format!("{events} events were handled by it"));
        }
        if self.lineup().version(version.plugin.as_str()) == Some(version.date) {
            return refuse("it is active".to_owned());
        }
        Ok(())
    }

    /// Resolves the version with those it extends and the plugins it reads, as far as they are active, and gives the
    /// tables it will have. What it reads of plugins that are not active is checked at activation.
    fn tables_of(&mut self, code: &Arc<Code>) -> Result<Vec<Arc<TableLayout>>> {
        let Ok(lineup) = self.history.library.surroundings(code, &self.lineup())? else {
            let tables = code.manifest.tables.iter();
            return tables
                .map(|table| Ok(Arc::new(table.layout(&code.version.plugin)?)))
                .collect();
        };
        let program = Program::resolve(&lineup, |version| {
            if *version == code.version {
                Ok(code.clone())
            } else {
                self.history.code(version)
            }
        })?;
        let tables = program.layouts.tables.iter();
        Ok(tables
            .filter(|table| table.plugin == code.version.plugin)
            .cloned()
            .collect())
    }

    pub fn versions(&self) -> Result<Vec<VersionLine>> {
        lines(&self.history.log, &self.lineup())
    }

    /// Puts a version in force. The new projection is built beside the live one and switched to in the log transaction
    /// that records the activation; whatever fails before that changes nothing.
    pub fn activate(
        &mut self,
        version: &PluginVersion,
        policy: Policy,
        progress: OnProgress<'_>,
    ) -> Result<Seq> {
        self.check_current()?;
        self.history.library.find(version)?;
        let lineup = match policy {
            Policy::Pinned | Policy::Recorded => self.lineup().with(std::slice::from_ref(version)),
            Policy::Stamped => {
                let dates = self
                    .history
                    .library
                    .dates(version.plugin.as_str())
                    .collect();
                self.lineup().stamped(version, dates)
            }
        };
        let activation = self.head().next();
        let schedule = match policy {
            Policy::Pinned => self.study().pinned(lineup.clone())?,
            Policy::Recorded | Policy::Stamped => {
                self.live.record.schedule.then(activation, lineup.clone())
            }
        };
        self.history.program(&lineup)?;
        if schedule == self.live.record.schedule {
            return Err(
                Error::usage(format!("{version} is active already")).problem(Problem::Already)
            );
        }
        let record = live_record(schedule.clone());
        let path = self.history.dir.projection(&record.file);
        let rebuild = Rebuild::of(&schedule, &path, self.head());
        if let Err(error) = self.history.build(rebuild, progress) {
            remove_projection(&path)?;
            return Err(error.context(format!("{version} is not activated")));
        }
        let plan = self.plan(&schedule)?;
        let next = Player::resume(
            self.history.library.runtime.clone(),
            plan,
            &path,
            self.head(),
        )?;
        let switched = self.switch(next, &record, &Reason::Activated(policy));
        if switched.is_err() && self.live.record.file != record.file {
            let named = self.history.log.projections()?;
            if named.iter().all(|known| known.file != record.file) {
                remove_projection(&path)?;
            }
        }
        self.resume_shadow_threads()?;
        switched
    }

    /// Goes on with a new live projection: one that the log's registry names already, built up to just before `seq`, one
    /// of the host's own events. The old file is gone afterwards.
    pub(crate) fn switch_live(&mut self, record: ProjectionRecord, seq: Seq) -> Result<()> {
        let old = self.history.dir.projection(&self.live.record.file);
        let path = self.history.dir.projection(&record.file);
        self.live.record = record.clone();
        let plan = self.plan(&record.schedule)?;
        let before = Seq(seq.0 - 1);
        let next = Player::resume(self.history.library.runtime.clone(), plan, &path, before)?;
        drop(self.go_on_with(next, record, seq)?);
        remove_projection(&old)
    }

    /// Goes on with a player that stands just before `seq`, one of the host's own events, on the file that the log's registry
    /// names as the live one already. Gives what was live until now, as it was.
    pub(crate) fn go_on_with(
        &mut self,
        mut next: Player,
        record: ProjectionRecord,
        seq: Seq,
    ) -> Result<Materializer> {
        // Whatever fails from here on, this is the live projection: recovery must not take the old one for it.
        self.live.record = record;
        // The event itself changes no row, but the position moves with it.
        let event = self.history.log.event_at(seq)?;
        let event = event.ok_or_else(|| hole(seq))?;
        next.run(&event).map_err(Error::from)?;
        next.apply()?;
        let origin = self.history.log.origin(&self.tip.head.1)?;
        next.materializer.projection().set_origin(origin);
        let old = std::mem::replace(&mut self.live.materializer, next.materializer);
        self.commit_live()?;
        Ok(old)
    }
}

/// Every version with where it stands.
pub(crate) fn lines(log: &Catalog, active: &Lineup) -> Result<Vec<VersionLine>> {
    let listing = Listing::read(log)?;
    let mut lines = listing.lines(active);
    retirement::tell_lives(log, &listing, &mut lines)?;
    Ok(lines)
}

/// Looks at a component without any book.
pub fn inspect(runtime: &Runtime, bytes: &[u8]) -> Result<(Code, Vec<Producer>)> {
    let code = runtime.load(bytes, None)?;
    Ok((code, producers(bytes)))
}
