//! Companies: what concerns several is kept together or not at all, all balances are read at one moment, and a change of
//! address is told once.

use std::collections::BTreeMap;

use daybook::model::Value;
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "company@2020-01-01";
const SECOND: &str = "company@2021-01-01";

/// What was lent to all companies together, in cents.
const LENT: i64 = 6 * 1_000_000;

fn address(street: &str) -> Json {
    json!({"street": street, "city": "11000 Praha"})
}

fn new_company(company: &str) -> Json {
    json!({"company": company, "name": format!("{company} Ltd"), "address": address("Na Poříčí 1"),
           "rate_basis_points": 500})
}

fn accepted(answer: Answer) -> Vec<Json> {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text);
    answer.json["events"].as_array().expect("events").clone()
}

fn rejected(answer: &Answer) -> &str {
    assert_eq!((answer.status, answer.problem()), (422, "rejected"));
    answer.json["code"].as_str().expect("a code")
}

/// Six companies, to each of which 10,000.00 were lent on New Year's Day of 2020.
fn with_six_loans() -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let companies: Vec<_> = (1..=6).map(|at| new_company(&format!("c{at}"))).collect();
    let register = json!({ "companies": companies });
    accepted(server.post("/commands/company.Register", &register));
    for at in 1..=6 {
        let lend = json!({"company": format!("c{at}"), "date": "2020-01-01", "amount": 1_000_000});
        accepted(server.post("/commands/company.Lend", &lend));
    }
    server
}

#[test]
fn companies_are_registered_and_appended_all_of_them_or_none() {
    let server = with_six_loans();
    let head = server.alone(|book| book.head().0);
    let register = |companies: &[&str]| {
        let companies: Vec<_> = companies.iter().copied().map(new_company).collect();
        server.post(
            "/commands/company.Register",
            &json!({ "companies": companies }),
        )
    };
    assert_eq!(
        rejected(&register(&["c7", "c8", "c6"])),
        "registered-already"
    );
    assert_eq!(rejected(&register(&["c7", "c7"])), "named-twice");
    let empty = register(&[]);
    assert_eq!((empty.status, empty.problem()), (422, "schema"));

    // The last event of the batch is about a company that nobody knows: the plugin cannot handle it.
    let lent = |company: &str| json!({"type": "company.Lent", "data": {"company": company, "date": "2020-02-01", "amount": 5}});
    let moved = json!({"type": "company.AddressChanged", "data": {"company": "c1", "address": address("Celetná 2")}});
    let batch = json!([moved, lent("c1"), lent("c2"), lent("c9")]);
    let refused = server.post("/events", &batch);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("row-missing"), "{}", refused.text);
    // The last one does not fit its schema.
    let batch = json!([lent("c1"), {"type": "company.Lent", "data": {"company": "c2", "date": "2020-02-01", "amount": 0}}]);
    let refused = server.post("/events", &batch);
    assert_eq!((refused.status, refused.problem()), (422, "schema"));

    assert_eq!(server.alone(|book| book.head().0), head, "nothing was kept");
    let first = server.get("/state/company.loan/c1").json["row"].clone();
    assert_eq!(
        (&first["balance"], &first["interest_to"]),
        (&json!(1_000_000), &json!("2020-01-01"))
    );
    assert_eq!(
        server.get("/state/company.company/c1").json["row"]["street"],
        "Na Poříčí 1"
    );
    assert_eq!(server.get("/state/company.company/c7").status, 404);
    assert_eq!(
        server.get("/tasks").json["tasks"],
        json!([]),
        "no mail of an event that was not kept"
    );

    let kept = accepted(server.post("/events", &json!([moved, lent("c1"), lent("c2")])));
    let seqs: Vec<_> = kept
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, [head + 1, head + 2, head + 3]);
    let three = register(&["c7", "c8", "c9"]);
    assert_eq!(accepted(three).len(), 3);
    server.stop().assert_verified();
}

