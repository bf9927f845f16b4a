//! An event is shown with everything that happened because of it: who asked, the payloads that it had with their effects, what
//! was done to it by whom, when and why, and what followed from it.

use daybook::book::{Reader, Request};
use daybook::history::silent;
use daybook::model::Seq;
use daybook::repair::{AmendRequest, NewPayload, UndoRequest};
use daybook::store::EventFilter;
use daybook::versions::{Policy, PromoteRequest};
use daybook::wire::{CloudEvent, RecordedEvent};
use daybook_tests::repair::{amend, redact, to_amend, to_redact, to_revert};
use daybook_tests::{TestBook, event, plugin, version};
use serde_json::{Value as Json, json};

fn shown(book: &TestBook, seq: u64) -> Json {
    let reader = Reader::beside(&book.path()).unwrap();
    let shown = reader.show(Seq(seq)).unwrap();
    let text = serde_json::to_string(&RecordedEvent::from(&shown)).unwrap();
    // As a client reads it.
    let read: RecordedEvent<'static> = serde_json::from_str(&text).unwrap();
    serde_json::to_value(&read).unwrap()
}

#[test]
fn an_actor_that_no_token_names_is_told_with_the_event_wherever_it_is_listed() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let asked = Request {
        command_type: "deposit.Deposit".into(),
        data: json!({"account": 1, "amount": 5}).to_string(),
        actor: Some("dr-who".into()),
        ..Request::default()
    };
    book.run(asked).unwrap();
    let told = shown(&book, 3);
    assert_eq!(told["event"]["actor"], "dr-who");
    assert_eq!(told["story"]["actor"], "dr-who");
    let asked = &told["story"]["asked"];
    assert_eq!(
        (&asked["type"], &asked["actor"], &asked["outcome"]),
        (
            &json!("deposit.Deposit"),
            &json!("dr-who"),
            &json!("accepted")
        )
    );
    assert_eq!(asked["data"], json!({"account": 1, "amount": 5}));
    let reader = Reader::beside(&book.path()).unwrap();
    let listed = reader.events(&EventFilter::default(), 9).unwrap();
    let listed = serde_json::to_value(CloudEvent::from(&listed[2])).unwrap();
    assert_eq!(listed["actor"], "dr-who");
}

