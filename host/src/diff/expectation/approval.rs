//! Approving: an expectation file written so that it says exactly what a comparison found, as a snapshot test does.
//!
//! There is an entry for each column, for whole rows, for each kind of task and for dooms, narrowed to one type of event, with
//! the number of its differences. Each column has its own, so that one that differs less is not made up for by one that
//! differs more. What people wrote stays: the lines above the first entry, and the reason of an older entry that names the
//! same thing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::entry::{Aspect, Entry, aspects, final_aspects};
use super::file;
use crate::diff::{EventDiff, FinalRow, Sink, Summary};
use crate::model::Result;

/// The reason of an entry that nobody has explained yet.
pub const UNEXPLAINED: &str = "not explained yet";

/// What an entry can name, as it is kept. The order is that of the entries in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Column(String, String),
    Row(String),
    Task(String),
    Doom,
}

impl Named {
    fn of(aspect: Aspect<'_>) -> Named {
        match aspect {
            Aspect::Column { table, column } => Named::Column(table.to_owned(), column.to_owned()),
            Aspect::Row { table } => Named::Row(table.to_owned()),
            Aspect::Task { kind } => Named::Task(kind.to_owned()),
            Aspect::Doom => Named::Doom,
        }
    }

    fn aspect(&self) -> Aspect<'_> {
        match self {
            Named::Column(table, column) => Aspect::Column { table, column },
            Named::Row(table) => Aspect::Row { table },
            Named::Task(kind) => Aspect::Task { kind },
            Named::Doom => Aspect::Doom,
        }
    }
}

/// Collects what a comparison finds, on its way to the report.
pub struct Approval<'a> {
    report: &'a mut dyn Sink,
    /// By event type and what differs.
    found: BTreeMap<(String, Named), u64>,
    final_rows: BTreeSet<Named>,
}

/// A file that says what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    pub text: String,
    pub entries: usize,
    /// Entries whose reason is still to be written.
    pub unexplained: usize,
}

impl<'a> Approval<'a> {
    pub fn beside(report: &'a mut dyn Sink) -> Self {
        Approval {
            report,
            found: BTreeMap::new(),
            final_rows: BTreeSet::new(),
        }
    }

    /// The file, in the place of `old`; `heading` is what it begins with where there is none yet, as lines of comment.
    pub fn file(mut self, old: Option<&str>, heading: &str) -> Result<Approved> {
        let known = file::parse(old.unwrap_or_default())?;
        let named: BTreeSet<Named> = self.found.keys().map(|(_, named)| named.clone()).collect();
        // A final row that no told event accounts for: of events before the range.
        for named in self.final_rows.difference(&named) {
            self.found.insert((String::new(), named.clone()), 0);
        }
        let mut approved = Approved {
            text: match old {
                Some(old) => above_the_entries(old).to_owned(),
                None => heading.to_owned(),
            },
            entries: self.found.len(),
            unexplained: 0,
        };
        for ((event, named), count) in &self.found {
            let reason = reason(&known, event, named.aspect());
            approved.unexplained += usize::from(reason == UNEXPLAINED);
            write_entry(&mut approved.text, reason, event, named, *count);
        }
        Ok(approved)
    }
}

impl Sink for Approval<'_> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        for aspect in diff.differences.iter().flat_map(aspects) {
            let name = (diff.event_type.to_string(), Named::of(aspect));
            *self.found.entry(name).or_default() += 1;
        }
        self.report.event(diff, unexpected)
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        self.final_rows
            .extend(final_aspects(row).into_iter().map(Named::of));
        self.report.final_row(row, unexpected)
    }

    fn finish(&mut self, summary: &Summary) -> Result<()> {
        self.report.finish(summary)
    }
}

/// What somebody wrote about the same thing: of entries for this very type of event, else for any.
fn reason<'e>(known: &'e [Entry], event: &str, aspect: Aspect<'_>) -> &'e str {
    let same = |entry: &&Entry| entry.names(aspect) && entry.reason != UNEXPLAINED;
    let of = |named: Option<&str>| {
        let mut entries = known.iter().filter(same);
        entries.find(|entry| entry.event.as_deref() == named)
    };
    of(Some(event).filter(|event| !event.is_empty()))
        .or_else(|| of(None))
        .map_or(UNEXPLAINED, |entry| &entry.reason)
}

/// The lines before the first entry.
fn above_the_entries(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("[[") {
            break;
        }
        at += line.len();
    }
    text[..at].trim_end_matches(['\n', '\r', ' ', '\t'])
}

