//! The library: nobody has a book too many, no copy is out twice, and what comes back is what went out; and which of those who
//! were refused would have got their book, had students been allowed more.

use daybook::diff::Difference;
use daybook::model::Value;
use daybook_tests::{Answer, Server, TestBook, check_pair, done, plugin, race, refused, version};
use serde_json::{Value as Json, json};

const FIRST: &str = "library@2020-01-01";
const SECOND: &str = "library@2021-01-01";

fn command(server: &Server, name: &str, data: Json) -> Answer {
    server.post(&format!("/commands/library.{name}"), &data)
}

fn lend(server: &Server, copy: u64, reader: &str) -> Answer {
    let data = json!({"copy": format!("c{copy}"), "reader": reader});
    command(server, "LendCopy", data)
}

fn bring(server: &Server, copy: u64, reader: &str) -> Answer {
    let data = json!({"copy": format!("c{copy}"), "reader": reader});
    command(server, "ReturnCopy", data)
}

/// A loan that is written into the log from an old card: it was due in 2019.
fn lent_long_ago(server: &Server, copy: u64, reader: &str) -> Answer {
    let data = json!({"copy": format!("c{copy}"), "reader": reader, "due": "2019-06-29"});
    let event = json!({"type": "library.CopyLent", "time": "2019-06-01T09:00:00Z", "data": data});
    server.post("/events", &event)
}

/// The numbers of the copies that a reader has.
fn out_to(server: &Server, reader: &str) -> Vec<String> {
    let loans = server.get(&format!("/state/library.loan?reader={reader}"));
    assert_eq!(loans.status, 200, "{}", loans.text);
    let loans = loans.json["rows"].as_array().unwrap().iter();
    { loans.map(|loan| loan["copy"].as_str().unwrap().to_owned()) }.collect()
}

/// A served library with so many copies, a reader Ann, and the students Stu and Sue, under the first version.
fn library(copies: u64) -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    for copy in 1..=copies {
        let data = json!({"copy": format!("c{copy}"), "title": "Dune"});
        done(&command(&server, "AddCopy", data));
    }
    for (reader, student) in [("ann", false), ("stu", true), ("sue", true)] {
        let data = json!({"reader": reader, "name": reader, "student": student});
        done(&command(&server, "RegisterReader", data));
    }
    server
}

#[test]
fn a_reader_who_takes_every_copy_at_once_gets_three() {
    let server = library(32);
    let answers = race(32, |number| lend(&server, number + 1, "stu"));
    let lent = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(lent.count(), 3);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        refused(answer, "too-many-books");
    }
    assert_eq!(out_to(&server, "stu").len(), 3);
    server.stop().assert_verified();
}

#[test]
fn a_copy_that_all_want_at_once_is_out_to_one() {
    let server = library(1);
    let answers = race(30, |number| {
        lend(&server, 1, ["ann", "stu", "sue"][number as usize % 3])
    });
    let lent = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(lent.count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        refused(answer, "out-already");
    }
    let loans = server.get("/state/library.loan").json["rows"].clone();
    assert_eq!(loans.as_array().unwrap().len(), 1);
    server.stop().assert_verified();
}

#[test]
fn duplicates_strange_returns_and_late_readers_are_refused_and_change_nothing() {
    let server = library(5);
    done(&lend(&server, 1, "ann"));
    done(&lent_long_ago(&server, 2, "stu"));
    let before = server.get("/").json["head"].clone();
    refused(&lend(&server, 1, "ann"), "out-already");
    refused(&lend(&server, 1, "sue"), "out-already");
    refused(&lend(&server, 9, "ann"), "unknown-copy");
    refused(&lend(&server, 3, "eve"), "unknown-reader");
    refused(&bring(&server, 3, "ann"), "not-out");
    refused(&bring(&server, 2, "ann"), "out-to-another");
    let late = lend(&server, 3, "stu");
    refused(&late, "overdue");
    let words = "stu has copy 'c2', which was due on 2019-06-29";
    assert!(late.text.contains(words), "{}", late.text);
    // The same copy once more, as an event that comes ready-made.
    let twice = lent_long_ago(&server, 1, "stu");
    assert_eq!(
        (twice.status, twice.problem()),
        (422, "plugin"),
        "{}",
        twice.text
    );
    let nameless = command(&server, "AddCopy", json!({"copy": "", "title": "Dune"}));
    assert_eq!((nameless.status, nameless.problem()), (422, "schema"));
    assert_eq!(server.get("/").json["head"], before);
    assert_eq!(
        (out_to(&server, "ann"), out_to(&server, "stu")),
        (vec!["c1".into()], vec!["c2".into()])
    );

    done(&bring(&server, 2, "stu"));
    done(&lend(&server, 3, "stu"));
    let mut book = server.stop();
    let days = "SELECT CAST(julianday(due) - julianday(lent) AS INTEGER) FROM library_loan WHERE copy = 'c3'";
    assert_eq!(book.numbers(days), [28]);
    book.assert_verified();
}

