//! What the server says of itself: its description and its counters.

use daybook_tests::{Server, TestBook};
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
