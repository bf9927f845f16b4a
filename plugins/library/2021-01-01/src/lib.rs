//! The plugin `library`, version 2021-01-01: students may have five books at once.
//!
//! The rule that refuses a book too many reads the number from the reader's row. So nothing but that number changes, and
//! lending, like all the rest, is left to version 2020-01-01.

use daybook_sdk::prelude::*;

/// How many books a student may have at once.
pub const STUDENT_BOOKS_MAX: u32 = 5;

/// Somebody may borrow.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct ReaderRegistered {
    /// The number on the reader's card.
    pub reader: String,
    /// The reader's name.
    pub name: String,
    /// The reader is a student.
    pub student: bool,
}

/// Who may borrow.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Reader {
    /// The number on the card.
    #[key]
    pub id: String,
    /// The reader's name.
    pub name: String,
    /// The reader is a student.
    pub student: bool,
    /// How many books the reader may have at once.
    pub books_max: u32,
}

/// The plugin.
pub struct Library;

#[plugin(
    name = "library",
    version = "2021-01-01",
    extends = "2020-01-01",
    description = "Copies of books, and the readers they are lent to",
    changes = ["five books for each student"],
    tables = [Reader]
)]
impl Library {
    #[materialize]
    fn reader_registered(event: &Event<ReaderRegistered>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        let ReaderRegistered {
            reader, student, ..
        } = &event.data;
        if *student {
            Reader::update(cx, reader, |row| row.books_max = STUDENT_BOOKS_MAX)?;
        }
        Ok(())
    }
}
