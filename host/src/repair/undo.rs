//! Undoing: by the plugin's own inverse, where it has one; else by an event of its own that takes the row changes back. It names
//! the event: each replay takes back what that event changed there, without any plugin.

use crate::book::SystemEvent;
use crate::model::log::LogOp;
use serde_json::json;

use super::repairable::check_words;
use crate::book::Book;
use crate::book::EventWithEffects;
use crate::book::shown;
use crate::book::{Decision, Request};
use crate::engine::shown as shown_key;
use crate::model::effects::RecordedChange;
use crate::model::error::Problem;
use crate::model::event::EVENT_UNDONE;
use crate::model::layout::find_table;
use crate::model::undo::inverse;
use crate::model::{Error, ErrorKind, Result, Seq, Task};
use crate::store::StoredEvent;

#[derive(Debug, Clone)]
pub struct UndoRequest {
    pub seq: Seq,
    pub reason: Option<String>,
    pub actor: Option<String>,
    /// Work it out in full, keep nothing.
    pub preview: bool,
}

/// An undo that was kept, or would be.
#[derive(Debug, Clone)]
pub struct Undone {
    pub event: Seq,
    pub preview: bool,
    /// The undo's own event, with what it changed.
    pub caused: EventWithEffects,
    /// Further events of the plugin's own inverse.
    pub further: Vec<EventWithEffects>,
    /// What the event asked for outside of the book: that is not taken back.
    pub tasks: Vec<Task>,
}

impl Book {
    /// Takes back one event: by its plugin's own inverse, the command `Undo…` of the event's name with the event's payload;
    /// else its row changes, which is refused where a later event changed the same columns since.
    pub fn undo(&mut self, request: &UndoRequest) -> Result<Undone> {
        let seq = request.seq;
        let stored = self.undoable(seq)?;
        check_words(
            request.reason.as_deref().unwrap_or("-"),
            request.actor.as_deref(),
        )?;
        if let Some(by) = self.history.log.undone_by(seq)? {
            return Err(
                Error::refused(format!("event {seq} was undone already, by event {by}"))
                    .hint(format!("daybook undo BOOK {by} puts back what it did")),
            );
        }
        if let Some(undone) = self.ask_inverse(request, &stored)? {
            return Ok(undone);
        }
        let schedule = self.live.record.schedule.clone();
        let (changes, tasks) = self.history.recall(&schedule, seq)?;
        if changes.is_empty() {
            return Err(Error::refused(format!(
                "event {seq} ({}) changed no row: there is nothing to undo",
                stored.event.event_type
            )));
        }
        self.refuse_touched(seq, &changes)?;
        let data = told(request, &stored);
        self.live.materializer.remember(seq, inverse(&changes));
        let layouts = self.live.materializer.program().layouts.clone();
        if request.preview {
            let event = self.system_event(EVENT_UNDONE, data)?;
            let outcome = self.live.materializer.run(&event).map_err(Error::from);
            self.live.materializer.discard()?;
            self.live.materializer.forget_undone();
            return Ok(Undone {
                event: seq,
                preview: true,
                caused: EventWithEffects::now(event, outcome?, &layouts),
                further: Vec::new(),
                tasks,
            });
        }
        let by = self.head().next();
        let undo = self.record_system(SystemEvent {
            event_type: EVENT_UNDONE,
            data,
            ops: vec![LogOp::Undone { event: seq, by }],
            local: Vec::new(),
        });
        self.live.materializer.forget_undone();
        let undo = undo?;
        let undo = self.history.log.recorded_at(undo)?;
        let caused = shown(&self.history.log, undo.into_iter().collect())?
            .pop()
            .map(|shown| shown.with_effects());
        Ok(Undone {
            event: seq,
            preview: false,
            caused: caused.ok_or_else(|| Error::internal("the undo was kept and is gone"))?,
            further: Vec::new(),
            tasks,
        })
    }

