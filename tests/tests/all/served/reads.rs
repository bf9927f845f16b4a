//! A book online: reads of its state, its events and its versions, also while it is written and while versions change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use daybook::model::Value;
use daybook::versions::Policy;
use daybook::wire::json_of;
use daybook_tests::{Answer, Random, Server, TestBook, components, event, version};
use serde_json::{Value as Json, json};

/// Percent-encodes everything that is not a letter or a digit.
pub(crate) fn encoded(text: &str) -> String {
    let encode = |byte: u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn put(table: &str, row: Json) -> Json {
    json!({"type": "findall.Put", "data": {"table": table, "row": row}})
}

/// A book with rows in `findall.thing (id, n, text?)` and `findall.pair (a, b, c)`.
pub(super) fn things(random: &mut Random, count: i64) -> TestBook {
    let mut book = TestBook::with_guests(&["find-all"]);
    let mut events = Vec::new();
    for id in 0..count {
        let text = random.pick(&[None, Some(""), Some("a"), Some("ä, b"), Some("z")]);
        let row = json!([id, random.between(-4, 4), text]);
        events.push(event("findall.Put", json!({"table": "thing", "row": row})));
        let row = json!([
            random.pick(&["", "x,y", "ü/ /%"]),
            id,
            id as f64 / 4.0 + 0.1
        ]);
        events.push(event("findall.Put", json!({"table": "pair", "row": row})));
    }
    book.append(events).unwrap();
    book
}

pub(super) fn ok(answer: &Answer) -> &Json {
    assert_eq!(answer.status, 200, "{}", answer.text);
    &answer.json
}

/// Null before everything, then numbers, then text: SQLite's order within one column.
fn sorts(value: &Value) -> (u8, i64, &str) {
    match value {
        Value::Integer(number) => (1, *number, ""),
        Value::Text(text) => (2, 0, text),
        _ => (0, 0, ""),
    }
}

#[test]
fn pages_of_a_filtered_and_ordered_listing_are_what_a_model_says() {
    let mut random = Random::announced("reads::pages");
    let book = things(&mut random, 150);
    let all = book.rows("SELECT id, n, text FROM findall_thing");
    let server = Server::of(book);
    let names = ["id", "n", "text"];
    for _ in 0..120 {
        let mut rows = all.clone();
        let mut query = Vec::new();
        for _ in 0..random.below(3) {
            let at = random.below(3) as usize;
            if random.below(4) == 0 {
                let null = random.below(2) == 0;
                rows.retain(|row| (row[at] == Value::Null) == null);
                query.push(format!("{}.null={null}", names[at]));
                continue;
            }
            let value = match at {
                0 => Value::Integer(random.between(0, 150)),
                1 => Value::Integer(random.between(-4, 4)),
                _ => Value::Text((*random.pick(&["", "a", "ä, b", "q"])).to_owned()),
            };
            let (operator, holds): (&str, fn(std::cmp::Ordering) -> bool) = *random.pick(&[
                ("", (|o| o.is_eq()) as fn(std::cmp::Ordering) -> bool),
                (".eq", |o| o.is_eq()),
                (".ne", |o| o.is_ne()),
                (".lt", |o| o.is_lt()),
                (".lte", |o| o.is_le()),
                (".gt", |o| o.is_gt()),
                (".gte", |o| o.is_ge()),
            ]);
            rows.retain(|row| row[at] != Value::Null && holds(sorts(&row[at]).cmp(&sorts(&value))));
            let text = match &value {
                Value::Text(text) => encoded(text),
                number => number.to_string(),
            };
            query.push(format!("{}{operator}={text}", names[at]));
        }
        let by = random.below(4) as usize;
        let descending = by < 3 && random.below(2) == 0;
        let by = by.min(2);
        rows.sort_by(|a, b| (sorts(&a[by]), sorts(&a[0])).cmp(&(sorts(&b[by]), sorts(&b[0]))));
        if descending {
            rows.reverse();
        }
        query.push(format!(
            "order={}{}",
            if descending { "-" } else { "" },
            names[by]
        ));
        query.push(format!("limit={}", random.between(1, 60)));
        let shown = |row: &Vec<Value>| json!({"id": json_of(&row[0]), "n": json_of(&row[1]), "text": json_of(&row[2])});
        let expected: Vec<Json> = rows.iter().map(shown).collect();
        let mut found = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/state/findall.thing?{}{after}", query.join("&"));
            let page = server.get(&path);
            found.extend(ok(&page)["rows"].as_array().unwrap().clone());
            match page.json["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{query:?}");
    }
}

#[test]
fn a_row_is_found_by_its_key_whatever_is_in_it() {
    let mut random = Random::announced("reads::keys");
    let book = things(&mut random, 30);
    let rows = book.rows("SELECT a, b, c FROM findall_pair");
    let server = Server::of(book);
    for row in &rows {
        let (Value::Text(a), Value::Integer(b)) = (&row[0], &row[1]) else {
            panic!("{row:?}")
        };
        let path = format!("/state/findall.pair/{},{b}", encoded(a));
        let answer = server.get(&path);
        assert_eq!(ok(&answer)["row"]["c"], json_of(&row[2]));
        assert_eq!(answer.json["key"], json!([a, b]));
        let hash = daybook::book::column_hash(Some(&row[2]));
        assert_eq!(answer.json["hashes"]["c"], json!(hash));
        let only = server.get(&format!("{path}?columns=c"));
        assert_eq!(ok(&only)["row"], json!({"c": json_of(&row[2])}));
        assert_eq!(ok(&only)["hashes"], json!({"c": hash}));
        let exact = server.get(&format!("/state/findall.pair?c={}&b={b}", json_of(&row[2])));
        assert_eq!(ok(&exact)["rows"].as_array().unwrap().len(), 1);
    }
    let tables = server.get("/state");
    let pair = &ok(&tables)["tables"][1];
    assert_eq!(pair["table"], "findall.pair");
    assert_eq!(pair["key"], json!(["a", "b"]));
    assert_eq!(pair["columns"][2]["kind"], "real");
}

pub(super) fn bank() -> Server {
    let server = Server::of(TestBook::with_plugins(&["bank@1993-01-01"]));
    let opened = server.post("/commands/bank.OpenAccount", &json!({"account": 1}));
    assert_eq!(opened.status, 201, "{}", opened.text);
    server
}

#[test]
fn hashes_of_a_row_that_is_there_or_not_guard_a_write() {
    let server = bank();
    let write = |command: &str, body: Json, seen: &Answer| {
        let expect = json!([{"table": seen.json["table"], "key": seen.json["key"], "hashes": seen.json["hashes"]}]);
        server.ask(
            "POST",
            &format!("/commands/bank.{command}"),
            &[("daybook-expect", &expect.to_string())],
            Some(&body.to_string()),
        )
    };
    let absent = server.get("/state/bank.account/2?columns=id,balance");
    assert_eq!((absent.status, absent.problem()), (404, "absent"));
    assert!(absent.header("daybook-position").is_some());
    let open = json!({"account": 2});
    assert_eq!(write("OpenAccount", open.clone(), &absent).status, 201);
    let late = write("OpenAccount", open, &absent);
    assert_eq!((late.status, late.problem()), (409, "stale"));
    assert_eq!(late.json["changed"][0]["columns"], json!(["balance", "id"]));
    let deposit = json!({"account": 2, "amount": 10});
    let seen = server.get("/state/bank.account/2?columns=balance");
    assert_eq!(write("Deposit", deposit.clone(), &seen).status, 201);
    assert_eq!(write("Deposit", deposit, &seen).status, 409);
    let listed = server.get("/state/bank.account?hashes=true");
    let row = server.get("/state/bank.account/2");
    assert_eq!(ok(&listed)["hashes"][1], ok(&row)["hashes"]);
}

#[test]
fn the_next_read_sees_what_was_answered_and_says_at_which_position() {
    let server = bank();
    for amount in 1..=50 {
        let answer = server.post(
            "/commands/bank.Deposit",
            &json!({"account": 1, "amount": 1}),
        );
        assert_eq!(answer.status, 201, "{}", answer.text);
        let seq = answer.json["events"][0]["event"]["seq"].to_string();
        let row = server.get("/state/bank.account/1");
        assert_eq!(ok(&row)["row"]["balance"], amount);
        assert_eq!(row.header("daybook-position"), Some(&*seq));
        let query = server.post(
            "/query",
            &json!({"sql": "SELECT balance FROM bank_account"}),
        );
        assert_eq!(ok(&query)["rows"], json!([[amount]]));
        assert_eq!(query.json["position"].to_string(), seq);
        let events = server.get("/events?order=-seq&limit=1");
        assert_eq!(ok(&events)["events"][0]["seq"].to_string(), seq);
    }
}

#[test]
fn tags_spare_the_body_of_what_did_not_change_and_are_what_a_write_takes() {
    let server = bank();
    let again = |path: &str, tag: &str| server.ask("GET", path, &[("if-none-match", tag)], None);
    for path in [
        "/state/bank.account/1",
        "/state/bank.account",
        "/state",
        "/versions",
        "/",
    ] {
        let tag = server.get(path).header("etag").unwrap().to_owned();
        let same = again(path, &tag);
        assert_eq!((same.status, &*same.text), (304, ""), "{path}");
        assert_eq!(same.header("etag"), Some(&*tag));
        assert_eq!(again(path, &format!("\"x\", W/{tag}")).status, 304);
        assert_eq!(again(path, "\"x\"").status, 200);
    }
    let row = server
        .get("/state/bank.account/1")
        .header("etag")
        .unwrap()
        .to_owned();
    let about = "/events?subject=account%2F1";
    let position = server.get(about).header("etag").unwrap().to_owned();
    assert_eq!(position, "\"3\"");
    let deposit = |tag: &str| {
        let path = "/commands/bank.Deposit?subject=account/1";
        server.ask(
            "POST",
            path,
            &[("if-match", tag)],
            Some(r#"{"account": 1, "amount": 1}"#),
        )
    };
    assert_eq!(deposit(&position).status, 201);
    assert_eq!(deposit(&position).status, 412);
    assert_eq!(again("/state/bank.account/1", &row).status, 200);
    assert_eq!(again(about, &position).status, 200);
    assert_eq!(
        deposit(server.get(about).header("etag").unwrap()).status,
        201
    );
    let nobody = server.get("/events?subject=nobody");
    assert_eq!(
        (nobody.header("etag"), &ok(&nobody)["events"]),
        (Some("\"0\""), &json!([]))
    );
    let event = server.get("/events/3");
    // It may be amended or redacted: nobody may keep it unasked.
    assert_eq!(event.header("cache-control"), Some("no-store"));
    assert_eq!(
        again("/events/3", event.header("etag").unwrap()).status,
        304
    );
}

#[test]
fn events_are_listed_by_range_type_and_subject_and_shown_with_what_they_caused() {
    let server = bank();
    for (source, account) in [("/s", 7), ("/t", 8)] {
        let opened = json!({"specversion": "1.0", "id": "one", "source": source, "type": "bank.AccountOpened",
                            "subject": format!("account/{account}"), "data": {"account": account, "opened": "2026-11-22"}});
        assert_eq!(server.post("/events", &opened).status, 201);
    }
    let seqs = |path: &str| -> Vec<u64> {
        let answer = server.get(path);
        let events = ok(&answer)["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| event["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs("/events"), [1, 2, 3, 4, 5]);
    assert_eq!(seqs("/events?from=2&to=4"), [2, 3, 4]);
    assert_eq!(seqs("/events?from=9&to=2"), [0; 0]);
    assert_eq!(
        seqs("/events?to=9223372036854775807&order=-seq&limit=2"),
        [5, 4]
    );
    assert_eq!(seqs("/events?order=-seq&after=4"), [3, 2, 1]);
    assert_eq!(seqs("/events?type=bank.AccountOpened"), [3, 4, 5]);
    assert_eq!(
        seqs("/events?type=bank.AccountOpened&subject=account/8"),
        [5]
    );
    let page = server.get("/events?limit=2&after=1");
    assert_eq!(
        (&ok(&page)["next"], &page.json["head"]),
        (&json!(3), &json!(5))
    );
    assert_eq!(server.get("/events?limit=5").json["next"], json!(null));
    let shown = server.get("/events/4");
    assert_eq!(ok(&shown)["changes"][0]["operation"], "insert");
    assert_eq!(server.get("/events/one?source=/s").json, shown.json);
    assert_eq!(ok(&server.get("/events/one?source=/t"))["event"]["seq"], 5);
    let ambiguous = server.get("/events/one");
    assert_eq!(ambiguous.status, 400);
    assert_eq!(ambiguous.json["sources"], json!(["/s", "/t"]));
    for path in [
        "/events/0",
        "/events/6",
        "/events/9223372036854775807",
        "/events/two",
        "/events/4?source=/s",
    ] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, answer.problem()),
            (404, "unknown"),
            "{path}"
        );
    }
    let versions = server.get("/versions");
    let bank = &ok(&versions)["versions"][0];
    assert_eq!(
        (&bank["plugin"], &bank["version"]),
        (&json!("bank"), &json!("1993-01-01"))
    );
    assert_eq!(
        (&bank["active"], &bank["events"]),
        (&json!(true), &json!(3))
    );
    assert_eq!(
        (&bank["instances"], &bank["certification"]["reason"]),
        (
            &json!("reset"),
            &json!("not certified: no events of its types yet")
        )
    );
    assert_eq!(ok(&server.get("/"))["head"], 5);
}

