//! The journal: what was asked, by whom, and what it was answered; alike from a directory and from a server.

use serde_json::{Value as Json, json};

use super::{bank, daybook, stderr, told_alike};

#[test]
fn commands_are_listed_with_their_outcomes_and_found_by_all_that_they_are_known_by() {
    let server = bank();
    let list = |query: &str| -> Vec<String> {
        let answer = server.get(&format!("/commands{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        let commands = answer.json["commands"].as_array().unwrap().iter();
        commands
            .map(|it| it["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let (open, deposit, withdraw) = ("bank.OpenAccount", "bank.Deposit", "bank.Withdraw");
    assert_eq!(list(""), [open, deposit, withdraw]);
    assert_eq!(list("?order=-time"), [withdraw, deposit, open]);
    assert_eq!(list("?outcome=rejected"), [withdraw]);
    assert_eq!(list("?outcome=accepted&actor=ben"), [deposit]);
    assert_eq!(list("?type=bank.Withdraw"), [withdraw]);
    assert_eq!(list("?subject=account/1"), [open, deposit, withdraw]);
    assert_eq!(list("?subject=account/2"), [""; 0]);
    assert_eq!(list("?code=insufficient-funds"), [withdraw]);
    assert_eq!(list("?until=2000-01-01T00:00:00Z"), [""; 0]);
    assert_eq!(
        list("?since=2000-01-01T00:00:00%2B01:00"),
        [open, deposit, withdraw]
    );
    // Page by page.
    let first = server.get("/commands?limit=2").json;
    let next = first["next"].as_u64().unwrap();
    assert_eq!(list(&format!("?limit=2&after={next}")), [withdraw]);
    assert_eq!(list(&format!("?order=-time&after={next}")), [open]);
    for bad in ["?outcome=none", "?since=soon", "?order=actor", "?nope=1"] {
        assert_eq!(server.get(&format!("/commands{bad}")).status, 400, "{bad}");
    }
    // One of them: what was asked, and what came of it.
    let of = |at: usize| first_of(&server.get("/commands").json, at);
    let rejected = server.get(&format!("/commands/{}", of(2)["id"].as_str().unwrap()));
    assert_eq!(rejected.status, 200, "{}", rejected.text);
    let command = &rejected.json["command"];
    assert_eq!(command["outcome"], "rejected");
    assert_eq!(command["code"], "insufficient-funds");
    assert_eq!(command["actor"], "ben");
    assert_eq!(command["data"]["amount"], 999_999);
    assert_eq!(
        (&command["position"], &rejected.json["caused"]),
        (&json!(4), &json!([]))
    );
    let accepted = server
        .get(&format!("/commands/{}", of(1)["id"].as_str().unwrap()))
        .json;
    assert_eq!(accepted["command"]["events"], json!([4]));
    assert_eq!(
        accepted["caused"][0]["event"]["type"],
        "bank.TransactionPosted"
    );
    assert_eq!(
        accepted["caused"][0]["changes"][0]["after"]["balance"],
        5000
    );
    let unknown = server.get("/commands/none");
    assert_eq!((unknown.status, unknown.problem()), (404, "unknown"));
    let id = of(1)["id"].as_str().unwrap().to_owned();
    let (book, told) = told_alike(
        server.stop(),
        &[
            ("commands", &[]),
            ("commands", &["--format", "json"]),
            (
                "commands",
                &["--outcome", "rejected", "--newest", "--limit", "1"],
            ),
            (
                "commands",
                &["--since", "2000-01-01T00:00:00Z", "--actor", "ben"],
            ),
            ("commands", &[&id]),
            ("commands", &[&id, "--format", "json"]),
            ("commands", &["none"]),
        ],
    );
    assert!(
        told[0].contains("insufficient-funds") && told[0].contains("event 4"),
        "{}",
        told[0]
    );
    assert!(told[4].contains("by        ben"), "{}", told[4]);
    drop(book);
    let wrong = daybook(&["commands", "nowhere", "--outcome", "perhaps"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
}

fn first_of(page: &Json, at: usize) -> Json {
    page["commands"][at].clone()
}