#[test]
fn an_address_change_asks_for_one_mail_and_the_same_address_again_for_none() {
    let server = with_six_loans();
    let change = |street: &str| {
        let change = json!({"company": "c1", "address": address(street)});
        server.post("/commands/company.ChangeAddress", &change)
    };
    let changed = change("Celetná 2");
    assert_eq!(changed.status, 201, "{}", changed.text);
    let tasks = &changed.json["events"][0]["tasks"];
    assert_eq!(tasks.as_array().map(Vec::len), Some(1), "{tasks}");
    assert_eq!(
        (&tasks[0]["kind"], &tasks[0]["key"]),
        (&json!("mail"), &json!("c1"))
    );
    assert_eq!(tasks[0]["data"]["after"], address("Celetná 2"));
    let again = change("Celetná 2");
    assert_eq!((again.status, &again.json["events"]), (200, &json!([])));
    let appended = json!({"type": "company.AddressChanged", "data": {"company": "c1", "address": address("Celetná 2")}});
    let appended = server.post("/events", &appended);
    assert_eq!(
        appended.json["events"][0]["tasks"],
        json!([]),
        "{}",
        appended.text
    );
    assert_eq!(
        server.get("/tasks").json["tasks"].as_array().map(Vec::len),
        Some(1)
    );
    change("Na Poříčí 1");
    assert_eq!(
        server.get("/tasks").json["tasks"].as_array().map(Vec::len),
        Some(2)
    );
    server.stop().assert_verified();
}

#[test]
fn interest_is_calculated_of_all_companies_at_one_moment_while_loans_move_between_them() {
    let server = with_six_loans();
    // Loans move from one company to another all the time: whoever reads the balances one after another, and not all at
    // one moment, sees another sum than what was lent.
    let answers = race(400, |number| match number {
        200 => server.post(
            "/commands/company.CalculateInterestOwed",
            &json!({"date": "2020-07-01"}),
        ),
        _ if number % 8 == 0 => {
            let calculate = json!({"date": "2020-12-31"});
            server.post(
                "/commands/company.CalculateInterestOwed?preview=true",
                &calculate,
            )
        }
        _ => {
            let (from, to) = (number % 6 + 1, (number / 6 + number + 1) % 6 + 1);
            let moved = json!({"from": format!("c{from}"), "to": format!("c{to}"), "date": "2020-07-01",
                               "amount": 10_000 * (number % 40 + 1)});
            server.post("/commands/company.TakeOver", &moved)
        }
    });
    let (mut taken_over, mut calculated) = (0, 0);
    for answer in answers {
        if answer.status == 422 {
            let code = rejected(&answer);
            assert!(
                matches!(code, "more-than-lent" | "same-company"),
                "{}",
                answer.text
            );
            continue;
        }
        let is_preview = answer.json["preview"] == true;
        let events = accepted(answer);
        let kinds: Vec<_> = events
            .iter()
            .map(|event| event["event"]["type"].as_str().unwrap())
            .collect();
        if kinds == ["company.Repaid", "company.Lent"] {
            taken_over += 1;
        } else {
            assert!(
                kinds.iter().all(|kind| *kind == "company.InterestOwed"),
                "{kinds:?}"
            );
            let balances = events
                .iter()
                .map(|event| event["event"]["data"]["balance"].as_i64().unwrap());
            assert_eq!(
                balances.sum::<i64>(),
                LENT,
                "balances of one moment add up to what was lent"
            );
            calculated += 1;
        }
        if !is_preview {
            let seqs: Vec<_> = events
                .iter()
                .map(|event| event["event"]["seq"].as_u64().unwrap())
                .collect();
            assert!(
                seqs.windows(2).all(|pair| pair[1] == pair[0] + 1),
                "{seqs:?}"
            );
        }
    }
    assert_eq!(calculated, 50);
    assert!(taken_over > 100, "{taken_over}");
    let mut book = server.stop();
    assert_eq!(
        book.numbers("SELECT sum(balance) FROM company_loan"),
        [LENT]
    );
    book.assert_verified();
}

