//! Deposits: the balances stay, and tasks appear.

use daybook::diff::Difference;
use daybook_tests::{Server, TestBook, check_pair};
use serde_json::json;

#[test]
fn the_second_version_adds_two_tasks_to_each_deposit_and_nothing_else() {
    let versions = ["deposit@2020-01-01", "deposit@2020-02-01"];
    let server = Server::of(TestBook::with_plugins(&versions));
    for account in [1, 2, 1] {
        let deposit = json!({"account": account, "amount": 500});
        let answer = server.post("/commands/deposit.Deposit", &deposit);
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.json["events"][0]["tasks"][0]["kind"], "receipt");
    }
    assert_eq!(
        server.get("/state/deposit.account/1").json["row"]["balance"],
        1_000
    );
    let mut book = server.stop();
    let found = check_pair(&mut book, versions[0], versions[1]);
    assert_eq!(found.events.len(), 3);
    for event in &found.events {
        let tasks = |difference: &Difference| matches!(difference, Difference::Task { .. });
        assert_eq!(event.differences.iter().filter(|it| tasks(it)).count(), 2);
    }
    assert!(found.final_rows.is_empty());
}
