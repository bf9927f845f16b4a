//! The one way into the log: a commit, what came of it, and what is done where nobody knows.

use super::open::Book;
use super::recovery::{Expect, recover};
use crate::history::silent;
use crate::log::CommitLog;
use crate::model::error::Problem;
use crate::model::log::{Appended, Commit, LocalOp, LogOp, RecordedEvent, Resolved, Tip};
use crate::model::{Error, Result, Seq, clock};
use crate::store::Catalog;

/// A commit of which nobody knows whether the log kept it.
pub(super) struct Unsettled {
    commit: Commit,
    local: Vec<LocalOp>,
}

/// One of the host's own events, with what it reports.
pub(crate) struct SystemEvent<'a> {
    pub event_type: &'a str,
    /// JSON text.
    pub data: String,
    /// What the log says with it.
    pub ops: Vec<LogOp>,
    /// What is this machine's own.
    pub local: Vec<LocalOp>,
}

/// Appends a commit, and asks once where the reply was lost.
pub(super) fn append(
    log: &mut dyn CommitLog,
    catalog: &mut Catalog,
    commit: &Commit,
    local: &[LocalOp],
) -> Result<Appended> {
    let appended = log.append(catalog, commit, local)?;
    if appended != Appended::Unknown {
        return Ok(appended);
    }
    match log.resolve(catalog, commit, local) {
        Ok(Resolved::Landed) => Ok(Appended::Kept),
        Ok(Resolved::Lost) => Err(lost()),
        Ok(Resolved::StillUnknown) => Ok(Appended::Unknown),
        // Who cannot be asked has not said that it was lost.
        Err(error) => {
            tracing::warn!(%error, "asking what became of a commit");
            Ok(Appended::Unknown)
        }
    }
}

fn lost() -> Error {
    Error::unavailable("the log did not keep the commit: its reply was lost, and so was it")
        .hint("nothing of the request was kept; repeat it")
}

impl Book {
    /// Takes note of what came of a commit; `Err` where it was not kept, or where nobody knows. Then the live projection has
    /// to be rolled back.
    pub(super) fn appended(
        &mut self,
        appended: Result<Appended>,
        commit: Commit,
        local: Vec<LocalOp>,
    ) -> Result<()> {
        match appended? {
            Appended::Kept => {
                self.advance(&commit);
                Ok(())
            }
            Appended::Conflict { last } => Err(Error::internal(format!(
                "somebody else wrote the log: its last commit is {last}, expected was {}",
                commit.expected
            ))),
            Appended::Unknown => {
                self.unsettled = Some(Unsettled { commit, local });
                Err(unknown())
            }
        }
    }

    fn advance(&mut self, commit: &Commit) {
        self.tip.commit = commit.position();
        if let Some(RecordedEvent {
            event,
            hash,
            recorded_at,
            ..
        }) = commit.last_event()
        {
            self.tip.head = (event.seq, *hash);
            self.tip.recorded_at.clone_from(recorded_at);
        }
    }

    /// Commits what has no event.
    pub(crate) fn commit(&mut self, ops: Vec<LogOp>) -> Result<()> {
        let commit = Commit::new(self.tip.commit, ops);
        let appended = append(&mut *self.log, &mut self.history.log, &commit, &[]);
        self.appended(appended, commit, Vec::new())
    }

    /// One of the host's own events, in the same commit as what it reports. The live projection is left before it.
    pub(crate) fn append_system(&mut self, system: SystemEvent<'_>) -> Result<Seq> {
        let event = self.system_event(system.event_type, system.data)?;
        let seq = event.seq;
        let outcome = self.live.materializer.run(&event).map_err(Error::from)?;
        let stamp = self.live.materializer.program().stamp.clone();
        let sealed = self.seal(None, event, &outcome, stamp, None);
        let origin = self.history.log.origin(&sealed.hash)?;
        self.live.materializer.projection().set_origin(origin);
        let mut ops = vec![LogOp::Event(sealed)];
        ops.extend(system.ops);
        let commit = Commit::new(self.tip.commit, ops);
        let (log, catalog) = (&mut *self.log, &mut self.history.log);
        let appended = append(log, catalog, &commit, &system.local);
        self.appended(appended, commit, system.local)
            .inspect_err(|_| self.live.materializer.rollback())?;
        Ok(seq)
    }

    /// As `append_system`, where the live projection stays what it is: its position moves with the event.
    pub(crate) fn record_system(&mut self, system: SystemEvent<'_>) -> Result<Seq> {
        let seq = self.append_system(system)?;
        self.live.materializer.apply()?;
        self.commit_live()?;
        Ok(seq)
    }

    /// Refuses to go on where it is not known what became of the last commit, or where a failed one left the live projection
    /// behind the log: what came next would be worked out on a state that lacks events.
    pub fn check_current(&mut self) -> Result<()> {
        self.resolve_unknown()?;
        let position = self.live_head().position;
        if position == self.head() {
            return Ok(());
        }
        Err(Error::unavailable(format!(
            "the live projection is at event {position}, behind the log's {}",
            self.head()
        ))
        .hint("open the book again once the cause is mended; it catches up by itself"))
    }

    /// Asks again what became of a commit, where that is not known; takes up what it did.
    fn resolve_unknown(&mut self) -> Result<()> {
        let Some(unsettled) = self.unsettled.take() else {
            return Ok(());
        };
        let (log, catalog) = (&mut self.log, &mut self.history.log);
        match log.resolve(catalog, &unsettled.commit, &unsettled.local) {
            Ok(Resolved::Lost) => Ok(()),
            Ok(Resolved::Landed) => self.take_up(),
            other => {
                self.unsettled = Some(unsettled);
                other.and(Err(unknown()))
            }
        }
    }

    /// Goes on from what the log has, whatever it is.
    fn take_up(&mut self) -> Result<()> {
        self.pause_shadow_threads();
        self.tip = self.history.log.tip()?;
        self.history.library.reload(&self.history.log)?;
        self.live.record = self.history.log.live()?;
        self.live.materializer = recover(
            &mut self.history,
            &self.live.record,
            self.tip.head.0,
            Expect::Recorded,
            &mut silent(),
        )?;
        self.task_news.anew = true;
        self.head_signal.tell(self.head());
        self.resume_shadow_threads()
    }

    /// When something is taken in now: never before what was taken in last, whatever the clock shows.
    pub(super) fn recorded_now(&self, last: Option<&RecordedEvent>) -> String {
        let now = clock::now();
        let last = last.map_or(&self.tip.recorded_at, |last| &last.recorded_at);
        if now < *last { last.clone() } else { now }
    }

    /// Where the log stands.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }
}

fn unknown() -> Error {
    Error::unavailable("it is not known whether the log kept the last commit")
        .problem(Problem::Lost)
        .hint("the book takes nothing until that is known; ask again")
}
