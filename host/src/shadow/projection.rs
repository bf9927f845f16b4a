//! A projection beside the live one that follows the log: a shadow, whose effects are compared with what was recorded on
//! the way, or a standby. Whoever has one drives it: the command line to the log's head, a follower's thread for ever.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::diff::{About, Causes, Expectations, Step, Tally, differences};
use crate::engine::{Failure, Outcome, Player, Program, step_of};
use crate::history::{Decoder, History, advance};
use crate::model::effects::RecordedChange;
use crate::model::{
    Change, Effects, Error, ErrorKind, Event, Layouts, Result, Schedule, Seq, TableLayout, Task,
};
use crate::model::{ProjectionRecord, Role};
use crate::store::remove_projection;
use crate::store::{BookDir, Catalog, Projection, StoredEvent};

/// How far a track is, and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowStatus {
    /// As the registry knows it: `shadow-bank@1994-01-01`, `standby`.
    pub name: String,
    pub role: Role,
    pub schedule: Schedule,
    pub position: Seq,
    /// The log's head, as this was asked.
    pub head: Seq,
    /// Its file is whole under its own name: it was at the log's head once. Until then it cannot take over quickly.
    pub is_ready: bool,
    /// What differs from the live projection; only a shadow knows.
    pub tally: Option<Tally>,
    /// Why it goes no further: an event of doom, in words.
    pub doom: Option<String>,
}

impl ShadowStatus {
    /// Events that it has yet to run.
    pub fn lag(&self) -> u64 {
        self.head.0.saturating_sub(self.position.0)
    }
}

/// Where the log keeps the expectation file of a shadow.
pub(crate) fn expect_key(name: &str) -> String {
    format!("expect {name}")
}

