//! What version 2021-01-01 does otherwise than 2020-01-01: students have five books, and nobody else has more than before.

use daybook_sdk::Plugin as _;
use daybook_sdk::testing::{Scenario, declared_alike};
use library_2020_01_01 as first;
use library_2021_01_01::{Library, Reader, ReaderRegistered};

fn reader(id: &str, student: bool, books_max: u32) -> Reader {
    Reader {
        id: id.into(),
        name: id.into(),
        student,
        books_max,
    }
}

fn lend(copy: usize, reader: &str) -> first::LendCopy {
    first::LendCopy {
        copy: format!("c{copy}"),
        reader: reader.into(),
    }
}

/// Six copies, and the readers Ann and Stu, a student.
fn library() -> Scenario<Library> {
    let story = Scenario::new().previous::<first::Library>();
    let story = (1..=6).fold(story, |story, copy| {
        story.given(first::CopyAdded {
            copy: format!("c{copy}"),
            title: "Dune".into(),
        })
    });
    let registered = |id: &str, student: bool| ReaderRegistered {
        reader: id.into(),
        name: id.into(),
        student,
    };
    story
        .given(registered("ann", false))
        .given(registered("stu", true))
}

#[test]
fn only_a_students_row_has_another_number() {
    library().then_rows([reader("ann", false, 3), reader("stu", true, 5)]);
}

#[test]
fn a_student_has_five_books_and_anybody_else_three() {
    for (reader, books_max) in [("ann", 3), ("stu", 5)] {
        let story = (1..=books_max).fold(library(), |story, copy| story.when(lend(copy, reader)));
        story
            .when(lend(books_max + 1, reader))
            .then_rejected("too-many-books");
    }
}

#[test]
fn a_late_student_borrows_nothing_all_the_same() {
    library()
        .at("2021-03-01")
        .when(lend(1, "stu"))
        .at("2021-03-30")
        .when(lend(2, "stu"))
        .then_rejected("overdue");
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Library, first::Library>(),
        ["reader", "library.ReaderRegistered"]
    );
    assert!(Library::manifest().commands.is_empty());
}
