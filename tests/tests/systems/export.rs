//! Stretches of books as fixtures: what they hold, what they must not hold, and that versions do on them what they did in
//! the book.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bank_import::{Scope, convert_folder};
use daybook::book::Incoming;
use daybook_sdk::testing::ReplayDiff;
use daybook_tests::repair::{amend_to, redact, to_redact, undo};
use daybook_tests::{TestBook, data, event, event_at, guest, plugin};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::command::{COMMAND, Ran, daybook};

const FIRST: &str = "bank@1993-01-01";
const SECOND: &str = "bank@1994-01-01";

/// A folder for fixtures and components, with a book that lies elsewhere and stays open: an export takes no lock.
struct Desk {
    folder: TempDir,
    book: TestBook,
}

impl Desk {
    fn of(book: TestBook) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Desk { folder, book }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn component(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, line: &str) -> Ran {
        let ran = daybook(self.folder.path(), line);
        let left: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{line} left {left:?}");
        ran
    }

    /// Exports into `log.jsonl`.
    fn export(&self, rest: &str) -> Ran {
        let book = self.book.path();
        self.run(&format!("export {} --out log.jsonl {rest}", book.display()))
    }

    fn lines(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.path("log.jsonl")).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The last line of a diff of the two components over the fixture.
    fn diff(&self, base: &str, candidate: &str) -> Json {
        let ran = self.run(&format!(
            "diff log.jsonl --base {base}.wasm --candidate {candidate}.wasm --format jsonl"
        ));
        assert!(ran.code < 2, "{ran:?}");
        serde_json::from_str(ran.data.lines().last().unwrap()).unwrap()
    }
}

fn is_state(line: &Json) -> bool {
    line["type"] == "daybook.StateGiven"
}

/// Events of each type.
fn counts(lines: &[Json]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines {
        *counts.entry(line["type"].as_str().unwrap()).or_default() += 1;
    }
    counts
}

#[test]
fn a_stretch_and_a_sample_of_the_bank_replay_as_they_did_and_differ_in_interest_alone() {
    let Some(folder) = data::folder("berka", "a stretch of the bank") else {
        return;
    };
    let mut book = TestBook::with_plugins(&[FIRST]);
    let events = convert_folder(&folder, Scope::WithLoans).expect("the bank's records");
    let events: Vec<_> = { events.iter() }
        .map(|event| Incoming::parse(&event.to_string()).expect("an event"))
        .collect();
    for batch in events.chunks(10_000) {
        book.append(batch.to_vec())
            .expect("a batch of the bank's events");
    }
    let mut desk = Desk::of(book);
    for version in [FIRST, SECOND] {
        desk.component(&format!("{version}.wasm"), plugin(version));
    }

    let ran = desk.export("--from 30001 --to 31000");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.data.contains("1,000 events of 1,000 events"), "{ran:?}");
    let lines = desk.lines();
    let events = lines.iter().filter(|line| !is_state(line)).count();
    assert_eq!(events, 1_000);
    assert!(
        lines.len() > 1_001,
        "the state before is too long for one line"
    );
    assert_eq!(lines.last().unwrap()["seq"], 31_000);
    let stretch = desk.diff(FIRST, SECOND);
    let columns = stretch["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 1, "{stretch}");
    assert_eq!(columns[0]["column"], "interest_microcents");
    assert_eq!(
        (&stretch["rows"], &stretch["tasks"]),
        (&json!([]), &json!([]))
    );

    let ran = desk.export("--from 10001 --sample 40");
    assert_eq!(ran.code, 0, "{ran:?}");
    let lines = desk.lines();
    let mut sampled = counts(&lines);
    assert!(
        sampled.remove("daybook.StateGiven").unwrap() > 40,
        "rows stand between the events"
    );
    assert_eq!(sampled["bank.TransactionPosted"], 40);
    assert!(sampled.values().all(|count| *count <= 40), "{sampled:?}");
    let first = fs::read(desk.path("log.jsonl")).unwrap();
    desk.export("--from 10001 --sample 40");
    assert!(
        first == fs::read(desk.path("log.jsonl")).unwrap(),
        "a sample is the same every time"
    );
    let sample = desk.diff(FIRST, SECOND);
    assert_eq!(sample["columns"][0]["column"], "interest_microcents");
    assert_eq!(sample["columns"].as_array().unwrap().len(), 1, "{sample}");
    assert_eq!(sample["rows"], json!([]));

    // A book of its own, which verifies; and only where there is none yet.
    let mut own = TestBook::with_plugins(&[FIRST]);
    let path = own.path();
    let append = format!("append {} log.jsonl", path.display());
    own.reopen_after(|_| {
        let ran = desk.run(&append);
        assert_eq!(ran.code, 0, "{ran:?}");
    });
    own.assert_verified();
    assert_eq!(own.head().0, 2 + lines.len() as u64);
    own.load_active(plugin(SECOND));
    own.assert_verified();
    let mark = own.mark();
    own.reopen_after(|_| {
        let ran = desk.run(&append);
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.talk.contains("this book has events already"), "{ran:?}");
    });
    assert_eq!(own.mark(), mark);
    desk.book.assert_verified();
}

