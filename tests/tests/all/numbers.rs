//! Numbers: what comes in as JSON comes out as the same text or as an equal value, through every door; what cannot be kept is
//! refused in words.

use std::process::Command;

use daybook::book::{CloudEvent, Incoming};
use daybook::model::{ErrorKind, Seq, Value};
use daybook_tests::{Random, Server, TestBook, event};
use serde_json::{Value as Json, json};

use crate::served::encoded;

/// Numbers at which readers are known to err.
const HARD: &[&str] = &[
    "0",
    "-0.0",
    "0.42451918914251396",
    "0.1",
    "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072011e-308",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "1e16",
    "1E+2",
    "123456789012345680000.5",
    "0.30000000000000004",
];

/// A double as somebody may write it.
fn double(random: &mut Random) -> String {
    loop {
        let number = f64::from_bits(random.next());
        if number.is_finite() {
            return match random.below(3) {
                0 => format!("{number:?}"),
                1 => format!("{number:e}"),
                _ => format!("{number:.17e}"),
            };
        }
    }
}

/// Any number of JSON, however long.
fn number(random: &mut Random) -> String {
    let digits = |random: &mut Random, most: u64| -> String {
        let count = 1 + random.below(most);
        (0..count)
            .map(|_| char::from(b'0' + random.below(10) as u8))
            .collect()
    };
    let sign = *random.pick(&["", "-"]);
    let whole = format!("{}{}", 1 + random.below(9), digits(random, 30));
    match random.below(4) {
        0 => format!("{sign}{whole}"),
        1 => format!("{sign}{whole}.{}", digits(random, 30)),
        2 => format!("{sign}{whole}e-{}", random.below(40)),
        _ => double(random),
    }
}

