//! Owns how the tests repair history: amend, redact and undo with a reason that nobody reads, and state as it can be
//! compared with what a preview told.

use std::collections::BTreeMap;
use std::path::Path;

use daybook::diff::{FinalKind, FinalRow};
use daybook::history;
use daybook::model::{Error, Seq, Value};
use daybook::repair::{
    AmendRequest, Amended, NewPayload, RedactRequest, Redacted, UndoRequest, Undone,
};
use daybook::study::Foreseen;
use serde_json::Value as Json;

use crate::{Collected, TestBook};

/// Another payload for an event.
pub fn to_amend(seq: u64, data: &Json) -> AmendRequest {
    AmendRequest {
        seq: Seq(seq),
        payload: NewPayload::Data(data.to_string()),
        reason: "a test".to_owned(),
        actor: Some("tester".to_owned()),
    }
}

/// Its first payload again.
pub fn to_revert(seq: u64) -> AmendRequest {
    AmendRequest {
        payload: NewPayload::Original,
        ..to_amend(seq, &Json::Null)
    }
}

/// An erasure.
pub fn to_redact(seq: u64, replacement: Option<&Json>) -> RedactRequest {
    RedactRequest {
        seq: Seq(seq),
        reason: "a test".to_owned(),
        replacement: replacement.map(Json::to_string),
        actor: None,
    }
}

/// Amends for real.
pub fn amend(book: &mut TestBook, request: &AmendRequest) -> Result<Amended, Error> {
    book.amend(request, &mut history::silent())
}

/// Amends for real, to another payload.
pub fn amend_to(book: &mut TestBook, seq: u64, data: &Json) -> Result<Amended, Error> {
    amend(book, &to_amend(seq, data))
}

/// What an amendment would change.
pub fn foresee(book: &mut TestBook, request: &AmendRequest) -> (Foreseen, Collected) {
    let mut found = Collected::default();
    let foreseen = book
        .preview_amendment(request, &mut found, &mut history::silent())
        .unwrap_or_else(|error| panic!("preview: {error}"));
    (foreseen, found)
}

/// Redacts for real.
pub fn redact(book: &mut TestBook, request: &RedactRequest) -> Result<Redacted, Error> {
    book.redact(request, &mut history::silent())
}

/// Undoes for real, or only tries it.
pub fn undo(book: &mut TestBook, seq: u64, preview: bool) -> Result<Undone, Error> {
    book.undo(&UndoRequest {
        seq: Seq(seq),
        reason: None,
        actor: None,
        preview,
    })
}

/// A whole state: (table, key) to columns with their values.
pub type State = BTreeMap<(String, String), Vec<(String, Value)>>;

/// Every row of the live state.
pub fn state(book: &mut TestBook) -> State {
    let projection = book.live_projection();
    let layouts = projection.layouts().clone();
    let mut state = State::new();
    for (at, layout) in layouts.tables.iter().enumerate() {
        let table = format!("{}.{}", layout.plugin, layout.table);
        projection
            .scan(at, |row| {
                let key = format!("{:?}", layout.key_of(&row));
                let names = layout.columns.iter().map(|column| column.name.clone());
                let columns = names.zip(row.iter().cloned()).collect();
                state.insert((table.clone(), key), columns);
                Ok(())
            })
            .expect("readable rows");
    }
    state
}

/// Does to a state what a preview told of its final rows.
pub fn foretold(mut state: State, rows: &[FinalRow]) -> State {
    for row in rows {
        let place = (row.table.clone(), format!("{:?}", row.key));
        match &row.kind {
            FinalKind::Added(columns) => {
                let before = state.insert(place, columns.clone());
                assert_eq!(before, None, "{row:?}");
            }
            FinalKind::Removed(columns) => {
                assert_eq!(state.remove(&place).as_ref(), Some(columns), "{row:?}");
            }
            FinalKind::Changed(columns) => {
                let present = state.get_mut(&place).expect("a row that changes is there");
                for (name, before, after) in columns {
                    let (_, value) = { present.iter_mut() }
                        .find(|(column, _)| column == name)
                        .expect("a column that changes is there");
                    assert_eq!(Some(&*value), before.as_ref(), "{row:?}");
                    *value = after.clone().expect("the tables are the same");
                }
            }
        }
    }
    state
}

/// Files below a folder that hold these bytes.
pub fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if std::fs::read(&path)
            .expect("a readable file")
            .windows(bytes.len())
            .any(|window| window == bytes)
        {
            found.push(path.display().to_string());
        }
    }
    found
}
