//! Faults that other event stores and plugin hosts were seen to have, each as a test that opens with its story.

use std::sync::atomic::{AtomicBool, Ordering};

use daybook::model::log::EventLog;
use daybook::model::{ErrorKind, Seq, Value};
use daybook::replay;
use daybook::service::{Picked, Reader};
use daybook::store::LogDb;
use daybook_tests::{TestBook, accepted, copy_folder, event, event_at, guest, open, version};
use serde_json::json;

const DEPOSIT: &str = "deposit@2020-01-01";

fn deposit(account: i64, amount: i64) -> daybook::service::Incoming {
    event(
        "deposit.Deposited",
        json!({"account": account, "amount": amount}),
    )
}

/// In one event store positions were drawn before the commit, so a reader could see position 8 before position 7 was
/// there, go on from 8, and never see 7. Here every reader beside the writer sees a prefix without gaps, and what it has
/// seen stays.
#[test]
fn a_reader_beside_the_writer_never_sees_a_gap() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let path = book.path().join("log.db");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let log = LogDb::open(&path).unwrap();
            let (mut seen, mut looks) = (Vec::new(), 0);
            while !done.load(Ordering::Relaxed) {
                let head = log.head().unwrap().0;
                let events = log
                    .read(Seq(1), Seq(u64::MAX >> 1), usize::MAX >> 1)
                    .unwrap();
                assert!(
                    events.len() as u64 >= head.0,
                    "the head was {head}, {} events came",
                    events.len()
                );
                let seqs: Vec<u64> = events.iter().map(|event| event.seq.0).collect();
                assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
                let ids: Vec<String> = events.into_iter().map(|event| event.id).collect();
                assert!(ids.starts_with(&seen), "what was seen has changed");
                (seen, looks) = (ids, looks + 1);
            }
            looks
        });
        for n in 0..300 {
            book.append((0..=n % 3).map(|account| deposit(account, 1)).collect())
                .unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(
            reader.join().expect("the reader saw no gap") > 3,
            "the reader hardly looked"
        );
    });
    let replayed = book
        .replay(&Picked::Recorded, None, "again", &mut replay::silent())
        .unwrap();
    assert_eq!(
        (replayed.head, replayed.rows),
        (book.live_head(), book.mark().rows)
    );
}

/// In one event store an append that violated a constraint still used up a position, and in another its first rows
/// stayed. Here a refused append moves nothing, also where its first events were fine.
#[test]
fn a_refused_append_moves_neither_a_position_nor_a_row() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    book.append_one(event_at(
        "deposit.Deposited",
        "a",
        "2026-01-01T00:00:00Z",
        json!({"account": 1, "amount": 5}),
    ))
    .unwrap();
    let bad = [
        event("deposit.Deposited", json!({"account": 1, "amount": -1})),
        event(
            "deposit.Deposited",
            json!({"account": 1, "amount": i64::MAX}),
        ),
        event("deposit.Unheard", json!({})),
        event_at(
            "deposit.Deposited",
            "a",
            "2026-01-01T00:00:00Z",
            json!({"account": 1, "amount": 6}),
        ),
    ];
    for bad in bad {
        let before = book.mark();
        book.append(vec![deposit(1, 1), deposit(2, 1), bad.clone()])
            .expect_err("the last event is bad");
        assert_eq!(book.mark(), before);
        book.reopen();
        assert_eq!(book.mark(), before, "after opening again");
        assert_eq!(
            book.append_one(deposit(3, 1)).unwrap().seq,
            before.head.next()
        );
    }
    book.assert_verified();
}

/// One event store answered when the data was in its memory, and lost it with the power. Here, when the answer is
/// there, so is the event: an image of the files taken at that moment has it.
#[test]
fn an_image_of_the_files_taken_at_the_reply_has_the_event() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for n in 1..=15 {
        let receipt = book.append_one(deposit(1, n)).unwrap();
        let image = book.folder().join(format!("image-{n}"));
        copy_folder(&book.path(), &image);
        let copy = open(&image).unwrap();
        assert_eq!(
            (copy.head(), copy.head_hash()),
            (receipt.seq, book.head_hash())
        );
        assert_eq!(copy.live_head(), book.live_head());
    }
}

/// One event store kept its checkpoint apart from its projection: after a crash events were applied twice, or never.
/// Here the position is inside the projection. An older projection beside a newer log catches up; a newer one beside an
/// older log is not believed.
#[test]
fn a_projection_beside_another_log_ends_where_the_log_does() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let file = book.live_path().file_name().unwrap().to_owned();
    let mut images = Vec::new();
    for n in 0..3 {
        book.append((0..20).map(|account| deposit(account, n + 1)).collect())
            .unwrap();
        let image = book.folder().join(format!("image-{n}"));
        book.reopen_after(|path| copy_folder(path, &image));
        images.push((image, book.mark()));
    }
    for (log, expected) in &images {
        for (projection, _) in &images {
            let mixed = book.folder().join("mixed");
            copy_folder(log, &mixed);
            std::fs::copy(
                projection.join("projections").join(&file),
                mixed.join("projections").join(&file),
            )
            .unwrap();
            let mut opened = open(&mixed).unwrap();
            assert_eq!(
                (opened.head(), opened.live_head()),
                (expected.head, expected.live)
            );
            assert_eq!(
                opened.live_projection().rows_digest().unwrap(),
                expected.rows
            );
            drop(opened);
            std::fs::remove_dir_all(&mixed).unwrap();
        }
    }
}

/// One event store replayed in the order of timestamps, which clients choose, and another in the order of ids. Here a
/// replay runs in the order of the commits, whatever the events call themselves.
#[test]
fn a_replay_runs_in_the_order_of_the_commits() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for n in 0..20 {
        let time = format!("20{:02}-01-01T00:00:00Z", 40 - n);
        let data = json!({"account": 1, "amount": n});
        book.append_one(event_at(
            "deposit.Deposited",
            &format!("{:02}", 50 - n),
            &time,
            data,
        ))
        .unwrap();
    }
    let live = book.mark();
    assert_eq!(
        book.numbers("SELECT last_seq FROM deposit_account"),
        [live.head.0.cast_signed()]
    );
    let again = book
        .replay(&Picked::Recorded, None, "again", &mut replay::silent())
        .unwrap();
    assert_eq!((again.head, again.rows), (live.live, live.rows));
    book.assert_verified();
}

/// One plugin host derived an event's id from the command's payload: two equal commands gave equal ids, and the second
/// one's events were thrown away as duplicates.
#[test]
fn equal_commands_give_events_with_ids_of_their_own() {
    let mut book = TestBook::with_guests(&["equal-ids"]);
    let mut ids = Vec::new();
    for _ in 0..4 {
        let events = accepted(book.command("equalids.Do", json!({"n": 5}), false).unwrap());
        assert_eq!(events.len(), 5);
        ids.extend(events.into_iter().map(|(event, _)| event.id));
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
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let request = |amount: i64| daybook::service::Request {
        command_type: "deposit.Deposit".into(),
        data: json!({"account": 1, "amount": amount}).to_string(),
        id: Some(uuid::Uuid::from_u128(42)),
        ..Default::default()
    };
    book.run(request(5)).unwrap();
    let before = book.mark();
    let error = book
        .run(request(6))
        .map(|reply| reply.command_id)
        .expect_err("the id was used");
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
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
            let reader = Reader::open(&path, &mut replay::silent()).unwrap();
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
