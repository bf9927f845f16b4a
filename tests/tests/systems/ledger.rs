//! The ledger: nothing is lost or made, nobody falls below zero, accounts are locked by what their readers saw, and periods
//! are closed with what their legs lead to; all while many pay at once.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use daybook::diff::{Cause, Difference, FinalKind};
use daybook::model::Value;
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "ledger@2015-01-01";
const SECOND: &str = "ledger@2015-07-01";

/// What a transfer costs, in cents.
const FEE: i64 = 10;

/// What each customer begins with, in cents.
const OPENING: i64 = 1_000;

fn with_customers(count: u64) -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    for own in ["world", "fees"] {
        let opened = server.post(
            "/commands/ledger.OpenAccount",
            &json!({"account": own, "kind": "own"}),
        );
        assert_eq!(opened.status, 201, "{}", opened.text);
    }
    for customer in 0..count {
        let open = json!({"account": format!("c{customer}"), "kind": "customer", "opening": {"amount": OPENING, "from": "world"}});
        let opened = server.post("/commands/ledger.OpenAccount", &open);
        assert_eq!(opened.status, 201, "{}", opened.text);
        assert_eq!(opened.json["events"].as_array().map(Vec::len), Some(2));
    }
    server
}

/// A transfer, on the condition that nothing happened to the payer since the event that is named.
fn transfer(server: &Server, from: &str, to: &str, amount: i64, if_match: Option<&str>) -> Answer {
    let path = format!("/commands/ledger.Transfer?subject=account/{from}");
    let headers: Vec<_> = if_match.iter().map(|tag| ("if-match", *tag)).collect();
    let body = json!({"from": from, "to": to, "amount": amount}).to_string();
    server.ask("POST", &path, &headers, Some(&body))
}

/// Where an account stands: what `If-Match` takes.
fn position(server: &Server, account: &str) -> String {
    let history = server.get(&format!("/events?subject=account/{account}"));
    assert_eq!(history.status, 200, "{}", history.text);
    history.header("etag").expect("a position").to_owned()
}

fn balance(server: &Server, account: &str) -> i64 {
    let row = server.get(&format!("/state/ledger.account/{account}")).json["row"].clone();
    row["balance"].as_i64().expect("a balance")
}

fn rejected(answer: &Answer) -> &str {
    assert_eq!(
        (answer.status, answer.problem()),
        (422, "rejected"),
        "{}",
        answer.text
    );
    answer.json["code"].as_str().expect("a code")
}

