//! Events of an old form under a version that knows a new one: the log keeps them, and the state is as if they had come in
//! the new form.

use daybook::diff::Cause;
use daybook_tests::{TestBook, accepted, check_pair, plugin};
use serde_json::json;

const FIRST: &str = "party@2020-01-01";
const SECOND: &str = "party@2021-01-01";

const GUESTS: &str =
    "SELECT coalesce(brought_by, '-') || '>' || guest FROM party_attendee ORDER BY guest";

/// Types of the events that commands wrote, in order.
fn types(book: &TestBook) -> Vec<String> {
    { book.recorded().into_iter() }
        .map(|stored| stored.event.event_type.as_str().to_owned())
        .filter(|name| name.starts_with("party."))
        .collect()
}

#[test]
fn a_log_of_two_forms_is_one_history() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    let run = |book: &mut TestBook, name: &str, data| {
        accepted(book.command(name, data, false).unwrap()).len()
    };
    for (guest, companion) in [("Ada", Some("Eve")), ("Bob", None), ("Cid", Some("Dot"))] {
        let accept =
            json!({"party": "ball", "guest": guest, "companion": companion, "fax": "+44 20"});
        assert_eq!(run(&mut book, "party.Accept", accept), 1);
    }
    let cancel = json!({"party": "ball", "guest": "Cid"});
    assert_eq!(run(&mut book, "party.Cancel", cancel), 1);

    book.load(plugin(SECOND)).unwrap();
    let found = check_pair(&mut book, FIRST, SECOND);
    assert_eq!(found.seqs(Cause::Direct).len(), 4);
    // Two rows of the table before, and three of the one after.
    assert_eq!(found.final_rows.len(), 5, "{:?}", found.final_rows);

    book.load_active(plugin(SECOND));
    assert_eq!(book.texts(GUESTS), ["->Ada", "->Bob", "Ada>Eve"]);
    let accept = json!({"party": "ball", "guest": "Fay", "companion": "Gus"});
    assert_eq!(run(&mut book, "party.Accept", accept), 2);
    let cancel = json!({"party": "ball", "guest": "Ada"});
    assert_eq!(run(&mut book, "party.Cancel", cancel), 1);
    assert_eq!(book.texts(GUESTS), ["->Bob", "->Fay", "Fay>Gus"]);
    assert_eq!(
        types(&book),
        [
            "party.InvitationAccepted",
            "party.InvitationAccepted",
            "party.InvitationAccepted",
            "party.Cancelled",
            "party.InvitationAccepted1",
            "party.CompanionBrought",
            "party.InvitationCancelled1",
        ]
    );
    book.assert_verified();
}
