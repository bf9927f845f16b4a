//! Threads that keep the shadows and the standby of a served book current.

use super::open::Book;
use crate::model::{ProjectionRecord, Result, Role};
use crate::shadow::ShadowThread;

impl Book {
    /// From now on whatever the book does is done by who calls it: it starts no thread, and what `start_shadow_threads` begins
    /// moves by `turn_shadow_threads`. For simulation, where the order of all steps is chosen.
    pub fn without_threads(&mut self) {
        self.threads = false;
    }

    /// Moves all that follows to the log's head, where no thread does.
    pub fn turn_shadow_threads(&mut self) {
        self.shadow_threads.iter_mut().for_each(ShadowThread::turn);
    }

    /// Keeps every shadow and the standby current from now on, on threads of their own: for as long as the book is
    /// served.
    pub fn start_shadow_threads(&mut self) -> Result<()> {
        self.keeps_shadows_current = true;
        self.head_signal.tell(self.head());
        self.resume_shadow_threads()
    }

    pub(crate) fn resume_shadow_threads(&mut self) -> Result<()> {
        let records = self.history.log.projections()?;
        for record in &records {
            if matches!(record.role, Role::Shadow | Role::Standby) {
                self.start_shadow_thread(record)?;
            }
        }
        Ok(())
    }

    pub(crate) fn start_shadow_thread(&mut self, record: &ProjectionRecord) -> Result<()> {
        let known = self.shadow_threads.iter().any(|it| it.name == record.name);
        if !self.keeps_shadows_current || known {
            return Ok(());
        }
        let thread = ShadowThread::start(
            self.history.apart()?,
            record.clone(),
            self.live.record.schedule.clone(),
            self.head_signal.clone(),
            self.threads,
        )?;
        self.shadow_threads.push(thread);
        Ok(())
    }

    pub(crate) fn stop_shadow_thread(&mut self, name: &str) {
        if let Some(at) = self.shadow_threads.iter().position(|it| it.name == name) {
            let apart = self.shadow_threads.remove(at).stop();
            { apart.into_iter() }.for_each(|it| self.history.keep_apart(it));
        }
    }

    /// Ends the threads until `resume_shadow_threads`, before what they follow is forgotten.
    pub(crate) fn pause_shadow_threads(&mut self) {
        while let Some(thread) = self.shadow_threads.pop() {
            let apart = thread.stop();
            { apart.into_iter() }.for_each(|it| self.history.keep_apart(it));
        }
    }

    /// Removes the files of projections and snapshots that the log does not name any more.
    pub(crate) fn remove_forgotten(&self) -> Result<()> {
        let records = self.history.log.projections()?.into_iter();
        let known: Vec<_> = records.map(|record| record.file).collect();
        self.history.dir.sweep(&known)?;
        let snapshots = self.history.log.snapshots()?.into_iter();
        let known: Vec<_> = snapshots.map(|record| record.file).collect();
        self.history.dir.sweep_snapshots(&known)
    }

    /// Ends the threads; what they did is kept.
    pub fn end_shadow_threads(&mut self) {
        self.keeps_shadows_current = false;
        while let Some(thread) = self.shadow_threads.pop() {
            drop(thread.stop());
        }
    }
}