#[test]
fn an_amended_event_is_told_with_each_payload_and_its_effects_by_whom_when_and_why() {
    let mut book = TestBook::with_plugins(&["deposit@2020-02-01"]);
    for amount in [5, 7] {
        let deposit = json!({"account": 1, "amount": amount});
        book.command("deposit.Deposit", deposit, false).unwrap();
    }
    amend(
        &mut book,
        &to_amend(3, &json!({"account": 1, "amount": 98_765})),
    )
    .unwrap();
    let skip = AmendRequest {
        payload: NewPayload::Nothing,
        reason: "a test that went into the real log".into(),
        actor: None,
        ..to_amend(3, &json!(null))
    };
    amend(&mut book, &skip).unwrap();
    amend(&mut book, &to_revert(3)).unwrap();
    let told = shown(&book, 3);
    let story = &told["story"];
    let balance = |payload: &Json| payload["changes"][0]["after"]["balance"].clone();
    assert_eq!(
        story["original"]["data"],
        json!({"account": 1, "amount": 5})
    );
    assert_eq!(balance(&story["original"]), 5);
    let repairs = story["repairs"].as_array().unwrap();
    let what: Vec<_> = repairs.iter().map(|repair| &repair["what"]).collect();
    assert_eq!(what, ["amended", "skipped", "reverted"]);
    assert_eq!(
        (&repairs[0]["actor"], &repairs[0]["reason"]),
        (&json!("tester"), &json!("a test"))
    );
    assert!(repairs[0]["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(balance(&repairs[0]["payload"]), 98_765);
    let task = &repairs[0]["payload"]["tasks"][0];
    assert!(task["data"].as_str().unwrap().contains("98765"), "{task}");
    assert_eq!(
        repairs[1]["payload"],
        json!({"data": null, "changes": [], "tasks": []})
    );
    assert_eq!(balance(&repairs[2]["payload"]), 5);
    // What is erased is told nowhere any more.
    redact(
        &mut book,
        &to_redact(3, Some(&json!({"account": 1, "amount": 1}))),
    )
    .unwrap();
    let told = shown(&book, 3);
    let repairs = told["story"]["repairs"].as_array().unwrap();
    assert_eq!(repairs[3]["what"], "redacted");
    assert_eq!(told["story"].get("original"), None);
    assert!(!told.to_string().contains("98765"), "{told}");
    book.assert_verified();
}

#[test]
fn an_undo_and_a_redo_are_told_with_the_event() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    book.append_one(event(
        "deposit.Deposited",
        json!({"account": 1, "amount": 5}),
    ))
    .unwrap();
    for seq in [3, 4] {
        book.undo(&UndoRequest {
            seq: Seq(seq),
            reason: Some(format!("because of {seq}")),
            actor: Some("ana".into()),
            preview: false,
        })
        .unwrap();
    }
    let told = shown(&book, 3);
    assert_eq!(told.get("undone"), None, "it is in force again");
    let repairs = &told["story"]["repairs"];
    for (at, what) in ["undone", "redone"].into_iter().enumerate() {
        let repair = &repairs[at];
        assert_eq!(
            (&repair["what"], &repair["actor"]),
            (&json!(what), &json!("ana"))
        );
        assert_eq!(repair["reason"], format!("because of {}", at + 3));
        assert_eq!(repair["by"], at + 4);
    }
    assert_eq!(shown(&book, 4)["undone"], 5);
}

#[test]
fn a_late_task_is_told_with_its_event_and_what_became_of_it() {
    let mut book = TestBook::with_plugins(&["prescription@2018-03-01"]);
    let second = version("prescription@2019-09-01");
    book.load(plugin("prescription@2019-09-01")).unwrap();
    let admit = json!({"patient": "p", "name": "E", "weight_grams": 60_000});
    book.command("prescription.Admit", admit, false).unwrap();
    let prescribe = json!({"patient": "p", "drug": "w", "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"});
    book.command("prescription.Prescribe", prescribe, false)
        .unwrap();
    let event = book.head().0;
    book.shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    let forced = PromoteRequest {
        force: Some("a test".into()),
        actor: None,
    };
    book.promote(&second, &forced, &mut silent()).unwrap();
    let mut found = Vec::new();
    let mut visit = |task| {
        found.push(task);
        Ok(())
    };
    book.study().late_tasks(&mut visit, &mut silent()).unwrap();
    let (_, by) = book.enqueue_late(&found, None).unwrap();
    let told = shown(&book, event);
    let tasks = told["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 3);
    assert_eq!(tasks[0].get("late"), None);
    assert_eq!(tasks[2]["late"], by.unwrap().0);
    assert_eq!(
        (&tasks[2]["state"], &tasks[2]["kind"]),
        (&json!("pending"), &json!("lab"))
    );
}

#[test]
fn commands_that_follow_from_an_event_are_told_with_their_events() {
    let mut book = TestBook::with_guests(&["asks-1"]);
    let command = json!({"type": "asks.Do", "data": {"n": 2}});
    let payload = json!({"n": 1, "kind": "daybook.react", "data": command.to_string()});
    book.append_one(event("asks.Happened", payload)).unwrap();
    let first = book.head().0 - 1;
    let told = shown(&book, first);
    let reactions = told["story"]["reactions"].as_array().unwrap();
    assert_eq!(reactions.len(), 1, "{told}");
    let reaction = &reactions[0];
    assert_eq!(
        (
            &reaction["command"]["type"],
            &reaction["command"]["outcome"]
        ),
        (&json!("asks.Do"), &json!("accepted"))
    );
    assert_eq!(reaction["events"][0]["seq"], first + 1);
    assert_eq!(reaction["events"][0]["data"]["n"], 2);
    assert_eq!(reaction["task"], told["tasks"][0]["id"]);
}