/// Both invariants, and that every account is what its legs and its last snapshot lead to. Also gives the balances.
fn check_books(book: &TestBook) -> BTreeMap<String, i64> {
    assert_eq!(book.numbers("SELECT sum(balance) FROM ledger_account"), [0]);
    let below = "SELECT id FROM ledger_account WHERE kind = 'customer' AND balance < 0";
    assert!(book.texts(below).is_empty());
    let unbalanced = "SELECT DISTINCT seq FROM ledger_leg GROUP BY seq HAVING sum(amount) <> 0";
    assert!(book.numbers(unbalanced).is_empty());
    for since in ["", "AND leg.seq > account.period_seq"] {
        // All legs there ever were; and those since the snapshot, upon what it says.
        let begin = if since.is_empty() {
            "0"
        } else {
            "account.opening"
        };
        let differing = format!(
            "SELECT id FROM ledger_account account WHERE balance <> {begin} + (SELECT coalesce(sum(amount), 0) FROM ledger_leg leg \
             WHERE leg.account = account.id {since})"
        );
        assert!(book.texts(&differing).is_empty(), "{since}");
    }
    let broken = "SELECT later.account FROM ledger_statement later JOIN ledger_statement earlier \
                  ON earlier.account = later.account AND earlier.period = later.period - 1 WHERE later.opening <> earlier.closing";
    assert!(book.texts(broken).is_empty());
    {
        book.rows("SELECT id, balance FROM ledger_account")
            .into_iter()
    }
    .map(|row| match row.as_slice() {
        [Value::Text(id), Value::Integer(balance)] => (id.clone(), *balance),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn who_pays_from_an_account_that_moved_since_it_was_read_is_told_where_it_is() {
    let server = with_customers(3);
    let seen = position(&server, "c0");
    // What comes in makes nobody poorer, and moves nobody's lock.
    assert_eq!(transfer(&server, "c1", "c0", 100, None).status, 201);
    assert_eq!(position(&server, "c0"), seen);
    let paid = transfer(&server, "c0", "c2", 100, Some(&seen));
    assert_eq!(paid.status, 201, "{}", paid.text);
    let moved = transfer(&server, "c0", "c2", 100, Some(&seen));
    assert_eq!(
        (moved.status, moved.problem()),
        (412, "position"),
        "{}",
        moved.text
    );
    let seq = &paid.json["events"][0]["event"]["seq"];
    assert_eq!(&moved.json["position"], seq);
    let looked_again = transfer(&server, "c0", "c2", 100, Some(&format!("\"{seq}\"")));
    assert_eq!(looked_again.status, 201, "{}", looked_again.text);
    // Closing a period is something that happened to the account, too.
    let seen = position(&server, "c0");
    let closed = server.post("/commands/ledger.ClosePeriod", &json!({"account": "c0"}));
    assert_eq!(closed.status, 201, "{}", closed.text);
    assert_eq!(transfer(&server, "c0", "c2", 1, Some(&seen)).status, 412);
    assert_eq!(balance(&server, "c0"), OPENING + 100 - 2 * (100 + FEE));
    let mut book = server.stop();
    check_books(&book);
    book.assert_verified();
}

#[test]
fn what_does_not_add_up_or_falls_below_zero_is_refused_and_not_kept() {
    let server = with_customers(2);
    let head = server.alone(|book| book.head().0);
    let legs = |legs: &[(&str, i64)]| -> Json {
        legs.iter()
            .map(|(account, amount)| json!({"account": account, "amount": amount}))
            .collect()
    };
    let post = |entries: &[(&str, i64)]| {
        server.post("/commands/ledger.Post", &json!({"legs": legs(entries)}))
    };
    assert_eq!(rejected(&post(&[("c0", -5), ("c1", 4)])), "unbalanced");
    assert_eq!(
        rejected(&post(&[("c0", -OPENING - 1), ("c1", OPENING + 1)])),
        "below-zero"
    );
    assert_eq!(rejected(&post(&[("c0", -5), ("c9", 5)])), "unknown-account");
    assert_eq!(
        rejected(&post(&[("c0", -5), ("c1", -5), ("world", 10)])),
        "not-one-payer"
    );
    let one_leg = post(&[("c0", 0)]);
    assert_eq!((one_leg.status, one_leg.problem()), (422, "schema"));
    assert_eq!(
        rejected(&transfer(&server, "c0", "c1", OPENING - FEE + 1, None)),
        "below-zero"
    );
    let unknown = transfer(&server, "c0", "c9", 1, None);
    assert_eq!(rejected(&unknown), "unknown-account");
    assert!(
        unknown.json["message"].is_null()
            && unknown.json["detail"].as_str().unwrap().contains("c9"),
        "{}",
        unknown.text
    );

    // Events from elsewhere are held to the same, and a batch with one that does not add up is not kept at all.
    let posted = |entries: &[(&str, i64)]| json!({"type": "ledger.Posted", "data": {"transaction": "t", "legs": legs(entries)}});
    let balanced = posted(&[("c0", -5), ("c1", 5)]);
    for (bad, code) in [
        (posted(&[("c0", -5), ("c1", 6)]), "unbalanced"),
        (posted(&[("c0", -OPENING), ("c1", OPENING)]), "below-zero"),
        (
            json!({"type": "ledger.PeriodClosed", "data": {"account": "c0", "period": 1, "balance": OPENING}}),
            "period-does-not-add-up",
        ),
    ] {
        let refused = server.post("/events", &json!([balanced, bad]));
        assert_eq!(
            (refused.status, refused.problem()),
            (422, "plugin"),
            "{}",
            refused.text
        );
        assert!(refused.text.contains(code), "{}", refused.text);
    }
    assert_eq!(server.alone(|book| book.head().0), head);
    assert_eq!(
        (balance(&server, "c0"), balance(&server, "c1")),
        (OPENING, OPENING)
    );
    let everything = transfer(&server, "c0", "c1", OPENING - FEE, None);
    assert_eq!(
        everything.status, 201,
        "down to zero is allowed: {}",
        everything.text
    );
    let mut book = server.stop();
    let balances = check_books(&book);
    assert_eq!(
        (
            balances["c0"],
            balances["c1"],
            balances["fees"],
            balances["world"]
        ),
        (0, 2 * OPENING - FEE, FEE, -2 * OPENING)
    );
    book.assert_verified();
}

#[test]
fn many_pay_at_once_and_nothing_is_lost_or_made_and_nobody_is_below_zero() {
    const CUSTOMERS: u64 = 8;
    const TRANSFERS: u64 = 600;
    let server = with_customers(CUSTOMERS);
    let customer = |number: u64| format!("c{}", number % CUSTOMERS);
    let is_over = AtomicBool::new(false);
    let (retries, looks) = (AtomicU64::new(0), AtomicU64::new(0));
    let answers = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whenever anybody looks, all of it holds: no state is shown in which a transaction is half done.
            let sql = "SELECT sum(balance), min(CASE kind WHEN 'customer' THEN balance ELSE 0 END), \
                       (SELECT sum(amount) FROM ledger_leg) FROM ledger_account";
            while !is_over.load(Ordering::Relaxed) {
                let seen = server.post("/query", &json!({ "sql": sql }));
                assert_eq!(seen.status, 200, "{}", seen.text);
                let row = &seen.json["rows"][0];
                assert_eq!((&row[0], &row[2]), (&json!(0), &json!(0)), "{}", seen.text);
                assert!(row[1].as_i64().expect("a balance") >= 0, "{}", seen.text);
                looks.fetch_add(1, Ordering::Relaxed);
            }
        });
        let answers = race(TRANSFERS, |number| {
            if number % 40 == 39 {
                return server.post(
                    "/commands/ledger.ClosePeriod",
                    &json!({"account": customer(number / 40)}),
                );
            }
            let (from, to) = (customer(number), customer(number / CUSTOMERS + number + 1));
            // More than is there, often enough.
            let amount = 1 + (number * 37 % 700).cast_signed();
            if number % 3 > 0 {
                return transfer(&server, &from, &to, amount, None);
            }
            // As who reads, decides and then pays: again, until nothing came in between.
            loop {
                let seen = position(&server, &from);
                let answer = transfer(&server, &from, &to, amount, Some(&seen));
                if answer.status != 412 {
                    return answer;
                }
                retries.fetch_add(1, Ordering::Relaxed);
            }
        });
        is_over.store(true, Ordering::Relaxed);
        answers
    });
    let mut balances: BTreeMap<String, i64> = (0..CUSTOMERS)
        .map(|number| (customer(number), OPENING))
        .collect();
    balances.insert("world".into(), -OPENING * CUSTOMERS.cast_signed());
    balances.insert("fees".into(), 0);
    let (mut paid, mut refused, mut closed) = (0, 0, 0);
    for answer in &answers {
        if answer.status == 422 {
            match rejected(answer) {
                "below-zero" => refused += 1,
                code => assert_eq!(code, "same-account", "{}", answer.text),
            }
            continue;
        }
        assert_eq!(answer.status, 201, "{}", answer.text);
        let event = &answer.json["events"][0]["event"];
        if event["type"] == "ledger.PeriodClosed" {
            closed += 1;
            continue;
        }
        let data = &event["data"];
        let [amount, fee] = ["amount", "fee"].map(|part| data[part].as_i64().expect("cents"));
        let mut add = |account: &Json, amount| {
            *balances
                .get_mut(account.as_str().expect("an account"))
                .expect("an account") += amount;
        };
        add(&data["from"], -amount - fee);
        add(&data["to"], amount);
        add(&json!("fees"), fee);
        paid += 1;
    }
    println!(
        "{paid} paid, {refused} refused, {closed} closed; {retries:?} tried again, {looks:?} looks"
    );
    assert!(
        paid > 50 && refused > 50 && looks.into_inner() > 0,
        "{paid} and {refused}"
    );
    assert_eq!(closed, 15);
    assert!(retries.into_inner() > 0, "nobody came in between");
    let mut book = server.stop();
    assert_eq!(check_books(&book), balances);
    book.assert_verified();
}