#[test]
fn paging_meets_every_row_that_stays_once_while_others_come_and_go() {
    let mut random = Random::announced("reads::paging");
    let server = Arc::new(Server::of(things(&mut random, 200)));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Rows from 1000 on come, change and go; those below stay.
        scope.spawn(|| {
            let mut random = Random::new(3);
            while !done.load(Ordering::Relaxed) {
                let id = random.between(1_000, 1_050);
                let event = match random.below(3) {
                    0 => {
                        json!({"type": "findall.Removed", "data": {"table": "thing", "key": [id]}})
                    }
                    _ => put(
                        "thing",
                        json!([
                            id,
                            random.between(-4, 4),
                            random.pick(&[json!(null), json!("a")])
                        ]),
                    ),
                };
                // Removing what is not there is refused by the plugin.
                let status = server.post("/events", &event).status;
                assert!([201, 422].contains(&status), "{status}");
            }
        });
        for round in 0..24 {
            let order = ["id", "-id", "n", "-n", "text", "-text"][round % 6];
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = server.get(&format!(
                    "/state/findall.thing?limit=7&columns=id&order={order}{after}"
                ));
                for row in ok(&page)["rows"].as_array().unwrap() {
                    seen.push(row["id"].as_i64().unwrap());
                }
                match page.json["next"].as_str() {
                    Some(next) => after = format!("&after={next}"),
                    None => break,
                }
            }
            let stayed: Vec<i64> = seen.into_iter().filter(|id| *id < 1_000).collect();
            let once: BTreeSet<i64> = stayed.iter().copied().collect();
            assert_eq!((stayed.len(), once.len()), (200, 200), "{order}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn reads_during_activations_see_one_version_or_the_other_whole() {
    let mut book = TestBook::with_plugins(&["bank@1993-01-01"]);
    book.load(components::plugin("bank@1994-01-01")).unwrap();
    let mut events = Vec::new();
    for account in 1..=40 {
        events.push(event(
            "bank.AccountOpened",
            json!({"account": account, "opened": "1993-01-31"}),
        ));
        for (at, date) in ["1993-02-01", "1993-03-31", "1993-07-30"]
            .into_iter()
            .enumerate()
        {
            let data = json!({"account": account, "transaction": format!("{account}-{at}"), "date": date,
                              "kind": "credit", "amount": 100_000 + account});
            events.push(event("bank.TransactionPosted", data));
        }
    }
    book.append(events).unwrap();
    let server = Server::of(book);
    let read = || ok(&server.get("/state/bank.account?limit=1000"))["rows"].clone();
    let activate = |name: &'static str| {
        let done = server.alone(move |book| {
            book.activate(
                &version(name),
                Policy::Pinned,
                &mut daybook::history::silent(),
            )
        });
        done.unwrap()
    };
    let first = read();
    activate("bank@1994-01-01");
    let second = read();
    assert_ne!(first, second, "the versions count interest otherwise");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = || {
            let (mut reads, mut position) = (0, 0);
            while !done.load(Ordering::Relaxed) {
                let listed = server.get("/state/bank.account?limit=1000");
                let rows = &ok(&listed)["rows"];
                assert!(*rows == first || *rows == second, "neither version");
                let now: u64 = listed.header("daybook-position").unwrap().parse().unwrap();
                assert!(now >= position, "{now} after {position}");
                position = now;
                let row = server.get("/state/bank.account/17");
                assert!([&first[16], &second[16]].contains(&&ok(&row)["row"]));
                let sum = "SELECT sum(interest_microcents), (SELECT position FROM _daybook) FROM bank_account";
                let query = server.post("/query", &json!({"sql": sum}));
                assert_eq!(ok(&query)["rows"][0][1], query.json["position"]);
                reads += 1;
            }
            reads
        };
        let readers = [scope.spawn(reading), scope.spawn(reading)];
        for _ in 0..6 {
            activate("bank@1993-01-01");
            assert_eq!(read(), first);
            activate("bank@1994-01-01");
            assert_eq!(read(), second);
        }
        done.store(true, Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    server.stop().assert_verified();
}