#[test]
fn a_payload_keeps_every_number_to_the_last_digit() {
    let mut random = Random::announced("payloads");
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let hard = HARD.iter().map(|text| (*text).to_owned());
    let texts: Vec<String> = hard.chain((0..200).map(|_| number(&mut random))).collect();
    let payload = |text: &str| format!(r#"{{"account":1,"amount":1,"note":[{text}]}}"#);
    let line = |text: &str| format!(r#"{{"type":"deposit.Deposited","data":{}}}"#, payload(text));
    let events = texts
        .iter()
        .map(|text| Incoming::parse(&line(text)).unwrap());
    let receipts = book.append(events.collect()).unwrap();
    let read = |book: &TestBook, seq: Seq| book.log().read(seq, seq, 1).unwrap().remove(0);
    for (receipt, text) in receipts.iter().zip(&texts) {
        let kept = read(&book, receipt.seq);
        assert_eq!(kept.data, payload(text));
        // As it is listed, and appended again elsewhere.
        let listed = serde_json::to_string(&CloudEvent::from(&kept)).unwrap();
        assert_eq!(Incoming::parse(&listed).unwrap().data, payload(text));
    }
    let fixture = book.folder().join("log.jsonl");
    let export = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
        .arg("export")
        .arg(book.path())
        .args(["--mask", "deposit.Deposited/nothing", "--out"])
        .arg(&fixture)
        .output()
        .unwrap();
    assert!(export.status.success(), "{export:?}");
    let fixture = std::fs::read_to_string(fixture).unwrap();
    let server = Server::of(book);
    for (receipt, text) in receipts.iter().zip(&texts) {
        let told = server.get(&format!("/events/{}", receipt.seq));
        assert!(told.text.contains(&payload(text)), "{text}: {}", told.text);
        assert!(
            fixture.contains(&payload(text)),
            "{text} is not in the export"
        );
    }
    server.stop().assert_verified();
}

#[test]
fn a_real_of_a_row_is_read_asked_for_and_shown_as_the_number_that_came() {
    let mut random = Random::announced("rows");
    let mut book = TestBook::with_guests(&["find-all"]);
    let hard = HARD.iter().filter(|text| text.contains(['.', 'e', 'E']));
    let hard = hard.map(|text| (*text).to_owned());
    let texts: Vec<String> = hard.chain((0..60).map(|_| double(&mut random))).collect();
    for (at, text) in texts.iter().enumerate() {
        let data = format!(r#"{{"table":"pair","row":["r",{at},{text}]}}"#);
        let line = format!(r#"{{"type":"findall.Put","data":{data}}}"#);
        book.append_one(Incoming::parse(&line).unwrap()).unwrap();
    }
    let query = |format: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .arg("query")
            .arg(book.path())
            .args(["SELECT c FROM findall_pair ORDER BY b", "--format", format])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let (lines, cells) = (query("json"), query("tsv"));
    let rows = book.rows("SELECT c FROM findall_pair ORDER BY b");
    let server = Server::of(book);
    for (at, text) in texts.iter().enumerate() {
        let real: f64 = text.parse().unwrap();
        assert_eq!(rows[at], [Value::Real(real)], "{text}");
        let line = lines.lines().nth(at).unwrap();
        let line = line
            .strip_prefix("{\"c\":")
            .and_then(|line| line.strip_suffix('}'));
        let cell = cells.lines().nth(at + 1).unwrap();
        for shown in [line.unwrap(), cell] {
            assert_eq!(
                shown.parse::<f64>().unwrap(),
                real,
                "{text} is shown as {shown}"
            );
        }
        let body = format!(
            r#"{{"sql":"SELECT b FROM findall_pair WHERE c = ? AND b = ?","parameters":[{text},{at}]}}"#
        );
        let found = server.ask("POST", "/query", &[], Some(&body));
        assert_eq!(found.json["rows"], json!([[at]]), "{text}: {}", found.text);
        let filter = format!("/state/findall.pair?b={at}&c={}", encoded(text));
        let found = server.get(&filter);
        assert_eq!(
            found.json["rows"][0]["c"].as_f64(),
            Some(real),
            "{text}: {}",
            found.text
        );
    }
    server.stop().assert_verified();
}

#[test]
fn a_whole_number_is_one_of_64_bits_or_refused_and_never_another_number() {
    let mut book = TestBook::with_guests(&["find-all"]);
    let ends = [i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1];
    for at in ends {
        let row = json!({"table": "pair", "row": ["i", at, 0.5]});
        book.append_one(event("findall.Put", row)).unwrap();
    }
    let server = Server::of(book);
    let ask = |parameter: &str| {
        let body = format!(r#"{{"sql":"SELECT ?","parameters":[{parameter}]}}"#);
        server.ask("POST", "/query", &[], Some(&body))
    };
    for at in ends {
        let row = server.get(&format!("/state/findall.pair/i,{at}"));
        assert_eq!(row.json["row"]["b"], json!(at), "{}", row.text);
        let rows = server.get(&format!("/state/findall.pair?b={at}"));
        assert_eq!(rows.json["rows"][0]["b"], json!(at), "{}", rows.text);
        assert_eq!(ask(&at.to_string()).json["rows"], json!([[at]]));
    }
    for beyond in [
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
    ] {
        let refused = ask(beyond);
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "malformed"),
            "{}",
            refused.text
        );
        assert!(
            refused.text.contains(beyond) && refused.text.contains("64 bits"),
            "{}",
            refused.text
        );
        for path in ["/state/findall.pair?b=", "/state/findall.pair/i,"] {
            let refused = server.get(&format!("{path}{beyond}"));
            assert_eq!(refused.status, 400, "{}", refused.text);
        }
        let expected =
            format!(r#"[{{"table":"findall.pair","key":["i",{beyond}],"hashes":{{}}}}]"#);
        let guarded = [("daybook-expect", &*expected)];
        let put = r#"{"type":"findall.Put","data":{"table":"pair","row":["i",1,0.5]}}"#;
        let refused = server.ask("POST", "/events", &guarded, Some(put));
        assert_eq!(
            (refused.status, refused.problem()),
            (400, "malformed"),
            "{}",
            refused.text
        );
    }
    // JSON has no number for it.
    let infinite = server.post("/query", &json!({"sql": "SELECT 9e999, -9e999, 1e308"}));
    assert_eq!(
        infinite.json["rows"],
        json!([[{"real": "inf"}, {"real": "-inf"}, 1e308]])
    );
    let back = ask(r#"{"real":"-inf"}"#);
    assert_eq!(back.json["rows"], json!([[{"real": "-inf"}]]));
    server.stop();
}

#[test]
fn an_extension_is_what_cloudevents_can_hold_and_anything_else_is_refused_by_name() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01"]);
    let with = |value: &str| {
        let data = r#""data":{"account":1,"amount":1}"#;
        Incoming::parse(&format!(
            r#"{{"type":"deposit.Deposited","ext":{value},{data}}}"#
        ))
    };
    let kept = [
        "2147483647",
        "-2147483648",
        "0",
        "true",
        "false",
        r#""123456789012345678901234567890""#,
        r#""0.10""#,
    ];
    for value in kept {
        let receipt = book.append_one(with(value).unwrap()).unwrap();
        let event = book
            .log()
            .read(receipt.seq, receipt.seq, 1)
            .unwrap()
            .remove(0);
        let listed = serde_json::to_value(CloudEvent::from(&event)).unwrap();
        assert_eq!(listed["ext"], serde_json::from_str::<Json>(value).unwrap());
    }
    for value in [
        "2147483648",
        "-2147483649",
        "1.0",
        "1e3",
        "0.1",
        "123456789012345678901234567890",
        "[1]",
        "{}",
    ] {
        let error = with(value).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(
            error.message.contains("'ext'") && error.message.contains("32 bits"),
            "{error}"
        );
    }
    // As CloudEvents has it: an attribute that is null is not there.
    let event = with("null").unwrap();
    assert_eq!(event.extensions.text(), None);
}

#[test]
fn what_the_schema_calls_an_integer_is_refused_in_another_form_before_the_plugin_is_asked() {
    let mut book = TestBook::with_plugins(&["deposit@2020-01-01", "asset@2020-01-01"]);
    let before = book.mark();
    let mut refused = |event_type: &str, data: &str, says: &str| {
        let line = format!(r#"{{"type":"{event_type}","data":{data}}}"#);
        let appended = Incoming::parse(&line).and_then(|event| book.append_one(event));
        let error = appended.map(|receipt| receipt.seq).expect_err(data);
        assert_eq!(error.kind, ErrorKind::Refused, "{data}: {error}");
        assert!(error.message.contains(says), "{data}: {error}");
    };
    for amount in [
        "1.0",
        "1e3",
        "-0.0",
        "10E-1",
        "9223372036854775808",
        "123456789012345678901234567890",
    ] {
        let data = format!(r#"{{"account":1,"amount":{amount}}}"#);
        refused("deposit.Deposited", &data, "'/amount'");
    }
    for twice in [
        r#"{"account":1,"account":1,"amount":1}"#,
        r#"{"account":1,"amount":1,"note":[{"a":1,"\u0061":2}]}"#,
    ] {
        refused("deposit.Deposited", twice, "comes twice");
    }
    refused(
        "asset.AssetOwnerSwapped",
        r#"{"asset":"a","swap":18446744073709551616,"owner":"a","recipient":"b"}"#,
        "'/swap'",
    );
    let run = book.command(
        "deposit.Deposit",
        json!({"account": 1, "amount": 1.0}),
        false,
    );
    assert_eq!(
        run.map(|reply| reply.command_id).unwrap_err().kind,
        ErrorKind::Refused
    );
    assert_eq!(book.mark(), before);
}
