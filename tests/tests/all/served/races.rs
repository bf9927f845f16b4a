//! Many clients at once: every decision is made on all that was decided before it, and every reply is true.

use std::collections::BTreeMap;

use daybook_tests::{Random, Server, TestBook, race};
use serde_json::json;

#[test]
fn ten_thousand_racing_withdrawals_never_take_a_balance_below_its_limit() {
    let server = Server::of(TestBook::with_plugins(&["bank@1993-01-01"]));
    const ACCOUNTS: i64 = 5;
    const PAID_IN: i64 = 60_000;
    const LIMIT: i64 = 2_000;
    for account in 0..ACCOUNTS {
        let open = json!({"account": account, "overdraft_limit": LIMIT});
        let deposit = json!({"account": account, "amount": PAID_IN});
        assert_eq!(server.post("/commands/bank.OpenAccount", &open).status, 201);
        assert_eq!(server.post("/commands/bank.Deposit", &deposit).status, 201);
    }
    let amounts: Vec<(i64, i64)> = {
        let mut random = Random::new(7);
        (0..10_000)
            .map(|_| {
                (
                    random.below(ACCOUNTS as u64) as i64,
                    1 + random.below(100) as i64,
                )
            })
            .collect()
    };
    let answers = race(10_000, |number| {
        let (account, amount) = amounts[number as usize];
        server.post(
            "/commands/bank.Withdraw",
            &json!({"account": account, "amount": amount}),
        )
    });
    // Each accepted reply says the balance after it: together they are every step down of every account, once each.
    let mut steps: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    let mut refused = 0;
    for answer in &answers {
        match answer.status {
            201 => {
                let change = &answer.json["events"][0]["changes"][0];
                assert_eq!(change["table"], "bank.account", "{}", answer.text);
                let balance = |when: &str| change[when]["balance"].as_i64().unwrap();
                let account = change["key"]["id"].as_i64().unwrap();
                steps
                    .entry(account)
                    .or_default()
                    .push((balance("before"), balance("after")));
            }
            422 => {
                assert_eq!(answer.json["code"], "insufficient-funds", "{}", answer.text);
                refused += 1;
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    assert!(refused > 100, "{refused} were refused: nothing was tried");
    let mut book = server.stop();
    for account in 0..ACCOUNTS {
        let mut steps = steps.remove(&account).unwrap();
        steps.sort_unstable_by(|a, b| b.cmp(a));
        let mut balance = PAID_IN;
        for (before, after) in steps {
            assert_eq!(before, balance, "account {account}");
            balance = after;
        }
        assert!(balance >= -LIMIT, "account {account}: {balance}");
        let kept = book.numbers(&format!(
            "SELECT balance FROM bank_account WHERE id = {account}"
        ));
        assert_eq!(kept, [balance]);
    }
    book.assert_verified();
}

#[test]
fn the_first_to_accept_gets_the_invitation_and_a_name_is_taken_once() {
    let server = Server::of(TestBook::with_plugins(&["members@2020-01-01"]));
    const PLACES: u64 = 20;
    for place in 0..PLACES {
        let invite = json!({"invitation": format!("place {place}")});
        assert_eq!(server.post("/commands/members.Invite", &invite).status, 201);
    }
    let answers = race(2_000, |number| {
        if number % 2 == 0 {
            let accept = json!({"invitation": format!("place {}", number / 2 % PLACES), "member": format!("m{number}")});
            server.post("/commands/members.Accept", &accept)
        } else {
            let name = ["Ada", "ADA", "Grace", "grace"][(number / 2 % 4) as usize];
            server.post("/commands/members.Register", &json!({ "name": name }))
        }
    });
    let accepted = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(accepted as u64, PLACES + 2);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        let code = answer.json["code"].as_str();
        assert!(
            answer.status == 422 && matches!(code, Some("too-late" | "name-taken")),
            "{}",
            answer.text
        );
    }
    let mut book = server.stop();
    assert_eq!(
        book.numbers("SELECT count(*) FROM members_invitation WHERE accepted_by IS NOT NULL"),
        [PLACES as i64]
    );
    assert_eq!(book.numbers("SELECT count(*) FROM members_member"), [2]);
    book.assert_verified();
}

#[test]
fn equal_keys_at_the_same_time_are_carried_out_once() {
    let server = Server::of(TestBook::with_plugins(&["deposit@2020-01-01"]));
    let answers = race(1_000, |number| {
        let key = format!("key {}", number % 50);
        server.ask(
            "POST",
            "/commands/deposit.Deposit",
            &[("idempotency-key", &key)],
            Some(r#"{"account": 1, "amount": 1}"#),
        )
    });
    let mut by_seq: BTreeMap<u64, u32> = BTreeMap::new();
    for answer in &answers {
        assert_eq!(answer.status, 201, "{}", answer.text);
        let seq = answer.json["events"][0]["event"]["seq"].as_u64().unwrap();
        *by_seq.entry(seq).or_default() += 1;
    }
    assert_eq!(by_seq.len(), 50);
    assert!(by_seq.values().all(|count| *count == 20), "{by_seq:?}");
    let mut book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [50]);
    book.assert_verified();
}
