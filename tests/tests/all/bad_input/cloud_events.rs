//! Events as CloudEvents: what is missing is filled in, what is there is kept, an identity is used once, nonsense is refused.

use daybook::book::{CloudEvent, Incoming, Request};
use daybook::model::{ErrorKind, Seq, clock};
use daybook_tests::{TestBook, event_at};
use serde_json::{Value as Json, json};

use super::{DEPOSIT, deposit};

#[test]
fn the_same_source_and_id_give_the_first_result_and_no_second_event() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let time = "2026-01-01T00:00:00Z";
    let first = |amount| {
        event_at(
            "deposit.Deposited",
            "one",
            time,
            json!({"account": 1, "amount": amount}),
        )
    };
    let receipt = book.append_one(first(5)).unwrap();
    let before = book.mark();
    let again = book.append(vec![first(5), first(5)]).unwrap();
    assert!(
        again
            .iter()
            .all(|known| known.seq == receipt.seq && known.id == receipt.id && known.duplicate)
    );
    assert_eq!(book.mark(), before);
    book.reopen();
    assert!(book.append_one(first(5)).unwrap().duplicate);

    let error = book.append(vec![deposit(2, 1), first(6)]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    let says = format!(
        "event 'one' of source '/tests' is in the log at {} with another payload",
        receipt.seq
    );
    assert_eq!(error.message, says);
    assert_eq!(book.mark(), before);

    // Within one group, and from another source.
    let two = event_at(
        "deposit.Deposited",
        "two",
        time,
        json!({"account": 1, "amount": 1}),
    );
    let other = Incoming {
        source: "/elsewhere".to_owned(),
        ..first(5)
    };
    let receipts = book.append(vec![two.clone(), two, other]).unwrap();
    let duplicates: Vec<bool> = receipts.iter().map(|receipt| receipt.duplicate).collect();
    assert_eq!(duplicates, [false, true, false]);
    assert_eq!(book.head().0, before.head.0 + 2);
    assert_eq!(book.numbers("SELECT balance FROM deposit_account"), [11]);
}

#[test]
fn an_id_that_comes_again_with_anything_else_is_refused_and_what_differs_is_named() {
    let mut book = TestBook::with_plugins(&[DEPOSIT, "asset@2020-01-01"]);
    let first = json!({
        "type": "deposit.Deposited", "source": "/s", "id": "1", "subject": "account/1", "time": "2024-01-01T00:00:00Z",
        "tag": "a", "level": 3, "data": {"account": 1, "amount": 5},
    });
    let parsed = |event: &Json| Incoming::parse(&event.to_string()).unwrap();
    let receipt = book.append_one(parsed(&first)).unwrap();
    let before = book.mark();
    let with = |changes: Json| {
        let mut event = first.clone();
        for (name, value) in changes.as_object().unwrap() {
            event[name] = value.clone();
        }
        event
    };
    for (changes, named) in [
        (json!({"type": "asset.AssetRegistered"}), "type"),
        (json!({"subject": "account/2"}), "subject"),
        (json!({"subject": null}), "subject"),
        (json!({"time": "2024-01-01T00:00:01Z"}), "time"),
        (json!({"data": {"account": 1, "amount": 6}}), "payload"),
        (json!({"tag": "b"}), "'tag'"),
        (json!({"tag": null}), "'tag'"),
        (json!({"level": 4}), "'level'"),
        (json!({"more": "x"}), "'more'"),
        (json!({"traceparent": "00-ab-cd-01"}), "'traceparent'"),
        (
            json!({"type": "asset.AssetRegistered", "subject": "x", "tag": "b", "data": {}}),
            "type, another subject, another 'tag', another payload",
        ),
    ] {
        let error = book.append_one(parsed(&with(changes))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert_eq!(
            error.message,
            format!(
                "event '1' of source '/s' is in the log at {} with another {named}",
                receipt.seq
            )
        );
        assert_eq!(book.mark(), before);
    }
    // What the host fills in itself is not the producer's to repeat; and as it is listed it is the same event.
    let kept = book.log().read(receipt.seq, receipt.seq, 1).unwrap();
    let listed = serde_json::to_value(CloudEvent::from(&kept[0])).unwrap();
    for again in [
        with(json!({"time": null})),
        with(json!({"seq": 99})),
        listed,
    ] {
        let known = book.append_one(parsed(&again)).unwrap();
        assert_eq!((known.seq, known.duplicate), (receipt.seq, true), "{again}");
    }
    // Within one group.
    let (a, b) = (
        with(json!({"id": "2"})),
        with(json!({"id": "2", "tag": "b"})),
    );
    let error = book.append(vec![parsed(&a), parsed(&b)]).unwrap_err();
    assert!(error.message.ends_with("with another 'tag'"), "{error}");
    assert_eq!(book.mark(), before);
}

#[test]
fn a_command_id_that_comes_again_with_anything_else_is_refused_and_what_differs_is_named() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let id = uuid::Uuid::from_u128(7);
    let request = |amount: i64, subject: Option<&str>, actor: Option<&str>| Request {
        command_type: "deposit.Deposit".to_owned(),
        data: json!({"account": 1, "amount": amount}).to_string(),
        subject: subject.map(str::to_owned),
        actor: actor.map(str::to_owned),
        id: Some(id),
        ..Request::default()
    };
    book.run(request(5, Some("s"), None)).unwrap();
    assert!(book.run(request(5, Some("s"), None)).unwrap().repeated);
    let before = book.mark();
    for (again, named) in [
        (request(6, Some("s"), None), "payload"),
        (request(5, None, None), "subject"),
        (request(5, Some("s"), Some("eve")), "actor"),
        (request(6, None, None), "subject, another payload"),
    ] {
        let error = book.run(again).map(|reply| reply.command_id).unwrap_err();
        let says = format!("command {id} was run already, with another {named}");
        assert_eq!(error.message, says);
    }
    assert_eq!(book.mark(), before);
}

