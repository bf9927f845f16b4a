//! Versions of a book: loading one, listing them, putting one in force.

use std::sync::Arc;

use serde_json::json;

use super::book::{Book, LIVE, Live, live_file, remove_projection};
use super::listing::Listing;
use super::materializer::Materializer;
use super::player::Player;
use super::program::Program;
use crate::model::error::Problem;
use crate::model::event::{VERSION_ACTIVATED, VERSION_LOADED};
use crate::model::log::EventLog;
use crate::model::{
    Digest, Error, Lineup, Manifest, PluginVersion, Result, Schedule, Seq, TableLayout, clock,
    limits,
};
use crate::replay::{self, OnProgress, Progress};
use crate::runtime::{Code, Runtime, fingerprint};
use crate::store::{Access, LogDb, Projection, ProjectionRecord, Role, StoredVersion};

/// What loading came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub version: PluginVersion,
    pub digest: Digest,
    /// What the version says that it changes.
    pub changes: Vec<String>,
    /// Exactly this component was loaded before; nothing changed.
    pub already: bool,
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
}

/// What activating does with the events that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// All of history is materialized again with the new lineup, beside the old state, and then switched to.
    #[default]
    Pinned,
    /// State stays as it is; the new version handles what comes from now on.
    Recorded,
}

impl Book {
    /// Registers a component: inspected, compiled, checked against the versions it extends. Nothing else changes.
    pub fn load(&mut self, bytes: &[u8]) -> Result<Loaded> {
        self.check_current()?;
        let code = Arc::new(
            self.library
                .runtime
                .load(bytes, Some(&self.library.cache))?,
        );
        self.register(code, bytes)
    }

    /// Registers a component that was compiled from these bytes.
    pub fn register(&mut self, code: Arc<Code>, bytes: &[u8]) -> Result<Loaded> {
        self.check_current()?;
        let version = code.version.clone();
        let known = self.library.find(&version).ok().map(|stored| stored.digest);
        let loaded = Loaded {
            version: version.clone(),
            digest: code.digest,
            changes: code.manifest.changes.clone(),
            already: known == Some(code.digest),
        };
        if loaded.already {
            return Ok(loaded);
        }
        if let Some(other) = known {
            self.refuse_replacing(&version, &other, &code.digest)?;
        }
        let tables = self.tables_of(&code)?;
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
        self.append_system(VERSION_LOADED, data.to_string(), |log, _| {
            log.put_version(&stored, bytes, &tables)
        })?;
        self.library.keep(code);
        self.library.reload(&self.log)?;
        self.live.materializer.keep()?;
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
        let events = Listing::read(&self.log)?.events(version);
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
        let mut lineup = Lineup::default();
        lineup
            .0
            .insert(code.version.plugin.clone(), code.version.date);
        for reads in &code.manifest.reads {
            match self.lineup().version(&reads.plugin) {
                Some(date) => lineup.0.insert(reads.plugin.parse()?, date),
                None => {
                    let tables = code.manifest.tables.iter();
                    return tables
                        .map(|table| Ok(Arc::new(table.layout(&code.version.plugin)?)))
                        .collect();
                }
            };
        }
        let library = &mut self.library;
        let log = &self.log;
        let program = Program::resolve(&lineup, |version| {
            if *version == code.version {
                Ok(code.clone())
            } else {
                library.code(log, version)
            }
        })?;
        let tables = program.layouts.tables.iter();
        Ok(tables
            .filter(|table| table.plugin == code.version.plugin)
            .cloned()
            .collect())
    }

    pub fn versions(&self) -> Result<Vec<VersionLine>> {
        Ok(Listing::read(&self.log)?.lines(&self.lineup()))
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
        self.library.find(version)?;
        let lineup = self.lineup().with(std::slice::from_ref(version));
        let activation = self.head().next();
        let schedule = match policy {
            Policy::Pinned => Schedule::pinned(lineup.clone()),
            Policy::Recorded => self.live.record.schedule.then(activation, lineup.clone()),
        };
        let program = self.library.program(&self.log, &lineup)?;
        if schedule == self.live.record.schedule {
            return Err(
                Error::usage(format!("{version} is active already")).problem(Problem::Already)
            );
        }
        let record = ProjectionRecord {
            name: LIVE.into(),
            file: live_file(),
            role: Role::Live,
            schedule: schedule.clone(),
            made_by: fingerprint(),
        };
        let path = self.dir.projection(&record.file);
        let built = self.build(&schedule, &path, self.head(), progress);
        if let Err(error) = built {
            remove_projection(&path)?;
            return Err(error.context(format!("{version} is not activated")));
        }
        let data = json!({
            "plugin": version.plugin.as_str(),
            "version": version.date.to_string(),
            "digest": self.library.find(version)?.digest.to_string(),
            "policy": match policy { Policy::Pinned => "pinned", Policy::Recorded => "recorded" },
            "lineup": lineup.to_string(),
        });
        let switched = self.append_system(VERSION_ACTIVATED, data.to_string(), |log, seq| {
            log.put_projection(&record)?;
            log.put_epoch(seq, &schedule)
        });
        let seq = match switched {
            Ok(seq) => seq,
            Err(error) => {
                remove_projection(&path)?;
                return Err(error);
            }
        };
        let old = self.dir.projection(&self.live.record.file);
        let plan = self.plan(&schedule)?;
        let (running_program, _) = plan.at(Seq(seq.0 - 1));
        let projection = Projection::open(&path, running_program.layouts.clone(), Access::Live)?;
        let mut materializer = Materializer::new(
            self.library.runtime.clone(),
            running_program.clone(),
            projection,
        );
        if materializer.program().lineup != program.lineup {
            materializer.switch(program)?;
        }
        self.live = Live {
            record,
            materializer,
        };
        // The activation itself changes no row, but the position moves with it.
        let event = self.log.list(
            &crate::store::EventFilter {
                from: Some(seq),
                to: Some(seq),
                ..Default::default()
            },
            1,
        )?;
        self.live.materializer.run(&event[0]).map_err(Error::from)?;
        self.live.materializer.keep()?;
        self.commit_live()?;
        remove_projection(&old)?;
        Ok(seq)
    }

    /// Materializes `1..=to` under a schedule into a new projection file.
    pub(super) fn build(
        &mut self,
        schedule: &Schedule,
        path: &std::path::Path,
        to: Seq,
        progress: OnProgress<'_>,
    ) -> Result<()> {
        let plan = self.plan(schedule)?;
        let mut player = Player::new(self.library.runtime.clone(), plan, path)?;
        let log = LogDb::open(&self.dir.log())?;
        let source = Box::new(move |from, to, count_max| log.read(from, to, count_max));
        let mut uncommitted = 0;
        replay::read_ahead(source, Seq(1), to, |events| {
            for event in &events {
                player.run(event).map_err(Error::from)?;
                player.keep()?;
            }
            uncommitted += events.len();
            if uncommitted >= limits::REPLAY_BATCH {
                player.materializer.commit()?;
                uncommitted = 0;
            }
            let done = events.last().map_or(0, |event| event.seq.0);
            progress(Progress { done, total: to.0 });
            Ok(())
        })?;
        player.materializer.into_projection().finish().map(|_| ())
    }
}

/// Looks at a component without any book.
pub fn inspect(runtime: &Runtime, bytes: &[u8]) -> Result<(Code, usize)> {
    let code = runtime.load(bytes, None)?;
    Ok((code, bytes.len()))
}
