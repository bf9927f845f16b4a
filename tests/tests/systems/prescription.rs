//! Prescriptions: one event causes work for the laboratory, a message and a line in the chart; a preview shows all of it; and
//! what a doctor saw in the chart must still be so.

use daybook::diff::{Cause, Difference};
use daybook_tests::{Answer, Server, TestBook, check_pair, plugin, race};
use serde_json::{Value as Json, json};

const FIRST: &str = "prescription@2018-03-01";
const SECOND: &str = "prescription@2019-09-01";

fn with_eva() -> Server {
    let server = Server::of(TestBook::with_plugins(&[FIRST]));
    let admit = json!({"patient": "eva", "name": "Eva Nová", "weight_grams": 50_500});
    let admitted = server.post("/commands/prescription.Admit", &admit);
    assert_eq!(admitted.status, 201, "{}", admitted.text);
    server
}

fn drug(drug: &str, class: &str, daily_milligrams: i64) -> Json {
    json!({"patient": "eva", "drug": drug, "class": class, "daily_milligrams": daily_milligrams, "doctor": "Dr. Malá"})
}

fn prescribe(server: &Server, headers: &[(&str, &str)], what: &Json) -> Answer {
    let path = "/commands/prescription.Prescribe";
    server.ask("POST", path, headers, Some(&what.to_string()))
}

fn note_allergy(server: &Server, allergy: Option<&str>) {
    let note = json!({"patient": "eva", "allergy": allergy, "doctor": "Dr. Starý"});
    let noted = server.post("/commands/prescription.NoteAllergy", &note);
    assert_eq!(noted.status, 201, "{}", noted.text);
}

/// What a doctor saw of these columns of Eva's chart, as a write names it.
fn seen(server: &Server, columns: &str) -> String {
    let path = format!("/state/prescription.chart/eva?columns={columns}");
    let chart = server.get(&path);
    assert_eq!(chart.status, 200, "{}", chart.text);
    let hashes = &chart.json["hashes"];
    assert_eq!(
        hashes.as_object().map(|it| it.len()),
        Some(columns.split(',').count())
    );
    json!([{"table": "prescription.chart", "key": ["eva"], "hashes": hashes}]).to_string()
}

/// Id, kind, key and payload of an event's tasks.
fn tasks_of(event: &Json) -> Vec<(&Json, &Json, &Json, &Json)> {
    let tasks = event["tasks"].as_array().expect("tasks").iter();
    tasks
        .map(|task| (&task["id"], &task["kind"], &task["key"], &task["data"]))
        .collect()
}

