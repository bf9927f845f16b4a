//! Five faults that a plugin host was seen to have, and one that follows from the first.

use std::sync::atomic::{AtomicBool, Ordering};

use daybook::book::Reader;
use daybook::history;
use daybook::model::{ErrorKind, Value};
use daybook::wire::CommandReply;
use daybook_tests::{TestBook, accepted, event, guest, version};
use serde_json::json;

/// One plugin host derived an event's id from the command's payload: two equal commands gave equal ids, and the second
/// one's events were thrown away as duplicates.
#[test]
fn equal_commands_give_events_with_ids_of_their_own() {
    let mut book = TestBook::with_guests(&["equal-ids"]);
    let mut ids = Vec::new();
    for _ in 0..4 {
        let events = accepted(book.command("equalids.Do", json!({"n": 5}), false).unwrap());
        assert_eq!(events.len(), 5);
        ids.extend(events.into_iter().map(|caused| caused.event.id));
    }
    ids.extend(book.texts("SELECT text FROM equalids_thing"));
    assert_eq!(
        ids.len(),
        40,
        "twenty events, each with an id made by its creator"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 40);
    assert!(ids.iter().all(|id| uuid::Uuid::parse_str(id).is_ok()));
}

/// A client that lost the reply sends its command again under the same id. It must not be carried out twice, and a
/// second command under that id must not fail as a fault of the host.
#[test]
fn a_command_id_is_used_once() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let request = |amount: i64| daybook::book::Request {
        command_type: "deposit.Deposit".into(),
        data: json!({"account": 1, "amount": amount}).to_string(),
        id: Some(uuid::Uuid::from_u128(42)),
        ..Default::default()
    };
    let first = serde_json::to_value(CommandReply::from(&book.run(request(5)).unwrap())).unwrap();
    let before = book.mark();
    let error = book
        .run(request(6))
        .map(|reply| reply.command_id)
        .expect_err("the id was used");
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    let again = book.run(request(5)).unwrap();
    assert!(again.repeated);
    assert_eq!(
        serde_json::to_value(CommandReply::from(&again)).unwrap(),
        first,
        "the first answer"
    );
    assert_eq!(book.mark(), before);
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [5]);
}

/// In one plugin host a guest's SQL could be several statements: `COMMIT; ATTACH …` ended the host's transaction and
/// opened another file. Here nothing of it happens, and the transaction goes on.
#[test]
fn a_guest_cannot_end_the_transaction_or_attach_a_file() {
    let mut book = TestBook::with_guests(&["mutable-global", "sql"]);
    let other = book.folder().join("other.db");
    let name = other.to_str().unwrap();
    for sql in [
        format!("SELECT 1; COMMIT; ATTACH '{name}' AS other"),
        format!("COMMIT; ATTACH '{name}' AS other"),
        format!("ATTACH '{name}' AS other"),
        format!("VACUUM INTO '{name}'"),
        "COMMIT".to_owned(),
        "ROLLBACK".to_owned(),
    ] {
        let before = book.mark();
        // The event before it in the group would be kept if the guest's COMMIT were carried out.
        let group = vec![
            event("counter.Happened", json!({"n": 1})),
            event("sql.Happened", json!({"sql": sql})),
        ];
        let error = book.append(group).expect_err(&sql);
        assert_eq!(error.kind, ErrorKind::Plugin, "{sql}: {error}");
        book.reopen();
        assert_eq!(book.mark(), before, "{sql}");
        assert!(!other.exists(), "{sql}");
    }
}

/// One plugin host wrote the name of a file into its list of active plugins before it looked into the file. Here junk
/// is never loaded, and what is not loaded cannot be active, before and after a restart.
#[test]
fn a_junk_file_does_not_count_as_loaded_or_active() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    let before = book.mark();
    let mut junk = guest("cascade-2").to_vec();
    junk.truncate(junk.len() / 2);
    book.load(&junk)
        .map(|loaded| loaded.version)
        .expect_err("half a component");
    book.load(b"junk")
        .map(|loaded| loaded.version)
        .expect_err("junk");
    let error = book
        .activate_pinned(&version("cascade@2020-02-01"))
        .expect_err("never loaded");
    assert!(
        error.message.contains("cascade@2020-02-01 is not loaded"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
    book.reopen();
    assert_eq!(book.mark(), before);
}

/// In one plugin host readers saw an empty table while a new version's projection was filled. Here they see the old
/// rows or the new ones, all of them.
#[test]
fn readers_see_one_version_or_the_other_while_it_is_switched() {
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    book.append(
        (0..200)
            .map(|_| event("cascade.Happened", json!({"n": 1})))
            .collect(),
    )
    .unwrap();
    let path = book.path();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let reader = Reader::open(&path, &mut history::silent()).unwrap();
            let mut seen = std::collections::BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let mut rows = Vec::new();
                let visit = |row: Vec<Value>| {
                    rows.push(row);
                    Ok(())
                };
                let sql = "SELECT text, count(*) FROM cascade_thing GROUP BY text";
                reader
                    .query("live", sql, |_| Ok(()), visit)
                    .unwrap_or_else(|error| panic!("{error}"));
                match rows.as_slice() {
                    [row] => match row.as_slice() {
                        [Value::Text(text), Value::Integer(200)] => seen.insert(text.clone()),
                        other => panic!("{other:?}"),
                    },
                    other => panic!("rows of two versions, or none: {other:?}"),
                };
            }
            seen
        });
        for round in 0..12 {
            book.activate_pinned(&version(
                ["cascade@2020-01-01", "cascade@2020-02-01"][round % 2],
            ))
            .unwrap();
        }
        done.store(true, Ordering::Relaxed);
        let seen = reader.join().expect("the reader saw whole tables");
        assert!(
            seen.len() == 2,
            "the reader did not look while it was switched: {seen:?}"
        );
    });
}

/// One plugin host dropped the old version's tables before it started the new version, which then could not take the
/// history. Here the new version is built beside the old one, which goes on where that fails.
#[test]
fn a_version_that_cannot_take_the_history_leaves_the_old_ones_state() {
    let mut book = TestBook::with_guests(&["cascade-1", "cascade-2"]);
    for n in [1, 7, 2] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let before = book.mark();
    let error = book
        .activate_pinned(&version("cascade@2020-01-01"))
        .expect_err("it fails on n = 7");
    assert_eq!(error.kind, ErrorKind::Plugin, "{error}");
    assert!(
        error
            .message
            .contains("cascade@2020-01-01 is not activated"),
        "{error}"
    );
    assert_eq!(book.mark(), before);
    book.append_one(event("cascade.Happened", json!({"n": 7})))
        .expect("the old version goes on");
    let before = book.mark();
    book.reopen();
    assert_eq!(book.mark(), before);
    book.assert_verified();
}
