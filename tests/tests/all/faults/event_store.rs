//! Five faults that event stores were seen to have.

use std::sync::atomic::{AtomicBool, Ordering};

use daybook::history;
use daybook::model::Seq;
use daybook::store::Catalog;
use daybook::study::Picked;
use daybook_tests::{TestBook, copy_folder, event, event_at, open};
use serde_json::json;

const DEPOSIT: &str = "deposit@2020-01-01";

fn deposit(account: i64, amount: i64) -> daybook::book::Incoming {
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
            let log = Catalog::open(&path).unwrap();
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
        .replay(&Picked::Recorded, None, "again", &mut history::silent())
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
        .replay(&Picked::Recorded, None, "again", &mut history::silent())
        .unwrap();
    assert_eq!((again.head, again.rows), (live.live, live.rows));
    book.assert_verified();
}
