//! Expectation files: which differences are wanted, each with a written reason. Everything else is unexpected.
//!
//! ```toml
//! [[expect]]
//! reason = "interest is counted by 30/360 from 1994 on"   # mandatory
//! table = "bank.account"              # differences in this table's columns
//! columns = ["interest"]              # only these; or `column = "interest"`; without either: any column
//! row = true                          # also rows that only one side changes, or that they change differently
//! event = "bank.TransactionPosted"    # narrowing: only at events of this type,
//! cause = "direct"                    #   what has this cause,
//! from = 1                            #   from this position
//! to = 20000                          #   to this one
//! count_max = 500                     # a match more than this is unexpected
//! count = 500                         # or: exactly so many; fewer is a failure too
//!
//! [[expect]]
//! reason = "reminders are sent by post now"
//! task = "mail"                       # tasks of this kind that appear, vanish or change
//!
//! [[expect]]
//! reason = "loans without an account were let through before"
//! doom = true                         # events that one side cannot materialize
//! ```
//!
//! An entry names at least one of `table`, `task` and `doom`, and takes a difference that any of them names. The first
//! entry that matches, and is not used up, takes a difference. `columns = []` with `row = true` means whole rows only.
//! A final row is the sum of many events, so there the narrowing and the counts do not apply: it is expected if each
//! of its changed columns is named by an entry, or, if one side lacks the row, by an entry with `row = true`.
//!
//! An entry without `count` that nothing met is only told of, unless every entry must be met (`strict`).

mod approval;
mod entry;
mod file;

pub use self::approval::{Approval, Approved, UNEXPLAINED};
pub use self::entry::About;
use self::entry::{Aspect, Entry, aspects};
use super::{Cause, Difference, EventDiff, ExpectationUse, FinalRow};
use crate::model::Result;

/// The expectations of one comparison, and how often each was met so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectations {
    entries: Vec<Entry>,
    unexpected: u64,
    is_strict: bool,
}

impl Expectations {
    /// Nothing is expected: every difference is unexpected.
    pub fn none() -> Expectations {
        Expectations::default()
    }

    /// Reads an expectation file. Errors name the line and what is allowed there.
    pub fn parse(text: &str) -> Result<Expectations> {
        Ok(Expectations {
            entries: file::parse(text)?,
            unexpected: 0,
            is_strict: false,
        })
    }

    /// From now on an entry that nothing met lacks a difference, whether it counts or not.
    pub fn strict(mut self) -> Expectations {
        self.is_strict = true;
        self
    }

    /// For each of the event's differences: is it unexpected? Counts what is met and what is not.
    pub fn check(&mut self, diff: &EventDiff) -> Vec<bool> {
        let about = |cause: &Cause| About {
            seq: diff.seq,
            event_type: &diff.event_type,
            cause: Some(*cause),
        };
        let differences = diff.differences.iter().zip(&diff.causes);
        differences
            .map(|(difference, cause)| !self.takes(about(cause), difference))
            .collect()
    }

