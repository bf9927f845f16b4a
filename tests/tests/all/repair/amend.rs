//! Repairing history without forgetting: amendments, which replace a payload and all that follows from it, and undos, which
//! take back what one event did to its rows.

use bank_import::{Scope, convert_folder};
use daybook::book::{Incoming, Reader};
use daybook::history;
use daybook::model::Seq;
use daybook::model::error::Problem;
use daybook::store::EventFilter;
use daybook::study::Picked;
use daybook::versions::Policy;
use daybook::wire::RecordedEvent;
use daybook_tests::repair::{amend, amend_to, foresee, foretold, state, to_amend, to_revert, undo};
use daybook_tests::{TestBook, data, event, event_at, plugin, version};
use serde_json::{Value as Json, json};

const BANK: &str = "bank@1993-01-01";

/// Events of the bank's log that are enough for accounts with a history.
const PREFIX: usize = 2_500;

fn deposits() -> TestBook {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    for (account, amount) in [(1, 100), (2, 10), (1, 5), (2, 1)] {
        book.append_one(deposit(account, amount)).unwrap();
    }
    book
}

fn deposit(account: u64, amount: u64) -> Incoming {
    event(
        "deposit.Deposited",
        json!({"account": account, "amount": amount}),
    )
}

fn balances(book: &TestBook) -> Vec<i64> {
    book.numbers("SELECT balance FROM deposit_account ORDER BY id")
}

/// A book of `rows`, with these payloads; the first has seq 3.
fn rows(payloads: &[Json]) -> TestBook {
    let mut book = TestBook::with_guests(&["rows-1"]);
    for payload in payloads {
        book.append_one(event("rows.Happened", payload.clone()))
            .unwrap();
    }
    book
}

fn things(book: &TestBook) -> Vec<String> {
    book.texts("SELECT id || ':' || n || ':' || coalesce(text, '-') FROM rows_thing ORDER BY id")
}

fn insert(id: u64, text: &str) -> Json {
    json!({"do": "insert", "id": id, "n": 0, "text": text})
}

#[test]
fn an_amended_bank_is_the_bank_that_had_the_payload_from_the_start() {
    let Some(folder) = data::folder("berka", "amending the bank") else {
        return;
    };
    let events = convert_folder(&folder, Scope::AccountsAndTransactions).unwrap();
    let texts: Vec<_> = events[..PREFIX]
        .iter()
        .map(|event| event.to_string())
        .collect();
    let incoming = |text: &String| Incoming::parse(text).unwrap();
    let mut book = TestBook::with_plugins(&[BANK]);
    book.append(texts.iter().map(incoming).collect()).unwrap();
    let before = (book.mark(), state(&mut book));

    // The first posting of the account that has the most of them.
    let account = book
        .numbers("SELECT account FROM bank_statement GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
        [0];
    let is_first = |text: &String| {
        let event: Json = serde_json::from_str(text).unwrap();
        event["type"] == "bank.TransactionPosted" && event["data"]["account"] == account
    };
    let at = texts.iter().position(is_first).unwrap();
    let seq = book.head().0 - (PREFIX - at) as u64 + 1;
    let mut amended: Json = serde_json::from_str(&texts[at]).unwrap();
    let payload = &mut amended["data"];
    payload["amount"] = json!(payload["amount"].as_i64().unwrap() + 123_456);
    let payload = payload.clone();

    let request = to_amend(seq, &payload);
    let (foreseen, told) = foresee(&mut book, &request);
    assert_eq!(foreseen.problem, None);
    assert!(
        told.events.len() > 2 && told.final_rows.len() > 2,
        "{told:?}"
    );
    assert_eq!(told.events[0].seq, Seq(seq));
    assert_eq!(book.mark(), before.0, "a preview keeps nothing");

    let done = amend(&mut book, &request).unwrap();
    assert_eq!((done.event, done.seq), (Seq(seq), before.0.head.next()));
    assert_eq!(state(&mut book), foretold(before.1, &told.final_rows));
    let mut other = TestBook::with_plugins(&[BANK]);
    let from_the_start = texts
        .iter()
        .enumerate()
        .map(|(place, text)| match place == at {
            true => incoming(&amended.to_string()),
            false => incoming(text),
        });
    other.append(from_the_start.collect()).unwrap();
    assert_eq!(book.mark().rows, other.mark().rows);
    assert_eq!(book.live_head().running, other.live_head().running);
    book.assert_verified();
    let replayed = book.replay(&Picked::Recorded, None, "again", &mut history::silent());
    assert_eq!(replayed.unwrap().rows, other.mark().rows);

    amend(&mut book, &to_revert(seq)).unwrap();
    assert_eq!(book.mark().rows, before.0.rows);
    assert_eq!(book.assert_verified().epochs, 3);
}

#[test]
fn every_epoch_is_verified_with_the_payloads_of_its_time() {
    let mut book = deposits();
    amend_to(&mut book, 3, &json!({"account": 1, "amount": 7})).unwrap();
    assert_eq!(balances(&book), [12, 11]);
    book.append_one(deposit(1, 1)).unwrap();
    amend_to(&mut book, 3, &json!({"account": 2, "amount": 1_000})).unwrap();
    amend_to(&mut book, 8, &json!({"account": 1, "amount": 2})).unwrap();
    book.activate(
        &version("deposit@2020-01-01"),
        Policy::Pinned,
        &mut history::silent(),
    )
    .expect_err("it is active");
    book.append_one(deposit(1, 1)).unwrap();
    amend(&mut book, &to_revert(3)).unwrap();
    assert_eq!(balances(&book), [108, 11]);
    assert_eq!(book.assert_verified().epochs, 5);
    let mark = book.mark();
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), mark);
    book.assert_verified();
}