fn write_entry(text: &mut String, reason: &str, event: &str, named: &Named, count: u64) {
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        let _ = text.write_fmt(words);
        text.push('\n');
    };
    line(format_args!("[[expect]]"));
    line(format_args!("reason = {}", quoted(reason)));
    match named {
        Named::Column(table, column) => {
            line(format_args!("table = {}", quoted(table)));
            line(format_args!("column = {}", quoted(column)));
        }
        Named::Row(table) => {
            line(format_args!("table = {}", quoted(table)));
            line(format_args!("columns = []"));
            line(format_args!("row = true"));
        }
        Named::Task(kind) => line(format_args!("task = {}", quoted(kind))),
        Named::Doom => line(format_args!("doom = true")),
    }
    if !event.is_empty() {
        line(format_args!("event = {}", quoted(event)));
    }
    line(format_args!("count = {count}"));
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Expectations;
    use crate::diff::Unheard;
    use crate::diff::samples::run;

    /// What is approved of the sample comparison, beside an older file.
    fn approved(old: Option<&str>) -> Approved {
        let mut nobody = Unheard;
        let mut approval = Approval::beside(&mut nobody);
        run(&mut approval, old.unwrap_or_default());
        approval.file(old, "# What is meant to change.\n").unwrap()
    }

    #[test]
    fn an_approved_file_names_each_thing_that_differs_with_its_count() {
        let first = approved(None);
        insta::assert_snapshot!(first.text, @r#"
        # What is meant to change.

        [[expect]]
        reason = "not explained yet"
        doom = true
        event = "bank.InterestAccrued"
        count = 1

        [[expect]]
        reason = "not explained yet"
        table = "bank.account"
        column = "balance"
        event = "bank.TransactionPosted"
        count = 1

        [[expect]]
        reason = "not explained yet"
        table = "bank.account"
        column = "interest"
        event = "bank.TransactionPosted"
        count = 4

        [[expect]]
        reason = "not explained yet"
        table = "bank.statement"
        columns = []
        row = true
        event = "bank.TransactionPosted"
        count = 1

        [[expect]]
        reason = "not explained yet"
        task = "letter"
        event = "bank.TransactionPosted"
        count = 1

        [[expect]]
        reason = "not explained yet"
        task = "mail"
        event = "bank.TransactionPosted"
        count = 2
        "#);
        assert_eq!((first.entries, first.unexplained), (6, 6));
    }

    #[test]
    fn what_was_approved_is_expected_entirely_and_approving_again_changes_no_byte() {
        let first = approved(None).text;
        let mut found = Found::default();
        run(&mut found, &first);
        assert_eq!((found.unexpected, found.missing), (0, 0));
        assert_eq!(approved(Some(&first)).text, first);
    }

    #[derive(Default)]
    struct Found {
        unexpected: u64,
        missing: u64,
    }

    impl Sink for Found {
        fn event(&mut self, _: &EventDiff, _: &[bool]) -> Result<()> {
            Ok(())
        }
        fn final_row(&mut self, _: &FinalRow, _: bool) -> Result<()> {
            Ok(())
        }
        fn finish(&mut self, summary: &Summary) -> Result<()> {
            (self.unexpected, self.missing) = (summary.unexpected, summary.missing);
            Ok(())
        }
    }

    #[test]
    fn what_people_wrote_stays_and_what_nothing_meets_goes() {
        let old = "# Agreed on in March.\n\n# By Ann.\n[[expect]]\nreason = 'a \"new\" count\\of days'\ntable = 'bank.account'\n\
                   column = 'interest'\n[[expect]]\nreason = 'never'\ntask = 'pigeon'\n";
        let text = approved(Some(old)).text;
        assert!(
            text.starts_with("# Agreed on in March.\n\n# By Ann.\n\n[[expect]]\n"),
            "{text}"
        );
        assert!(!text.contains("pigeon"), "{text}");
        assert_eq!(
            text.matches(r#"reason = "a \"new\" count\\of days""#)
                .count(),
            1
        );
        let read = Expectations::parse(&text).unwrap().uses();
        assert!(
            read.iter()
                .any(|entry| entry.reason == r#"a "new" count\of days"#)
        );
        assert!(read.iter().any(|entry| !entry.is_explained()));
    }

    #[test]
    fn the_reason_for_this_type_of_event_comes_before_that_for_any() {
        let entry = |reason: &str, rest: &str| {
            format!("[[expect]]\nreason = '{reason}'\ndoom = true\n{rest}\n")
        };
        let old = entry("any", "") + &entry("this", "event = 'bank.InterestAccrued'");
        let text = approved(Some(&old)).text;
        assert!(
            text.contains(
                "reason = \"this\"\ndoom = true\nevent = \"bank.InterestAccrued\"\ncount = 1\n"
            ),
            "{text}"
        );
    }
}
