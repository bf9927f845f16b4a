//! An exported log says what of it was repaired, and a book made of it has the same rows, or the export says why not.

use std::path::Path;

use daybook::book::Incoming;
use daybook::history::silent;
use daybook::repair::{AmendRequest, NewPayload};
use daybook::study::{ExportRequest, Exported, PayloadsOf};
use daybook_tests::repair::{amend, redact, to_amend, to_redact, undo};
use daybook_tests::{TestBook, plugin};
use serde_json::json;

const VERSION: &str = "company@2020-01-01";

/// A company that was lent money three times, events 4 to 6: misread, a test, and a mistake.
fn lent() -> TestBook {
    let mut book = TestBook::with_plugins(&[VERSION]);
    let registered = json!({"companies": [{"company": "A1", "name": "Alpha",
        "address": {"street": "S", "city": "X"}, "rate_basis_points": 500}]});
    book.command("company.Register", registered, false).unwrap();
    for (amount, day) in [(1_000, 1), (7, 2), (9, 3)] {
        let date = format!("2026-01-0{day}");
        let lend = json!({"company": "A1", "amount": amount, "date": date});
        book.command("company.Lend", lend, false).unwrap();
    }
    book
}

fn export(book: &mut TestBook, payloads: PayloadsOf) -> (Exported, String) {
    let request = ExportRequest {
        payloads,
        ..ExportRequest::default()
    };
    let mut out = Vec::new();
    let exported = book.study().export(&request, &mut out, &mut silent());
    (exported.unwrap(), String::from_utf8(out).unwrap())
}

fn taken_in(text: &str) -> TestBook {
    let mut book = TestBook::new();
    book.load(plugin(VERSION)).unwrap();
    book.activate_pinned(&daybook_tests::version(VERSION))
        .unwrap();
    let lines = text.lines().map(|line| Incoming::parse(line).unwrap());
    book.begin_with(lines.collect()).unwrap();
    book
}

fn loans(book: &TestBook) -> Vec<Vec<daybook::model::Value>> {
    book.rows("SELECT * FROM company_loan ORDER BY 1")
}

#[test]
fn an_export_of_a_repaired_log_has_the_payloads_of_now_and_comes_to_the_same_rows() {
    let mut book = lent();
    let misread = json!({"company": "A1", "amount": 2_000, "date": "2026-01-01"});
    amend(&mut book, &to_amend(4, &misread)).unwrap();
    let skip = AmendRequest {
        payload: NewPayload::Nothing,
        ..to_amend(5, &json!(null))
    };
    amend(&mut book, &skip).unwrap();
    // The last thing that happened: its rows are in the file all the same.
    undo(&mut book, 6, false).unwrap();
    let (exported, text) = export(&mut book, PayloadsOf::Now);
    assert_eq!(exported.same_rows, Some(true), "{exported:?}");
    assert_eq!(exported.differing, 0, "{exported:?}");
    let (count, repaired) = &exported.repaired;
    let told: Vec<_> = { repaired.iter() }
        .map(|it| {
            (
                it.seq.0,
                it.note.amended.is_some(),
                it.note.undone.is_some(),
                it.is_withheld,
            )
        })
        .collect();
    assert_eq!(*count, 3);
    assert_eq!(
        told,
        [
            (4, true, false, false),
            (5, true, false, true),
            (6, false, true, false)
        ]
    );
    assert!(text.contains("2000") && !text.contains("1000"), "{text}");
    let other = taken_in(&text);
    assert_eq!(loans(&other), loans(&book));
    assert_eq!(other.numbers("SELECT balance FROM company_loan"), [2_000]);

    // As it was logged: what the repairs did to rows stands beside the events.
    let (first, text) = export(&mut book, PayloadsOf::First);
    assert_eq!(
        (first.same_rows, first.repaired.0),
        (Some(true), 3),
        "{first:?}"
    );
    let of_events = |text: &str| {
        let lines = text.lines().filter(|line| line.contains("company."));
        lines
            .filter(|line| !line.contains("StateGiven"))
            .collect::<String>()
    };
    assert!(
        of_events(&text).contains("1000") && !of_events(&text).contains("2000"),
        "{text}"
    );
    assert_eq!(loans(&taken_in(&text)), loans(&book));
    // What was erased is in neither.
    redact(
        &mut book,
        &to_redact(
            4,
            Some(&json!({"company": "A1", "amount": 3, "date": "2026-01-01"})),
        ),
    )
    .unwrap();
    for payloads in [PayloadsOf::Now, PayloadsOf::First] {
        let (_, text) = export(&mut book, payloads);
        assert!(
            !text.contains("2000") && !text.contains("1000"),
            "{payloads:?} {text}"
        );
    }
    let (exported, text) = export(&mut book, PayloadsOf::Now);
    assert_eq!(exported.same_rows, Some(true), "{exported:?}");
    assert_eq!(loans(&taken_in(&text)), loans(&book));
}

/// By the command line, whose words people read.
#[test]
fn the_command_tells_of_repairs_and_of_the_rows() {
    let mut book = lent();
    let misread = json!({"company": "A1", "amount": 2_000, "date": "2026-01-01"});
    amend(&mut book, &to_amend(4, &misread)).unwrap();
    let (path, out) = (book.path(), book.folder().join("out.jsonl"));
    drop(book.take());
    let export = |more: &[&str]| {
        let run = |path: &Path, out: &Path| {
            std::process::Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
                .arg("export")
                .arg(path)
                .arg("--out")
                .arg(out)
                .args(more)
                .output()
                .unwrap()
        };
        let output = run(&path, &out);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let now = export(&[]);
    assert!(
        now.contains("event 4  (amended by event 7): the file has the payload that is in force"),
        "{now}"
    );
    assert!(
        now.contains("a book made of the file has the same rows"),
        "{now}"
    );
    let first = export(&["--payloads", "first"]);
    assert!(first.contains("the file has its first payload"), "{first}");
    assert!(
        first.contains("a book made of the file has the same rows"),
        "{first}"
    );
}
