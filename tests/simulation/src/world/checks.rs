//! Owns what is compared with the model: the log, rows, tasks, files.

use daybook::store::TaskRow;

use super::*;

impl World {
    /// The rows as they are, held against the model's.
    pub(super) fn compare(&mut self) -> Found {
        if self.writer.as_ref().is_some_and(|it| it.waiting() > 0) {
            return Ok(());
        }
        disk().calm();
        if self.alone(|book| book.check_current())?.is_none() {
            return Ok(());
        }
        let live = self.book().live_path();
        let mut rows = Rows::new();
        let visit = |row: Vec<Value>| {
            if let [Value::Integer(key), Value::Integer(n), Value::Text(text)] = row.as_slice() {
                rows.insert(*key, (*n, text.clone()));
            }
            Ok(())
        };
        let sql = "SELECT id, n, text FROM tally_thing";
        read_only_query(&live, sql, |_| Ok(()), visit)
            .map_err(|error| format!("reading rows: {error}"))?;
        let expected = self.model.rows().expect("looked at before");
        match rows == expected {
            true => Ok(()),
            false => Err(format!("the rows are {rows:?}, and should be {expected:?}")),
        }
    }

    pub(super) fn look_for_erased(&mut self) -> Found {
        for text in &self.model.erased {
            let mut found = files_with(&self.path, text.as_bytes());
            // SQLite's recovery of a write-ahead log copies memory into its index that it has not set where no frame is
            // valid. Here that may be memory of before the crash, which a machine that starts does not have.
            found.retain(|file| !file.ends_with("-shm"));
            if !found.is_empty() {
                return Err(format!("'{text}' was erased, and is in {found:?}"));
            }
        }
        Ok(())
    }

    pub(super) fn recovered(&mut self) -> Found {
        let before = self.model.entries.len();
        self.absorb(&[])?;
        // What the log does not have now it will never have.
        self.doubtful.clear();
        self.act = None;
        let head = self.book().head().0;
        if head != self.model.entries.len() as u64 {
            return Err(format!(
                "the log's head is {head}, and {} events were known, {before} of them acknowledged",
                self.model.entries.len()
            ));
        }
        for (seq, id) in &self.seen {
            match self.model.entries.get(*seq as usize - 1) {
                Some(Entry::Happened { id: known, .. }) if known != id => {
                    return Err(format!(
                        "a subscriber saw {id} at {seq}; the log has {known}"
                    ));
                }
                None => return Err(format!("a subscriber saw {id} at {seq}, which is gone")),
                _ => {}
            }
        }
        self.look_for_unkept()?;
        self.check_clock()?;
        self.verify()?;
        self.compare()?;
        self.look_for_erased()
    }

    pub(super) fn verify(&mut self) -> Found {
        let verified = self.book().verify(&mut silent());
        let verified = verified.map_err(|error| format!("verify: {error}"))?;
        match verified.problem {
            None => Ok(()),
            Some(problem) => Err(format!("verify found: {problem:?}")),
        }
    }

    pub(super) fn rested(&mut self) -> Found {
        self.subscribe()?;
        self.recovered()?;
        let mut asking = BTreeSet::new();
        for task in self.tasks(None)? {
            asking.insert(task.delivery.place.seq.0);
            if !self.taken.contains_key(&task.id) {
                return Err(format!(
                    "task {} of {} was never delivered",
                    task.id, task.delivery.place
                ));
            }
        }
        for (at, entry) in self.model.entries.iter().enumerate() {
            let asks = matches!(
                entry,
                Entry::Happened {
                    data: Some(_),
                    is_repaired: false,
                    ..
                }
            );
            if asks && !asking.contains(&(at as u64 + 1)) {
                return Err(format!("event {} has no task", at + 1));
            }
        }
        Ok(())
    }

    fn tasks(&self, state: Option<TaskState>) -> Result<Vec<TaskRow>, String> {
        let filter = TaskFilter {
            state,
            ..TaskFilter::default()
        };
        Reader::beside(&self.path)
            .and_then(|reader| reader.tasks(&filter, 1 << 30))
            .map_err(|error| format!("tasks: {error}"))
    }

    /// Tasks to which something is still to happen.
    pub(super) fn open_tasks(&self) -> Result<usize, String> {
        let states = [TaskState::Pending, TaskState::Running, TaskState::Retry];
        states
            .into_iter()
            .try_fold(0, |count, state| Ok(count + self.tasks(Some(state))?.len()))
    }

    /// Tasks that were taken, and of which nobody kept that they were, are delivered again.
    fn look_for_unkept(&mut self) -> Found {
        let done: BTreeSet<String> = { self.tasks(Some(TaskState::Done))?.into_iter() }
            .map(|task| task.id)
            .collect();
        for id in std::mem::take(&mut self.unkept) {
            if !done.contains(&id) {
                self.may_come_again(&id);
            }
        }
        Ok(())
    }
}