#[test]
fn an_amendment_that_causes_an_event_of_doom_is_refused_whole_and_says_which() {
    let mut book = TestBook::with_plugins(&[BANK]);
    book.command(
        "bank.OpenAccount",
        json!({"account": 1, "date": "1993-01-01"}),
        false,
    )
    .unwrap();
    let posted = json!({"account": 1, "amount": 50, "date": "1993-01-02"});
    book.command("bank.Deposit", posted, false).unwrap();
    let before = book.mark();
    let request = to_amend(3, &json!({"account": 2, "opened": "1993-01-01"}));
    let error = amend(&mut book, &request).unwrap_err();
    assert_eq!(error.kind.exit_code(), 5);
    assert!(error.message.contains("event 3 is not amended"), "{error}");
    assert!(
        error
            .message
            .contains("on event 4 (bank.TransactionPosted)"),
        "{error}"
    );
    let (foreseen, told) = foresee(&mut book, &request);
    assert_eq!(
        foreseen.problem.as_deref(),
        Some("it causes an event of doom")
    );
    assert_eq!(told.events.len(), 2);
    assert_eq!(book.mark(), before);
    let files = std::fs::read_dir(book.path().join("projections")).unwrap();
    let whole = files.filter(|file| {
        let name = file.as_ref().unwrap().file_name().into_string().unwrap();
        !name.ends_with("-wal") && !name.ends_with("-shm")
    });
    assert_eq!(whole.count(), 1);
}

#[test]
fn what_cannot_be_amended_is_refused_and_changes_nothing() {
    let mut book = deposits();
    undo(&mut book, 6, false).unwrap();
    let before = book.mark();
    let cases = [
        (1, json!({}), "the host's own"),
        (7, json!({}), "the host's own"),
        (99, json!({}), "not in the log"),
        (3, json!({"account": 1}), "does not fit its schema"),
        (
            3,
            json!({"account": 1, "amount": 100}),
            "exactly this payload",
        ),
        (6, json!({"account": 2, "amount": 2}), "undone by event 7"),
    ];
    for (seq, payload, words) in cases {
        let error = amend_to(&mut book, seq, &payload).unwrap_err();
        assert!(error.message.contains(words), "{seq}: {error}");
    }
    let error = amend(&mut book, &to_revert(3)).unwrap_err();
    assert!(
        error
            .message
            .contains("has the payload that it was logged with")
    );
    let mut nameless = to_amend(3, &json!({"account": 1, "amount": 1}));
    nameless.reason = " ".to_owned();
    assert_eq!(
        amend(&mut book, &nameless).unwrap_err().message,
        "the reason is empty"
    );
    assert_eq!(book.mark(), before);
}

