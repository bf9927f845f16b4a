//! Erasing a payload for good: no byte of it is left in any file, and what remains still verifies.

use bank_import::{Scope, convert_folder};
use daybook::book::{Incoming, Reader};
use daybook::history;
use daybook::model::Seq;
use daybook::study::Picked;
use daybook::wire::RecordedEvent;
use daybook_tests::repair::{
    amend_to, files_with, foretold, redact, state, to_amend, to_redact, undo,
};
use daybook_tests::{Collected, TestBook, data, event, plugin, version};
use serde_json::{Value as Json, json};

const MARKER: &str = "zqx7-never-seen-elsewhere";
const OTHER_MARKER: &str = "zqx8-put-by-an-amendment";

fn insert(id: u64, text: &str) -> Json {
    json!({"do": "insert", "id": id, "n": 0, "text": text})
}

/// A book of `rows` with a marker wherever a copy of a payload can be: command, task, rows, later effects, amendments, a
/// replay. The event is 4.
fn marked() -> TestBook {
    let mut book = TestBook::with_guests(&["rows-1"]);
    book.append_one(event("rows.Happened", insert(1, "kept")))
        .unwrap();
    book.command("rows.Do", insert(2, MARKER), false).unwrap();
    for (at, payload) in [
        json!({"do": "number", "id": 2, "n": 7}),
        json!({"do": "copy", "id": 2, "n": 3}),
        json!({"do": "number", "id": 1, "n": 9}),
    ]
    .into_iter()
    .enumerate()
    {
        book.append_one(event("rows.Happened", payload)).unwrap();
        if at == 1 {
            amend_to(&mut book, 4, &insert(2, OTHER_MARKER)).unwrap();
        }
    }
    book.replay(&Picked::Recorded, None, "copy", &mut history::silent())
        .unwrap();
    book
}

fn markers(book: &TestBook) -> Vec<String> {
    [MARKER, OTHER_MARKER]
        .iter()
        .flat_map(|marker| files_with(&book.path(), marker.as_bytes()))
        .collect()
}

fn things(book: &TestBook) -> Vec<String> {
    book.texts("SELECT id || ':' || n || ':' || coalesce(text, '-') FROM rows_thing ORDER BY id")
}

#[test]
fn no_byte_of_a_redacted_payload_is_left_in_any_file_and_every_epoch_verifies() {
    let mut book = marked();
    assert!(!files_with(&book.path(), MARKER.as_bytes()).is_empty());
    assert!(!files_with(&book.path(), OTHER_MARKER.as_bytes()).is_empty());
    book.assert_verified();
    let hash = book.log().recorded_at(Seq(4)).unwrap().unwrap().hash;
    let request = to_redact(4, Some(&insert(2, "erased")));
    let done = redact(&mut book, &request).unwrap();
    assert!(done.cleaned);
    // The event itself, the one that changed its row, and the one that copied from it; in the epochs that recorded them.
    assert_eq!((done.event, done.rewritten), (Seq(4), 3));
    assert_eq!(done.replays, ["copy"]);
    assert_eq!(markers(&book), Vec::<String>::new());
    assert_eq!(things(&book), ["1:9:kept", "2:7:erased", "3:0:erased"]);
    assert_eq!(book.assert_verified().epochs, 2);
    book.reopen();
    assert_eq!(markers(&book), Vec::<String>::new());
    book.assert_verified();

    let stored = &book.log().recorded_at(Seq(4)).unwrap().unwrap();
    assert_eq!(
        (stored.hash, stored.salt),
        (hash, [0; 16]),
        "a salt would let one guess"
    );
    let (_, command) = book.log().commands(0, 9).unwrap().remove(0);
    assert_eq!(command.command.data, "");
    // What was put in its place can be erased too, then with nothing in its place.
    let error = redact(&mut book, &to_redact(4, None)).unwrap_err();
    assert_eq!(error.kind.exit_code(), 5);
    let named = "on event 5 (rows.Happened) failed: missing: there is no row 2";
    assert!(
        error.message.contains(named) && error.message.contains("on event 6"),
        "{error}"
    );
}

#[test]
fn without_a_replacement_nobody_handles_the_event_live_and_in_every_replay() {
    let mut book = TestBook::with_guests(&["rows-1"]);
    for payload in [insert(1, "a"), insert(2, MARKER), insert(3, "c")] {
        book.append_one(event("rows.Happened", payload)).unwrap();
    }
    let request = to_redact(4, None);
    let before = (book.mark(), state(&mut book));
    let mut told = Collected::default();
    let foreseen = book
        .preview_redaction(&request, &mut told, &mut history::silent())
        .unwrap();
    assert_eq!((foreseen.problem, told.events.len()), (None, 1));
    assert_eq!(book.mark(), before.0, "a preview keeps nothing");
    redact(&mut book, &request).unwrap();
    assert_eq!(state(&mut book), foretold(before.1, &told.final_rows));
    assert_eq!(things(&book), ["1:0:a", "3:0:c"]);
    assert_eq!(markers(&book), Vec::<String>::new());
    // Its task is gone with its effects: one of three.
    assert_eq!((before.0.counts.2, book.log().counts().unwrap().2), (3, 2));
    book.assert_verified();
    let mark = book.mark();
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), mark);
    // Under another version of the logic too.
    book.load(daybook_tests::guest("rows-2")).unwrap();
    book.activate_pinned(&version("rows@2020-02-01")).unwrap();
    assert_eq!(book.numbers("SELECT id FROM rows_thing"), [1, 3]);
    book.assert_verified();

    let shown = Reader::beside(&book.path()).unwrap().show(Seq(4)).unwrap();
    let json = serde_json::to_value(RecordedEvent::from(&shown)).unwrap();
    assert_eq!(
        (json["redacted"].as_u64(), json["event"].get("data")),
        (Some(6), None)
    );
    for error in [
        redact(&mut book, &request).unwrap_err(),
        amend_to(&mut book, 4, &insert(2, "b")).unwrap_err(),
        undo(&mut book, 4, false).unwrap_err(),
    ] {
        assert_eq!(error.kind.exit_code(), 3, "{error}");
    }
}

