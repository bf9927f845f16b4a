//! Who may borrow what, until when, and what comes back.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use library_2020_01_01::{
    AddCopy, CopyAdded, CopyLent, CopyReturned, LendCopy, Library, Loan, ReaderRegistered,
    RegisterReader, ReturnCopy,
};

fn lend(copy: &str, reader: &str) -> LendCopy {
    LendCopy {
        copy: copy.into(),
        reader: reader.into(),
    }
}

fn bring(copy: &str, reader: &str) -> ReturnCopy {
    ReturnCopy {
        copy: copy.into(),
        reader: reader.into(),
    }
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("a date")
}

fn lent(copy: &str, reader: &str, due: &str) -> CopyLent {
    CopyLent {
        copy: copy.into(),
        reader: reader.into(),
        due: date(due),
    }
}

/// Five copies, and the readers Ann and Stu, a student, on the first of March.
fn library() -> Scenario<Library> {
    let story = Scenario::new().at("2020-03-01");
    let story = ["c1", "c2", "c3", "c4", "c5"]
        .iter()
        .fold(story, |story, copy| {
            story.given(CopyAdded {
                copy: (*copy).into(),
                title: "Dune".into(),
            })
        });
    [("ann", false), ("stu", true)]
        .iter()
        .fold(story, |story, (reader, student)| {
            story.given(ReaderRegistered {
                reader: (*reader).into(),
                name: (*reader).into(),
                student: *student,
            })
        })
}

#[test]
fn a_copy_is_lent_for_28_days_and_comes_back() {
    let loan = Loan {
        copy: "c1".into(),
        reader: "ann".into(),
        lent: date("2020-03-01"),
        due: date("2020-03-29"),
    };
    library()
        .when(lend("c1", "ann"))
        .then_events(events![lent("c1", "ann", "2020-03-29")])
        .then_rows([loan])
        .when(bring("c1", "ann"))
        .then_events(events![CopyReturned {
            copy: "c1".into(),
            reader: "ann".into()
        }])
        .then_rows::<Loan>([])
        // And may go out again.
        .when(lend("c1", "stu"))
        .then_events(events![lent("c1", "stu", "2020-03-29")]);
}

#[test]
fn three_books_at_once_and_a_fourth_when_one_is_back() {
    for reader in ["ann", "stu"] {
        library()
            .when(lend("c1", reader))
            .when(lend("c2", reader))
            .when(lend("c3", reader))
            .then_events(events![lent("c3", reader, "2020-03-29")])
            .when(lend("c4", reader))
            .then_rejected("too-many-books")
            .then_no_row::<Loan>("c4")
            .when(bring("c2", reader))
            .when(lend("c4", reader))
            .then_events(events![lent("c4", reader, "2020-03-29")]);
    }
}

#[test]
fn a_copy_that_is_out_is_not_lent_twice() {
    library()
        .when(lend("c1", "ann"))
        .when(lend("c1", "stu"))
        .then_rejected("out-already")
        .when(lend("c1", "ann"))
        .then_rejected("out-already")
        // Nor by an event that comes ready-made.
        .when_event(lent("c1", "stu", "2020-03-29"))
        .then_failed("row-exists");
}

#[test]
fn strange_returns_are_refused() {
    library()
        .when(bring("c1", "ann"))
        .then_rejected("not-out")
        .when(bring("c9", "ann"))
        .then_rejected("unknown-copy")
        .when(lend("c1", "ann"))
        .when(bring("c1", "stu"))
        .then_rejected("out-to-another")
        .when_event(CopyReturned {
            copy: "c1".into(),
            reader: "stu".into(),
        })
        .then_failed("out-to-another")
        .when(bring("c1", "ann"))
        .when(bring("c1", "ann"))
        .then_rejected("not-out");
}

#[test]
fn a_late_reader_borrows_nothing_until_the_late_copy_is_back() {
    library()
        .when(lend("c1", "ann"))
        .at("2020-03-10")
        .when(lend("c2", "ann"))
        // On the day itself it is not late.
        .at("2020-03-29T23:59:59Z")
        .when(lend("c3", "ann"))
        .then_events(events![lent("c3", "ann", "2020-04-26")])
        .at("2020-03-30")
        .when(lend("c4", "ann"))
        .then_rejected("overdue")
        // Others are not concerned.
        .when(lend("c5", "stu"))
        .then_events(events![lent("c5", "stu", "2020-04-27")])
        // Another copy than the late one does not help.
        .when(bring("c3", "ann"))
        .when(lend("c4", "ann"))
        .then_rejected("overdue")
        .when(bring("c1", "ann"))
        .when(lend("c4", "ann"))
        .then_events(events![lent("c4", "ann", "2020-04-27")]);
}

#[test]
fn copies_and_readers_are_known_once_and_only_known_ones_lend_and_borrow() {
    library()
        .when(AddCopy {
            copy: "c1".into(),
            title: "Emma".into(),
        })
        .then_rejected("known-copy")
        .when(RegisterReader {
            reader: "ann".into(),
            name: "Annette".into(),
            student: true,
        })
        .then_rejected("known-reader")
        .when(lend("c9", "ann"))
        .then_rejected("unknown-copy")
        .when(lend("c1", "eve"))
        .then_rejected("unknown-reader")
        .when_event(lent("c1", "eve", "2020-03-29"))
        .then_failed("row-missing")
        .when_event(lent("c9", "ann", "2020-03-29"))
        .then_failed("row-missing")
        .then_rows::<Loan>([]);
}
