//! Owns what operators do to history: repairs, other versions, snapshots.

use super::*;

impl World {
    /// Does something to history, alone with the book, after everything that waits.
    pub(super) fn alone<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Book) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<Result<T, Error>>, String> {
        let (answer, done) = later::<T>();
        let writer = self.writer.as_ref().expect("open");
        if writer.alone(work, done).is_err() {
            return Ok(None);
        }
        for _ in 0..200 {
            self.turn()?;
            if disk().has_crashed() {
                return Ok(None);
            }
            if let Some(result) = taken(&answer) {
                self.absorb(&[])?;
                return Ok(Some(result));
            }
        }
        Err("the writer does not come to what it was asked".to_owned())
    }

    /// The position of an event to be repaired, once everything that waits is answered, and nothing is in doubt: one act at
    /// a time is remembered.
    fn repair_place(&mut self) -> Result<Option<usize>, String> {
        while self.writer.as_ref().is_some_and(|it| it.waiting() > 0) && !disk().has_crashed() {
            self.turn()?;
        }
        let current = self.alone(Book::check_current)?;
        let places = self.model.repairable();
        if !matches!(current, Some(Ok(()))) || places.is_empty() || disk().has_crashed() {
            return Ok(None);
        }
        Ok(Some(*self.random.pick(&places)))
    }

    pub(super) fn amend(&mut self) -> Found {
        let Some(seq) = self.repair_place()? else {
            return Ok(());
        };
        let mut data = self.data();
        if let Some(Entry::Happened {
            data: Some(old), ..
        }) = self.model.entries.get(seq - 1)
        {
            data.key = old.key;
        }
        self.say(|| format!("amend {seq} to {data:?}"));
        self.act = Some(Act::Amend(seq, data.clone()));
        let request = AmendRequest {
            seq: Seq(seq as u64),
            payload: NewPayload::Data(data.json()),
            reason: "simulated".to_owned(),
            actor: None,
        };
        let answer = self.alone(move |book| book.amend(&request, &mut silent()))?;
        self.acted(answer.map(|it| it.map(drop)), |model| {
            model.allows(seq, Some(data))
        })
    }

    pub(super) fn redact(&mut self) -> Found {
        let Some(seq) = self.repair_place()? else {
            return Ok(());
        };
        let replacement = (self.random.below(2) == 0).then(|| self.data());
        self.say(|| format!("redact {seq}, {replacement:?} in its place"));
        self.act = Some(Act::Redact(seq, replacement.clone()));
        let request = RedactRequest {
            seq: Seq(seq as u64),
            reason: "simulated".to_owned(),
            replacement: replacement.as_ref().map(Data::json),
            actor: None,
        };
        let answer = self.alone(move |book| book.redact(&request, &mut silent()))?;
        let cleaned = matches!(&answer, Some(Ok(redacted)) if redacted.cleaned);
        self.acted(answer.map(|it| it.map(drop)), |model| {
            // Each epoch is worked out again as it was, with the payloads of its time.
            !model.is_repaired() && model.allows(seq, replacement)
        })?;
        if cleaned && !disk().has_crashed() {
            self.look_for_erased()?;
        }
        Ok(())
    }

    /// What came of an act on history; it is refused where history could not be handled after it, and nowhere else.
    pub(super) fn acted(
        &mut self,
        answer: Option<Result<(), Error>>,
        is_allowed: impl FnOnce(&Model) -> bool,
    ) -> Found {
        match answer {
            None => {}
            Some(Ok(())) => {
                self.report.acts += 1;
                if let Some(act) = &self.act {
                    return Err(format!("{act:?} was answered, and is not in the log"));
                }
            }
            Some(Err(error)) if is_doubtful(&error) => self.say(|| format!("in doubt: {error}")),
            Some(Err(error)) => {
                self.say(|| format!("refused: {error}"));
                if self.act.is_none() {
                    return Err(format!("refused, and in the log: {error}"));
                }
                if is_allowed(&self.model) {
                    return Err(format!("{:?} was refused: {error}", self.act));
                }
                self.act = None;
            }
        }
        Ok(())
    }

    /// Puts the other version in force, by a shadow or the way back.
    pub(super) fn switch(&mut self) -> Found {
        let request = PromoteRequest {
            force: Some("simulated".to_owned()),
            ..PromoteRequest::default()
        };
        let other = match self.model.times {
            1 => version(SECOND),
            _ => version(FIRST),
        };
        let back = self.random.below(2) == 0;
        self.say(|| format!("{} {other}", if back { "roll back to" } else { "promote" }));
        let answer = self.alone(move |book| {
            if back {
                return book.rollback(&request, &mut silent());
            }
            book.begin_shadow(&other, Policy::Pinned, "")?;
            book.turn_shadow_threads();
            book.promote(&other, &request, &mut silent())
        })?;
        match answer {
            Some(Ok(Promotion::Done(promoted))) => {
                self.report.acts += 1;
                let expected = match self.model.times {
                    1 => FIRST,
                    _ => SECOND,
                };
                if !promoted.lineup.to_string().contains(expected) {
                    return Err(format!(
                        "promoted to {}, and the log says {expected}",
                        promoted.lineup
                    ));
                }
            }
            Some(Ok(Promotion::Differs(status))) => {
                return Err(format!("a forced promotion differs: {status:?}"));
            }
            Some(Err(error)) => self.say(|| format!("not switched: {error}")),
            None => {}
        }
        Ok(())
    }

    pub(super) fn snapshot(&mut self) -> Found {
        self.say(|| "snapshot".to_owned());
        if let Some(Ok(_)) = self.alone(Book::snapshot)? {
            self.report.acts += 1;
        }
        Ok(())
    }
}
