//! Events that a version cannot materialize: found, tried with others, skipped with a reason. And a live state that is not
//! what the log yields: shown, and put right.

use daybook::history::silent;
use daybook::model::Seq;
use daybook::repair::{AmendRequest, NewPayload};
use daybook::study::Picked;
use daybook::versions::{Policy, PromoteRequest, Promotion};
use daybook_tests::{TestBook, event, guest};
use serde_json::json;

fn skip(seq: Seq) -> AmendRequest {
    AmendRequest {
        seq,
        payload: NewPayload::Nothing,
        reason: "the new version has no thirteens".into(),
        actor: None,
    }
}

#[test]
fn events_of_doom_are_found_tried_with_other_versions_and_can_be_skipped() {
    let mut book = TestBook::with_guests(&["cascade-1"]);
    for n in [1, 13, 2, 13, 3] {
        book.append_one(event("cascade.Happened", json!({"n": n})))
            .unwrap();
    }
    let recorded = book.recorded();
    let doomed: Vec<Seq> = { recorded.iter() }
        .filter(|it| it.event.data.contains("\"n\":13"))
        .map(|it| it.event.seq)
        .collect();
    let version = book.load(guest("doom-2")).unwrap().version;
    let picked = Picked::Pinned(vec![version.clone()]);
    let before = book.mark();

    let first = book
        .study()
        .find_dooms(&picked, false, &mut silent())
        .unwrap();
    assert_eq!((first.found.len(), first.more), (1, 0));
    let found = &first.found[0];
    assert_eq!((found.doom.seq, &found.doom.version), (doomed[0], &version));
    let others: Vec<_> = { found.others.iter() }
        .map(|(other, made)| (other.to_string(), made.clone()))
        .collect();
    assert_eq!(others, [("cascade@2020-01-01".to_owned(), Ok((1, 0)))]);
    let all = book
        .study()
        .find_dooms(&picked, true, &mut silent())
        .unwrap();
    let seqs: Vec<_> = all.found.iter().map(|it| it.doom.seq).collect();
    assert_eq!(seqs, doomed);
    assert_eq!(book.mark(), before);
    let none = book
        .study()
        .find_dooms(&Picked::Pinned(vec![]), true, &mut silent())
        .unwrap();
    assert!(none.found.is_empty(), "the active version has none");

    let rows = book.numbers("SELECT count(*) FROM cascade_thing");
    for seq in &doomed {
        book.amend(&skip(*seq), &mut silent()).unwrap();
    }
    assert_eq!(
        book.numbers("SELECT count(*) FROM cascade_thing"),
        [rows[0] - 2]
    );
    assert!(
        book.amend(&skip(doomed[0]), &mut silent()).is_err(),
        "it is skipped already"
    );
    assert!(
        book.study()
            .find_dooms(&picked, true, &mut silent())
            .unwrap()
            .found
            .is_empty()
    );
    book.assert_verified();
    book.shadow(&version, Policy::Pinned, "", &mut silent())
        .unwrap();
    let request = PromoteRequest {
        force: Some("rows look otherwise".into()),
        actor: None,
    };
    let promoted = book.promote(&version, &request, &mut silent()).unwrap();
    assert!(matches!(promoted, Promotion::Done(_)), "{promoted:?}");
    book.assert_verified();

    // What was skipped can be put back, where the version in force can materialize it.
    let back = AmendRequest {
        payload: NewPayload::Original,
        ..skip(doomed[0])
    };
    assert_eq!(
        book.amend(&back, &mut silent())
            .unwrap_err()
            .kind
            .exit_code(),
        5
    );
    book.rollback(&request, &mut silent())
        .unwrap_or_else(|error| panic!("{error}"));
    book.amend(&back, &mut silent()).unwrap();
    assert_eq!(
        book.numbers("SELECT count(*) FROM cascade_thing"),
        [rows[0] - 1]
    );
    book.assert_verified();
}

#[test]
fn a_row_that_somebody_wrote_by_hand_is_shown_and_put_right() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    for account in 0..9 {
        let data = json!({"account": account, "amount": 5});
        book.append_one(event("deposit.Deposited", data)).unwrap();
    }
    let before = book.mark();
    let mut nothing = |row: &_| panic!("{row:?}");
    let same = book.reconcile(None, &mut nothing, &mut silent()).unwrap();
    assert_eq!((same.rows, same.repaired), (0, None));
    let file = book.live_path();
    book.reopen_after(|_| {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection
            .execute_batch("UPDATE deposit_account SET balance = 1000 WHERE id = 4; DELETE FROM deposit_account WHERE id = 7")
            .unwrap();
    });
    assert!(book.verify(&mut silent()).unwrap().problem.is_some());
    let mut seen = Vec::new();
    let mut visit = |row: &daybook::diff::FinalRow| {
        seen.push(daybook::diff::words::final_place(row));
        Ok(())
    };
    let found = book.reconcile(None, &mut visit, &mut silent()).unwrap();
    assert_eq!((found.rows, found.repaired), (2, None));
    assert_eq!(seen, ["deposit.account[4]", "deposit.account[7]"]);
    let mut quiet = |_: &_| Ok(());
    let done = book
        .reconcile(Some("edited by hand"), &mut quiet, &mut silent())
        .unwrap();
    assert_eq!(done.repaired, Some(Seq(before.head.0 + 1)));
    assert_eq!(book.mark().rows, before.rows);
    book.assert_verified();
}

#[test]
fn a_verification_since_a_snapshot_finds_what_is_wrong_after_it_and_takes_what_is_before() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let deposit = |account: i64| {
        event(
            "deposit.Deposited",
            json!({"account": account, "amount": 5}),
        )
    };
    for account in 0..9 {
        book.append_one(deposit(account)).unwrap();
    }
    let head = book.head();
    assert_eq!(
        book.verify_since(head, &mut silent())
            .unwrap_err()
            .kind
            .exit_code(),
        2
    );
    assert_eq!(book.snapshot().unwrap().position, head);
    for account in 4..12 {
        book.append_one(deposit(account)).unwrap();
    }
    let all = book.assert_verified();
    let last = book.head();
    let late = book.verify_since(last, &mut silent()).unwrap();
    assert_eq!(late, all);
    let log = book.path().join("log.db");
    let tamper = |seq: u64| {
        let connection = rusqlite::Connection::open(&log).unwrap();
        let sql = "UPDATE effects SET body = (SELECT body FROM effects WHERE seq = ?1 - 1) WHERE seq = ?1";
        assert_eq!(connection.execute(sql, [seq as i64]).unwrap(), 1);
    };
    book.reopen_after(|_| tamper(head.0 - 2));
    assert_eq!(
        book.verify_since(last, &mut silent()).unwrap().problem,
        None
    );
    assert!(book.verify(&mut silent()).unwrap().problem.is_some());
    book.reopen_after(|_| tamper(head.0 + 2));
    let found = book.verify_since(last, &mut silent()).unwrap();
    let expected = format!("event {} (deposit.Deposited) has other effects", head.0 + 2);
    assert!(
        found
            .problem
            .as_ref()
            .is_some_and(|it| it.starts_with(&expected)),
        "{found:?}"
    );
}
