//! The life of versions while a book is online: shadows, promotions and the way back over HTTP and with the command line;
//! past states; and what a server does by itself.

use std::process::Command;
use std::time::{Duration, Instant};

use daybook::serve::{Background, ServeOptions};
use daybook_tests::{Answer, Server, TestBook, plugin};
use serde_json::{Value as Json, json};

use crate::promote::{SECOND, WANTED, bank};

/// Asks again until what is answered is as it should be.
fn until(what: &str, mut ask: impl FnMut() -> Answer, is_so: impl Fn(&Json) -> bool) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if is_so(&answer.json) {
            return answer;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{what}: {}",
            answer.text
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn shadow_is_current(json: &Json) -> bool {
    json["shadows"].as_array().is_some_and(|shadows| {
        let mut shadows = shadows.iter();
        shadows.any(|it| it["role"] == "shadow" && it["ready"] == true && it["lag"] == 0)
    })
}

#[test]
fn a_version_is_shadowed_promoted_and_taken_back_over_http() {
    let server = Server::of(bank());
    let promote = format!("/versions/{SECOND}/promote");
    assert_eq!(
        server.post(&promote, &json!({})).status,
        404,
        "nothing is ready yet"
    );
    assert_eq!(server.post("/rollback", &json!({})).problem(), "unknown");

    let begun = server.post("/shadows", &json!({"version": SECOND}));
    assert_eq!(begun.status, 202, "{}", begun.text);
    let shadows = until("the shadow", || server.get("/shadows"), shadow_is_current);
    let found = &shadows.json["shadows"][0]["differences"];
    assert!(
        found["unexpected"].as_u64().unwrap() > 0,
        "{}",
        shadows.text
    );
    assert_eq!(
        found["lines"][0]["what"],
        "bank.account.interest_microcents"
    );
    let versions = server.get("/versions");
    let states: Vec<_> = versions.json["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["state"])
        .collect();
    assert_eq!(states, ["live", "shadow"]);

    let refused = server.post(&promote, &json!({}));
    assert_eq!(
        (refused.status, refused.problem()),
        (409, "differs"),
        "{}",
        refused.text
    );
    assert!(
        refused.json["track"]["differences"]["differing"]
            .as_u64()
            .unwrap()
            > 0
    );

    // With expectations it begins anew, and may take over.
    let begun = server.post("/shadows", &json!({"version": SECOND, "expect": WANTED}));
    assert_eq!(begun.status, 202, "{}", begun.text);
    until("the shadow", || server.get("/shadows"), shadow_is_current);
    let before = server.get("/state/bank.account/1").json;
    let promoted = server.post(&promote, &json!({}));
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    assert_eq!(promoted.json["lineup"], SECOND);
    let seq = promoted.json["seq"].as_u64().unwrap();
    let after = server.get("/state/bank.account/1").json;
    assert_ne!(
        before["row"]["interest_microcents"],
        after["row"]["interest_microcents"]
    );
    assert_eq!(server.post(&promote, &json!({})).problem(), "already");

    let needed = server.post("/versions/bank@1993-01-01/retire", &json!({}));
    assert_eq!(
        (needed.status, needed.problem()),
        (409, "needed"),
        "{}",
        needed.text
    );

    let back = server.post("/rollback", &json!({"reason": "it was only a try"}));
    assert_eq!(back.json["lineup"], "bank@1993-01-01", "{}", back.text);
    assert_eq!(
        server.get("/state/bank.account/1").json["row"],
        before["row"]
    );
    let told = server.get(&format!("/events/{}", back.json["seq"])).json;
    assert_eq!(told["event"]["data"]["reason"], "it was only a try");
    assert_eq!(back.json["seq"], seq + 1);

    let changelog = server.get("/changelog?plugin=bank");
    assert_eq!(
        changelog.json["versions"][1]["since"], "1993-01-01",
        "{}",
        changelog.text
    );
    server.stop().assert_verified();
}

#[test]
fn past_states_are_what_they_were_with_and_without_a_snapshot() {
    let book = bank();
    let position = book.head();
    let balances = |rows: &Json| rows["rows"].clone();
    let deposit = json!({"account": 1, "date": "1993-12-01", "amount": 777});
    let server = Server::of(book);
    let sql = "SELECT id, balance FROM bank_account ORDER BY id";
    let query = |as_of: Json| server.post("/query", &json!({"sql": sql, "as_of": as_of}));
    let then = query(Json::Null).json;
    assert_eq!(server.post("/commands/bank.Deposit", &deposit).status, 201);
    let made = server.post("/snapshots", &json!({}));
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        server.get("/snapshots").json["snapshots"][0]["position"],
        position.0 + 1
    );
    assert_eq!(server.post("/commands/bank.Deposit", &deposit).status, 201);

    let now = query(Json::Null).json;
    assert_ne!(balances(&now), balances(&then));
    let past = query(json!(position.0));
    assert_eq!(past.json["position"], position.0, "{}", past.text);
    assert_eq!(balances(&past.json), balances(&then));
    // After the snapshot, and built from it.
    let middle = query(json!(position.0 + 1)).json;
    let last = query(json!(position.0 + 2)).json;
    assert_eq!(balances(&last), balances(&now));
    let balance = |rows: &Json| rows["rows"][1][1].as_i64().unwrap();
    assert_eq!(balance(&middle), balance(&then) + 777);
    let row = server.get(&format!("/state/bank.account/1?as_of={}", position.0));
    assert_eq!(row.json["row"]["balance"], balance(&then), "{}", row.text);
    for wrong in [
        "/state/bank.account/1?as_of=99999",
        "/state/bank.account?as_of=yesterday",
    ] {
        assert_eq!(server.get(wrong).status, 400, "{wrong}");
    }
    // At the time at which the first of the two deposits was recorded.
    let event = server.get(&format!("/events/{}", position.0 + 1)).json;
    let at = query(event["recorded_at"].clone());
    assert_eq!(at.json["position"], position.0 + 1, "{}", at.text);
    drop(server.stop());
}

#[test]
fn the_verbs_of_a_versions_life_work_at_a_server() {
    let server = Server::of(bank());
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(&arguments[..1])
            .args(["--url", &server.url])
            .args(&arguments[1..])
            .args(["--format", "json"])
            .output()
            .expect("the command runs");
        let text = String::from_utf8(output.stdout).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let json: Json = serde_json::from_str(first).unwrap_or_default();
        (
            output.status.code(),
            json,
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, found, said) = run(&["shadow", SECOND]);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(found["lag"], 0);
    let (code, refused, said) = run(&["promote", SECOND]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        refused["track"]["differences"]["unexpected"]
            .as_u64()
            .unwrap()
            > 0
    );
    let (code, done, said) = run(&["promote", SECOND, "--force", "--reason", "agreed"]);
    assert_eq!((code, &done["lineup"]), (Some(0), &json!(SECOND)), "{said}");
    let (code, back, said) = run(&["rollback"]);
    assert_eq!(
        (code, &back["lineup"]),
        (Some(0), &json!("bank@1993-01-01")),
        "{said}"
    );
    let (code, made, said) = run(&["snapshot"]);
    assert_eq!((code, &made["position"]), (Some(0), &back["seq"]), "{said}");
    let (code, _, said) = run(&["retire", "bank@1993-01-01"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains("events of the log were handled by it"),
        "{said}"
    );
    server.stop().assert_verified();
}

#[test]
fn a_version_dropped_into_the_folder_is_loaded_once_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = TestBook::with_plugins(&["bank@1993-01-01"]);
    let path = book.path();
    let options = ServeOptions {
        background: Background {
            plugins: Some(folder.path().to_owned()),
            verify_every: Some(Duration::from_secs(1)),
            snapshot_every: Some(1),
        },
        ..Server::options()
    };
    drop(book.mark());
    let server = Server::with(book, options);
    let bytes = plugin(SECOND);
    let file = folder.path().join("bank-1994.wasm");
    // Written slowly, in pieces: none of them is taken for the whole.
    for end in [bytes.len() / 3, bytes.len() / 2, bytes.len()] {
        std::fs::write(&file, &bytes[..end]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    std::fs::write(folder.path().join("junk.wasm"), b"junk").unwrap();
    let versions = until(
        "the version in the folder",
        || server.get("/versions"),
        |json| json["versions"].as_array().is_some_and(|it| it.len() == 2),
    );
    assert_eq!(
        versions.json["versions"][1]["state"], "loaded",
        "{}",
        versions.text
    );
    let begun = Instant::now();
    while !server
        .get("/metrics")
        .text
        .contains("verifications_total{holds=\"true\"}")
    {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "history was never verified"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    let made = until(
        "a snapshot",
        || server.get("/snapshots"),
        |json| {
            json["snapshots"]
                .as_array()
                .is_some_and(|it| !it.is_empty())
        },
    );
    let name = made.json["snapshots"][0]["file"].as_str().unwrap();
    assert!(path.join("snapshots").join(name).is_file());
    assert_eq!(
        server.get("/versions").json["versions"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    server.stop().assert_verified();
}

#[test]
fn history_is_repaired_over_http() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    for amount in [5, 7, 11] {
        let data = json!({"account": 1, "amount": amount});
        book.append_one(daybook_tests::event("deposit.Deposited", data))
            .unwrap();
    }
    let first = book.head().0 - 2;
    let server = Server::of(book);
    let balance = || server.get("/state/deposit.account/1").json["row"]["balance"].clone();
    let repair =
        |what: &str, seq: u64, asked: Json| server.post(&format!("/events/{seq}/{what}"), &asked);
    assert_eq!(balance(), 23);

    let new = json!({"account": 1, "amount": 50});
    let preview = repair("amend", first, json!({"data": new, "preview": true}));
    assert_eq!(
        (preview.status, &preview.json["problem"]),
        (200, &Json::Null),
        "{}",
        preview.text
    );
    assert_eq!(
        preview.json["rows"],
        json!([{"table": "deposit.account", "added": 0, "removed": 0, "changed": 1}])
    );
    assert_eq!(balance(), 23);
    let amended = repair("amend", first, json!({"data": new, "reason": "misread"}));
    assert_eq!(amended.status, 200, "{}", amended.text);
    assert_eq!(balance(), 68);
    assert_eq!(
        repair("amend", first, json!({"data": new})).status,
        400,
        "no reason"
    );
    let schema = repair(
        "amend",
        first,
        json!({"data": {"account": "one"}, "reason": "wrong"}),
    );
    assert_eq!(
        (schema.status, schema.problem()),
        (422, "schema"),
        "{}",
        schema.text
    );
    repair(
        "amend",
        first,
        json!({"revert": true, "reason": "it was right"}),
    );
    assert_eq!(balance(), 23);

    let undone = repair("undo", first + 2, json!({}));
    assert_eq!(undone.status, 200, "{}", undone.text);
    assert_eq!(balance(), 12);
    assert_eq!(
        repair("undo", first + 2, json!({})).status,
        400,
        "once is enough"
    );
    let redacted = repair(
        "redact",
        first + 1,
        json!({"reason": "erasure was asked for"}),
    );
    // The undo takes back what its event does now.
    assert_eq!(redacted.status, 200, "{}", redacted.text);
    assert_eq!(balance(), 5);
    let skipped = repair(
        "amend",
        999,
        json!({"skip": true, "reason": "nothing there"}),
    );
    assert_eq!(skipped.status, 404, "{}", skipped.text);
    server.stop().assert_verified();
}