/// The position of a track's file; none where there is no file, or one of another history: it is begun again.
fn usable(log: &Catalog, record: &ProjectionRecord, path: &Path) -> Result<Option<Seq>> {
    if !path.is_file() {
        return Ok(None);
    }
    match log.position_of(path) {
        Ok(position) => Ok(Some(position)),
        Err(error) if error.kind == ErrorKind::Corrupt => {
            let name = &record.name;
            tracing::warn!(%error, name, "a projection cannot be used; it is built again from the log");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn read_note(record: &ProjectionRecord, text: &str) -> Result<Note> {
    serde_json::from_str(text)
        .map_err(|error| Error::corrupt(format!("the note of {}: {error}", record.name)))
}

/// What a shadow keeps in its own file, beside its position.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Note {
    /// The expectation file's text.
    expect: String,
    /// How often each of its entries was met.
    met: Vec<u64>,
    tally: Tally,
}

pub struct ShadowProjection {
    pub record: ProjectionRecord,
    player: Player,
    /// Until it has run what there was when it began: the file has no journal, and a name under which nobody finds it.
    building: Option<PathBuf>,
    path: PathBuf,
    comparing: Option<Comparing>,
    doom: Option<String>,
}

impl ShadowProjection {
    /// Goes on where the track's file is, or begins one. `live` is what the live projection is made by: a shadow is
    /// compared with that.
    pub fn open(
        history: &mut History,
        record: &ProjectionRecord,
        live: &Schedule,
    ) -> Result<ShadowProjection> {
        let path = history.dir.projection(&record.file);
        let plan = history.plan(&record.schedule)?;
        let runtime = history.library.runtime.clone();
        let (mut player, building) = if let Some(position) = usable(&history.log, record, &path)? {
            let player = Player::resume(runtime, plan, &path, position)?;
            (player, None)
        } else {
            let building = path.with_extension("building");
            remove_projection(&path)?;
            remove_projection(&building)?;
            let start = history.start(&record.schedule, history.log.head()?.0)?;
            let player = Player::begin(runtime, plan, &building, start.as_ref())?;
            (player, Some(building))
        };
        let comparing = match record.role {
            Role::Shadow => {
                let note = match player.materializer.projection().note()? {
                    Some(text) => read_note(record, &text)?,
                    None => Note {
                        expect: {
                            let expect = history.log.meta(&expect_key(&record.name))?;
                            expect.unwrap_or_default()
                        },
                        ..Note::default()
                    },
                };
                let position = player.materializer.head().position;
                Some(Comparing::new(history, record, live, note, position)?)
            }
            _ => None,
        };
        Ok(ShadowProjection {
            record: record.clone(),
            player,
            building,
            path,
            comparing,
            doom: None,
        })
    }

    pub fn position(&self) -> Seq {
        self.player.materializer.head().position
    }

    /// True when it stands before an event that it cannot materialize.
    pub fn is_doomed(&self) -> bool {
        self.doom.is_some()
    }

    /// How a track stands by its file, without going on with it.
    pub fn glance(
        dir: &BookDir,
        log: &Catalog,
        record: &ProjectionRecord,
        head: Seq,
    ) -> Result<ShadowStatus> {
        let path = dir.projection(&record.file);
        let found = usable(log, record, &path)?;
        let note = match found {
            Some(_) => Projection::glance(&path)?.note,
            None => None,
        };
        let note: Option<Note> = note.map(|text| read_note(record, &text)).transpose()?;
        Ok(ShadowStatus {
            name: record.name.clone(),
            role: record.role,
            schedule: record.schedule.clone(),
            position: found.unwrap_or(Seq::ZERO),
            head,
            is_ready: found.is_some(),
            tally: note.map(|note| note.tally),
            doom: None,
        })
    }

    pub fn status(&self, head: Seq) -> ShadowStatus {
        ShadowStatus {
            name: self.record.name.clone(),
            role: self.record.role,
            schedule: self.record.schedule.clone(),
            position: self.position(),
            head,
            is_ready: self.building.is_none(),
            tally: self.comparing.as_ref().map(|it| it.tally.clone()),
            doom: self.doom.clone(),
        }
    }

    /// Runs what is missing up to `to`, and calls `pause` after each piece, which may end it early (`false`). What was run
    /// is kept. An event of doom ends it too: `status` tells, and nothing after it is run.
    pub fn follow(
        &mut self,
        history: &mut History,
        to: Seq,
        mut pause: impl FnMut(&ShadowProjection) -> bool,
    ) -> Result<()> {
        history.remind(&mut self.player, to)?;
        if let Some(base) = { self.comparing.as_mut() }.and_then(|it| it.base.as_mut()) {
            history.remind(&mut base.player, to)?;
        }
        let mut go_on = self.doom.is_none();
        for piece in history.log.recorded(self.position().next()..=to) {
            if !go_on {
                break;
            }
            for stored in &piece? {
                self.step(&history.log, stored)?;
                if self.doom.is_some() {
                    break;
                }
            }
            if self.player.materializer.wants_commit() {
                self.commit()?;
            }
            go_on = self.doom.is_none() && pause(self);
        }
        self.commit()
    }

    fn step(&mut self, log: &Catalog, stored: &StoredEvent) -> Result<()> {
        let result = self.player.run(&stored.event);
        match &result {
            Ok(_) => {
                let origin = log.origin(&stored.hash)?;
                self.player.materializer.projection().set_origin(origin);
                self.player.apply()?;
            }
            Err(Failure::Doom(doom)) => self.doom = Some(doom.clone().into_error().message),
            Err(Failure::Host(error)) => return Err(error.clone()),
        }
        match &mut self.comparing {
            Some(comparing) => {
                let program = self.player.materializer.program().clone();
                comparing.compare(log, stored, result, &program)
            }
            None => Ok(()),
        }
    }

    fn commit(&mut self) -> Result<()> {
        if let Some(comparing) = &self.comparing {
            let note = comparing.note()?;
            self.player.materializer.projection().set_note(note);
        }
        self.player.materializer.commit()
    }

    /// Makes the file an ordinary one under its own name, once what there was is run: from here on it is found again
    /// after a crash.
    pub fn finish_building(self, history: &History) -> Result<ShadowProjection> {
        let Some(building) = self.building else {
            return Ok(self);
        };
        let plan = self.player.plan().clone();
        let runtime = history.library.runtime.clone();
        history.finish(self.player)?;
        std::fs::rename(&building, &self.path).map_err(|error| {
            Error::io(format!("putting {} in place", self.path.display()), error)
        })?;
        let position = history.log.position_of(&self.path)?;
        Ok(ShadowProjection {
            player: Player::resume(runtime, plan, &self.path, position)?,
            building: None,
            ..self
        })
    }

    /// Gives up a track that is to become the live projection.
    pub fn into_player(self) -> Player {
        self.player
    }
}

/// A shadow's other side: what the live projection did with the same events.
struct Comparing {
    /// The expectation file's text.
    expect: String,
    expectations: Expectations,
    tally: Tally,
    /// From here on the recorded effects are what the live projection's own schedule made of the log.
    recorded_from: Seq,
    /// An expectation names a cause: the base is needed for all events, since causes are found on its state.
    tells_causes: bool,
    /// Works out what the live projection's schedule makes of the events before `recorded_from`, or of all.
    base: Option<Base>,
    decoder: Decoder,
}

struct Base {
    player: Player,
    path: PathBuf,
}

impl Base {
    /// Where the shadow begins.
    fn at(history: &mut History, live: &Schedule, path: PathBuf, position: Seq) -> Result<Base> {
        remove_projection(&path)?;
        let plan = history.plan(live)?;
        let start = history.start(live, position)?;
        let runtime = history.library.runtime.clone();
        let player = Player::begin(runtime, plan, &path, start.as_ref())?;
        let mut base = Base { player, path };
        history.remind(&mut base.player, position)?;
        advance(&mut base.player, &history.log, position)?;
        Ok(base)
    }

    /// Works an event out, which is not kept yet.
    fn step(&mut self, event: &Event) -> Result<Step> {
        let outcome = self.player.run(event).map_err(Error::from)?;
        step_of(
            Ok(outcome),
            self.player.materializer.program().layouts.clone(),
        )
    }

    /// Why the candidate came to something else: what it does on this very state.
    fn causes(&mut self, candidate: &Arc<Program>, event: &Event, step: &Step) -> Result<Causes> {
        let materializer = &mut self.player.materializer;
        let aside = materializer.set_aside()?;
        let probed = step_of(
            materializer.probe(candidate, event),
            candidate.layouts.clone(),
        );
        materializer.put_back(aside)?;
        Ok(Causes::of(step, &probed?))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        if let Err(error) = remove_projection(&self.path) {
            tracing::warn!(%error, "removing the base of a shadow");
        }
    }
}

impl Comparing {
    fn new(
        history: &mut History,
        record: &ProjectionRecord,
        live: &Schedule,
        note: Note,
        position: Seq,
    ) -> Result<Comparing> {
        let mut expectations = Expectations::parse(&note.expect)?;
        expectations.resume(&note.met, note.tally.unexpected);
        let stale = history.log.stale_effects()?;
        let recorded_from = recorded_from(&history.log.epochs()?, live, stale.as_ref());
        let tells_causes = expectations.name_causes();
        let base = match tells_causes || position.next() < recorded_from {
            true => {
                let file = format!("{}-base.building", record.file);
                Some(Base::at(
                    history,
                    live,
                    history.dir.projection(&file),
                    position,
                )?)
            }
            false => None,
        };
        Ok(Comparing {
            expect: note.expect,
            tally: note.tally,
            expectations,
            recorded_from,
            tells_causes,
            base,
            decoder: Decoder::new(&history.log)?,
        })
    }

    fn note(&self) -> Result<String> {
        let note = Note {
            expect: self.expect.clone(),
            met: self
                .expectations
                .uses()
                .iter()
                .map(|entry| entry.met)
                .collect(),
            tally: self.tally.clone(),
        };
        serde_json::to_string(&note)
            .map_err(|error| Error::internal(format!("writing a shadow's note: {error}")))
    }

    fn compare(
        &mut self,
        log: &Catalog,
        stored: &StoredEvent,
        candidate: Result<Outcome, Failure>,
        program: &Arc<Program>,
    ) -> Result<()> {
        let event = &stored.event;
        if event.seq >= self.recorded_from && !self.tells_causes {
            self.base = None;
        }
        let is_recorded = matches!(&candidate, Ok(outcome) if outcome.body == stored.effects)
            && self.base.is_none();
        if is_recorded {
            self.tally.events += 1;
            return Ok(());
        }
        let base = match &mut self.base {
            Some(base) => base.step(event)?,
            None => recorded_step(&stored.effects, self.decoder.decode(log, stored)?),
        };
        let candidate = step_of(candidate, program.layouts.clone())?;
        let found = match base.is_same(&candidate) {
            true => Vec::new(),
            false => differences(&base, &candidate),
        };
        let mut causes = None;
        if let Some(player) = &mut self.base {
            if self.tells_causes && !found.is_empty() {
                causes = Some(player.causes(program, event, &base)?);
            }
            player.player.apply()?;
        }
        let about = About {
            seq: event.seq,
            event_type: &event.event_type,
            cause: None,
        };
        let expectations = &mut self.expectations;
        self.tally
            .count(about, &found, causes.as_ref(), expectations);
        Ok(())
    }
}

/// From which event on the recorded effects are what `live` makes of the log as it stands: those of the epochs at its end
/// that ran the same schedule, after the last amendment. What was recorded before that is of other payloads.
fn recorded_from(
    epochs: &[(Seq, Schedule)],
    live: &Schedule,
    stale: Option<&RangeInclusive<Seq>>,
) -> Seq {
    let mut from = Seq(u64::MAX);
    for (at, (begins, schedule)) in epochs.iter().enumerate().rev() {
        let ends = epochs
            .get(at + 1)
            .map_or(Seq(u64::MAX), |(next, _)| Seq(next.0 - 1));
        if schedule.until(ends) != live.until(ends) {
            break;
        }
        // Before the first epoch there are only the host's own events, which have no effects.
        from = if at == 0 { Seq(1) } else { *begins };
    }
    stale.map_or(from, |stale| from.max(stale.end().next()))
}

/// Recorded effects as one side of a comparison.
fn recorded_step(body: &[u8], (changes, tasks): (Vec<RecordedChange>, Vec<Task>)) -> Step {
    let mut tables: Vec<Arc<TableLayout>> = Vec::new();
    for change in &changes {
        if !tables.contains(&change.layout) {
            tables.push(change.layout.clone());
        }
    }
    let layouts = Layouts::new(tables);
    let changes = changes.into_iter().map(|change| Change {
        table: layouts
            .position(&change.layout.sql_name)
            .expect("the table was added above"),
        before: change.before,
        after: change.after,
    });
    let effects = Effects {
        changes: changes.collect(),
        tasks,
    };
    Step::new(Arc::new(layouts), Ok((effects, body.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_effects_speak_for_the_live_schedule_as_far_back_as_it_made_them() {
        let schedule = |text: &str| text.parse::<Schedule>().unwrap();
        let (old, new) = ("1: bank@1993-01-01", "1: bank@1994-01-01");
        let epochs = [(Seq(3), schedule(old)), (Seq(500), schedule(new))];
        let recorded_from = |epochs: &[_], live: &_| recorded_from(epochs, live, None);
        assert_eq!(recorded_from(&epochs[..1], &schedule(old)), Seq(1));
        assert_eq!(recorded_from(&epochs, &schedule(new)), Seq(500));
        // A new version for what comes from 500 on leaves what was before as it was.
        let later = schedule("1: bank@1993-01-01; 500: bank@1994-01-01");
        let epochs = [(Seq(3), schedule(old)), (Seq(500), later.clone())];
        assert_eq!(recorded_from(&epochs, &later), Seq(1));
        // Gone back: the effects in between are the other version's.
        let back = [
            (Seq(3), schedule(old)),
            (Seq(500), schedule(new)),
            (Seq(600), schedule(old)),
        ];
        assert_eq!(recorded_from(&back, &schedule(old)), Seq(600));
        // Event 5 was amended by 600, under the same versions: what was recorded before is of its first payload.
        let amended = [(Seq(3), schedule(old)), (Seq(600), schedule(old))];
        let stale = Seq(5)..=Seq(599);
        let from = |stale| super::recorded_from(&amended, &schedule(old), stale);
        assert_eq!((from(None), from(Some(&stale))), (Seq(1), Seq(600)));
    }
}