#[test]
fn a_redaction_that_causes_events_of_doom_is_refused_with_the_list_and_changes_nothing() {
    let mut book = marked();
    let (before, state_before) = (book.mark(), state(&mut book));
    let error = redact(&mut book, &to_redact(4, None)).unwrap_err();
    assert_eq!(error.kind.exit_code(), 5);
    for words in ["event 4 is not redacted", "on event 5 ", "on event 6 "] {
        assert!(error.message.contains(words), "{error}");
    }
    let error = redact(&mut book, &to_redact(4, Some(&json!({"n": 1})))).unwrap_err();
    assert!(error.message.contains("does not fit its schema"), "{error}");
    assert_eq!(
        (book.mark(), state(&mut book)),
        (before.clone(), state_before)
    );
    assert_eq!(book.log().projections().unwrap().len(), 2);
    book.assert_verified();
    book.reopen();
    assert_eq!(book.mark(), before);
}

#[test]
fn an_undone_event_is_redacted_and_so_is_what_its_undo_put_back() {
    let mut book = TestBook::with_guests(&["rows-1"]);
    for payload in [
        insert(1, MARKER),
        json!({"do": "copy", "id": 1, "n": 2}),
        json!({"do": "delete", "id": 2}),
    ] {
        book.append_one(event("rows.Happened", payload)).unwrap();
    }
    // The deleted copy comes back: the undo's effects hold the whole row.
    undo(&mut book, 5, false).unwrap();
    assert_eq!(things(&book).len(), 2);
    redact(&mut book, &to_redact(3, Some(&insert(1, "b")))).unwrap();
    assert_eq!(things(&book), ["1:0:b", "2:0:b"]);
    assert_eq!(markers(&book), Vec::<String>::new());
    book.assert_verified();
    // Another payload in the place of the undone one is undone as well.
    let with = json!({"do": "delete", "id": 1});
    redact(&mut book, &to_redact(5, Some(&with))).unwrap();
    assert_eq!(things(&book), ["1:0:b", "2:0:b"]);
    // Without it there is nothing to take back; the undo itself holds nothing that would have to go.
    let done = redact(&mut book, &to_redact(5, None)).unwrap();
    assert_eq!(done.undo, None);
    assert_eq!(things(&book), ["1:0:b", "2:0:b"]);
    book.assert_verified();
}

#[test]
fn a_redacted_posting_of_the_bank_leaves_the_bank_that_had_the_replacement_from_the_start() {
    let Some(folder) = data::folder("berka", "redacting in the bank") else {
        return;
    };
    let events = convert_folder(&folder, Scope::AccountsAndTransactions).unwrap();
    let mut texts: Vec<_> = events[..1_500]
        .iter()
        .map(|event| event.to_string())
        .collect();
    let book_of = |texts: &[String], versions: &[&str]| {
        let mut book = TestBook::with_plugins(versions);
        let incoming = texts.iter().map(|text| Incoming::parse(text).unwrap());
        book.append(incoming.collect()).unwrap();
        book
    };
    let mut book = book_of(&texts, &["bank@1993-01-01"]);
    // Effects of both versions are recorded, and must be written anew under both.
    book.load(plugin("bank@1994-01-01")).unwrap();
    book.activate_pinned(&version("bank@1994-01-01")).unwrap();
    let posting = |text: &String| text.contains("bank.TransactionPosted");
    let at = texts.iter().position(posting).unwrap();
    let mut event: Json = serde_json::from_str(&texts[at]).unwrap();
    let transaction = event["data"]["transaction"].as_str().unwrap().to_owned();
    event["data"]["transaction"] = json!(MARKER);
    event["data"]["amount"] = json!(1);
    let seq = 3 + at as u64;
    assert_eq!(
        book.log().read(Seq(seq), Seq(seq), 1).unwrap()[0].id,
        event["id"]
    );
    let done = redact(&mut book, &to_redact(seq, Some(&event["data"]))).unwrap();
    assert!(done.rewritten > 2, "{done:?}");
    texts[at] = event.to_string();
    let mut other = book_of(&texts, &["bank@1993-01-01", "bank@1994-01-01"]);
    assert_eq!(book.mark().rows, other.mark().rows);
    assert_eq!(book.assert_verified().epochs, 2);
    // The bank's number of the transaction is text in the statement; the marker took its place.
    let quoted = format!("\"{transaction}\"");
    assert_eq!(
        files_with(&book.path(), quoted.as_bytes()),
        Vec::<String>::new()
    );
    let error = book.amend(&to_amend(seq, &event["data"]), &mut history::silent());
    assert!(error.unwrap_err().message.contains("was redacted by event"));
}
