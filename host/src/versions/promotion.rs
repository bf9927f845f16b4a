//! The life of a version beside the live one: shadow, promote, roll back. A promotion is a pointer switch in one
//! transaction of the log; what was live stays, as the standby.

use crate::book::SystemEvent;
use crate::model::log::{LocalOp, LogOp};
use serde_json::json;

use super::load::Policy;
use crate::book::{Book, LIVE};
use crate::diff::Expectations;
use crate::engine::Player;
use crate::history::{OnProgress, Progress};
use crate::model::error::Problem;
use crate::model::event::VERSION_ACTIVATED;
use crate::model::{Error, Lineup, PluginVersion, Result, Seq, limits};
use crate::model::{ProjectionRecord, Role};
use crate::runtime::fingerprint;
use crate::shadow::ShadowThread;
use crate::shadow::{ShadowProjection, ShadowStatus, expect_key};
use crate::store::remove_projection;

/// Name of the standby in the registry.
pub const STANDBY: &str = "standby";

/// How a version gets into force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromoteRequest {
    /// Promote in spite of unexpected differences, for this reason.
    pub force: Option<String>,
    /// Who asked for it.
    pub actor: Option<String>,
}

/// What a promotion, or a way back, came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Promoted {
    /// Position of the activation.
    pub seq: Seq,
    /// What is in force now.
    pub lineup: Lineup,
    /// How the track stood when it was switched to.
    pub status: ShadowStatus,
}

/// A promotion that could be decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Promotion {
    Done(Promoted),
    /// There are differences that nobody expected, and it was not forced. Nothing changed.
    Differs(ShadowStatus),
}

