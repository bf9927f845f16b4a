//! The life of versions at a server: shadows, promotions, the way back, snapshots.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use ureq::http::Request;

use super::replies::unreadable;
use super::{Answer, Client};
use crate::diff::Tally;
use crate::model::SnapshotRecord;
use crate::model::{Error, Lineup, PluginVersion, Result, Seq};
use crate::shadow::TrackStatus;
use crate::study::LateTasks;
use crate::versions::{Policy, PromoteRequest, Promoted, Promotion};

/// Time between two looks at a shadow that catches up.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct TracksReply {
    shadows: Vec<TrackReply>,
}

#[derive(Deserialize)]
struct TrackReply {
    name: String,
    role: String,
    schedule: String,
    position: u64,
    head: u64,
    ready: bool,
    doom: Option<String>,
    differences: Option<Tally>,
}

impl TrackReply {
    fn status(self) -> Result<TrackStatus> {
        Ok(TrackStatus {
            name: self.name,
            role: self.role.parse().map_err(unreadable)?,
            schedule: self.schedule.parse().map_err(unreadable)?,
            position: Seq(self.position),
            head: Seq(self.head),
            is_ready: self.ready,
            tally: self.differences,
            doom: self.doom,
        })
    }
}

#[derive(Deserialize)]
struct PromotedReply {
    seq: u64,
    lineup: String,
    track: TrackReply,
}

#[derive(Deserialize)]
struct DiffersReply {
    #[serde(rename = "type")]
    problem: String,
    track: Option<TrackReply>,
}

/// A patch as a server tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Patched {
    /// Rows that differ.
    pub total: u64,
    /// The first of them: where, and what becomes of it.
    pub rows: Vec<(String, String)>,
    /// None: it was only a preview.
    pub promotion: Option<Promotion>,
}

#[derive(Deserialize)]
struct PatchReply {
    patched: PatchedReply,
}

#[derive(Default, Deserialize)]
struct PatchedReply {
    total: u64,
    rows: Vec<PatchedRow>,
}

#[derive(Deserialize)]
struct PatchedRow {
    row: String,
    patch: String,
}

#[derive(Deserialize)]
struct LateReply {
    total: u64,
    tasks: Vec<serde_json::Value>,
    enqueued: Option<u64>,
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct SeqReply {
    seq: u64,
}

#[derive(Deserialize)]
struct SnapshotReply {
    file: String,
    position: u64,
    schedule: String,
    made_at: String,
    made_by: String,
}

#[derive(Deserialize)]
struct SnapshotsReply {
    snapshots: Vec<SnapshotReply>,
}

impl SnapshotReply {
    fn record(self) -> Result<SnapshotRecord> {
        Ok(SnapshotRecord {
            file: self.file,
            position: Seq(self.position),
            schedule: self.schedule.parse().map_err(unreadable)?,
            made_by: self.made_by,
            made_at: self.made_at,
        })
    }
}

impl Client {
    fn tell(&self, path: &str, body: &serde_json::Value) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        self.post(path, &headers, body.to_string().into_bytes())
    }

    /// Asks for one of an operator's operations, and gives the answer as it came.
    pub fn operate(&self, path: &str, body: &serde_json::Value) -> Result<serde_json::Value> {
        self.tell(path, body)?.read()
    }

    /// How the shadows and the standby stand.
    pub fn tracks(&self) -> Result<Vec<TrackStatus>> {
        let reply: TracksReply = self.get("/shadows")?;
        reply.shadows.into_iter().map(TrackReply::status).collect()
    }