/// A member's event, told by somebody.
fn registered(at: usize, name: &str) -> Incoming {
    let text = json!({
        "type": "members.Registered",
        "id": format!("registration of {name}"),
        "source": "/desk",
        "subject": format!("member/{name}"),
        "actor": format!("clerk-{}@example.com", at % 2),
        "time": "2024-03-01T00:00:00Z",
        "data": {"member": format!("m{at}"), "name": name},
    });
    Incoming::parse(&text.to_string()).unwrap()
}

const NAMES: [&str; 4] = [
    "wilhelmina okonkwo",
    "zé da silva",
    "o'brien \"bob\"",
    "łukasz",
];

fn members() -> TestBook {
    let mut book = TestBook::with_plugins(&["members@2020-01-01"]);
    for (at, name) in NAMES.iter().enumerate() {
        book.append_one(registered(at, name)).unwrap();
        let invitation = json!({"invitation": format!("lunch {at} with {name}")});
        let id = format!("i{at}");
        book.append_one(event_at(
            "members.Invited",
            &id,
            "2024-03-02T00:00:00Z",
            invitation,
        ))
        .unwrap();
    }
    for at in 0..4 {
        let accepted = json!({"invitation": format!("lunch {at} with {}", NAMES[at]), "member": NAMES[3 - at]});
        let id = format!("a{at}");
        book.append_one(event_at(
            "members.Accepted",
            &id,
            "2024-03-03T00:00:00Z",
            accepted,
        ))
        .unwrap();
    }
    book
}

#[test]
fn a_masked_value_is_nowhere_in_the_file_and_the_file_replays_all_the_same() {
    let desk = Desk::of(members());
    let masks = "--mask members.member.name --mask members.member.folded";
    // All of it; from the middle, with a state of rows; and a sample with rows between.
    for rest in ["", "--from 7", "--from 5 --sample 1"] {
        let ran = desk.export(&format!("{masks} {rest}"));
        assert_eq!(ran.code, 0, "{rest}: {ran:?}");
        assert!(ran.data.contains("values masked"), "{ran:?}");
        let bytes = fs::read(desk.path("log.jsonl")).unwrap();
        let escaped = |name: &str| json!(name).to_string().trim_matches('"').to_owned();
        let hidden = NAMES
            .map(escaped)
            .into_iter()
            .chain(["example.com".to_owned(), "okonkwo".to_owned()]);
        for hidden in hidden {
            let found = bytes
                .windows(hidden.len())
                .position(|part| part == hidden.as_bytes());
            assert_eq!(found, None, "{rest}: {hidden} is in the file");
        }
        let lines = desk.lines();
        let of_type = |name: &str| lines.iter().find(|line| line["type"] == name).cloned();
        if rest.is_empty() {
            let registered = of_type("members.Registered").unwrap();
            let name = registered["data"]["name"].as_str().unwrap();
            assert_eq!(registered["subject"], format!("member/{name}"));
            assert_eq!(registered["id"], format!("registration of {name}"));
            assert_eq!(registered["data"]["member"], "m0");
            let last = lines.last().unwrap();
            assert_eq!(
                last["data"]["member"], name,
                "equal values have equal pseudonyms"
            );
        }
    }
    // Another export has other pseudonyms.
    let first = fs::read(desk.path("log.jsonl")).unwrap();
    desk.export(&format!("{masks} --from 5 --sample 1"));
    assert!(first != fs::read(desk.path("log.jsonl")).unwrap());
}

