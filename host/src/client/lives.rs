//! The life of versions at a server: shadows, promotions, the way back, snapshots.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use ureq::http::Request;

use super::replies::unreadable;
use super::{Answer, Client};
use crate::model::{Error, PluginVersion, Result, Seq};
use crate::service::{Policy, PromoteRequest, Promoted, Promotion, Tally, TrackStatus};
use crate::store::SnapshotRecord;

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
