//! A directory that is open for writing.

use super::Operates;
use crate::book::{Book, Decision, EventWithEffects, Incoming, Request};
use crate::history::OnProgress;
use crate::model::clock::Stopwatch;
use crate::model::{Act, Calls, Digest, Error, PluginVersion, Result, Seq};
use crate::repair::{self, NewPayload, PinRequest};
use crate::versions;
use crate::wire::{
    ActivateRequest, Activated, AmendReply, AmendRequest, AppendedEvent, CallsIn, Certified,
    CommandReply, CommandSchedule, DifferingRows, DroppedShadow, FieldValue, Foreseeing,
    KindConfig, LateTasks, LateTasksRequest, Loaded, PromoteRequest, Promoted, Promotion, Reason,
    ReconcileRequest, Reconciled, RedactAllRequest, RedactReply, RedactRequest, RemedyRequest,
    RemedyTaken, ReplayRequest, Replayed, RetireRequest, Retired, ScheduleRequest, ShadowRequest,
    Snapshot, Task, Track, UndoRequest, Undone, Verified,
};

/// Bytes of lines in one batch: with the effects of its events it is held in memory until its commit.
pub const APPEND_BYTES_MAX: u64 = 64 << 20;

impl Operates for Book {
    fn head(&self) -> Result<Seq> {
        Ok(Book::head(self))
    }