    /// None: the plugin has no inverse of its own for such events.
    fn ask_inverse(
        &mut self,
        request: &UndoRequest,
        stored: &StoredEvent,
    ) -> Result<Option<Undone>> {
        let event = &stored.event;
        let (plugin, name) = (event.event_type.plugin(), event.event_type.name());
        let command_type = format!("{plugin}.Undo{name}");
        let program = self.live.materializer.program();
        if event.is_withheld() || program.creator(&command_type, None).is_err() {
            return Ok(None);
        }
        let asked = Request {
            data: event.data.clone(),
            subject: event.subject.clone(),
            actor: request.actor.clone(),
            extensions: Some(json!({ "undoes": event.seq.to_string() }).to_string()),
            preview: request.preview,
            is_inverse: true,
            command_type,
            ..Request::default()
        };
        let mut group = self.group()?;
        let reply = self.run_into(&mut group, asked);
        if let Some(first) = group.commit.events.first() {
            group.commit.undone.push((event.seq, first.event.seq));
        }
        // A rejection has its entry in the journal.
        self.commit_group(group)?;
        let reply = reply?;
        let mut events = match reply.decision {
            Decision::Accepted(events) => events.into_iter(),
            Decision::Rejected(rejection) => {
                let text = format!(
                    "{} refuses to undo event {}: {}: {}",
                    reply.version, event.seq, rejection.code, rejection.message
                );
                let error = Error::new(ErrorKind::Rejected, text);
                return Err(error.problem(Problem::Rejected(rejection)));
            }
        };
        let Some(caused) = events.next() else {
            return Err(Error::refused(format!(
                "{} has nothing to do to undo event {}",
                reply.version, event.seq
            )));
        };
        Ok(Some(Undone {
            event: event.seq,
            preview: request.preview,
            caused,
            further: events.collect(),
            tasks: Vec::new(),
        }))
    }

    /// Refuses where a row is not any more, in the columns concerned, what the event left; names rows and columns.
    fn refuse_touched(&mut self, seq: Seq, changes: &[RecordedChange]) -> Result<()> {
        let mut touched = Vec::new();
        for change in changes {
            touched.extend(self.touched_since(change)?);
        }
        if touched.is_empty() {
            return Ok(());
        }
        const TOLD_MAX: usize = 10;
        let mut text = format!("event {seq} cannot be undone, others came after it:");
        for line in touched.iter().take(TOLD_MAX) {
            text.push_str(&format!("\n    {line}"));
        }
        if touched.len() > TOLD_MAX {
            text.push_str(&format!("\n    and {} more", touched.len() - TOLD_MAX));
        }
        Err(Error::new(ErrorKind::Refused, text).hint(
            "undo the later events first, newest first; or amend this one: daybook amend BOOK SEQ --preview",
        ))
    }

    /// A line for each column, or for the row, that is not what the event left.
    fn touched_since(&mut self, change: &RecordedChange) -> Result<Vec<String>> {
        let layout = &change.layout;
        let name = layout.name();
        let live = self.live.materializer.program().layouts.clone();
        let Ok((table, own)) = find_table(&live.tables, &name) else {
            return Ok(vec![format!("{name} is not a table of the live state")]);
        };
        let Some(row) = change.after.as_ref().or(change.before.as_ref()) else {
            return Ok(Vec::new());
        };
        let key = layout.key_of(row);
        let place = format!("{name}{}", shown_key(&key));
        let present = self.live.materializer.projection().get(table, &key)?;
        let (after, present) = match (&change.after, present) {
            (None, None) => return Ok(Vec::new()),
            (None, Some(_)) => return Ok(vec![format!("{place} is there again")]),
            (Some(_), None) => return Ok(vec![format!("{place} is gone")]),
            (Some(after), Some(present)) => (after, present),
        };
        let mut lines = Vec::new();
        for (at, column) in layout.columns.iter().enumerate() {
            let changed = match &change.before {
                Some(before) => before[at] != after[at],
                None => true,
            };
            match own.column(&column.name) {
                _ if !changed => {}
                None => lines.push(format!("{place} has no column '{}'", column.name)),
                Some(own) if present[own] != after[at] => lines.push(format!(
                    "{place}.{} is {}, the event left {}",
                    column.name, present[own], after[at]
                )),
                Some(_) => {}
            }
        }
        Ok(lines)
    }
}

/// The undo's payload.
fn told(request: &UndoRequest, stored: &StoredEvent) -> String {
    let event = &stored.event;
    let version = event
        .version
        .map(|date| format!("{}@{date}", event.event_type.plugin()));
    let data = json!({
        "seq": event.seq.0,
        "id": event.id,
        "reason": request.reason,
        "actor": request.actor,
        "version": version,
    });
    data.to_string()
}
