//! A served book that is changed. Who does it is whom the token names, or where there are no tokens whom the client does.

use std::time::Duration;

use reqwest::Method;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::{Client, HttpAnswer, encoded, path_with, unreadable, written};
use crate::book::{Incoming, Request};
use crate::history::{OnProgress, Progress};
use crate::model::error::Problem as Detail;
use crate::model::{Act, Digest, Error, PluginVersion, Result, Seq};
use crate::verbs::{Operates, Reads as _, only_by_directory};
use crate::wire::{
    ActivateRequest, Activated, AmendReply, AmendRequest, Appended, AppendedEvent, CallsIn,
    Certified, CommandReply, CommandSchedule, Differs, DroppedShadow, EditTask, Index, JsonText,
    KindConfig, LateTasks, LateTasksRequest, Loaded, Outcome, Problem, PromoteRequest, Promotion,
    Reason, ReconcileRequest, Reconciled, RedactAllRequest, RedactReply, RedactRequest, Rejected,
    RemedyRequest, RemedyTaken, ReplayRequest, Replayed, RetireRequest, Retired, ScheduleRequest,
    ShadowRequest, Snapshot, Task, TaskReason, Track, Tracks, UndoRequest, Undone, Verified,
};

/// Time between two looks at a shadow that catches up.
const LOOK: Duration = Duration::from_millis(100);

/// Bytes of lines in one batch: a server takes 8 MiB unless it was told another limit, and a line has 2 MiB at most.
const APPEND_BYTES_MAX: u64 = 4 << 20;

impl Operates for Client {
    fn head(&self) -> Result<Seq> {
        self.get("/").map(|index: Index| Seq(index.head))
    }

