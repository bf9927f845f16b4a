//! A column's format is seen wherever its values are shown or asked for; what is kept, hashed and compared stays as it is.

use daybook_tests::{Server, TestBook, event, guest};
use serde_json::json;

use crate::wire::daybook;

/// A book of three events, with the second version loaded beside the first.
fn book() -> TestBook {
    let mut book = TestBook::with_guests(&["formats-1"]);
    for n in [1_250, -5, 0] {
        let happened = event("formats.Happened", json!({ "n": n }));
        book.append_one(happened).unwrap();
    }
    book.load(guest("formats-2")).unwrap();
    book
}

const SELECT: &str = "SELECT amount, rate, share, agrees, at, took, uuid, amount + 0 AS worked_out FROM formats_thing WHERE id = 4";

/// What `show` says of the event 4, by column.
const SHOWN: [&str; 9] = [
    "amount  12.50 CZK",
    "rate    0.1250",
    "share   125.0 %",
    "agrees  true",
    "day     \"2018-07-30\"",
    "at      1970-01-01T00:00:01.500000000Z",
    "took    -60.5 s",
    "more    \"{\\\"n\\\":[1250,1.0]}\"",
    "uuid    67676767-6767-6767-6767-676767676767",
];

fn assert_shown(text: &str) {
    for line in SHOWN {
        assert!(text.contains(line), "no '{line}' in:\n{text}");
    }
}

#[test]
fn people_read_values_by_their_formats_from_a_directory_and_from_a_server() {
    let mut book = book();
    let first = book.numbers("SELECT min(id) FROM formats_thing")[0];
    let select = SELECT.replace('4', &first.to_string());
    let path = book.path().display().to_string();
    book.reopen_after(|_| {
        let (code, text, talk) = daybook(&["show", &path, &first.to_string()]);
        assert_eq!(code, 0, "{talk}");
        assert_shown(&text);
        let (_, text, _) = daybook(&["query", &path, &select]);
        let row = "12.50 CZK   0.1250   125.0 %   true";
        assert!(text.contains(row), "{text}");
        assert!(
            text.contains("-60.5 s") && text.contains("67676767-6767"),
            "{text}"
        );
        // What was worked out is of no column.
        assert!(text.trim_end().ends_with("1250"), "{text}");
        let (_, kept, _) = daybook(&["query", &path, &select, "--format", "json"]);
        assert!(
            kept.starts_with(r#"{"amount":1250,"rate":1250,"share":1250,"agrees":1,"#),
            "{kept}"
        );
        let (code, text, talk) = daybook(&[
            "diff",
            &path,
            "--base",
            "formats@2020-01-01",
            "--candidate",
            "formats@2020-02-01",
        ]);
        assert_eq!(code, 1, "{talk}");
        assert!(text.contains("12.50 CZK   12.51 CZK"), "{text}");
        assert!(text.contains("amount 12.50 CZK → 12.51 CZK"), "{text}");
        let (code, text, _) = daybook(&["export", &path, "--mask", "formats.thing.amount"]);
        assert_eq!((code, text.as_str()), (2, ""));
    });
    let server = Server::of(book);
    let (code, text, talk) = daybook(&["show", "--url", &server.url, &first.to_string()]);
    assert_eq!(code, 0, "{talk}");
    assert_shown(&text);
    let (_, text, _) = daybook(&["query", "--url", &server.url, &select]);
    assert!(
        text.contains("12.50 CZK   0.1250   125.0 %   true"),
        "{text}"
    );
    server.stop().assert_verified();
}

#[test]
fn the_state_is_given_and_asked_for_by_format() {
    let book = book();
    let first = book.numbers("SELECT min(id) FROM formats_thing")[0];
    let server = Server::of(book);
    let row = server.get(&format!("/state/formats.thing/{first}"));
    let expected = json!({
        "id": first, "amount": "12.50", "rate": "0.1250", "share": "125.0", "agrees": true, "day": "2018-07-30",
        "at": "1970-01-01T00:00:01.500000000Z", "took": "-60.5", "more": {"n": [1250, 1.0]},
        "uuid": "67676767-6767-6767-6767-676767676767",
    });
    assert_eq!(row.json["row"], expected);
    // Numbers in JSON stay as they were written.
    assert!(
        row.text.contains(r#""more":{"n":[1250,1.0]}"#),
        "{}",
        row.text
    );
    for (filter, found) in [
        ("agrees=true", 1),
        ("agrees=false", 2),
        ("amount.gte=12.50", 1),
        ("amount.gte=12.5%20CZK", 1),
        ("amount.gt=12.50", 0),
        ("amount.lt=0", 1),
        ("amount=-0.05", 1),
        ("rate.gt=0.1249", 1),
        ("share.lte=0", 2),
        ("took.lt=-60", 3),
        ("at.lte=1970-01-01T00:00:02Z", 3),
        ("at.gt=1970-01-01T01:00:02%2B01:00", 0),
        ("day=2018-07-30", 3),
        ("uuid=67676767-6767-6767-6767-676767676767", 3),
    ] {
        let answer = server.get(&format!("/state/formats.thing?{filter}"));
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        let rows = answer.json["rows"].as_array().unwrap().len();
        assert_eq!(rows, found, "{filter}: {}", answer.text);
    }
    for filter in [
        "agrees=1",
        "amount=12.505",
        "amount=12.50 EUR",
        "day=July",
        "at=1",
        "uuid=6",
    ] {
        let answer = server.get(&format!(
            "/state/formats.thing?{}",
            filter.replace(' ', "%20")
        ));
        assert_eq!(answer.status, 400, "{filter}: {}", answer.text);
        assert!(answer.json["example"].is_string(), "{}", answer.text);
    }
    let tables = server.get("/state");
    let columns = &tables.json["tables"][0]["columns"];
    assert_eq!(columns[1]["format"], "money(CZK,2)");
    let described = server.get("/openapi.json");
    let schema = &described.json["components"]["schemas"]["Row.formats.thing"];
    assert_eq!(schema["properties"]["agrees"]["type"], "boolean");
    assert_eq!(
        schema["properties"]["amount"]["description"],
        "money(CZK,2)"
    );
    let validator = jsonschema::validator_for(schema).unwrap();
    assert!(validator.is_valid(&row.json["row"]));
    let asked = server.post("/query", &json!({"sql": SELECT}));
    assert_eq!(asked.json["formats"][0], "money(CZK,2)");
    assert!(asked.json["formats"][7].is_null(), "{}", asked.text);
    server.stop().assert_verified();
}