#[test]
fn an_event_tells_what_was_done_to_it_and_its_first_payload_still_names_it() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let sent = |amount: u64| {
        let data = json!({"account": 1, "amount": amount});
        event_at("deposit.Deposited", "one", "2026-01-01T00:00:00Z", data)
    };
    book.append_one(sent(5)).unwrap();
    book.append_one(deposit(2, 1)).unwrap();
    amend_to(&mut book, 3, &json!({"account": 1, "amount": 6})).unwrap();
    undo(&mut book, 4, false).unwrap();
    let reader = Reader::beside(&book.path()).unwrap();
    let json =
        |seq| serde_json::to_value(RecordedEvent::from(&reader.show(Seq(seq)).unwrap())).unwrap();
    assert_eq!(
        (&json(3)["amended"], &json(3)["event"]["data"]["amount"]),
        (&json!(5), &json!(6))
    );
    assert_eq!(
        (&json(4)["undone"], json(4).get("amended")),
        (&json!(6), None)
    );
    let said = &json(5)["event"]["data"];
    assert_eq!(
        (&said["seq"], &said["reason"]),
        (&json!(3), &json!("a test"))
    );
    assert!(!said.to_string().contains("amount"), "{said}");
    let events = reader.events(&EventFilter::default(), 9).unwrap();
    let repairs = reader.repairs(&events).unwrap();
    let told = |seq| (repairs[&Seq(seq)].amended, repairs[&Seq(seq)].undone);
    assert_eq!(
        (told(3), told(4)),
        ((Some(Seq(5)), None), (None, Some(Seq(6))))
    );
    assert_eq!((events.len(), repairs.len()), (6, 2));

    // A client that sends its event again must hear that it is there; one that sends another is refused.
    assert!(book.append_one(sent(5)).unwrap().duplicate);
    assert!(book.append_one(sent(6)).unwrap().duplicate);
    assert!(book.append_one(sent(7)).is_err());
}

#[test]
fn an_undo_puts_back_each_kind_of_change_and_leaves_other_columns_alone() {
    let mut book = rows(&[
        insert(1, "a"),
        insert(2, "b"),
        json!({"do": "number", "id": 1, "n": 7}),
        json!({"do": "text", "id": 1, "text": "later"}),
        json!({"do": "delete", "id": 2}),
    ]);
    assert_eq!(things(&book), ["1:7:later"]);
    let before = book.mark();
    let tried = undo(&mut book, 5, true).unwrap();
    assert_eq!((book.mark(), tried.caused.changes.len()), (before, 1));
    // `n` goes back, the text that came later stays; the row that was deleted is back as it was.
    undo(&mut book, 5, false).unwrap();
    undo(&mut book, 7, false).unwrap();
    assert_eq!(things(&book), ["1:0:later", "2:0:b"]);
    // Its task was asked for and is not taken back: the undo says so.
    let undone = undo(&mut book, 4, false).unwrap();
    assert_eq!(undone.tasks.len(), 1);
    assert_eq!(things(&book), ["1:0:later"]);
    book.assert_verified();
    let mark = book.mark();
    book.reopen_after(|path| std::fs::remove_dir_all(path.join("projections")).unwrap());
    assert_eq!(book.mark(), mark, "a replay undoes the same");
    let replayed = book.replay(
        &Picked::Pinned(vec![]),
        None,
        "again",
        &mut history::silent(),
    );
    assert_eq!(replayed.unwrap().head, book.live_head());
}

#[test]
fn an_undo_is_refused_where_something_came_after_with_rows_and_columns_named() {
    let mut book = rows(&[
        insert(1, "a"),
        json!({"do": "number", "id": 1, "n": 7}),
        json!({"do": "number", "id": 1, "n": 8}),
        json!({"do": "nothing"}),
    ]);
    let before = book.mark();
    let cases = [
        (4, "rows.thing[1].n is 8, the event left 7"),
        (3, "rows.thing[1].n is 8, the event left 0"),
        (6, "changed no row"),
        (2, "the host's own"),
    ];
    for (seq, words) in cases {
        let error = undo(&mut book, seq, false).unwrap_err();
        assert!(error.message.contains(words), "{seq}: {error}");
    }
    assert_eq!(book.mark(), before);
    undo(&mut book, 5, false).unwrap();
    let error = undo(&mut book, 5, false).unwrap_err();
    assert_eq!(error.message, "event 5 was undone already, by event 7");
    // An undo is undone: the event is in force again, and can be undone again.
    undo(&mut book, 7, false).unwrap();
    assert_eq!(things(&book), ["1:8:a"]);
    undo(&mut book, 5, false).unwrap();
    assert_eq!(things(&book), ["1:7:a"]);
    // Newest first, the way is free.
    undo(&mut book, 4, false).unwrap();
    undo(&mut book, 3, false).unwrap();
    assert_eq!(things(&book), Vec::<String>::new());
    book.assert_verified();
}