#[test]
fn the_host_alone_says_where_an_event_is_and_what_became_of_it() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let forged = json!({
        "type": "deposit.Deposited", "seq": 99, "version": "2020-01-01", "amended": 1, "redacted": 2, "undone": 3,
        "undoes": "4", "tag": "kept", "data": {"account": 1, "amount": 5},
    });
    let receipt = book
        .append_one(Incoming::parse(&forged.to_string()).unwrap())
        .unwrap();
    let event = book
        .log()
        .read(receipt.seq, receipt.seq, 1)
        .unwrap()
        .remove(0);
    assert_eq!(event.extensions.as_deref(), Some(r#"{"tag":"kept"}"#));
    let listed = serde_json::to_value(CloudEvent::from(&event)).unwrap();
    assert_eq!(listed["seq"], json!(receipt.seq.0));
    assert_eq!(listed["version"], "2020-01-01");
    for name in ["amended", "redacted", "undone", "undoes"] {
        assert_eq!(listed[name], Json::Null, "{name}");
    }
}

#[test]
fn what_a_cloud_event_lacks_is_filled_in_and_what_it_has_is_kept() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let read = |book: &TestBook, seq: Seq| {
        serde_json::to_value(CloudEvent::from(&book.log().read(seq, seq, 1).unwrap()[0])).unwrap()
    };
    let before = clock::now();
    let receipt = book.append_one(deposit(1, 1)).unwrap();
    let filled = read(&book, receipt.seq);
    let text = |name: &str| filled[name].as_str().unwrap_or_default().to_owned();
    assert!(uuid::Uuid::parse_str(&text("id")).is_ok(), "{filled}");
    assert!(
        clock::is_rfc3339(&text("time")) && text("time") >= before && text("time") <= clock::now(),
        "{filled}"
    );
    assert_eq!(
        (text("specversion"), text("source")),
        ("1.0".to_owned(), "/daybook".to_owned())
    );
    assert_eq!(
        (text("version"), &filled["seq"]),
        ("2020-01-01".to_owned(), &json!(receipt.seq.0))
    );

    let given = json!({
        "specversion": "1.0", "id": "an id", "source": "/till/7", "type": "deposit.Deposited", "subject": "account/1",
        "time": "1999-12-31T23:59:59.5+01:00", "datacontenttype": "application/json", "traceparent": "00-ab-cd-01",
        "data": {"account": 1, "amount": 2},
    });
    let receipt = book
        .append_one(Incoming::parse(&given.to_string()).unwrap())
        .unwrap();
    let kept = read(&book, receipt.seq);
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&kept[name], value, "{name}");
    }
    let text = r#"{"type":"deposit.Deposited","data":{ "account":1, "amount":10, "note":"1.10" }}"#;
    let receipt = book.append_one(Incoming::parse(text).unwrap()).unwrap();
    let event = book
        .log()
        .read(receipt.seq, receipt.seq, 1)
        .unwrap()
        .remove(0);
    assert_eq!(
        event.data, r#"{ "account":1, "amount":10, "note":"1.10" }"#,
        "a payload is kept as it came"
    );
    book.assert_verified();
}

#[test]
fn arbitrary_lines_are_refused_one_by_one_and_never_end_the_process() {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    let before = book.mark();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let huge = json!({"account": 1, "amount": 1, "note": "x".repeat(1 << 20)});
    let lines = [
        "".to_owned(),
        "null".to_owned(),
        "\u{0}".to_owned(),
        "{\"type\":\"deposit.Deposited\",\"data\":".to_owned(),
        format!("{{\"type\":\"deposit.Deposited\",\"data\":{deep}}}"),
        format!(
            "{{\"type\":\"deposit.Deposited\",\"data\":{{\"account\":1,\"amount\":1,\"deep\":{deep}}}}}"
        ),
        format!("{{\"type\":\"deposit.Deposited\",\"data\":{huge}}}"),
        "{\"type\":\"deposit.Deposited\",\"data\":{\"account\":1e400,\"amount\":1}}".to_owned(),
        "{\"type\":\"deposit.Deposited\",\"data\":{\"account\":99999999999999999999,\"amount\":1}}"
            .to_owned(),
        json!({"type": "x".repeat(1_000_000)}).to_string(),
    ];
    for line in lines {
        let refused: Result<Json, _> = Incoming::parse(&line)
            .and_then(|incoming| book.append_one(incoming))
            .map(|receipt| json!(receipt.seq.0));
        let error = refused.expect_err(&line.chars().take(80).collect::<String>());
        assert!(
            matches!(error.kind, ErrorKind::Refused | ErrorKind::Plugin),
            "{:?}: {error}",
            error.kind
        );
        assert!(
            error.message.len() < 2_000,
            "the message is as long as the input"
        );
        assert_eq!(book.mark(), before);
    }
}