#[test]
fn five_books_for_students_turn_their_refusals_and_nothing_else() {
    let server = library(12);
    for copy in 1..=3 {
        done(&lend(&server, copy, "stu"));
        done(&lend(&server, copy + 3, "ann"));
    }
    // These two would be let through: each was refused for the fourth book of a student.
    refused(&lend(&server, 7, "stu"), "too-many-books");
    refused(&lend(&server, 8, "stu"), "too-many-books");
    // These would not: no student; a copy that is out; a late student; a strange return.
    refused(&lend(&server, 7, "ann"), "too-many-books");
    refused(&lend(&server, 4, "stu"), "out-already");
    done(&lent_long_ago(&server, 9, "sue"));
    refused(&lend(&server, 10, "sue"), "overdue");
    refused(&bring(&server, 7, "stu"), "not-out");
    done(&bring(&server, 1, "stu"));
    done(&lend(&server, 7, "stu"));

    server.alone(|book| book.load(plugin(SECOND))).unwrap();
    let sides = json!({"base": "recorded", "candidate": SECOND});
    let asked = server.post("/diff/commands", &sides);
    assert_eq!(asked.status, 200, "{}", asked.text);
    let by = json!([{"command": "library.LendCopy", "turn": "newly accepted", "commands": 2}]);
    assert_eq!(asked.json["summary"]["by"], by, "{}", asked.text);
    // 15 of the library's beginning, 6 loans, 6 refusals, one return and the loan after it.
    assert_eq!(asked.json["summary"]["commands"], 29);
    let turned = asked.json["turned"].as_array().unwrap().iter().map(|it| {
        assert_eq!(it["base"]["rejected"], "too-many-books");
        assert_eq!(it["candidate"]["events"][0]["type"], "library.CopyLent");
        (
            it["data"]["copy"].as_str().unwrap(),
            it["data"]["reader"].as_str().unwrap(),
        )
    });
    assert_eq!(turned.collect::<Vec<_>>(), [("c7", "stu"), ("c8", "stu")]);

    let mut book = server.stop();
    let found = check_pair(&mut book, FIRST, SECOND);
    let books = |differences: &[Difference]| match differences {
        [
            Difference::Column {
                table,
                key,
                column,
                base,
                candidate,
                ..
            },
        ] => {
            assert_eq!(
                (table.as_str(), column.as_str()),
                ("library.reader", "books_max")
            );
            let numbers = (Some(Value::Integer(3)), Some(Value::Integer(5)));
            assert_eq!((base.clone(), candidate.clone()), numbers);
            key[0].clone()
        }
        other => panic!("{other:?}"),
    };
    let students = found.events.iter().map(|event| books(&event.differences));
    let readers = ["stu", "sue"].map(|reader| Value::Text(reader.into()));
    assert_eq!(students.collect::<Vec<_>>(), readers);
    let rows = found
        .final_rows
        .iter()
        .map(|row| (row.table.as_str(), row.key[0].clone()));
    let expected = readers.map(|reader| ("library.reader", reader));
    assert_eq!(rows.collect::<Vec<_>>(), expected);

    book.activate_pinned(&version(SECOND)).unwrap();
    let server = Server::of(book);
    done(&lend(&server, 8, "stu"));
    done(&lend(&server, 10, "stu"));
    refused(&lend(&server, 11, "stu"), "too-many-books");
    refused(&lend(&server, 11, "ann"), "too-many-books");
    refused(&lend(&server, 11, "sue"), "overdue");
    assert_eq!(out_to(&server, "stu"), ["c10", "c2", "c3", "c7", "c8"]);
    server.stop().assert_verified();
}
