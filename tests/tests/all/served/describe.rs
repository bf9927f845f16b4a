//! What the server says of itself: its description, its counters, and the README's examples.

use std::process::Command;

use daybook_tests::{Server, TestBook, workspace};
use serde_json::{Value as Json, json};

fn bank() -> Server {
    Server::of(TestBook::with_plugins(&[
        "bank@1993-01-01",
        "bank@1994-01-01",
    ]))
}

/// Every `$ref` of a document.
fn references<'a>(json: &'a Json, found: &mut Vec<&'a str>) {
    match json {
        Json::Object(members) => {
            found.extend(members.get("$ref").and_then(Json::as_str));
            members
                .values()
                .for_each(|member| references(member, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn the_description_names_every_type_with_its_schema_for_each_version() {
    let server = bank();
    let api = server.get("/openapi.json").json;
    let deposit = &api["paths"]["/commands/bank.Deposit"]["post"];
    assert_eq!(deposit["x-daybook-versions"], json!(["1993-01-01"]));
    let schemas = &api["components"]["schemas"];
    assert_eq!(
        schemas["bank.Deposit-1993-01-01"]["required"],
        json!(["account", "amount"])
    );
    assert!(schemas["bank.TransactionPosted-1993-01-01"].is_object());
    let mut found = Vec::new();
    references(&api, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(api.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let page = bank().get("/api").text;
    assert!(page.contains("openapi.json"));
    assert!(
        !page.contains("//cdn")
            && !page.contains("src=")
            && !page.contains("http:")
            && !page.contains("https:")
    );
}

#[test]
fn the_counters_count() {
    let server = bank();
    server.post("/commands/bank.OpenAccount", &json!({"account": 1}));
    server.post("/commands/bank.Nope", &json!({}));
    assert_eq!(server.get("/readyz").status, 200);
    let text = server.get("/metrics").text;
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {text}"));
        line.trim().parse().unwrap()
    };
    let route = r#"method="POST",route="/commands/{type}""#;
    assert_eq!(
        value(&format!("daybook_requests_total{{{route},status=\"201\"}}")),
        1.0
    );
    assert_eq!(
        value(&format!("daybook_requests_total{{{route},status=\"404\"}}")),
        1.0
    );
    assert!(value("daybook_fuel_total") > 0.0);
    assert_eq!(value("daybook_projection_lag"), 0.0);
}

#[test]
fn the_readmes_examples_do_what_it_says() {
    let readme = std::fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let (_, section) = readme.split_once("## A book online").unwrap();
    let block = section.split("```").nth(1).unwrap();
    let server = Server::of(TestBook::with_plugins(&["bank@1993-01-01"]));
    let mut answers = Vec::new();
    for line in block.lines().filter(|line| line.starts_with("curl ")) {
        let line = line.replace("http://127.0.0.1:7373", &server.url);
        let script = format!("{line} -w ' %{{http_code}}'");
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{line}");
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once(' ').unwrap();
        let body: Json =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{line}: {error}: {text}"));
        answers.push((status.parse::<u16>().unwrap(), body));
    }
    let statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [201, 201, 201, 422, 200, 200, 200, 200, 201, 200]);
    assert_eq!(answers[1].1, answers[2].1, "the same key, the same answer");
    assert_eq!(answers[4].1["row"]["balance"], 5000);
    assert_eq!(answers[5].1["rows"][0]["id"], 7);
    assert_eq!(answers[6].1["rows"], json!([[1]]));
    let mut book = server.stop();
    assert_eq!(book.numbers("SELECT balance FROM bank_account"), [5001]);
    book.assert_verified();
}
