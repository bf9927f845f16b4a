//! One subject's page: events with what they did, tasks, rows as they are now, and repairs.

use daybook_tests::{Server, TestBook, done};
use serde_json::{Value as Json, json};

use super::told_alike;

/// A patient with two prescriptions, one of which is amended, and another patient.
fn clinic() -> Server {
    let server = Server::of(TestBook::with_plugins(&["prescription@2018-03-01"]));
    for patient in ["p", "q"] {
        let admit = json!({"patient": patient, "name": patient, "weight_grams": 60_000});
        done(&server.post("/commands/prescription.Admit", &admit));
        for drug in ["v", "w"] {
            let prescribe = json!({"patient": patient, "drug": drug, "class": "anticoagulant", "daily_milligrams": 5, "doctor": "d"});
            done(&server.post("/commands/prescription.Prescribe", &prescribe));
        }
    }
    let mut event = server.get("/events/4").json["event"]["data"].clone();
    event["daily_milligrams"] = json!(7);
    let amend = json!({"data": event, "reason": "a slip of the pen"});
    let amended = server.post("/events/4/amend", &amend);
    assert_eq!(amended.status, 200, "{}", amended.text);
    server
}

fn seqs(page: &Json) -> Vec<u64> {
    let events = page["events"].as_array().unwrap().iter();
    events
        .map(|it| it["event"]["seq"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_subject_is_shown_whole_with_its_events_tasks_rows_and_repairs() {
    let server = clinic();
    let page = server.get("/subjects/patient%2Fp");
    assert_eq!(page.status, 200, "{}", page.text);
    let page = page.json;
    assert_eq!((seqs(&page), &page["next"]), (vec![3, 4, 5], &Json::Null));
    let prescribed = &page["events"][1];
    assert_eq!(prescribed["amended"], 9);
    assert_eq!(
        prescribed["changes"].as_array().unwrap().len(),
        2,
        "{prescribed}"
    );
    assert_eq!(prescribed["tasks"][0]["kind"], "lab");
    assert_eq!(prescribed["tasks"][0]["state"], "pending");
    // Rows as they are now, each once: the chart has all three events in it.
    let rows = page["rows"].as_array().unwrap();
    let tables: Vec<_> = rows
        .iter()
        .map(|row| row["table"].as_str().unwrap())
        .collect();
    assert_eq!(
        tables,
        [
            "prescription.chart",
            "prescription.prescription",
            "prescription.prescription"
        ]
    );
    assert_eq!(rows[0]["key"], json!({"patient": "p"}));
    assert_eq!(rows[0]["row"]["daily_milligrams"], 12);
    let repairs = page["repairs"].as_array().unwrap();
    assert_eq!(repairs.len(), 1, "{repairs:?}");
    assert_eq!(
        (
            &repairs[0]["event"],
            &repairs[0]["what"],
            &repairs[0]["by"],
            &repairs[0]["reason"]
        ),
        (
            &json!(4),
            &json!("amended"),
            &json!(9),
            &json!("a slip of the pen")
        )
    );
    // A page at a time, either way.
    let page = server.get("/subjects/patient%2Fp?limit=2").json;
    assert_eq!((seqs(&page), &page["next"]), (vec![3, 4], &json!(4)));
    let rest = server.get("/subjects/patient%2Fp?limit=2&after=4").json;
    assert_eq!((seqs(&rest), &rest["next"]), (vec![5], &Json::Null));
    let newest = server.get("/subjects/patient%2Fp?order=-seq&limit=2").json;
    assert_eq!((seqs(&newest), &newest["next"]), (vec![5, 4], &json!(4)));
    assert_eq!(seqs(&server.get("/subjects/nobody").json), [0; 0]);
    // The same of a list, and the tasks alone.
    let listed = server.get("/events?subject=patient/p&effects=true").json;
    assert_eq!(listed["events"][1], prescribed.clone());
    assert_eq!(seqs(&listed), [3, 4, 5]);
    let tasks = server.get("/tasks?subject=patient/p").json;
    let of: Vec<_> = { tasks["tasks"].as_array().unwrap().iter() }
        .map(|task| {
            (
                task["event"].as_u64().unwrap(),
                task["kind"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let kinds = |seq| [(seq, "lab".to_owned()), (seq, "push".to_owned())];
    assert_eq!(of, [kinds(4), kinds(5)].concat());
    assert_eq!(
        server.get("/tasks?subject=patient/p&limit=3").json["next"],
        "5.0"
    );
    assert_eq!(server.get("/tasks?subject=nobody").json["tasks"], json!([]));
    assert_eq!(
        server.get("/tasks?subject=patient/p&state=done").json["tasks"],
        json!([])
    );
    let (mut book, told) = told_alike(
        server.stop(),
        &[
            ("subject", &["patient/p"]),
            ("subject", &["patient/p", "--format", "json"]),
            (
                "subject",
                &["patient/p", "--newest", "--limit", "1", "--format", "json"],
            ),
            ("subject", &["patient/p", "--after", "4"]),
            ("subject", &["nobody"]),
            ("tasks", &["--subject", "patient/q", "--format", "json"]),
        ],
    );
    assert!(
        told[0].contains("event 4 amended by event 9"),
        "{}",
        told[0]
    );
    assert!(
        told[0].contains("prescription.chart  patient="),
        "{}",
        told[0]
    );
    book.assert_verified();
}

#[test]
fn a_row_that_is_gone_and_a_table_that_is_gone_are_told_as_such() {
    let mut book = TestBook::with_plugins(&["team@2020-01-01", "festival@2020-01-01"]);
    let mut run = |kind: &str, data: Json| {
        let request = daybook::book::Request {
            command_type: kind.to_owned(),
            data: data.to_string(),
            subject: Some("race".to_owned()),
            ..Default::default()
        };
        book.run(request).unwrap()
    };
    run("festival.Plan", json!({"event": "race", "name": "Race"}));
    run("festival.Delete", json!({"event": "race", "lazily": false}));
    let server = Server::of(book);
    let page = server.get("/subjects/race").json;
    let rows = page["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{page}");
    for row in rows {
        assert_eq!(row["row"], Json::Null, "{row}");
    }
}