#[test]
fn a_preview_shows_all_that_a_prescription_causes_and_the_run_causes_it() {
    let server = with_eva();
    let head = server.alone(|book| book.head().0);
    let key = [("idempotency-key", "a prescription of Dr. Mala")];
    let what = drug("amoxicillin", "antibiotic", 1_500);
    let path = "/commands/prescription.Prescribe?preview=true";
    let preview = server.ask("POST", path, &key, Some(&what.to_string()));
    assert_eq!(
        (preview.status, &preview.json["preview"]),
        (200, &json!(true)),
        "{}",
        preview.text
    );

    assert_eq!(server.alone(|book| book.head().0), head);
    assert_eq!(server.get("/tasks").json["tasks"], json!([]));
    let chart = || server.get("/state/prescription.chart/eva").json["row"].clone();
    assert_eq!(
        (&chart()["latest_drug"], &chart()["daily_milligrams"]),
        (&Json::Null, &json!(0))
    );
    assert_eq!(
        server.get("/state/prescription.prescription").json["rows"],
        json!([])
    );

    let run = prescribe(&server, &key, &what);
    assert_eq!(run.status, 201, "{}", run.text);
    let event = &run.json["events"][0];
    let foreseen = &preview.json["events"][0];
    for part in ["id", "type", "subject", "data"] {
        assert_eq!(foreseen["event"][part], event["event"][part], "{part}");
        assert!(!event["event"][part].is_null(), "{part}");
    }
    assert_eq!(foreseen["changes"], event["changes"]);
    assert_eq!(tasks_of(foreseen), tasks_of(event));

    let seq = event["event"]["seq"].as_u64().expect("a seq");
    let shown = server.get(&format!("/events/{seq}")).json;
    assert_eq!(shown["changes"], event["changes"]);
    assert_eq!(tasks_of(&shown), tasks_of(event));
    let kinds: Vec<_> = tasks_of(&shown)
        .iter()
        .map(|(_, kind, ..)| kind.as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["lab", "push"]);
    assert_eq!(shown["tasks"][0]["data"]["test"], "kidney-function");
    assert_eq!(
        shown["tasks"][1]["data"]["text"],
        "1500 mg of amoxicillin a day"
    );
    let tables: Vec<_> = { shown["changes"].as_array().unwrap().iter() }
        .map(|change| {
            (
                change["table"].as_str().unwrap(),
                change["operation"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        tables,
        [
            ("prescription.chart", "update"),
            ("prescription.prescription", "insert")
        ]
    );
    assert_eq!(chart()["daily_milligrams"], 1_500);
    server.stop().assert_verified();
}

#[test]
fn a_refused_prescription_causes_nothing_whether_tried_or_run() {
    let server = with_eva();
    note_allergy(&server, Some("antibiotic"));
    let head = server.alone(|book| book.head().0);
    for (what, code) in [
        (drug("amoxicillin", "antibiotic", 1), "allergic"),
        (drug("ibuprofen", "analgesic", 3_031), "dose-too-high"),
    ] {
        for path in [
            "/commands/prescription.Prescribe",
            "/commands/prescription.Prescribe?preview=true",
        ] {
            let refused = server.post(path, &what);
            assert_eq!(
                (refused.status, refused.problem()),
                (422, "rejected"),
                "{}",
                refused.text
            );
            assert_eq!(refused.json["code"], code);
        }
    }
    let refused = server.post(
        "/commands/prescription.Prescribe",
        &drug("ibuprofen", "analgesic", 0),
    );
    assert_eq!(
        (refused.status, refused.problem(), &refused.json["pointer"]),
        (422, "schema", &json!("/daily_milligrams"))
    );
    let refused = server.post("/commands/prescription.Prescribe", &drug("tea", "herb", 1));
    assert_eq!(
        (refused.status, refused.problem(), &refused.json["pointer"]),
        (422, "schema", &json!("/class"))
    );
    assert_eq!(server.alone(|book| book.head().0), head);
    assert_eq!(server.get("/tasks").json["tasks"], json!([]));
    server.stop().assert_verified();
}

#[test]
fn a_doctor_is_told_which_columns_changed_and_other_columns_do_not_matter() {
    let server = with_eva();
    let what = drug("amoxicillin", "antibiotic", 100);
    let guarded = |expect: &str| prescribe(&server, &[("daybook-expect", expect)], &what);
    let saw = seen(&server, "allergy,weight_grams");

    // Another doctor's prescription changes the chart, but neither of these two columns.
    assert_eq!(
        prescribe(&server, &[], &drug("ibuprofen", "analgesic", 200)).status,
        201
    );
    let first = guarded(&saw);
    assert_eq!(first.status, 201, "{}", first.text);

    note_allergy(&server, Some("analgesic"));
    let stale = guarded(&saw);
    assert_eq!(
        (stale.status, stale.problem()),
        (409, "stale"),
        "{}",
        stale.text
    );
    assert_eq!(stale.json["changed"][0]["table"], "prescription.chart");
    assert_eq!(stale.json["changed"][0]["columns"], json!(["allergy"]));
    let weigh = json!({"patient": "eva", "weight_grams": 49_000});
    assert_eq!(
        server.post("/commands/prescription.Weigh", &weigh).status,
        201
    );
    let stale = guarded(&saw);
    let mut columns: Vec<_> = {
        stale.json["changed"][0]["columns"]
            .as_array()
            .expect("columns")
            .iter()
    }
    .map(|column| column.as_str().expect("a name"))
    .collect();
    columns.sort_unstable();
    assert_eq!(columns, ["allergy", "weight_grams"]);
    // A preview is guarded like the run.
    let path = "/commands/prescription.Prescribe?preview=true";
    let preview = server.ask(
        "POST",
        path,
        &[("daybook-expect", &saw)],
        Some(&what.to_string()),
    );
    assert_eq!((preview.status, preview.problem()), (409, "stale"));

    assert_eq!(
        server.get("/tasks").json["tasks"].as_array().map(Vec::len),
        Some(4),
        "of two prescriptions"
    );
    let looked_again = guarded(&seen(&server, "allergy,weight_grams"));
    assert_eq!(looked_again.status, 201, "{}", looked_again.text);
    assert_eq!(
        server.get("/state/prescription.chart/eva").json["row"]["daily_milligrams"],
        400
    );
    server.stop().assert_verified();
}

#[test]
fn of_many_doctors_who_saw_the_same_sum_one_prescribes() {
    let server = with_eva();
    let saw = seen(&server, "daily_milligrams");
    let answers = race(64, |number| {
        let what = drug(&format!("drug {number}"), "analgesic", 10);
        prescribe(&server, &[("daybook-expect", &saw)], &what)
    });
    let prescribed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(prescribed, 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(
            (answer.status, answer.problem()),
            (409, "stale"),
            "{}",
            answer.text
        );
        assert_eq!(
            answer.json["changed"][0]["columns"],
            json!(["daily_milligrams"])
        );
    }
    let mut book = server.stop();
    assert_eq!(
        book.numbers("SELECT daily_milligrams FROM prescription_chart"),
        [10]
    );
    assert_eq!(
        book.numbers("SELECT count(*) FROM prescription_prescription"),
        [1]
    );
    book.assert_verified();
}

#[test]
fn the_second_version_asks_for_one_more_test_of_one_class_of_drugs_and_nothing_else() {
    let server = with_eva();
    let mut anticoagulants = Vec::new();
    for (name, class) in [
        ("amoxicillin", "antibiotic"),
        ("warfarin", "anticoagulant"),
        ("ibuprofen", "analgesic"),
        ("heparin", "anticoagulant"),
    ] {
        let prescribed = prescribe(&server, &[], &drug(name, class, 5));
        assert_eq!(prescribed.status, 201, "{}", prescribed.text);
        if class == "anticoagulant" {
            let event = &prescribed.json["events"][0]["event"];
            anticoagulants.push((
                event["seq"].as_u64().unwrap(),
                event["data"]["prescription"].clone(),
            ));
        }
    }
    let mut book = server.stop();
    book.assert_verified();
    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);
    assert!(found.final_rows.is_empty(), "state is equal");
    assert_eq!(found.events.len(), anticoagulants.len());
    for (event, (seq, prescription)) in found.events.iter().zip(anticoagulants) {
        assert_eq!((event.seq.0, event.cause), (seq, Cause::Direct));
        let [
            Difference::Task {
                ordinal: 2,
                base: None,
                candidate: Some(task),
            },
        ] = event.differences.as_slice()
        else {
            panic!(
                "not one task that appears after the two there were: {:?}",
                event.differences
            );
        };
        assert_eq!(task.kind, "lab");
        let data: Json = serde_json::from_str(&task.data).expect("JSON");
        let clotting =
            json!({"prescription": prescription, "patient": "eva", "test": "clotting-time"});
        assert_eq!(data, clotting);
    }
}
