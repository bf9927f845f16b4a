//! The file replayed while it is written: every line as it will be read, with the versions that handled its event, on a state
//! that holds nothing but what the lines before it gave.

use std::path::PathBuf;
use std::sync::Arc;

use super::mask::Masker;
use crate::book::{Extensions, Incoming};
use crate::diff::words::{place, sides};
use crate::diff::{Step, differences};
use crate::engine::{Materializer, Program, step_of};
use crate::model::effects::{Change, RecordedChange};
use crate::model::{Digest, Effects, Error, Event, Layouts, Result, Row, Seq, Task};
use crate::runtime::Runtime;
use crate::store::Temporary;
use crate::store::{Access, Projection, ProjectionHead};

/// Differences of one event that are told.
const TOLD_MAX: usize = 3;

pub struct Trial {
    materializer: Option<Materializer>,
    path: PathBuf,
    _file: Temporary,
}

impl Trial {
    pub fn new(path: PathBuf) -> Result<Trial> {
        Ok(Trial {
            _file: Temporary::new(std::slice::from_ref(&path))?,
            materializer: None,
            path,
        })
    }

    /// From now on with these versions.
    pub fn go_on(&mut self, runtime: &Arc<Runtime>, program: Arc<Program>) -> Result<()> {
        match &mut self.materializer {
            Some(materializer) if materializer.program().lineup == program.lineup => Ok(()),
            Some(materializer) => materializer.switch(program),
            None => {
                let layouts = program.layouts.clone();
                let projection = Projection::create(&self.path, layouts, Access::Building)?;
                self.materializer = Some(Materializer::new(runtime.clone(), program, projection));
                Ok(())
            }
        }
    }

    fn materializer(&mut self) -> Result<&mut Materializer> {
        self.materializer
            .as_mut()
            .ok_or_else(|| Error::internal("the trial of an export has not begun"))
    }

    /// Digest of the rows that the file came to.
    pub fn rows_digest(&mut self) -> Result<Digest> {
        self.materializer()?.projection().rows_digest()
    }

    /// A line that gives rows.
    pub fn give(&mut self, line: &str, number: u64) -> Result<()> {
        let event = self.read(line, number)?;
        self.materializer()?.run(&event).map_err(Error::from)?;
        self.apply()
    }

    /// A line with an event: what differs from what was recorded, in words.
    pub fn event(
        &mut self,
        line: &str,
        number: u64,
        changes: Vec<RecordedChange>,
        tasks: Vec<Task>,
        masker: &Masker,
    ) -> Result<Option<String>> {
        let event = self.read(line, number)?;
        let materializer = self.materializer()?;
        let layouts = materializer.program().layouts.clone();
        let recorded = match masked(changes, tasks, &layouts, masker) {
            Ok(recorded) => recorded,
            Err(table) => {
                return Ok(Some(format!(
                    "its table {table} is not that of its version"
                )));
            }
        };
        let (body, _) = recorded.encode(&layouts);
        let result = materializer.run(&event);
        if matches!(&result, Ok(outcome) if outcome.body == body) {
            self.apply()?;
            return Ok(None);
        }
        let found = step_of(result, layouts.clone())?;
        let recorded_step = Step::new(layouts.clone(), Ok((recorded.clone(), body)));
        let found = differences(&recorded_step, &found);
        let mut words: Vec<String> = { found.iter().take(TOLD_MAX) }
            .map(|difference| {
                let (base, candidate) = sides(difference);
                format!("{} {base} → {candidate}", place(difference))
            })
            .collect();
        if found.len() > TOLD_MAX {
            words.push(format!("and {} more", found.len() - TOLD_MAX));
        }
        // The events after it are tried on what was recorded, so that each is told for itself alone.
        let keys: Vec<_> = { recorded.changes.iter() }
            .map(|change| layouts.tables[change.table].key_of(change.row()))
            .collect();
        let rows = { recorded.changes.iter().zip(&keys) }
            .map(|(change, key)| (change.table, key.as_slice(), change.after.as_ref()));
        let head = ProjectionHead {
            position: event.seq,
            ..materializer.head()
        };
        materializer.replace(rows, head)?;
        materializer.end_batch()?;
        Ok(Some(words.join("; ")))
    }

    /// A line as whoever takes the file will read it.
    fn read(&mut self, line: &str, number: u64) -> Result<Event> {
        let incoming = Incoming::parse(line)?;
        let lineup = &self.materializer()?.program().lineup;
        let plugin = incoming.event_type.plugin();
        let said = incoming.version()?;
        let said = said.filter(|date| lineup.earlier(plugin).contains(date));
        let version = said.or(lineup.version(plugin));
        let kept = incoming.extensions.get("seq").and_then(|seq| seq.as_u64());
        let extensions = incoming.extensions.filled_in(incoming.context);
        Ok(Event {
            seq: Seq(number),
            id: incoming.id.unwrap_or_default(),
            source: incoming.source,
            version,
            event_type: incoming.event_type,
            subject: incoming.subject,
            time: incoming.time.unwrap_or_default(),
            data: incoming.data,
            extensions: match kept {
                Some(kept) => Extensions::keeping(extensions.as_deref(), Seq(kept)),
                None => extensions,
            },
        })
    }

    fn apply(&mut self) -> Result<()> {
        let materializer = self.materializer()?;
        materializer.apply_in_batch()?;
        materializer.end_batch()
    }
}

/// What was recorded, as it may leave, in the canonical order of the pseudonyms. `Err`: a table that the versions do not have
/// in this form.
fn masked(
    changes: Vec<RecordedChange>,
    tasks: Vec<Task>,
    layouts: &Layouts,
    masker: &Masker,
) -> Result<Effects, String> {
    let row = |row: &Row| -> Row { masker.row(row).into() };
    let mut masked = Vec::with_capacity(changes.len());
    for change in changes {
        let table = layouts.position(&change.layout.sql_name);
        let table = table.filter(|&at| layouts.tables[at].digest == change.layout.digest);
        masked.push(Change {
            table: table.ok_or_else(|| change.layout.sql_name.clone())?,
            before: change.before.as_ref().map(row),
            after: change.after.as_ref().map(row),
        });
    }
    masked.sort_by_cached_key(|change| {
        let layout = &layouts.tables[change.table];
        (change.table, layout.key_bytes(change.row()))
    });
    let tasks = tasks.into_iter().map(|task| Task {
        key: task.key.map(|key| masker.subject(&key)),
        data: match masker.is_idle() {
            true => task.data,
            false => masker.json(&task.data),
        },
        ..task
    });
    Ok(Effects {
        changes: masked,
        tasks: tasks.collect(),
    })
}
