//! Threads that keep the shadows and the standby of a served book current.

use super::open::Book;
use crate::model::{ProjectionRecord, Result, Role};
use crate::shadow::Follower;

impl Book {
    /// From now on whatever the book does is done by who calls it: it starts no thread, and what it follows with `follow`
    /// moves by `turn_followers`. For simulation, where the order of all steps is chosen.
    pub fn without_threads(&mut self) {
        self.threads = false;
    }

    /// Moves all that follows to the log's head, where no thread does.
    pub fn turn_followers(&mut self) {
        self.followers.iter_mut().for_each(Follower::turn);
    }

    /// Keeps every shadow and the standby current from now on, on threads of their own: for as long as the book is
    /// served.
    pub fn follow(&mut self) -> Result<()> {
        self.following = true;
        self.head_signal.tell(self.head());
        self.follow_all()
    }

    pub(crate) fn follow_all(&mut self) -> Result<()> {
        let records = self.history.log.projections()?;
        for record in &records {
            if matches!(record.role, Role::Shadow | Role::Standby) {
                self.start_follower(record)?;
            }
        }
        Ok(())
    }

    pub(crate) fn start_follower(&mut self, record: &ProjectionRecord) -> Result<()> {
        let known = self.followers.iter().any(|it| it.name == record.name);
        if !self.following || known {
            return Ok(());
        }
        let follower = Follower::start(
            self.history.apart()?,
            record.clone(),
            self.live.record.schedule.clone(),
            self.head_signal.clone(),
            self.threads,
        )?;
        self.followers.push(follower);
        Ok(())
    }

    pub(crate) fn stop_follower(&mut self, name: &str) {
        if let Some(at) = self.followers.iter().position(|it| it.name == name) {
            let apart = self.followers.remove(at).stop();
            { apart.into_iter() }.for_each(|it| self.history.keep_apart(it));
        }
    }

    /// Ends the threads until `follow_all`, before what they follow is forgotten.
    pub(crate) fn pause_following(&mut self) {
        while let Some(follower) = self.followers.pop() {
            let apart = follower.stop();
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
    pub fn stop_following(&mut self) {
        self.following = false;
        while let Some(follower) = self.followers.pop() {
            drop(follower.stop());
        }
    }
}