#[test]
fn the_second_version_counts_days_otherwise_and_only_the_interest_counted_differs() {
    let server = with_six_loans();
    let calculate = |date: &str| {
        let calculate = json!({ "date": date });
        accepted(server.post("/commands/company.CalculateInterestOwed", &calculate))
    };
    // 10,000.00 at 5 % for 10 days.
    let january = calculate("2020-01-11");
    assert_eq!(january.len(), 6);
    assert_eq!(january[0]["event"]["data"]["interest"], 1_369);
    let pay = json!({"company": "c1", "amount": 1_369});
    accepted(server.post("/commands/company.PayInterest", &pay));
    let too_much = server.post("/commands/company.PayInterest", &pay);
    assert_eq!(rejected(&too_much), "more-than-due");
    let repay = json!({"company": "c2", "date": "2020-01-31", "amount": 1_000_000});
    accepted(server.post("/commands/company.Repay", &repay));
    let moved = json!({"from": "c3", "to": "c4", "date": "2020-03-31", "amount": 500_000});
    accepted(server.post("/commands/company.TakeOver", &moved));
    let address = json!({"company": "c5", "address": address("Celetná 2")});
    accepted(server.post("/commands/company.ChangeAddress", &address));
    let early = server.post(
        "/commands/company.CalculateInterestOwed",
        &json!({"date": "2020-03-30"}),
    );
    assert_eq!(rejected(&early), "interest-counted");
    assert_eq!(
        calculate("2020-12-31").len(),
        6,
        "c2 owes of what it had until January"
    );

    let mut book = server.stop();
    book.assert_verified();
    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);
    let column = ("company.loan".to_owned(), "interest_microcents".to_owned());
    assert_eq!(
        found.columns(),
        [column],
        "no task, no row, no other column"
    );
    let mut by_type: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &found.events {
        *by_type.entry(event.event_type.as_str()).or_default() += 1;
    }
    // The loans of New Year's Day cost nothing yet, under either version.
    let differing = [
        ("company.InterestOwed", 12),
        ("company.InterestPaid", 1),
        ("company.Lent", 1),
        ("company.Repaid", 2),
    ];
    assert_eq!(by_type, BTreeMap::from(differing));
    let rows: Vec<_> = found.final_rows.iter().map(|row| row.key.clone()).collect();
    let companies = (1..=6).map(|at| vec![Value::Text(format!("c{at}"))]);
    assert_eq!(rows, companies.collect::<Vec<_>>());

    // Asked again, the second version tells every company another sum; nothing else would be answered otherwise.
    let server = Server::of(book);
    let sides = json!({"base": "recorded", "candidate": SECOND});
    let turned = server.post("/diff/commands", &sides);
    let by = json!([{"command": "company.CalculateInterestOwed", "turn": "other events", "commands": 2}]);
    assert_eq!(turned.json["summary"]["by"], by, "{}", turned.text);
    let [base, candidate] = ["base", "candidate"].map(|side| {
        let events = &turned.json["turned"][0][side]["events"];
        events[0]["data"]["interest"].clone()
    });
    assert_eq!((base, candidate), (json!(1_369), json!(1_388)));
    server.stop().assert_verified();
}

#[test]
fn interest_is_counted_by_the_clock_up_to_the_day_for_which_it_runs() {
    let server = with_six_loans();
    let nightly = json!({"cron": "0 0 * * *", "command": "company.CalculateInterestOwed",
                         "data": {"date": "{due.date}"}});
    let set = |name: &str, body: &Json| {
        let path = format!("/schedules/{name}");
        let answer = server.ask("PUT", &path, &[], Some(&body.to_string()));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    };
    let tonight = set("interest", &nightly);
    let next = tonight["next"].as_str().expect("a time");
    assert!(next.ends_with("T00:00:00.000000Z"), "{next}");
    server.ask("DELETE", "/schedules/interest", &[], None);
    // No test waits for midnight.
    let mut soon = nightly.clone();
    soon.as_object_mut().expect("members").remove("cron");
    soon["every"] = json!("1s");
    set("interest", &soon);
    let run = |runs: u64| {
        let begun = std::time::Instant::now();
        loop {
            let schedule = server.get("/schedules/interest").json;
            if schedule["runs"].as_u64() >= Some(runs) {
                return schedule["last"].clone();
            }
            assert!(begun.elapsed().as_secs() < 30, "{schedule}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    let first = run(1);
    assert_eq!(
        (&first["outcome"], &first["events"]),
        (&json!("accepted"), &json!(6))
    );
    let seq = first["first_event"].as_u64().expect("a position");
    let owed = server.get(&format!("/events/{seq}")).json["event"]["data"].clone();
    let due = first["due"].as_str().expect("a time");
    assert_eq!(owed["date"], due[..10], "up to the day for which it runs");
    // On the same day there is nothing more to count, but around midnight.
    let later = run(3);
    assert_eq!(later["outcome"], "accepted");
    server.post("/schedules/interest/pause", &json!({}));
    let mut book = server.stop();
    let owed = "SELECT count(*) FROM company_loan WHERE interest_due > 0";
    assert_eq!(book.numbers(owed), [6]);
    book.assert_verified();
}
