//! Commands that the clock runs: at each time once, by a served book alone, named in the journal; and what is missed.

use std::time::{Duration, Instant};

use daybook::model::{ErrorKind, Timing, TypeName};
use daybook::serve::ServeOptions;
use daybook::tasks::NewSchedule;
use daybook_tests::{Server, TestBook};
use serde_json::{Value as Json, json};

const PLUGIN: &str = "deposit@2020-01-01";

fn schedule(timing: &str, amount: i64) -> NewSchedule {
    NewSchedule {
        timing: timing.parse::<Timing>().unwrap(),
        command_type: TypeName::new("deposit.Deposit").unwrap(),
        data: json!({"account": 1, "amount": amount}).to_string(),
        subject: Some("account/1".to_owned()),
    }
}

fn amounts(book: &TestBook) -> Vec<i64> {
    let of_deposits = book.recorded().into_iter();
    let of_deposits = of_deposits.filter(|it| it.event.event_type.as_str() == "deposit.Deposited");
    let data = of_deposits.map(|it| serde_json::from_str::<Json>(&it.event.data).unwrap());
    data.map(|it| it["amount"].as_i64().unwrap()).collect()
}

fn listed(server: &Server) -> Json {
    server.get("/schedules").json["schedules"].clone()
}

/// Waits until a schedule was run so often, and gives it.
fn until_run(server: &Server, runs: u64) -> Json {
    let begun = Instant::now();
    loop {
        let schedule = listed(server)[0].clone();
        if schedule["runs"].as_u64() >= Some(runs) {
            return schedule;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{schedule}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_command_is_run_at_each_time_once_and_what_came_of_it_is_listed() {
    let server = Server::of(TestBook::with_plugins(&[PLUGIN]));
    let put = |body: Json| server.ask("PUT", "/schedules/tick", &[], Some(&body.to_string()));
    let command = json!({"account": 1, "amount": 5});
    let set = put(json!({"every": "1s", "command": "deposit.Deposit", "data": command}));
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(
        (&set.json["every"], &set.json["runs"]),
        (&json!("1s"), &json!(0))
    );
    // Told again, it is as it was.
    let again = put(json!({"every": "1s", "command": "deposit.Deposit", "data": command}));
    assert_eq!(again.json["set_at"], set.json["set_at"]);
    let run = until_run(&server, 2);
    let last = &run["last"];
    assert_eq!(last["outcome"], "accepted");
    let seq = last["first_event"].as_u64().unwrap();
    let shown = server.get(&format!("/events/{seq}")).json;
    assert_eq!(shown["event"]["type"], "deposit.Deposited");
    let source = format!("/commands/{}", last["command"].as_str().unwrap());
    assert_eq!(shown["event"]["source"], source);

    let act = |what: &str| server.post(&format!("/schedules/tick/{what}"), &json!({}));
    let paused = act("pause").json;
    assert_eq!(
        (&paused["paused"], &paused["next"]),
        (&json!(true), &json!(null))
    );
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(listed(&server)[0]["runs"], paused["runs"]);
    let resumed = act("resume").json;
    let (next, now) = (
        resumed["next"].as_str().unwrap(),
        daybook::model::clock::now(),
    );
    assert!(
        next > &*now,
        "what passed meanwhile is not due: {next} at {now}"
    );
    act("pause");
    let runs = listed(&server)[0]["runs"].as_u64().unwrap();
    let ran = act("run").json;
    assert_eq!(ran["runs"], runs + 1, "also where it is paused");
    assert_eq!(ran["last"]["due"], json!(null));
    let removed = server.ask("DELETE", "/schedules/tick", &[], None);
    assert_eq!(removed.json["removed"], "tick");
    assert_eq!(act("run").status, 404);

    let mut book = server.stop();
    assert_eq!(amounts(&book).len() as u64, runs + 1);
    let command = book.log().find_command(last["command"].as_str().unwrap());
    let actor = command.unwrap().expect("it is in the journal").actor;
    assert_eq!(actor.as_deref(), Some("schedule/tick"));
    book.assert_verified();
}

#[test]
fn of_the_times_that_passed_while_nobody_served_the_book_the_last_one_is_run() {
    let mut book = TestBook::with_plugins(&[PLUGIN]);
    book.set_schedule("tick", &schedule("2s", 7), Some("anna"))
        .unwrap();
    std::thread::sleep(Duration::from_millis(6_500));
    assert_eq!(amounts(&book), Vec::<i64>::new(), "nobody served it");
    book.reopen();
    let known = book.schedules().unwrap();
    assert_eq!((known.len(), known[0].actor.as_deref()), (1, Some("anna")));
    let options = || ServeOptions {
        schedules: false,
        ..Server::options()
    };
    let server = Server::with(book, options());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(listed(&server)[0]["runs"], 0);
    assert_eq!(server.get("/schedules").json["clock"], false);
    let server = Server::of(server.stop());
    let run = until_run(&server, 1);
    server.post("/schedules/tick/pause", &json!({}));
    let runs = listed(&server)[0]["runs"].as_u64().unwrap();
    // Three times had passed.
    assert!(runs <= 2, "{run}");
    let [due, at] = ["due", "at"].map(|name| run["last"][name].as_str().unwrap().to_owned());
    let ms = |text: &str| daybook::model::clock::unix_milliseconds(text).unwrap();
    let late = ms(&at) - ms(&due);
    assert!(
        (0..2_000).contains(&late),
        "run {late} ms after the last time"
    );
    let mut book = server.stop();
    assert_eq!(amounts(&book).len() as u64, runs);
    book.assert_verified();
}

#[test]
fn what_cannot_be_run_is_refused_when_it_is_set_and_what_fails_later_is_told() {
    let mut book = TestBook::with_plugins(&["bank@1993-01-01"]);
    let with = |command: &str, data: Json| NewSchedule {
        timing: "1s".parse().unwrap(),
        command_type: TypeName::new(command).unwrap(),
        data: data.to_string(),
        subject: None,
    };
    for (name, new) in [
        ("a", with("bank.Nothing", json!({}))),
        ("a", with("bank.Withdraw", json!({"account": "x"}))),
        ("a/b", with("bank.OpenAccount", json!({"account": 1}))),
        ("", with("bank.OpenAccount", json!({"account": 1}))),
    ] {
        let refused = book.set_schedule(name, &new, None).unwrap_err();
        let kinds = [ErrorKind::Usage, ErrorKind::Refused];
        assert!(kinds.contains(&refused.kind), "{refused}");
    }
    let withdraw = json!({"account": 1, "date": "{due.date}", "amount": 5});
    book.set_schedule("pay", &with("bank.Withdraw", withdraw), None)
        .unwrap();
    // There is no such account: it is rejected, and run again at the next time.
    let ran = book.run_schedule("pay", None).unwrap();
    let last = ran.last.unwrap();
    assert_eq!(last.outcome, "rejected");
    assert!(last.said.unwrap().contains("account"), "why is told");
    let server = Server::of(book);
    let run = until_run(&server, 3);
    assert_eq!(run["last"]["outcome"], "rejected");
    let due = run["last"]["due"].as_str().unwrap();
    server.post("/schedules/pay/pause", &json!({}));
    let mut book = server.stop();
    let id = run["last"]["command"].as_str().unwrap();
    let command = book
        .log()
        .find_command(id)
        .unwrap()
        .expect("it is in the journal");
    let data: Json = serde_json::from_str(&command.data).unwrap();
    assert_eq!(data["date"], due[..10], "the day that it was run for");
    book.assert_verified();
}
