//! Events as CloudEvents: what is missing is filled in, what is there is kept, an identity is used once, nonsense is refused.

use daybook::book::{CloudEvent, Incoming};
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