#[test]
fn what_a_version_makes_of_a_masked_value_is_told_by_event() {
    let mut book = members();
    book.append_one(registered(9, "Dr Who")).unwrap();
    let desk = Desk::of(book);
    // The version writes the name in lower case: that is not the pseudonym of what it wrote.
    let ran = desk.export("--mask members.member.name --mask members.member.folded --format json");
    assert_eq!(ran.code, 1, "{ran:?}");
    let told: Json = serde_json::from_str(&ran.data).unwrap();
    assert_eq!(told["differing"], 1);
    assert_eq!(told["told"][0]["type"], "members.Registered");
    assert!(
        told["told"][0]["differs"]
            .as_str()
            .unwrap()
            .contains("members.member"),
        "{told}"
    );
    let line = told["told"][0]["line"].as_u64().unwrap() as usize;
    assert_eq!(desk.lines()[line - 1]["seq"], told["told"][0]["seq"]);
}

/// A version that keeps where an event stands in the log meets the same position in the file.
#[test]
fn events_keep_their_positions_in_a_fixture_whatever_is_left_out_of_it() {
    const DEPOSIT: &str = "deposit@2020-01-01";
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for id in 1..=40 {
        // Positions that are no deposit's.
        if let Some(other) = [(10, "rows-1"), (20, "rows-2"), (30, "asks-1")]
            .iter()
            .find_map(|(at, other)| (*at == id).then_some(*other))
        {
            book.load_active(guest(other));
        }
        let deposit = json!({"account": id % 3, "amount": 5});
        let time = "2024-01-01T00:00:00Z";
        book.append_one(event_at(
            "deposit.Deposited",
            &id.to_string(),
            time,
            deposit,
        ))
        .unwrap();
    }
    let expected = book.rows("SELECT * FROM deposit_account ORDER BY id");
    let desk = Desk::of(book);
    desk.component("deposit.wasm", plugin(DEPOSIT));
    for options in [
        "",
        "--from 20",
        "--sample 4",
        "--from 9 --sample 3 --mask deposit.Deposited/nothing",
    ] {
        let ran = desk.export(options);
        assert_eq!(ran.code, 0, "{options}: {ran:?}");
        let lines = desk.lines();
        let seqs: Vec<u64> = lines
            .iter()
            .filter_map(|line| line["seq"].as_u64())
            .collect();
        assert!(
            seqs.len() > 2 && seqs.is_sorted_by(|a, b| a < b),
            "{options}: {seqs:?}"
        );
        assert_eq!(
            desk.diff("deposit", "deposit")["events"]["differing"]["all"],
            json!(null)
        );
        // As an author's test has it.
        ReplayDiff::of(desk.path("deposit.wasm"), desk.path("deposit.wasm"))
            .over(desk.path("log.jsonl"))
            .run_by(COMMAND)
            .check();
    }
    // A book that begins with the file has the same rows, and counts on from there.
    desk.export("");
    let mut own = TestBook::with_plugins(&[DEPOSIT]);
    let append = format!("append {} log.jsonl", own.path().display());
    own.reopen_after(|_| assert_eq!(desk.run(&append).code, 0));
    assert_eq!(
        own.rows("SELECT * FROM deposit_account ORDER BY id"),
        expected
    );
    let told = |book: &TestBook| book.numbers("SELECT max(last_seq) FROM deposit_account")[0];
    let last = told(&own);
    let deposit = json!({"account": 1, "amount": 5});
    own.append_one(event("deposit.Deposited", deposit)).unwrap();
    assert_eq!(told(&own), last + 1);
    own.assert_verified();
    let again = Desk::of(own);
    assert_eq!(again.export("").code, 0);
    assert_eq!(again.lines().last().unwrap()["seq"], last + 1);
    // The events of a log stand in its order.
    let text = fs::read_to_string(desk.path("log.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.reverse();
    fs::write(desk.path("reversed.jsonl"), lines[..2].join("\n")).unwrap();
    let ran = desk.run("diff reversed.jsonl --base deposit.wasm --candidate deposit.wasm");
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.talk.contains("line 2: ") && ran.talk.contains("is not a position after"),
        "{ran:?}"
    );
}

#[test]
fn history_that_was_repaired_and_rebuilt_is_given_as_the_events_met_it() {
    let happened = |id: u64, data: Json| {
        event_at(
            "rows.Happened",
            &format!("h{id}"),
            "2024-01-01T00:00:00Z",
            data,
        )
    };
    let mut book = TestBook::with_guests(&["rows-1"]);
    let tell = |book: &mut TestBook, data: Json| {
        let next = book.head().0 + 1;
        book.append_one(happened(next, data)).unwrap().seq.0
    };
    let insert =
        |id: i64| json!({"do": "insert", "id": id, "n": id * 10, "text": format!("t{id}")});
    let first = tell(&mut book, insert(1));
    let second = tell(&mut book, insert(2));
    tell(&mut book, json!({"do": "number", "id": 2, "n": 5}));
    // Another epoch: the same events, one with another payload.
    amend_to(
        &mut book,
        first,
        &json!({"do": "insert", "id": 1, "n": 99, "text": "amended"}),
    )
    .unwrap();
    tell(&mut book, json!({"do": "copy", "id": 1, "n": 7}));
    let erased = tell(&mut book, insert(8));
    redact(&mut book, &to_redact(erased, None)).unwrap();
    let undone = tell(&mut book, json!({"do": "number", "id": 2, "n": 55}));
    undo(&mut book, undone, false).unwrap();
    tell(&mut book, json!({"do": "copy", "id": 2, "n": 9}));
    // And another: a version with another table, in force over all of it.
    book.load_active(guest("rows-2"));
    tell(&mut book, json!({"do": "delete", "id": 2}));
    tell(&mut book, insert(3));
    let head = book.head().0;
    book.assert_verified();
    let desk = Desk::of(book);
    for name in ["rows-1", "rows-2", "rows-4"] {
        desk.component(&format!("{name}.wasm"), guest(name));
    }
    for from in 1..=head {
        for rest in ["", "--sample 1", "--sample 2"] {
            let ran = desk.export(&format!("--from {from} {rest}"));
            assert_eq!(ran.code, 0, "from {from} {rest}: {ran:?}");
            assert!(is_state(&desk.lines()[0]));
        }
    }
    // Every stretch that ends where the version was another, with that version's tables.
    let ran = desk.export(&format!("--from {second} --to {undone}"));
    assert_eq!(ran.code, 0, "{ran:?}");
    let same = desk.diff("rows-1", "rows-1");
    assert_eq!(same["first"], Json::Null);
    // A candidate without the table, and one without a column of it: the rows that were given differ too.
    let without = desk.diff("rows-1", "rows-4");
    assert_eq!(without["dooms"], json!({"base": 0, "candidate": 0}));
    let rows = without["rows"].as_array().unwrap();
    assert_eq!(rows[0]["table"], "rows.thing");
    assert_eq!(without["types"][0]["type"], "daybook.StateGiven");
    let narrow = desk.diff("rows-1", "rows-2");
    let columns = narrow["columns"].as_array().unwrap();
    assert!(
        columns.iter().any(|column| column["column"] == "text"),
        "{narrow}"
    );
}

#[test]
fn a_stretch_that_is_none_is_refused_and_one_without_events_is_a_state() {
    let desk = Desk::of(members());
    let head = desk.book.head().0;
    for (rest, words) in [
        (
            format!("--from {}", head + 1),
            "are not a stretch of the log",
        ),
        ("--from 5 --to 4".to_owned(), "are not a stretch of the log"),
        (format!("--to {}", head + 1), "its head is"),
        (
            "--mask members.nobody.name".to_owned(),
            "has a table 'members.nobody'",
        ),
        (
            "--mask members.member.age".to_owned(),
            "never had a column 'age'",
        ),
        ("--mask name".to_owned(), "neither plugin.table.column"),
        ("--sample 0".to_owned(), "--sample"),
    ] {
        let ran = desk.export(&rest);
        assert_eq!(ran.code, 2, "{rest}: {ran:?}");
        assert!(ran.talk.contains(words), "{rest}: {ran:?}");
        assert!(!desk.path("log.jsonl").exists() && !desk.path("log.jsonl.new").exists());
    }
    let ran = desk.export("--to 2");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.data.contains("0 events of 2 events"), "{ran:?}");
    let lines = desk.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["data"], json!({"tables": []}));
}