#[test]
fn an_undo_of_an_amended_event_takes_back_what_it_does_now() {
    let mut book = deposits();
    amend_to(&mut book, 5, &json!({"account": 1, "amount": 50})).unwrap();
    assert_eq!(balances(&book), [150, 11]);
    undo(&mut book, 5, false).unwrap();
    assert_eq!(balances(&book), [100, 11]);
    book.assert_verified();
    // History below it may move: it takes back what the event does now.
    let request = to_amend(3, &json!({"account": 1, "amount": 1}));
    assert_eq!(foresee(&mut book, &request).0.problem, None);
    amend(&mut book, &request).unwrap();
    assert_eq!(balances(&book), [1, 11]);
    amend_to(&mut book, 4, &json!({"account": 2, "amount": 1})).unwrap();
    assert_eq!(balances(&book), [1, 2]);
    book.assert_verified();
}

#[test]
fn an_undo_under_logic_whose_tables_lack_the_column_takes_back_what_the_event_does_there() {
    let mut book = rows(&[
        insert(1, "a"),
        json!({"do": "text", "id": 1, "text": "b"}),
        insert(2, "c"),
    ]);
    undo(&mut book, 4, false).unwrap();
    undo(&mut book, 5, false).unwrap();
    book.load(daybook_tests::guest("rows-2")).unwrap();
    let second = version("rows@2020-02-01");
    let mut other = book.copy();
    book.activate_pinned(&second).unwrap();
    assert_eq!(book.numbers("SELECT id FROM rows_thing"), [1]);
    book.assert_verified();
    // What the tables that are in force now lack cannot be taken back.
    other
        .append_one(event(
            "rows.Happened",
            json!({"do": "text", "id": 1, "text": "d"}),
        ))
        .unwrap();
    let last = other.head().0;
    other
        .activate(&second, Policy::Recorded, &mut history::silent())
        .unwrap();
    let error = undo(&mut other, last, false).unwrap_err();
    assert!(
        error.message.contains("rows.thing[1] has no column 'text'"),
        "{error}"
    );
    other.assert_verified();
}

#[test]
fn an_undo_of_the_banks_postings_gives_the_state_before_them() {
    let mut book = TestBook::with_plugins(&[BANK]);
    book.load(plugin("bank@1994-01-01")).unwrap();
    book.command(
        "bank.OpenAccount",
        json!({"account": 1, "date": "1993-01-01"}),
        false,
    )
    .unwrap();
    let deposit = |date: &str| json!({"account": 1, "amount": 50_000, "date": date});
    book.command("bank.Deposit", deposit("1993-01-05"), false)
        .unwrap();
    let before = book.mark().rows;
    book.command("bank.Deposit", deposit("1993-03-31"), false)
        .unwrap();
    let seq = book.head().0;
    undo(&mut book, seq, false).unwrap();
    assert_eq!(book.mark().rows, before);
    // Under another logic it takes back what the event did under that.
    let interest = |book: &TestBook| {
        book.numbers(
            "SELECT balance * 1000000000 + interest_microcents FROM bank_account WHERE id = 1",
        )
    };
    book.activate_pinned(&version("bank@1994-01-01")).unwrap();
    let mut never = TestBook::with_plugins(&[BANK, "bank@1994-01-01"]);
    let open = json!({"account": 1, "date": "1993-01-01"});
    never.command("bank.OpenAccount", open, false).unwrap();
    never
        .command("bank.Deposit", deposit("1993-01-05"), false)
        .unwrap();
    assert_eq!(interest(&book), interest(&never));
    book.assert_verified();
    // What has nothing to do with it can be amended, and what it took back too.
    let open = json!({"account": 2, "date": "1993-01-01"});
    book.command("bank.OpenAccount", open, false).unwrap();
    let other = book.head().0;
    let opened = |account: u64| json!({"account": account, "opened": "1993-02-01"});
    amend_to(&mut book, other, &opened(2)).unwrap();
    book.assert_verified();
    let mut posted: Json =
        serde_json::from_str(&book.log().read(Seq(5), Seq(5), 1).unwrap()[0].data).unwrap();
    posted["amount"] = json!(1);
    amend_to(&mut book, 5, &posted).unwrap();
    let balance = book.numbers("SELECT balance FROM bank_account WHERE id = 1");
    assert_eq!(balance, [1]);
    book.assert_verified();
    assert_eq!(book.log().read(Seq(seq), Seq(seq), 1).unwrap().len(), 1);
}

