//! The plugin `library`, version 2020-01-01: copies of books, the readers they are lent to, and when they are due.
//!
//! How many books a reader may have at once is in the reader's row, and not in the rule that refuses a book too many: a
//! later version only has to write another number there.

use daybook_sdk::prelude::*;

/// For how long a copy is lent, in days. It is due on the last of them.
pub const LOAN_DAYS: i32 = 28;

/// How many books a reader may have at once.
pub const BOOKS_MAX: u32 = 3;

/// The library has a copy of a book.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct CopyAdded {
    /// The copy's number, as on its label.
    pub copy: String,
    /// The book's title.
    pub title: String,
}

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

/// A copy was lent.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct CopyLent {
    /// The copy's number.
    pub copy: String,
    /// The number on the reader's card.
    pub reader: String,
    /// The last day on which it is not late.
    pub due: Date,
}

/// A copy is back.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct CopyReturned {
    /// The copy's number.
    pub copy: String,
    /// The number on the card of the reader who had it.
    pub reader: String,
}

/// Add a copy of a book.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct AddCopy {
    /// The number for its label.
    #[schemars(length(min = 1, max = 50))]
    pub copy: String,
    /// The book's title.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
}

/// Let somebody borrow.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct RegisterReader {
    /// The number for the reader's card.
    #[schemars(length(min = 1, max = 50))]
    pub reader: String,
    /// The reader's name.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// The reader is a student.
    #[serde(default)]
    pub student: bool,
}

/// Lend a copy to a reader.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct LendCopy {
    /// The copy's number.
    #[schemars(length(min = 1, max = 50))]
    pub copy: String,
    /// The number on the reader's card.
    #[schemars(length(min = 1, max = 50))]
    pub reader: String,
}

/// Take a copy back.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct ReturnCopy {
    /// The copy's number.
    #[schemars(length(min = 1, max = 50))]
    pub copy: String,
    /// The number on the card of the reader who brings it.
    #[schemars(length(min = 1, max = 50))]
    pub reader: String,
}

/// What the library has.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Copy {
    /// The number on its label.
    #[key]
    pub id: String,
    /// The book's title.
    pub title: String,
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

/// What is out.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_reader = [reader, due, copy]))]
pub struct Loan {
    /// The copy's number: it is out once at most.
    #[key]
    pub copy: String,
    /// The number on the reader's card.
    pub reader: String,
    /// The day on which it was lent.
    pub lent: Date,
    /// The last day on which it is not late.
    pub due: Date,
}

/// The plugin.
pub struct Library;

#[plugin(
    name = "library",
    version = "2020-01-01",
    description = "Copies of books, and the readers they are lent to",
    changes = ["the first version: three books for each reader, for 28 days"],
    tables = [Copy, Reader, Loan]
)]
impl Library {
    #[materialize]
    fn copy_added(event: &Event<CopyAdded>, cx: &Materialization) -> Done {
        let CopyAdded { copy, title } = event.data.clone();
        Copy { id: copy, title }.insert(cx)
    }

    #[materialize]
    fn reader_registered(event: &Event<ReaderRegistered>, cx: &Materialization) -> Done {
        let ReaderRegistered {
            reader,
            name,
            student,
        } = event.data.clone();
        Reader {
            id: reader,
            name,
            student,
            books_max: BOOKS_MAX,
        }
        .insert(cx)
    }

    /// Also of loans from before there was this plugin: how many books a reader may have is not asked here.
    #[materialize]
    fn copy_lent(event: &Event<CopyLent>, cx: &Materialization) -> Done {
        let CopyLent { copy, reader, due } = event.data.clone();
        Copy::require(cx, &copy)?;
        Reader::require(cx, &reader)?;
        Loan {
            copy,
            reader,
            lent: event.date()?,
            due,
        }
        .insert(cx)
    }

    #[materialize]
    fn copy_returned(event: &Event<CopyReturned>, cx: &Materialization) -> Done {
        let CopyReturned { copy, reader } = &event.data;
        let loan = Loan::require(cx, copy)?;
        if loan.reader != *reader {
            let message = format!("copy '{copy}' is out to {}, not to {reader}", loan.reader);
            return fail("out-to-another", message);
        }
        Loan::delete(cx, copy)
    }

    #[create]
    fn add_copy(command: &Command<AddCopy>, cx: &Creation) -> Decision {
        let AddCopy { copy, title } = command.data.clone();
        if let Some(known) = Copy::get(cx, &copy)? {
            let message = format!(
                "copy '{copy}' is of '{}'; give this one another number",
                known.title
            );
            return reject("known-copy", message);
        }
        Ok(events![CopyAdded { copy, title }])
    }

    #[create]
    fn register_reader(command: &Command<RegisterReader>, cx: &Creation) -> Decision {
        let RegisterReader {
            reader,
            name,
            student,
        } = command.data.clone();
        if let Some(known) = Reader::get(cx, &reader)? {
            let message = format!(
                "card '{reader}' is {}'s; give this one another number",
                known.name
            );
            return reject("known-reader", message);
        }
        Ok(events![ReaderRegistered {
            reader,
            name,
            student
        }])
    }

    /// Whether there is one book too many is asked last: who is refused for that would be let through but for it.
    #[create]
    fn lend_copy(command: &Command<LendCopy>, cx: &Creation) -> Decision {
        let LendCopy { copy, reader } = command.data.clone();
        existing(&copy, cx)?;
        let Some(borrower) = Reader::get(cx, &reader)? else {
            return reject("unknown-reader", format!("there is no reader '{reader}'"));
        };
        if let Some(loan) = Loan::get(cx, &copy)? {
            let message = format!("copy '{copy}' is out to {} until {}", loan.reader, loan.due);
            return reject("out-already", message);
        }
        let loans = Loan::find(cx).by(Loan::BY_READER).prefix(reader.as_str());
        let loans = loans.rows()?;
        // What is due first comes first.
        if let Some(late) = loans.first().filter(|loan| loan.due < cx.today()) {
            let message = format!(
                "{reader} has copy '{}', which was due on {}; it has to come back first",
                late.copy, late.due
            );
            return reject("overdue", message);
        }
        if loans.len() >= borrower.books_max as usize {
            let message = format!(
                "{reader} has {} books out, and {} at most are allowed; one has to come back first",
                loans.len(),
                borrower.books_max
            );
            return reject("too-many-books", message);
        }
        let due = cx.today().plus_days(LOAN_DAYS);
        Ok(events![CopyLent { copy, reader, due }])
    }

    #[create]
    fn return_copy(command: &Command<ReturnCopy>, cx: &Creation) -> Decision {
        let ReturnCopy { copy, reader } = command.data.clone();
        existing(&copy, cx)?;
        let Some(loan) = Loan::get(cx, &copy)? else {
            return reject("not-out", format!("copy '{copy}' is not out"));
        };
        if loan.reader != reader {
            let message = format!("copy '{copy}' is out to {}, not to {reader}", loan.reader);
            return reject("out-to-another", message);
        }
        Ok(events![CopyReturned { copy, reader }])
    }
}

fn existing(copy: &str, cx: &Creation) -> Result<Copy, Refusal> {
    let found = Copy::get(cx, copy)?;
    found.map_or_else(
        || reject("unknown-copy", format!("there is no copy '{copy}'")),
        Ok,
    )
}