#[test]
fn the_second_version_writes_a_payers_fee_as_a_leg_of_its_own_and_changes_no_balance() {
    let server = with_customers(2);
    let mut transfers = Vec::new();
    for (from, to) in [("c0", "c1"), ("c1", "c0"), ("c0", "c1")] {
        let paid = transfer(&server, from, to, 100, None);
        assert_eq!(paid.status, 201, "{}", paid.text);
        let event = &paid.json["events"][0]["event"];
        transfers.push((
            event["seq"].as_i64().unwrap(),
            from,
            event["data"]["transaction"].as_str().unwrap().to_owned(),
        ));
        let closed = server.post("/commands/ledger.ClosePeriod", &json!({"account": from}));
        assert_eq!(closed.status, 201, "{}", closed.text);
    }
    let legs =
        json!({"legs": [{"account": "c0", "amount": -5}, {"account": "world", "amount": 5}]});
    assert_eq!(server.post("/commands/ledger.Post", &legs).status, 201);
    let mut book = server.stop();
    let balances = check_books(&book);
    book.assert_verified();
    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);

    let text = |text: &str| Value::Text(text.to_owned());
    let key = |account: &str, seq: i64, line: i64| {
        vec![text(account), Value::Integer(seq), Value::Integer(line)]
    };
    let table = || "ledger.leg".to_owned();
    assert_eq!(
        found.events.len(),
        transfers.len(),
        "no posting, no closing, no opening"
    );
    let mut rows = Vec::new();
    for (event, (seq, from, transaction)) in found.events.iter().zip(&transfers) {
        assert_eq!(
            (event.seq.0.cast_signed(), event.cause),
            (*seq, Cause::Direct)
        );
        let paid = (Value::Integer(-100 - FEE), Value::Integer(-100));
        let expected = [
            Difference::Column {
                table: table(),
                key: key(from, *seq, 1),
                format: None,
                column: "amount".into(),
                base: Some(paid.0.clone()),
                candidate: Some(paid.1.clone()),
                before: false,
            },
            Difference::Row {
                table: table(),
                key: key(from, *seq, 4),
                base: None,
                candidate: Some("insert"),
            },
        ];
        assert_eq!(event.differences, expected);
        let changed = vec![("amount".to_owned(), Some(paid.0), Some(paid.1))];
        rows.push((key(from, *seq, 1), FinalKind::Changed(changed)));
        let values = [
            ("account", text(from)),
            ("seq", Value::Integer(*seq)),
            ("line", Value::Integer(4)),
            ("transaction", text(transaction)),
            ("amount", Value::Integer(-FEE)),
            ("purpose", text("fee")),
        ];
        let added = values.map(|(name, value)| (name.to_owned(), value)).into();
        rows.push((key(from, *seq, 4), FinalKind::Added(added)));
    }
    let in_order =
        |rows: &mut Vec<(Vec<Value>, FinalKind)>| rows.sort_by_key(|(key, _)| format!("{key:?}"));
    assert!(
        found.final_rows.iter().all(|row| row.table == "ledger.leg"),
        "{:?}",
        found.final_rows
    );
    let mut ends: Vec<_> = found
        .final_rows
        .iter()
        .map(|row| (row.key.clone(), row.kind.clone()))
        .collect();
    in_order(&mut ends);
    in_order(&mut rows);
    assert_eq!(ends, rows);

    // In force, it holds the same invariants over the same history, and its answers are the same.
    book.activate_pinned(&daybook_tests::version(SECOND))
        .unwrap();
    assert_eq!(check_books(&book), balances);
    let server = Server::of(book);
    let paid = transfer(&server, "c1", "c0", 50, None);
    let changes = paid.json["events"][0]["changes"]
        .as_array()
        .expect("changes")
        .iter();
    let legs = changes
        .filter(|change| change["table"] == "ledger.leg")
        .map(|leg| leg["after"]["amount"].as_i64().unwrap());
    let mut legs: Vec<_> = legs.collect();
    legs.sort_unstable();
    assert_eq!(legs, [-50, -FEE, FEE, 50]);
    let mut book = server.stop();
    check_books(&book);
    book.assert_verified();
}