/// Why a switch is made.
pub(crate) enum Reason<'a> {
    Activated(Policy),
    Promoted(&'a PromoteRequest),
    RolledBack(&'a PromoteRequest),
}

impl Book {
    /// Begins a shadow: a projection under the active lineup with one version in its place, to be compared with the live
    /// one. `expect` is the text of an expectation file; none leaves the expectations that the shadow has, and had before an
    /// amendment. Beginning what was begun already, with the same expectations, is no work.
    pub fn begin_shadow<'e>(
        &mut self,
        version: &PluginVersion,
        policy: Policy,
        expect: impl Into<Option<&'e str>>,
    ) -> Result<String> {
        self.check_current()?;
        self.history.library.find(version)?;
        let lineup = self.lineup().with(std::slice::from_ref(version));
        if lineup == self.lineup() {
            return Err(
                Error::usage(format!("{version} is active already")).problem(Problem::Already)
            );
        }
        if policy == Policy::Stamped {
            let text = "a shadow runs one version on every event, and not each caller's";
            return Err(Error::usage(text).hint(format!(
                "daybook activate BOOK {version} --policy stamped; --policy recorded compares what comes from now on"
            )));
        }
        let name = shadow_name(version);
        let kept = self.history.log.meta(&expect_key(&name))?;
        let kept = kept.unwrap_or_default();
        let expect = expect.into().unwrap_or(&kept);
        Expectations::parse(expect)?;
        // What cannot be resolved is refused now and not by the thread that follows.
        self.history.program(&lineup)?;
        let pinned = self.study().pinned(lineup.clone())?;
        let records = self.history.log.projections()?;
        if let Some(known) = records.iter().find(|record| record.name == name) {
            let same = known.schedule.last() == lineup
                && (known.schedule == pinned) == (policy == Policy::Pinned)
                && kept == expect;
            if same {
                return Ok(name);
            }
            self.drop_shadow(version)?;
        }
        let record = ProjectionRecord {
            file: format!("shadow-{}.db", crate::model::given::id().simple()),
            name: name.clone(),
            role: Role::Shadow,
            schedule: match policy {
                Policy::Pinned => pinned,
                Policy::Recorded | Policy::Stamped => {
                    self.live.record.schedule.then(self.head().next(), lineup)
                }
            },
            made_by: fingerprint(),
        };
        self.history.log.write_local(&[
            LocalOp::Note {
                key: expect_key(&name),
                value: expect.to_owned(),
            },
            LocalOp::Projection(record.clone()),
        ])?;
        self.start_shadow_thread(&record)?;
        Ok(name)
    }

    /// The same, and brings it up to the log's head, here and now.
    pub fn shadow<'e>(
        &mut self,
        version: &PluginVersion,
        policy: Policy,
        expect: impl Into<Option<&'e str>>,
        progress: OnProgress<'_>,
    ) -> Result<ShadowStatus> {
        let name = self.begin_shadow(version, policy, expect)?;
        let record = self.track_record(&name)?;
        let track = self.bring_up(&record, progress)?;
        Ok(track.status(self.head()))
    }

    /// Gives a shadow up; its file goes.
    pub fn drop_shadow(&mut self, version: &PluginVersion) -> Result<()> {
        let record = self.track_record(&shadow_name(version))?;
        self.stop_shadow_thread(&record.name);
        self.history.log.write_local(&[
            LocalOp::RemoveNote {
                key: expect_key(&record.name),
            },
            LocalOp::RemoveProjection {
                name: record.name.clone(),
            },
        ])?;
        let path = self.history.dir.projection(&record.file);
        remove_projection(&path.with_extension("building"))?;
        remove_projection(&path)
    }

    /// How the shadows and the standby stand. A follower is asked; without one it is what the files say.
    pub fn tracks(&self) -> Result<Vec<ShadowStatus>> {
        let records = self.history.log.projections()?.into_iter();
        let beside = records.filter(|record| matches!(record.role, Role::Shadow | Role::Standby));
        beside.map(|record| self.status_of(&record)).collect()
    }

    fn status_of(&self, record: &ProjectionRecord) -> Result<ShadowStatus> {
        let follower = self.shadow_threads.iter().find(|it| it.name == record.name);
        match follower.and_then(ShadowThread::status) {
            Some(status) => status,
            // It has only just begun, or nobody follows.
            None => {
                ShadowProjection::glance(&self.history.dir, &self.history.log, record, self.head())
            }
        }
    }

    /// Puts a version in force that a shadow (or the standby) holds ready: a pointer switch between two commits. What was
    /// live becomes the standby. Refused while it lags behind a served book, and where it met an event of doom.
    pub fn promote(
        &mut self,
        version: &PluginVersion,
        request: &PromoteRequest,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        self.check_current()?;
        self.history.library.find(version)?;
        let lineup = self.lineup().with(std::slice::from_ref(version));
        if lineup == self.lineup() {
            return Err(
                Error::usage(format!("{version} is active already")).problem(Problem::Already)
            );
        }
        let records = self.history.log.projections()?;
        let ready = |role| {
            records
                .iter()
                .find(|record| record.role == role && record.schedule.last() == lineup)
        };
        let Some(record) = ready(Role::Shadow).or(ready(Role::Standby)) else {
            return Err(Error::usage(format!(
                "nothing is ready to be promoted to '{lineup}'"
            ))
            .problem(Problem::Unknown)
            .hint(format!(
                "daybook shadow BOOK {version} first; or daybook activate BOOK {version}, which compares nothing"
            )));
        };
        self.take(record, Reason::Promoted(request), progress)
    }

    /// Goes back to what was live before: the pointer back.
    pub fn rollback(
        &mut self,
        request: &PromoteRequest,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        self.check_current()?;
        let records = self.history.log.projections()?;
        // A log on other machines may have gone back already: what stood by then stands by no more.
        let lineup = self.lineup();
        let back =
            |it: &&ProjectionRecord| it.role == Role::Standby && it.schedule.last() != lineup;
        let Some(record) = records.iter().find(back) else {
            return Err(Error::usage("there is nothing to go back to: no standby")
                .problem(Problem::Unknown)
                .hint(
                "a standby is what was live before the last promotion; daybook activate builds any version anew",
            ));
        };
        self.take(record, Reason::RolledBack(request), progress)
    }

    /// Brings a track up to the head and makes it the live projection, or leaves everything as it was.
    fn take(
        &mut self,
        record: &ProjectionRecord,
        reason: Reason<'_>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        if self.keeps_shadows_current {
            let status = self.status_of(record)?;
            let left = match status.is_ready {
                true => status.lag(),
                false => status.head.0,
            };
            if left > limits::PROMOTE_LAG_MAX {
                return Err(Error::unavailable(format!(
                    "{} is {} events behind; {} at most, so that nobody waits for the switch",
                    record.name,
                    status.lag(),
                    limits::PROMOTE_LAG_MAX
                ))
                .hint("try again once it has caught up"));
            }
        }
        let result = self.try_take(record, &reason, progress);
        // Whatever came of it: what is beside the live one goes on following.
        self.resume_shadow_threads()?;
        result
    }

    fn try_take(
        &mut self,
        record: &ProjectionRecord,
        reason: &Reason<'_>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        let track = self.bring_up(record, progress)?;
        let status = track.status(self.head());
        if let Some(doom) = status.doom {
            return Err(
                Error::plugin(format!("{} cannot take over: {doom}", record.name)).hint(
                    "nothing changed; amend the event, or load a version that can materialize it",
                ),
            );
        }
        let unexpected = status.tally.as_ref().map_or(0, |tally| tally.unexpected);
        let forced = match reason {
            Reason::Promoted(request) => request.force.is_some(),
            Reason::Activated(_) | Reason::RolledBack(_) => true,
        };
        if unexpected > 0 && !forced {
            return Ok(Promotion::Differs(status));
        }
        let seq = self.switch(track.into_player(), record, reason)?;
        Ok(Promotion::Done(Promoted {
            seq,
            lineup: self.lineup(),
            status,
        }))
    }

    /// A track at the log's head, under its own name, with nobody else following it.
    pub(crate) fn bring_up(
        &mut self,
        record: &ProjectionRecord,
        progress: OnProgress<'_>,
    ) -> Result<ShadowProjection> {
        self.stop_shadow_thread(&record.name);
        let live = self.live.record.schedule.clone();
        let mut track = ShadowProjection::open(&mut self.history, record, &live)?;
        let (first, head) = (track.position(), self.head());
        track.follow(&mut self.history, head, |track| {
            progress(Progress {
                done: track.position().0 - first.0,
                total: head.0 - first.0,
            });
            true
        })?;
        match track.is_doomed() {
            true => Ok(track),
            false => track.finish_building(&self.history),
        }
    }

    /// The switch itself: activation, pointer, epoch and standby in one transaction. `next` is at the log's head and has a
    /// file of its own, which `record` names.
    pub(crate) fn switch(
        &mut self,
        next: Player,
        record: &ProjectionRecord,
        reason: &Reason<'_>,
    ) -> Result<Seq> {
        let schedule = record.schedule.clone();
        let lineup = schedule.last();
        let live = ProjectionRecord {
            name: LIVE.into(),
            role: Role::Live,
            ..record.clone()
        };
        let standby = ProjectionRecord {
            name: STANDBY.into(),
            role: Role::Standby,
            ..self.live.record.clone()
        };
        // Nobody goes back to a book without plugins.
        let has_standby = self.lineup().iter().next().is_some();
        let replaced = self
            .history
            .log
            .projections()?
            .into_iter()
            .find(|known| known.role == Role::Standby && known.file != record.file);
        self.stop_shadow_thread(STANDBY);
        let data = self.activation(&lineup, reason)?;
        let mut local = vec![
            LocalOp::RemoveProjection {
                name: record.name.clone(),
            },
            LocalOp::RemoveNote {
                key: expect_key(&record.name),
            },
            LocalOp::Projection(live.clone()),
        ];
        if has_standby {
            local.push(LocalOp::Projection(standby.clone()));
        }
        let seq = self.append_system(SystemEvent {
            event_type: VERSION_ACTIVATED,
            data: data.to_string(),
            ops: vec![LogOp::Epoch {
                from: self.head().next(),
                schedule,
            }],
            local,
        })?;
        let mut old = self.go_on_with(next, live, seq)?;
        // The standby's position moves with the activation.
        old.apply()?;
        old.commit()?;
        drop(old);
        if let Some(replaced) = replaced {
            remove_projection(&self.history.dir.projection(&replaced.file))?;
        }
        if !has_standby {
            remove_projection(&self.history.dir.projection(&standby.file))?;
        }
        Ok(seq)
    }

    /// What the log says about a switch.
    fn activation(&self, lineup: &Lineup, reason: &Reason<'_>) -> Result<serde_json::Value> {
        let before = self.lineup();
        let changed = lineup.iter().find(|version| {
            let plugin = version.plugin.as_str();
            before.version(plugin) != Some(version.date)
                || before.earlier(plugin) != lineup.earlier(plugin)
        });
        let mut data = json!({ "lineup": lineup.to_string() });
        let fields = data.as_object_mut().expect("an object");
        if let Some(version) = changed {
            let digest = self.history.library.find(&version)?.digest.to_string();
            fields.insert("plugin".into(), version.plugin.as_str().into());
            fields.insert("version".into(), version.date.to_string().into());
            fields.insert("digest".into(), digest.into());
        }
        let (how, request) = match reason {
            Reason::Activated(policy) => {
                fields.insert("policy".into(), policy.as_str().into());
                return Ok(data);
            }
            Reason::Promoted(request) => ("promoted", request),
            Reason::RolledBack(request) => ("rolled back", request),
        };
        fields.insert("how".into(), how.into());
        for (name, value) in [("reason", &request.force), ("actor", &request.actor)] {
            if let Some(value) = value {
                fields.insert(name.into(), value.as_str().into());
            }
        }
        Ok(data)
    }

    fn track_record(&self, name: &str) -> Result<ProjectionRecord> {
        let records = self.history.log.projections()?;
        records
            .into_iter()
            .find(|record| record.name == name)
            .ok_or_else(|| {
                Error::usage(format!("there is no '{name}' in this book"))
                    .problem(Problem::Unknown)
                    .hint("daybook shadow BOOK lists what follows the log")
            })
    }
}

fn shadow_name(version: &PluginVersion) -> String {
    format!("{SHADOW}{version}")
}

const SHADOW: &str = "shadow-";

/// The version that a shadow of this name tries; none for another projection.
pub fn shadowed(name: &str) -> Option<PluginVersion> {
    name.strip_prefix(SHADOW)?.parse().ok()
}