    /// Begins a shadow and waits until it has caught up, or can go no further. Tells how far it is, and of how much.
    pub fn shadow(
        &self,
        version: &PluginVersion,
        policy: Policy,
        expect: &str,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<TrackStatus> {
        let body = json!({
            "version": version.to_string(), "policy": policy.as_str(), "expect": expect,
        });
        let begun: TrackReply = self.tell("/shadows", &body)?.read()?;
        loop {
            let mut tracks = self.tracks()?.into_iter();
            let track = tracks.find(|track| track.name == begun.name);
            let track = track.ok_or_else(|| {
                Error::unavailable(format!("{} was given up by somebody else", begun.name))
            })?;
            progress(track.position.0, track.head.0);
            if track.doom.is_some() || (track.is_ready && track.lag() == 0) {
                return Ok(track);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Gives a shadow up.
    pub fn drop_shadow(&self, version: &PluginVersion) -> Result<()> {
        let request = Request::delete(format!("{}/shadows/{version}", self.url));
        self.ask(request, None)?.read::<serde_json::Value>()?;
        Ok(())
    }

    /// Puts a shadow in force.
    pub fn promote(&self, version: &PluginVersion, request: &PromoteRequest) -> Result<Promotion> {
        let body = json!({ "force": request.force });
        promotion(self.tell(&format!("/versions/{version}/promote"), &body)?)
    }

    /// Writes the rows in which a shadow differs into the live state, or only tells them.
    pub fn patch(
        &self,
        version: &PluginVersion,
        request: &PromoteRequest,
        preview: bool,
    ) -> Result<Patched> {
        let body = json!({ "force": request.force, "patch": true, "preview": preview });
        let answer = self.tell(&format!("/versions/{version}/promote"), &body)?;
        let known: Option<PatchReply> = serde_json::from_slice(&answer.bytes).ok();
        let patched = known.map(|reply| reply.patched).unwrap_or_default();
        let promotion = match preview {
            true => {
                answer.read::<serde_json::Value>()?;
                None
            }
            false => Some(promotion(answer)?),
        };
        let rows = patched.rows.into_iter().map(|row| (row.row, row.patch));
        Ok(Patched {
            total: patched.total,
            rows: rows.collect(),
            promotion,
        })
    }

    /// Tasks that what is in force asks for, of events that were handled before it was; to be carried out after all, if that
    /// is wanted.
    pub fn late_tasks(&self, enqueue: bool) -> Result<LateTasks> {
        let reply: LateReply = self
            .tell("/tasks/late", &json!({ "enqueue": enqueue }))?
            .read()?;
        Ok(LateTasks {
            total: reply.total,
            tasks: reply.tasks,
            enqueued: reply.enqueued,
            seq: reply.seq.map(Seq),
        })
    }

    /// What is in force.
    pub fn lineup(&self) -> Result<Lineup> {
        let active = self.versions()?.into_iter().filter(|line| line.active);
        let active: Vec<_> = active.map(|line| line.version).collect();
        Ok(Lineup::default().with(&active))
    }

    /// Goes back to what was live before.
    pub fn rollback(&self, request: &PromoteRequest) -> Result<Promotion> {
        promotion(self.tell("/rollback", &json!({ "reason": request.force }))?)
    }

    /// Gives a version up.
    pub fn retire(&self, version: &PluginVersion, reason: Option<&str>) -> Result<Seq> {
        let path = format!("/versions/{version}/retire");
        let reply: SeqReply = self.tell(&path, &json!({ "reason": reason }))?.read()?;
        Ok(Seq(reply.seq))
    }

    /// Copies the live state.
    pub fn snapshot(&self) -> Result<SnapshotRecord> {
        let reply: SnapshotReply = self.tell("/snapshots", &json!({}))?.read()?;
        reply.record()
    }

    /// The snapshots of the live state, by position.
    pub fn snapshots(&self) -> Result<Vec<SnapshotRecord>> {
        let reply: SnapshotsReply = self.get("/snapshots")?;
        reply
            .snapshots
            .into_iter()
            .map(SnapshotReply::record)
            .collect()
    }
}

fn promotion(answer: Answer) -> Result<Promotion> {
    if answer.status == 409
        && let Ok(found) = serde_json::from_slice::<DiffersReply>(&answer.bytes)
        && found.problem == "/problems/differs"
        && let Some(track) = found.track
    {
        return Ok(Promotion::Differs(track.status()?));
    }
    let reply: PromotedReply = answer.read()?;
    Ok(Promotion::Done(Promoted {
        seq: Seq(reply.seq),
        lineup: reply.lineup.parse().map_err(unreadable)?,
        status: reply.track.status()?,
    }))
}