    fn is_active(&self, version: &PluginVersion) -> Result<bool> {
        Ok(self.lineup().iter().any(|active| active == *version))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<Loaded> {
        Ok((&Book::load(self, bytes)?).into())
    }

    fn activate(
        &mut self,
        version: &PluginVersion,
        request: &ActivateRequest,
        progress: OnProgress<'_>,
    ) -> Result<Activated> {
        let seq = Book::activate(self, version, request.policy.into(), progress)?;
        Ok(Activated::new(version, seq, &self.lineup()))
    }

    fn certify(&mut self, version: &PluginVersion) -> Result<Certified> {
        Ok((&Book::certify(self, version)?).into())
    }

    fn tracks(&self) -> Result<Vec<Track>> {
        Ok(Book::tracks(self)?.iter().map(Into::into).collect())
    }

    fn shadow(&mut self, request: &ShadowRequest, progress: OnProgress<'_>) -> Result<Track> {
        let version = request.version.parse()?;
        let policy = request.policy.unwrap_or_default().into();
        Ok((&Book::shadow(self, &version, policy, request.expect.as_deref(), progress)?).into())
    }

    fn drop_shadow(&mut self, version: &PluginVersion) -> Result<DroppedShadow> {
        Book::drop_shadow(self, version)?;
        Ok(DroppedShadow {
            dropped: version.to_string(),
        })
    }

    fn promote(
        &mut self,
        version: &PluginVersion,
        request: &PromoteRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        let asked = versions::PromoteRequest {
            force: request.force.clone(),
            actor: actor.map(str::to_owned),
        };
        if !request.patch {
            return match request.preview {
                true => Err(Error::usage("only a patch has a preview")),
                false => Ok((&Book::promote(self, version, &asked, progress)?).into()),
            };
        }
        let mut rows = DifferingRows::default();
        let mut visit = |row: &_| {
            rows.count(row);
            Ok(())
        };
        let keep = !request.preview;
        let promotion = self.promote_by_patch(version, &asked, keep, &mut visit, progress)?;
        let told = match (request.preview, (&promotion).into()) {
            (false, Promotion::Done(done)) => done,
            (false, differs) => return Ok(differs),
            (true, _) => Promoted {
                seq: None,
                lineup: None,
                track: None,
                patched: None,
            },
        };
        Ok(Promotion::Done(Promoted {
            patched: Some(rows),
            ..told
        }))
    }

    fn rollback(
        &mut self,
        reason: &Reason,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<Promotion> {
        let asked = versions::PromoteRequest {
            force: reason.reason.clone(),
            actor: actor.map(str::to_owned),
        };
        Ok((&Book::rollback(self, &asked, progress)?).into())
    }

    fn retire(
        &mut self,
        version: &PluginVersion,
        request: &RetireRequest,
        actor: Option<&str>,
    ) -> Result<Retired> {
        if request.pin_days.is_some() {
            self.set_pin_days(request.pin_days)?;
        }
        let seq = Book::retire(self, version, request.reason.as_deref(), actor)?;
        Ok(Retired {
            version: version.to_string(),
            seq: seq.0,
        })
    }

    fn snapshot(&mut self) -> Result<Snapshot> {
        Ok((&Book::snapshot(self)?).into())
    }

    fn append_bytes_max(&self) -> u64 {
        APPEND_BYTES_MAX
    }

    fn append(&mut self, events: Vec<Incoming>) -> Result<Vec<AppendedEvent<'static>>> {
        let receipts = Book::append(self, events)?.into_iter();
        Ok(receipts.map(Into::into).collect())
    }

    fn begin_with(&mut self, events: Vec<Incoming>) -> Result<u64> {
        Book::begin_with(self, events)
    }

    fn run(
        &mut self,
        request: Request,
        log: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<CommandReply<'static>> {
        let reply = Book::run(self, request)?;
        let events: &[EventWithEffects] = match &reply.decision {
            Decision::Accepted(events) => events,
            Decision::Rejected(_) => &[],
        };
        let of_events = events.iter().flat_map(|event| &event.log);
        for line in reply.log.iter().chain(of_events) {
            log(&line.message)?;
        }
        Ok(CommandReply::from(&reply).into_owned())
    }

    fn replay(&mut self, request: &ReplayRequest, progress: OnProgress<'_>) -> Result<Replayed> {
        let clock = Stopwatch::start();
        let live = self.live_head();
        let to = request.to.map(Seq::given).transpose()?;
        let picked = request.with.parse()?;
        let calls = request.instances.into();
        let mut study = self.study();
        study.set_calls(calls);
        let replayed = study.replay_heard(&picked, to, &request.name, request.log, progress);
        study.set_calls(Calls::default());
        let (replayed, record) = replayed?;
        self.record_replay(record)?;
        Ok(Replayed::new(&replayed, &live, clock.seconds()))
    }

    fn verify(
        &mut self,
        since: Option<Seq>,
        kept: Option<Digest>,
        calls: CallsIn,
        progress: OnProgress<'_>,
    ) -> Result<Verified> {
        let verification = match since {
            None => self.verification()?.against(kept),
            Some(since) => self.verification_since(since)?,
        };
        let verified = verification.by(calls.into()).run(progress, || true)?;
        Ok((&verified).into())
    }

    fn reconcile(
        &mut self,
        request: &ReconcileRequest,
        progress: OnProgress<'_>,
    ) -> Result<Reconciled> {
        let mut rows = DifferingRows::default();
        let mut visit = |row: &_| {
            rows.count(row);
            Ok(())
        };
        let done = Book::reconcile(self, request.reason.as_deref(), &mut visit, progress)?;
        Ok(Reconciled::new(rows, &done))
    }

    fn amend(
        &mut self,
        seq: Seq,
        request: &AmendRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<AmendReply> {
        let payload = match (&request.data, request.revert, request.skip) {
            (Some(data), false, false) => NewPayload::Data(data.get().to_owned()),
            (None, true, false) => NewPayload::Original,
            (None, false, true) => NewPayload::Nothing,
            _ => {
                let text = "an amendment is one of data, revert and skip";
                return Err(Error::usage(text));
            }
        };
        let asked = repair::AmendRequest {
            seq,
            payload,
            reason: reason(request.reason.as_deref(), request.preview)?,
            actor: actor.map(str::to_owned),
        };
        if !request.preview {
            let amended = Book::amend(self, &asked, progress)?;
            return Ok(AmendReply::Amended((&amended).into()));
        }
        let mut report = Foreseeing::default();
        let foreseen = self.preview_amendment(&asked, &mut report, progress)?;
        Ok(AmendReply::Foreseen(report.done(&foreseen)))
    }

    fn redact(
        &mut self,
        seq: Seq,
        request: &RedactRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RedactReply> {
        let asked = repair::RedactRequest {
            seq,
            reason: reason(request.reason.as_deref(), request.preview)?,
            replacement: request.with.as_ref().map(|data| data.get().to_owned()),
            actor: actor.map(str::to_owned),
        };
        if !request.preview {
            let redacted = Book::redact(self, &asked, progress)?;
            return Ok(RedactReply::Redacted((&redacted).into()));
        }
        let mut report = Foreseeing::default();
        let foreseen = self.preview_redaction(&asked, &mut report, progress)?;
        Ok(RedactReply::Foreseen(report.done(&foreseen)))
    }

    fn redact_all(
        &mut self,
        request: &RedactAllRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RedactReply> {
        let field = |it: &FieldValue| (it.field.clone(), it.value.clone());
        let asked = repair::RedactAllRequest {
            subjects: request.subjects.clone(),
            fields: request.matching.iter().map(field).collect(),
            reason: reason(request.reason.as_deref(), request.preview)?,
            replacements: request.with.as_ref().map(|data| data.get().to_owned()),
            actor: actor.map(str::to_owned),
        };
        if !request.preview {
            let redacted = Book::redact_all(self, &asked, progress)?;
            return Ok(RedactReply::Redacted((&redacted).into()));
        }
        let mut report = Foreseeing::default();
        let foreseen = self.preview_redaction_of_all(&asked, &mut report, progress)?;
        Ok(RedactReply::Foreseen(report.done(&foreseen)))
    }

    fn undo(
        &mut self,
        seq: Seq,
        request: &UndoRequest,
        actor: Option<&str>,
    ) -> Result<Undone<'static>> {
        let undone = Book::undo(
            self,
            &repair::UndoRequest {
                seq,
                reason: request.reason.clone(),
                actor: actor.map(str::to_owned),
                preview: request.preview,
            },
        )?;
        Ok(Undone::from(&undone).into_owned())
    }

    fn remedy(
        &mut self,
        seq: Seq,
        request: &RemedyRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<RemedyTaken> {
        let reason = reason(request.reason.as_deref(), false)?;
        let at = match request.remedy()? {
            Some(remedy) => self.resolve_doom(seq, remedy, &reason, actor, progress)?,
            None => self.pin_event(&PinRequest {
                seq,
                version: None,
                reason,
                actor: actor.map(str::to_owned),
            })?,
        };
        Ok(RemedyTaken {
            seq: at.0,
            event: seq.0,
        })
    }

    fn late_tasks(
        &mut self,
        request: &LateTasksRequest,
        actor: Option<&str>,
        progress: OnProgress<'_>,
    ) -> Result<LateTasks> {
        let mut found = Vec::new();
        let mut visit = |task| {
            found.push(task);
            Ok(())
        };
        self.study().late_tasks(&mut visit, progress)?;
        let enqueued = match request.enqueue {
            true => Some(self.enqueue_late(&found, actor)?),
            false => None,
        };
        Ok(LateTasks::new(&found, enqueued))
    }

    fn act_on_task(
        &mut self,
        id: &str,
        act: &Act,
        reason: &str,
        actor: Option<&str>,
    ) -> Result<Task> {
        Ok((&Book::act_on_task(self, id, act.clone(), reason, actor)?).into())
    }

    fn set_gateway_kind(
        &mut self,
        kind: &str,
        config: &KindConfig,
        actor: Option<&str>,
    ) -> Result<()> {
        Book::set_gateway_kind(self, kind, config, actor)
    }

    fn unset_gateway_kind(&mut self, kind: &str) -> Result<()> {
        Book::unset_gateway_kind(self, kind)
    }

    fn set_schedule(
        &mut self,
        name: &str,
        request: &ScheduleRequest,
        actor: Option<&str>,
    ) -> Result<CommandSchedule> {
        Ok((&Book::set_schedule(self, name, &request.parsed()?, actor)?).into())
    }

    fn pause_schedule(&mut self, name: &str, paused: bool) -> Result<CommandSchedule> {
        Ok((&Book::pause_schedule(self, name, paused)?).into())
    }

    fn run_schedule(&mut self, name: &str, actor: Option<&str>) -> Result<CommandSchedule> {
        Ok((&Book::run_schedule(self, name, actor)?).into())
    }

    fn remove_schedule(&mut self, name: &str) -> Result<()> {
        Book::remove_schedule(self, name)
    }
}

/// What stays in the log; a preview keeps nothing that would have to be explained.
fn reason(reason: Option<&str>, preview: bool) -> Result<String> {
    match reason {
        Some(reason) => Ok(reason.to_owned()),
        None if preview => Ok("a preview".to_owned()),
        None => Err(Error::usage("'reason' is missing: it stays in the log")),
    }
}