/// Runs the command on a closed book: exit code, data, talk.
fn daybook(arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .args(arguments)
        .output()
        .expect("the command runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("an exit code");
    (code, text(output.stdout), text(output.stderr))
}

#[test]
fn the_verbs_say_what_they_did_and_what_they_would_do() {
    let mut book = rows(&[
        insert(1, "a"),
        insert(2, "b"),
        json!({"do": "number", "id": 1, "n": 7}),
    ]);
    let path = book.path();
    let path = path.to_str().unwrap();
    drop(book.take());
    let data = insert(1, "z").to_string();
    let preview = daybook(&["amend", path, "3", "--data", &data, "--preview"]);
    assert_eq!(
        (preview.0, preview.1.as_str()),
        (
            0,
            "2 events would have other effects\n  3  rows.Happened  –  2 differences\n  5  rows.Happened  –  1 difference\n\
             1 row of the state would be otherwise\n  rows.thing[1]  text \"a\" → \"z\"\n"
        )
    );
    let cases: [(&[&str], i32, &str); 8] = [
        (
            &["amend", path, "3", "--data", &data],
            2,
            "--reason is missing",
        ),
        (&["amend", path, "3", "--reason", "r"], 2, "no new payload"),
        (
            &["amend", path, "3", "--data", &data, "--reason", "r"],
            0,
            "event 3 is amended, since event 6",
        ),
        (
            &["amend", path, "3", "--revert", "--reason", "r"],
            0,
            "since event 7",
        ),
        (
            &["redact", path, "3", "--preview"],
            1,
            "it would be refused: it causes an event of doom",
        ),
        (
            &["redact", path, "4", "--reason", "r"],
            0,
            "event 4 is redacted, since event 8; effects of 1 event",
        ),
        (&["undo", path, "5", "--preview"], 0, "n  7 → 0"),
        (
            &["undo", path, "5", "--reason", "r"],
            0,
            "9  daybook.EventUndone",
        ),
    ];
    for (arguments, code, words) in cases {
        let (found, data, talk) = daybook(arguments);
        assert_eq!(found, code, "{arguments:?}: {talk}");
        assert!((data + &talk).contains(words), "{arguments:?}: {talk}");
    }
    let (_, listed, _) = daybook(&["events", path, "--from", "3", "--to", "5"]);
    let lines: Vec<_> = listed.lines().collect();
    assert!(
        !lines[0].contains("amended") && lines[1].ends_with("(redacted by event 8)"),
        "{listed}"
    );
    assert!(lines[2].ends_with("(undone by event 9)"), "{listed}");
    assert_eq!(daybook(&["verify", path]).0, 0);
}

#[test]
fn a_plugin_with_an_inverse_of_its_own_is_asked_for_it() {
    let mut book = TestBook::with_guests(&["reverses"]);
    for n in [5, 7, 8, 9] {
        book.append_one(event("reverses.Happened", json!({"n": n})))
            .unwrap();
    }
    let first = book.head().0 - 3;
    let rows = |book: &TestBook| book.numbers("SELECT id FROM reverses_thing ORDER BY id");
    let before = book.mark();
    let preview = undo(&mut book, first, true).unwrap();
    assert_eq!(
        preview.caused.event.event_type.as_str(),
        "reverses.Reversed"
    );
    assert_eq!(book.mark(), before);

    let undone = undo(&mut book, first, false).unwrap();
    assert_eq!(undone.caused.event.data, r#"{"n":5}"#);
    let extensions = undone.caused.event.extensions.as_deref().unwrap();
    assert!(
        extensions.contains(&format!("\"undoes\":\"{first}\"")),
        "{extensions}"
    );
    assert_eq!(rows(&book), [7, 8, 9]);
    let again = undo(&mut book, first, false).unwrap_err();
    assert!(again.message.contains("was undone already"), "{again}");
    let refused = undo(&mut book, first + 1, false).unwrap_err();
    assert_eq!(refused.kind.exit_code(), 4, "{refused}");
    assert!(
        refused.message.contains("for-ever: sevens stay"),
        "{refused}"
    );
    // For programs the reason is a code.
    match refused.problem.as_deref() {
        Some(Problem::Rejected(rejection)) => assert_eq!(rejection.code, "for-ever"),
        other => panic!("{other:?}"),
    }
    let nothing = undo(&mut book, first + 2, false).unwrap_err();
    assert!(nothing.message.contains("has nothing to do"), "{nothing}");
    assert_eq!(rows(&book), [7, 8, 9]);
    let head = book.head();
    book.assert_verified();
    book.reopen_after(|_| {});
    assert_eq!(book.head(), head);
    assert!(undo(&mut book, first, false).is_err(), "it is remembered");
}