#[test]
fn a_state_that_cannot_be_one_is_refused_whole_with_its_line() {
    let desk = Desk::of(TestBook::with_guests(&["rows-1"]));
    desk.component("rows-1.wasm", guest("rows-1"));
    let state = |tables: Json| {
        json!({"type": "daybook.StateGiven", "id": "s", "data": {"tables": tables}}).to_string()
    };
    let table = |changed: Json| {
        let mut table = json!({"table": "rows.thing", "columns": ["id", "n", "text"], "put": [], "key": ["id"], "delete": []});
        table
            .as_object_mut()
            .unwrap()
            .extend(changed.as_object().unwrap().clone());
        state(json!([table]))
    };
    let begin =
        json!({"type": "daybook.StateGiven", "id": "0", "data": {"tables": []}}).to_string();
    for (line, code, words) in [
        (state(json!("x")), 3, "no list 'tables'"),
        (
            table(json!({"put": [[1, 2]]})),
            3,
            "row 0 of 'put' is not 3 values",
        ),
        (
            table(json!({"table": "poker.hand"})),
            3,
            "no version of 'poker' is in force",
        ),
        (
            table(json!({"put": [["one", 2, "x"]]})),
            5,
            "column 'id' does not take",
        ),
        (
            table(json!({"columns": ["n"], "put": [[1]]})),
            5,
            "another primary key",
        ),
        (
            table(json!({"key": ["n"], "delete": [[1]]})),
            5,
            "another primary key",
        ),
        (
            r#"{"type":"daybook.VersionRetired","data":{}}"#.to_owned(),
            3,
            "the host's own event",
        ),
    ] {
        fs::write(desk.path("log.jsonl"), format!("{begin}\n{line}\n")).unwrap();
        let ran = desk.run("diff log.jsonl --base rows-1.wasm --candidate rows-1.wasm");
        assert_eq!(ran.code, code, "{line}: {ran:?}");
        assert!(
            ran.talk.contains("line 2: ") && ran.talk.contains(words),
            "{line}: {ran:?}"
        );
    }
    // Into a book: nothing of it is kept. And by itself the host's event stays nobody's.
    let mut own = TestBook::with_guests(&["rows-1"]);
    let mark = own.mark();
    let path = own.path();
    own.reopen_after(|_| {
        let ran = desk.run(&format!("append {} log.jsonl", path.display()));
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.talk.contains("line 2: ") && ran.talk.contains("nothing of the input was kept"), "{ran:?}");
        let event = json!({"type": "rows.Happened", "data": {"do": "insert", "id": 1, "n": 1, "text": "x"}});
        fs::write(desk.path("log.jsonl"), format!("{event}\n{begin}\n")).unwrap();
        let ran = desk.run(&format!("append {} log.jsonl", path.display()));
        assert_eq!(ran.code, 3, "{ran:?}");
        assert!(ran.talk.contains("made by the host alone"), "{ran:?}");
    });
    assert_eq!(own.mark(), mark);
}
