//! What a comparison tells when the tables are not the same, and what bisect passes over.

use daybook::diff::Expectations;
use daybook::history::silent;
use daybook::model::{Seq, Value};
use daybook::study::Picked;
use daybook_tests::{TestBook, diff, event, guest, version};
use serde_json::{Value as Json, json};

const WITH_TEXT: &str = "rows@2020-01-01";
const WITHOUT: &str = "rows@2020-02-01";
const NOTES: &str = "[[expect]]\nreason = 'nobody reads them'\ntask = 'note'\n";

/// Rows with and without a text, and the versions with and without the column for it.
fn rows() -> TestBook {
    let mut book = TestBook::with_guests(&["rows-1"]);
    for id in 1..6 {
        let text = if id == 4 { json!("a") } else { Json::Null };
        let data = json!({"do": "insert", "id": id, "n": 10 * id, "text": text});
        book.append_one(event("rows.Happened", data)).unwrap();
    }
    book.load(guest("rows-2")).unwrap();
    book
}

#[test]
fn a_column_that_one_side_has_is_told_once_and_only_what_was_written_there_differs() {
    let mut book = rows();
    let differing = book.head().0 - 2;
    for (base, candidate, is_new) in [(WITH_TEXT, WITHOUT, false), (WITHOUT, WITH_TEXT, true)] {
        let mut expectations = Expectations::parse(NOTES).unwrap();
        let (summary, found) = diff(&mut book, base, candidate, &mut expectations);
        let told: Vec<_> = summary.layout.iter().collect();
        assert_eq!(told.len(), 1, "{told:?}");
        let (table, column) = (&*told[0].table, &*told[0].column);
        assert_eq!(
            (table, column, told[0].is_new),
            ("rows.thing", "text", is_new)
        );
        assert_eq!(told[0].default, Some(Value::Null));
        // The tasks differ everywhere; the column where there is a text.
        assert_eq!(found.events.len(), 5);
        assert_eq!(summary.by_column.len(), 1, "{:?}", summary.by_column);
        let text = &summary.by_column[&("rows.thing".to_owned(), "text".to_owned())];
        assert_eq!((text.total(), summary.unexpected), (1, 2));
        assert_eq!(summary.final_rows["rows.thing"].changed, 1);
        // What is expected is passed over.
        assert_eq!(summary.first.unwrap().seq, Seq(differing));
    }
}

#[test]
fn bisect_passes_over_what_is_expected_and_what_is_of_layout() {
    let mut book = rows();
    let sides = [WITH_TEXT, WITHOUT].map(|text| Picked::Pinned(vec![version(text)]));
    let [base, candidate] = &sides;
    let mut first = |text: &str| {
        let found = book.study().bisect(base, candidate, text, &mut silent());
        found.map(|found| found.map(|it| it.event.seq))
    };
    let (unexpected, expected) = (first("").unwrap(), first(NOTES).unwrap());
    assert_eq!((unexpected, expected), (Some(Seq(3)), Some(Seq(6))));
    let both = format!("{NOTES}\n[[expect]]\nreason = 'gone'\ntable = 'rows.thing'\n");
    assert_eq!(first(&both).unwrap(), None);
    let causes = format!("{NOTES}cause = 'direct'\n");
    let error = first(&causes).unwrap_err();
    assert!(error.message.contains("bisect tells no causes"), "{error}");
}