    fn is_active(&self, version: &PluginVersion) -> Result<bool> {
        let (plugin, date) = (version.plugin.to_string(), version.date.to_string());
        let mut versions = self.versions()?.into_iter();
        Ok(versions.any(|it| it.active && it.plugin == plugin && it.version == date))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<Loaded> {
        let headers = [("content-type", "application/wasm")];
        self.post("/versions", &headers, bytes.to_vec())?.read()
    }

    fn activate(
        &mut self,
        version: &PluginVersion,
        request: &ActivateRequest,
        _: OnProgress<'_>,
    ) -> Result<Activated> {
        let path = format!("/versions/{version}/activate");
        self.tell(&path, request)?.read()
    }

    fn certify(&mut self, version: &PluginVersion) -> Result<Certified> {
        let path = format!("/versions/{version}/certify");
        self.post(&path, &[], Vec::new())?.read()
    }

    fn tracks(&self) -> Result<Vec<Track>> {
        self.get("/shadows").map(|it: Tracks| it.shadows)
    }

    fn shadow(&mut self, request: &ShadowRequest, progress: OnProgress<'_>) -> Result<Track> {
        let begun: Track = self.tell("/shadows", request)?.read()?;
        loop {
            let mut tracks = self.tracks()?.into_iter();
            let track = tracks.find(|track| track.name == begun.name);
            let track = track.ok_or_else(|| {
                Error::unavailable(format!("{} was given up by somebody else", begun.name))
            })?;
            progress(Progress {
                done: track.position,
                total: track.head,
            });
            if track.is_settled() {
                return Ok(track);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn drop_shadow(&mut self, version: &PluginVersion) -> Result<DroppedShadow> {
        let request = self.request(Method::DELETE, &format!("/shadows/{version}"));
        self.ask(request)?.read()
    }

    fn promote(
        &mut self,
        version: &PluginVersion,
        request: &PromoteRequest,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<Promotion> {
        let path = acting(&format!("/versions/{version}/promote"), actor);
        promotion(&self.tell(&path, request)?)
    }

    fn rollback(
        &mut self,
        reason: &Reason,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<Promotion> {
        promotion(&self.tell(&acting("/rollback", actor), reason)?)
    }

    fn retire(
        &mut self,
        version: &PluginVersion,
        request: &RetireRequest,
        actor: Option<&str>,
    ) -> Result<Retired> {
        let path = acting(&format!("/versions/{version}/retire"), actor);
        self.tell(&path, request)?.read()
    }

    fn snapshot(&mut self) -> Result<Snapshot> {
        self.post("/snapshots", &[], Vec::new())?.read()
    }

    fn append_bytes_max(&self) -> u64 {
        APPEND_BYTES_MAX
    }

    fn append(&mut self, events: Vec<Incoming>) -> Result<Vec<AppendedEvent<'static>>> {
        let headers = [
            ("content-type", "application/cloudevents-batch+json"),
            ("prefer", "return=minimal"),
        ];
        let answer = self.post("/events", &headers, written(&events)?)?;
        let appended: Appended<'static> = answer.read().map_err(|error| placed(error, &events))?;
        Ok(appended.events)
    }

    fn begin_with(&mut self, _: Vec<Incoming>) -> Result<u64> {
        Err(only_by_directory("a book that begins with an exported log"))
    }

    /// Under an id that is made here if it has none: where the answer is lost, asking again with that id gives it.
    fn run(
        &mut self,
        request: Request,
        log: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<CommandReply<'static>> {
        let id = request.id.unwrap_or_else(Uuid::now_v7).to_string();
        let parameters = [
            ("preview", Some(request.preview.to_string())),
            ("subject", request.subject),
            ("actor", request.actor),
        ];
        let path = format!("/commands/{}", encoded(&request.command_type));
        let pin = request.pin.map(|date| date.to_string());
        let mut headers = vec![
            ("content-type", "application/json"),
            ("idempotency-key", id.as_str()),
        ];
        headers.extend(pin.as_deref().map(|date| ("daybook-version", date)));
        let path = path_with(&path, &parameters);
        let sent = self.post(&path, &headers, request.data.into_bytes());
        let answer = sent.map_err(|error| match request.preview {
            // What was sent may have been kept.
            false if error.problem.as_deref() == Some(&Detail::Lost) => error.hint(format!(
                "it is not known whether it was kept; the same with --id {id} gives its answer"
            )),
            _ => error,
        })?;
        let reply = match rejected(&answer) {
            Some(rejected) => rejection(&request.command_type, request.preview, &answer, rejected)?,
            None => answer.read::<CommandReply<'static>>()?,
        };
        let of_events = reply.events.iter().flatten().flat_map(|event| &event.log);
        for line in reply.log.iter().chain(of_events) {
            log(line)?;
        }
        Ok(reply)
    }

    fn replay(&mut self, request: &ReplayRequest, _: OnProgress<'_>) -> Result<Replayed> {
        self.tell("/replays", request)?.read()
    }

    fn verify(
        &mut self,
        since: Option<Seq>,
        kept: Option<Digest>,
        calls: CallsIn,
        _: OnProgress<'_>,
    ) -> Result<Verified> {
        let head = kept.map(|kept| kept.to_string());
        let instances = (calls != CallsIn::default()).then(|| calls.as_str().to_owned());
        let path = path_with("/verify", &[("head", head), ("instances", instances)]);
        match since {
            None => self.post(&path, &[], Vec::new())?.read(),
            Some(_) => Err(only_by_directory("a verification since a snapshot")),
        }
    }

    fn reconcile(&mut self, request: &ReconcileRequest, _: OnProgress<'_>) -> Result<Reconciled> {
        self.tell("/reconcile", request)?.read()
    }

    fn amend(
        &mut self,
        seq: Seq,
        request: &AmendRequest,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<AmendReply> {
        let answer = self.tell(&acting(&format!("/events/{seq}/amend"), actor), request)?;
        match request.preview {
            true => answer.read().map(AmendReply::Foreseen),
            false => answer.read().map(AmendReply::Amended),
        }
    }

    fn redact(
        &mut self,
        seq: Seq,
        request: &RedactRequest,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<RedactReply> {
        let answer = self.tell(&acting(&format!("/events/{seq}/redact"), actor), request)?;
        match request.preview {
            true => answer.read().map(RedactReply::Foreseen),
            false => answer.read().map(RedactReply::Redacted),
        }
    }

    fn redact_all(
        &mut self,
        request: &RedactAllRequest,
        _: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<RedactReply> {
        let answer = self.tell("/redact", request)?;
        match request.preview {
            true => answer.read().map(RedactReply::Foreseen),
            false => answer.read().map(RedactReply::Redacted),
        }
    }

    fn undo(
        &mut self,
        seq: Seq,
        request: &UndoRequest,
        actor: Option<&str>,
    ) -> Result<Undone<'static>> {
        let path = acting(&format!("/events/{seq}/undo"), actor);
        self.tell(&path, request)?.read()
    }

    fn remedy(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<RemedyTaken> {
        let path = acting(&format!("/events/{seq}/doom"), actor);
        self.tell(&path, request)?.read()
    }

    fn late_tasks(
        &mut self,
        request: &LateTasksRequest,
        actor: Option<&str>,
        _: OnProgress<'_>,
    ) -> Result<LateTasks> {
        self.tell(&acting("/tasks/late", actor), request)?.read()
    }

    fn act_on_task(
        &mut self,
        id: &str,
        act: &Act,
        reason: &str,
        actor: Option<&str>,
    ) -> Result<Task> {
        let path = acting(&format!("/tasks/{}/{}", encoded(id), act.name()), actor);
        let reason = reason.to_owned();
        let answer = match act {
            Act::Edit(data) => {
                let data = JsonText::of(data).into_owned();
                self.tell(&path, &EditTask { reason, data })?
            }
            Act::Retry | Act::Dismiss | Act::Cancel => self.tell(&path, &TaskReason { reason })?,
        };
        answer.read()
    }

    fn set_gateway_kind(
        &mut self,
        kind: &str,
        config: &KindConfig,
        actor: Option<&str>,
    ) -> Result<()> {
        let request = self
            .request(
                Method::PUT,
                &acting(&format!("/gateway/{}", encoded(kind)), actor),
            )
            .header("content-type", "application/json")
            .body(written(config)?);
        self.ask(request)?.read::<IgnoredAny>().map(drop)
    }

    fn unset_gateway_kind(&mut self, kind: &str) -> Result<()> {
        let request = self.request(Method::DELETE, &format!("/gateway/{}", encoded(kind)));
        self.ask(request)?.read::<IgnoredAny>().map(drop)
    }

    fn set_schedule(
        &mut self,
        name: &str,
        request: &ScheduleRequest,
        _: Option<&str>,
    ) -> Result<CommandSchedule> {
        let request = self
            .request(Method::PUT, &schedule(name))
            .header("content-type", "application/json")
            .body(written(request)?);
        self.ask(request)?.read()
    }

    fn pause_schedule(&mut self, name: &str, paused: bool) -> Result<CommandSchedule> {
        let what = if paused { "pause" } else { "resume" };
        let path = format!("{}/{what}", schedule(name));
        self.post(&path, &[], Vec::new())?.read()
    }

    fn run_schedule(&mut self, name: &str, _: Option<&str>) -> Result<CommandSchedule> {
        let path = format!("{}/run", schedule(name));
        self.post(&path, &[], Vec::new())?.read()
    }

    fn remove_schedule(&mut self, name: &str) -> Result<()> {
        let request = self.request(Method::DELETE, &schedule(name));
        self.ask(request)?.read::<IgnoredAny>().map(drop)
    }
}

/// A schedule's path.
fn schedule(name: &str) -> String {
    format!("/schedules/{}", encoded(name))
}

/// A path with who does it.
fn acting(path: &str, actor: Option<&str>) -> String {
    path_with(path, &[("actor", actor.map(str::to_owned))])
}

/// A problem of a name, with its members.
fn problem<T: serde::de::DeserializeOwned>(
    answer: &HttpAnswer,
    name: &str,
) -> Option<(Problem, T)> {
    let problem: Problem = serde_json::from_slice(&answer.bytes).ok()?;
    let is_of_name = problem.problem.strip_prefix("/problems/") == Some(name);
    let members = serde_json::from_slice(&answer.bytes).ok()?;
    is_of_name.then_some((problem, members))
}

/// Differences that nobody expected are an answer and not an error.
fn promotion(answer: &HttpAnswer) -> Result<Promotion> {
    match problem::<Differs>(answer, "differs") {
        Some((_, differs)) => Ok(Promotion::Differs(differs.track)),
        None => answer.read().map(Promotion::Done),
    }
}

/// A plugin's rejection, which is an answer and not an error; without a command it is an error of another kind.
fn rejected(answer: &HttpAnswer) -> Option<(Problem, Rejected)> {
    let (problem, rejected) = problem::<Rejected>(answer, "rejected")?;
    rejected.command.is_some().then_some((problem, rejected))
}

/// The version that rejected: its date is told, and its plugin is the command's.
fn rejection(
    command_type: &str,
    preview: bool,
    answer: &HttpAnswer,
    (problem, rejected): (Problem, Rejected),
) -> Result<CommandReply<'static>> {
    let plugin = command_type.split('.').next().unwrap_or_default();
    let date = answer.version.as_deref();
    let date = date.ok_or_else(|| unreadable("it does not say which version rejected"))?;
    Ok(CommandReply {
        command: rejected.command.unwrap_or_default(),
        version: format!("{plugin}@{date}"),
        preview,
        outcome: Outcome::Rejected,
        events: None,
        code: Some(rejected.code.into()),
        message: Some(problem.detail.into()),
        details: rejected.details,
        log: rejected.log.into_iter().map(Into::into).collect(),
    })
}

/// A server counts the events of a request; who reads a file counts its lines.
fn placed(error: Error, events: &[Incoming]) -> Error {
    let line = error
        .message
        .strip_prefix("event ")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(at, rest)| Some((events.get(at.parse::<usize>().ok()?)?.line?, rest)));
    match line {
        Some((line, rest)) => Error {
            message: format!("line {line}: {rest}"),
            ..error
        },
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_event_is_told_as_the_line_it_came_from() {
        let event = |line| Incoming {
            line: Some(line),
            ..Incoming::parse(r#"{"type": "a.B"}"#).unwrap()
        };
        let events = [event(3), event(7)];
        let message = |text: &str| placed(Error::refused(text), &events).message;
        assert_eq!(message("event 1: no: such"), "line 7: no: such");
        assert_eq!(message("event 2: no"), "event 2: no");
        assert_eq!(message("event 5 is missing: no"), "event 5 is missing: no");
        assert_eq!(message("no"), "no");
    }

    #[test]
    fn what_a_url_cannot_hold_is_encoded() {
        assert_eq!(encoded("account/7 č&=+"), "account%2F7%20%C4%8D%26%3D%2B");
        assert_eq!(encoded("bank.Deposit"), "bank.Deposit");
    }
}