    /// Is there an entry for a difference of this event? Counts it, or that there is none.
    pub fn takes(&mut self, event: About<'_>, difference: &Difference) -> bool {
        let taker = |aspect: Aspect<'_>| {
            self.entries.iter().position(|entry| {
                entry.met < entry.count_max && entry.is_about(event) && entry.names(aspect)
            })
        };
        let takers: Option<Vec<usize>> = aspects(difference).map(taker).collect();
        match &takers {
            Some(takers) => takers
                .iter()
                .for_each(|taker| self.entries[*taker].met += 1),
            None => self.unexpected += 1,
        }
        takers.is_some()
    }

    /// Is this row of the final state unexpected? Counts it if so.
    pub fn check_final(&mut self, row: &FinalRow) -> bool {
        let mut is_expected = true;
        for aspect in entry::final_aspects(row) {
            let mut is_named = false;
            for entry in self.entries.iter_mut().filter(|entry| entry.names(aspect)) {
                entry.final_rows += 1;
                is_named = true;
            }
            is_expected &= is_named;
        }
        self.unexpected += u64::from(!is_expected);
        !is_expected
    }

    /// How many of the events' differences each entry took, in the order of the file.
    pub fn uses(&self) -> Vec<ExpectationUse> {
        self.entries
            .iter()
            .map(|entry| ExpectationUse {
                reason: entry.reason.clone(),
                what: entry.words(),
                met: entry.met,
                count: entry.count,
                missing: entry.missing(self.is_strict),
            })
            .collect()
    }

    /// Differences that entries ask for and that did not appear, once everything was checked.
    pub fn missing(&self) -> u64 {
        let entries = self.entries.iter();
        entries.map(|entry| entry.missing(self.is_strict)).sum()
    }

    /// True when an entry asks for a cause.
    pub fn name_causes(&self) -> bool {
        self.entries.iter().any(|entry| entry.cause.is_some())
    }

    /// Goes on where an earlier comparison with the same file was: `uses` and `unexpected` as they were then.
    pub fn resume(&mut self, met: &[u64], unexpected: u64) {
        for (entry, met) in self.entries.iter_mut().zip(met) {
            entry.met = *met;
        }
        self.unexpected = unexpected;
    }

    /// Differences and final rows that no entry took.
    pub fn unexpected(&self) -> u64 {
        self.unexpected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{added_row, changed_row, column, doom, event, row, task};

    /// Which of an event's differences are unexpected: one character each, `!` or `.`.
    fn check(text: &str, diff: &EventDiff, expected: &str) {
        let mut expectations = Expectations::parse(text).unwrap();
        let found = expectations.check(diff);
        let marks: String = found.iter().map(|is| if *is { '!' } else { '.' }).collect();
        assert_eq!(marks, expected, "{text}");
        assert_eq!(
            expectations.unexpected(),
            expected.matches('!').count() as u64
        );
    }

    fn posted(differences: Vec<Difference>) -> EventDiff {
        event(7, "bank.TransactionPosted", Cause::Direct, differences)
    }

    fn entry(rest: &str) -> String {
        format!("[[expect]]\nreason = 'wanted'\n{rest}")
    }

    #[test]
    fn a_difference_is_expected_where_an_entry_names_it() {
        let diff = posted(vec![
            column(1, "interest", Some(1), Some(2)),
            column(1, "balance", Some(1), Some(2)),
            row(Some("update"), None),
            task(None, Some("mail")),
            doom("unknown account"),
        ]);
        for (rest, expected) in [
            ("table = 'bank.account'", "..!!!"),
            ("table = 'bank.account'\ncolumn = 'interest'", ".!!!!"),
            (
                "table = 'bank.account'\ncolumns = ['balance', 'opened']",
                "!.!!!",
            ),
            ("table = 'bank.account'\nrow = true", "..!!!"),
            ("table = 'bank.statement'", "!!!!!"),
            ("table = 'bank.statement'\nrow = true", "!!.!!"),
            (
                "table = 'bank.statement'\nrow = true\ncolumns = []",
                "!!.!!",
            ),
            ("table = 'bank.loan'\nrow = true", "!!!!!"),
            ("task = 'mail'", "!!!.!"),
            ("task = 'letter'", "!!!!!"),
            ("doom = true", "!!!!."),
            (
                "table = 'bank.account'\ntask = 'mail'\ndoom = true",
                "..!..",
            ),
        ] {
            check(&entry(rest), &diff, expected);
        }
    }

    #[test]
    fn narrowing_leaves_other_events_unexpected() {
        let diff = posted(vec![column(1, "interest", Some(1), Some(2))]);
        for (rest, expected) in [
            ("event = 'bank.TransactionPosted'", "."),
            ("event = 'bank.AccountOpened'", "!"),
            ("cause = 'direct'", "."),
            ("cause = 'inherited'", "!"),
            ("from = 7\nto = 7", "."),
            ("from = 8", "!"),
            ("to = 6", "!"),
        ] {
            check(
                &entry(&format!("table = 'bank.account'\n{rest}")),
                &diff,
                expected,
            );
        }
    }

    #[test]
    fn a_task_of_another_kind_needs_both_kinds_named() {
        let diff = posted(vec![task(Some("mail"), Some("letter"))]);
        check(&entry("task = 'mail'"), &diff, "!");
        check(
            &format!("{}\n{}", entry("task = 'mail'"), entry("task = 'letter'")),
            &diff,
            ".",
        );
    }

    #[test]
    fn matches_beyond_count_max_are_unexpected_unless_a_later_entry_takes_them() {
        let interest = || column(1, "interest", Some(1), Some(2));
        let diff = posted(vec![interest(), interest(), interest()]);
        let few = entry("table = 'bank.account'\ncount_max = 2");
        check(&few, &diff, "..!");
        check(
            &entry("table = 'bank.account'\ncount_max = 0"),
            &diff,
            "!!!",
        );

        let text = format!("{few}\n[[expect]]\nreason = 'rest'\ntable = 'bank.account'");
        let mut expectations = Expectations::parse(&text).unwrap();
        assert_eq!(expectations.check(&diff), [false, false, false]);
        assert_eq!(
            expectations.uses(),
            [
                ExpectationUse {
                    reason: "wanted".into(),
                    what: "bank.account, any column".into(),
                    met: 2,
                    count: None,
                    missing: 0,
                },
                ExpectationUse {
                    reason: "rest".into(),
                    what: "bank.account, any column".into(),
                    met: 1,
                    count: None,
                    missing: 0,
                }
            ]
        );
    }

    #[test]
    fn a_count_is_exact_more_is_unexpected_and_fewer_did_not_appear() {
        let interest = || column(1, "interest", Some(1), Some(2));
        let exactly = |count| entry(&format!("table = 'bank.account'\ncount = {count}"));
        for (found, count, unexpected, missing) in
            [(2, 2, 0, 0), (3, 2, 1, 0), (2, 5, 0, 3), (1, 0, 1, 0)]
        {
            let mut expectations = Expectations::parse(&exactly(count)).unwrap();
            expectations.check(&posted((0..found).map(|_| interest()).collect()));
            let judged = (expectations.unexpected(), expectations.missing());
            assert_eq!(judged, (unexpected, missing), "{found} of {count}");
            assert_eq!(expectations.uses()[0].missing, missing);
        }
    }

    #[test]
    fn an_entry_that_nothing_met_is_missing_only_where_all_must_be() {
        let file = entry("table = 'bank.account'\ncolumn = 'interest'\nevent = 'bank.Never'");
        let lenient = Expectations::parse(&file).unwrap();
        assert_eq!(lenient.missing(), 0);
        let mut strict = Expectations::parse(&file).unwrap().strict();
        assert_eq!(strict.missing(), 1);
        assert!(!strict.check_final(&changed_row(1, &["interest"])));
        assert_eq!(strict.missing(), 0, "a final row is what it named");
    }

    #[test]
    fn a_final_row_is_expected_when_each_changed_column_is_named() {
        let narrow =
            "table = 'bank.account'\ncolumn = 'interest'\ncause = 'direct'\nto = 1\ncount_max = 0";
        let balance = entry("table = 'bank.account'\ncolumn = 'balance'");
        let both = format!("{}\n{balance}", entry(narrow));
        let line = entry("table = 'bank.statement'");
        let whole_line = format!("{line}\nrow = true");
        for (text, row, unexpected) in [
            (&*entry(narrow), changed_row(1, &["interest"]), false),
            (
                &*entry(narrow),
                changed_row(1, &["interest", "balance"]),
                true,
            ),
            (&*both, changed_row(1, &["interest", "balance"]), false),
            (&*both, added_row(), true),
            (&*line, added_row(), true),
            (&*whole_line, added_row(), false),
            ("", added_row(), true),
        ] {
            let mut expectations = Expectations::parse(text).unwrap();
            assert_eq!(expectations.check_final(&row), unexpected, "{text} {row:?}");
            assert_eq!(expectations.unexpected(), u64::from(unexpected));
        }
    }

    #[test]
    fn without_a_file_every_difference_is_unexpected() {
        let diff = posted(vec![column(1, "interest", None, Some(2)), doom("")]);
        let mut expectations = Expectations::none();
        assert_eq!(expectations.check(&diff), [true, true]);
        assert!(expectations.check_final(&added_row()));
        assert_eq!(
            (expectations.unexpected(), expectations.uses()),
            (3, vec![])
        );
    }

    #[test]
    fn a_malformed_file_is_refused_with_line_and_way_out() {
        let refusal = |text: &str| Expectations::parse(text).unwrap_err().to_string();
        let messages: Vec<String> = [
            "[[expect]]\nreason = 'r'\n\ntabel = 'bank.account'",
            "[expectations]",
            "[[expect]]\ntable = 'bank.account'",
            "\n[[expect]]\nreason = ' '\ntable = 'bank.account'",
            "[[expect]]\nreason = 'r'",
            "[[expect]]\nreason = 'r'\ncolumn = 'x'\ndoom = true",
            "[[expect]]\nreason = 'r'\ntable = 'account'",
            "[[expect]]\nreason = 'r'\ntable = 'bank.account'\ncolumn = 'a'\ncolumns = ['b']",
            "[[expect]]\nreason = 'r'\ntable = 'bank.account'\ncolumns = []",
            "[[expect]]\nreason = 'r'\ntable = 'bank.account'\ncolumn = 'A b'",
            "[[expect]]\nreason = 'r'\ndoom = true\nevent = 'Posted'",
            "[[expect]]\nreason = 'r'\ndoom = true\ncause = 'both'",
            "[[expect]]\nreason = 'r'\ndoom = true\nfrom = 9\nto = 3",
            "[[expect]]\nreason = 'r'\ndoom = true\ncount_max = -1",
            "[[expect]]\nreason = 'r'\ndoom = true\ncount = 1\ncount_max = 1",
            "[[expect]]\nreason = 'r'\n[[expect]]\nreason = 'r'\ndoom = yes",
        ]
        .map(refusal)
        .into();
        insta::assert_snapshot!(messages.join("\n"), @"
        expectation file, line 4: unknown field `tabel`, expected one of `reason`, `table`, `column`, `columns`, `row`, `task`, `doom`, `event`, `cause`, `from`, `to`, `count`, `count_max`
        expectation file, line 1: unknown field `expectations`, expected `expect`
        expectation file, line 1: missing field `reason`
        expectation file, entry at line 2: the reason is empty
        expectation file, entry at line 1: nothing is named
        expectation file, entry at line 1: 'column' is given without a table
        expectation file, entry at line 1: table 'account' is not of the form plugin.table
        expectation file, entry at line 1: both column and columns are given
        expectation file, entry at line 1: columns is empty
        expectation file, entry at line 1: column 'A b' is not of the form [a-z][a-z0-9_]*
        expectation file, entry at line 1: type 'Posted' is not of the form plugin.Name (letters, digits and '_' after the dot, 96 characters at most)
        expectation file, line 4: unknown variant `both`, expected `direct` or `inherited`
        expectation file, entry at line 1: from 9 is after to 3
        expectation file, line 4: invalid value: integer `-1`, expected u64
        expectation file, entry at line 1: both count and count_max are given
        expectation file, line 5: string values must be quoted, expected literal string
        ");
    }
}
