//! The report for a terminal. Nothing is written before the end, so that it does not run into a progress bar; until
//! then no more is kept than will be shown. The same comparison gives the same text, but for the figures of time.

mod tables;

use std::collections::BTreeMap;
use std::io::Write;

use self::tables::{
    aligned, costs, counts, dooms, expectations, final_counts, layout, mark, table, tasks, trimmed,
};
use super::words::{
    counted, final_place, final_words, grouped, place, printable, shortened, sides, verdict,
};
use super::{EventDiff, FinalRow, Sink, Summary};
use crate::model::{Error, Result};

/// Differing events shown on a line each, unless the caller says otherwise.
const FURTHER_MAX: usize = 20;
/// Differences of the first diverging event, and of a further one, that are shown.
const FIRST_DIFFERENCES_MAX: usize = 200;
const FURTHER_DIFFERENCES_MAX: usize = 3;
/// Characters of a further event's subject.
const SUBJECT_CHARS_MAX: usize = 40;
/// Final rows shown of each table, and tables they are shown of.
const EXAMPLES_MAX: usize = 3;
const TABLES_MAX: usize = 100;

/// A `Sink` that writes for people at a terminal.
pub struct TextReport<W: Write> {
    out: W,
    further_max: usize,
    is_coloured: bool,
    /// The first event with something unexpected, or, as long as there is none, the first that differs.
    first: Option<First>,
    expected: Shown,
    unexpected: Shown,
    final_rows: BTreeMap<String, (Shown, Shown)>,
}

/// The event that is shown whole: which of its differences are unexpected, and its line if another one takes its place.
struct First {
    unexpected: Vec<bool>,
    line: Vec<String>,
}

/// The first few of many, each in its parts.
#[derive(Default)]
struct Shown {
    lines: Vec<Vec<String>>,
    count: u64,
}

impl Shown {
    fn add(&mut self, count_max: usize, line: impl FnOnce() -> Vec<String>) {
        self.count += 1;
        if self.lines.len() < count_max {
            self.lines.push(line());
        }
    }
}

impl Shown {
    fn put_first(&mut self, count_max: usize, line: Vec<String>) {
        self.count += 1;
        self.lines.insert(0, line);
        self.lines.truncate(count_max);
    }
}

impl<W: Write> TextReport<W> {
    /// A report without colours that shows 20 further events.
    pub fn new(out: W) -> Self {
        TextReport {
            out,
            further_max: FURTHER_MAX,
            is_coloured: false,
            first: None,
            expected: Shown::default(),
            unexpected: Shown::default(),
            final_rows: BTreeMap::new(),
        }
    }

    /// How many events after the first diverging one are shown, expected and unexpected ones each.
    pub fn further_max(mut self, count: usize) -> Self {
        self.further_max = count;
        self
    }

    /// Colours and bold type by ANSI sequences.
    pub fn coloured(mut self, is_coloured: bool) -> Self {
        self.is_coloured = is_coloured;
        self
    }
}

impl<W: Write> Sink for TextReport<W> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        let is_first = match &self.first {
            None => true,
            Some(first) => !first.unexpected.contains(&true) && unexpected.contains(&true),
        };
        if is_first {
            let first = First {
                unexpected: unexpected.to_vec(),
                line: further_event(diff, unexpected),
            };
            if let Some(passed) = self.first.replace(first) {
                self.expected.put_first(self.further_max, passed.line);
            }
            return Ok(());
        }
        let shown = if unexpected.contains(&true) {
            &mut self.unexpected
        } else {
            &mut self.expected
        };
        shown.add(self.further_max, || further_event(diff, unexpected));
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        if self.final_rows.len() == TABLES_MAX && !self.final_rows.contains_key(&row.table) {
            return Ok(());
        }
        let (expected_rows, unexpected_rows) =
            self.final_rows.entry(row.table.clone()).or_default();
        let shown = if unexpected {
            unexpected_rows
        } else {
            expected_rows
        };
        shown.add(EXAMPLES_MAX, || vec![final_place(row), final_words(row)]);
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<()> {
        let text = self.text(summary);
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| Error::io("writing the report", error))
    }
}

/// What the marks mean is said once, where there are any.
const MARKS: &str = "! marks what no expectation names\n";
const MISSING_MARKS: &str = "! marks expected differences that did not appear\n";
const BOTH_MARKS: &str =
    "! marks what no expectation names, and expected differences that did not appear\n";

impl<W: Write> TextReport<W> {
    fn text(&self, summary: &Summary) -> String {
        let mut text = format!(
            "{} (base) against {} (candidate), events {} to {}\n",
            self.bold(&printable(&summary.base)),
            self.bold(&printable(&summary.candidate)),
            grouped(summary.from.0),
            grouped(summary.to.0),
        );
        let judges = !summary.expectations.is_empty();
        if judges && !summary.is_as_expected() {
            text.push_str(match (summary.unexpected, summary.missing) {
                (_, 0) => MARKS,
                (0, _) => MISSING_MARKS,
                _ => BOTH_MARKS,
            });
        }
        self.section(&mut text, "Columns that one side has", &layout(summary));
        if let Some(first) = &summary.first {
            let unexpected = { self.first.as_ref() }
                .filter(|_| judges)
                .map_or(&[][..], |first| &first.unexpected);
            self.section(
                &mut text,
                "First diverging event",
                &first_event(first, unexpected),
            );
        }
        self.further(&mut text, summary);
        self.section(&mut text, "Differing events", &counts(summary));
        self.section(&mut text, "Tasks", &tasks(summary));
        self.section(&mut text, "Events of doom", &dooms(summary));
        self.section(&mut text, "Final rows", &final_counts(summary));
        for (expected, unexpected) in self.final_rows.values() {
            let lines = unexpected.lines.iter().map(|line| (judges, line));
            let lines = lines.chain(expected.lines.iter().map(|line| (false, line)));
            text.push_str(&aligned(lines.take(EXAMPLES_MAX), &[]));
        }
        self.section(&mut text, "Expectations", &expectations(summary));
        self.section(&mut text, "Cost", &costs(summary));
        let colour = match summary.is_as_expected() {
            true => GREEN,
            false => RED,
        };
        text.push('\n');
        text.push_str(&self.styled(colour, &format!("{}.", verdict(summary))));
        text.push('\n');
        text
    }

    fn further(&self, text: &mut String, summary: &Summary) {
        let judges = !summary.expectations.is_empty();
        let title = if judges {
            "Further unexpected events"
        } else {
            "Further events"
        };
        let groups = [
            (&self.unexpected, judges, title),
            (&self.expected, false, "Further events, as expected"),
        ];
        for (shown, is_marked, title) in groups {
            let mut lines = aligned(shown.lines.iter().map(|line| (is_marked, line)), &[1]);
            let more = shown.count - shown.lines.len() as u64;
            if more > 0 && !shown.lines.is_empty() {
                lines.push_str(&format!("  and {}\n", counted(more, "more event")));
            }
            self.section(text, title, &lines);
        }
    }

    /// A heading with what belongs to it; nothing where there is nothing to tell.
    fn section(&self, text: &mut String, title: &str, body: &str) {
        if !body.is_empty() {
            text.push_str(&format!("\n{}\n{body}", self.bold(title)));
            if !body.ends_with('\n') {
                text.push('\n');
            }
        }
    }

    fn bold(&self, text: &str) -> String {
        self.styled(BOLD, text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.is_coloured {
            format!("{style}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    }
}

const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[1;32m";
const PLAIN: &str = "\u{1b}[0m";

fn first_event(diff: &EventDiff, unexpected: &[bool]) -> String {
    let mut table = table(&["", "where", "base", "candidate"], 4);
    for (at, difference) in diff
        .differences
        .iter()
        .enumerate()
        .take(FIRST_DIFFERENCES_MAX)
    {
        let (base, candidate) = sides(difference);
        let mark = mark(unexpected.get(at).copied().unwrap_or(false)).to_owned();
        table.add_row([mark, place(difference), base, candidate]);
    }
    let more = diff.differences.len().saturating_sub(FIRST_DIFFERENCES_MAX) as u64;
    let more = if more > 0 {
        format!("\n  and {}", counted(more, "more difference"))
    } else {
        String::new()
    };
    let subject = diff
        .subject
        .iter()
        .map(|subject| format!("  {}", printable(subject)));
    format!(
        "  {}  {}  {}  {}{}\n{}{more}\n",
        grouped(diff.seq.0),
        diff.cause.as_str(),
        diff.event_type,
        printable(&diff.time),
        subject.collect::<String>(),
        trimmed(&table)
    )
}

/// One event on one line, with its first differences.
fn further_event(diff: &EventDiff, unexpected: &[bool]) -> Vec<String> {
    // What is unexpected comes first: it is what the reader looks for.
    let mut order: Vec<usize> = (0..diff.differences.len()).collect();
    order.sort_by_key(|at| !unexpected[*at]);
    let mut words: Vec<String> = order
        .iter()
        .take(FURTHER_DIFFERENCES_MAX)
        .map(|at| {
            let difference = &diff.differences[*at];
            let (base, candidate) = sides(difference);
            format!("{} {base} → {candidate}", place(difference))
        })
        .collect();
    let more = diff
        .differences
        .len()
        .saturating_sub(FURTHER_DIFFERENCES_MAX);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    vec![
        grouped(diff.seq.0),
        diff.cause.as_str().to_owned(),
        diff.event_type.to_string(),
        diff.subject
            .as_deref()
            .map(|subject| shortened(subject, SUBJECT_CHARS_MAX))
            .unwrap_or_default(),
        words.join("; "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{run, same};

    fn report(further_max: usize, file: &str, feed: fn(&mut dyn Sink, &str)) -> String {
        let mut out = Vec::new();
        feed(
            &mut TextReport::new(&mut out).further_max(further_max),
            file,
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn without_expectations_the_report_tells_everything_and_marks_nothing() {
        insta::assert_snapshot!(report(20, "", run), @r#"
        bank@1993-01-01 (base) against bank@1994-01-01 (candidate), events 1 to 46,997

        First diverging event
          1,204  direct  bank.TransactionPosted  1993-01-01T00:00:00Z  account 0
              where                       base   candidate
         ──────────────────────────────────────────────────
              bank.account[17].interest   120    118

        Further events
            1,310  inherited  bank.TransactionPosted  account 1                                              bank.account[17].interest 3000 → 2998; bank.statement["A1", 7] update → no change; bank.account[17].balance – → 2; and 2 more
            1,420  direct     bank.InterestAccrued    </script><script>alert(1)</script>\u{1b}[31m\u{202e}…  event of doom materializes → fails: </script><script>alert(1)</script>\u{1b}[31m\u{202e}&"'
            9,000  inherited  bank.TransactionPosted  account 5                                              bank.account[3].interest -5 → 5
            9,100  inherited  bank.TransactionPosted  account 0                                              bank.account[3].interest -5 → 5

        Differing events
          by                                direct   inherited   events
         ───────────────────────────────────────────────────────────────
          type     bank.InterestAccrued          1           0        1
          type     bank.TransactionPosted        1           3        4
          column   bank.account.balance          0           1        1
          column   bank.account.interest         1           3        4
          row      bank.statement                0           1        1
          all                                    2           3        5

        Tasks
          kind     appear   vanish   change
         ───────────────────────────────────
          letter        1        0        0
          mail          1        1        0

        Events of doom
          base 0, candidate 1

        Final rows
          table            added   removed   changed   columns that changed
         ────────────────────────────────────────────────────────────────────
          bank.account         0         0         2   balance 1, interest 2
          bank.statement       1         0         0
            bank.account[3]   interest 0 → 100
            bank.account[17]  interest 0 → 100, balance 1 → 101
            bank.statement["A1", 7]  added: account "A1", line 7, amount -1.5, scan x'00ff'

        Cost
                                base     candidate   ratio
         ──────────────────────────────────────────────────
          fuel           412,000,000   515,000,000   1.25×
          host calls          93,994        93,994   1.00×
          rows read           46,997        46,997   1.00×
          rows written        46,997        46,997   1.00×
          time                0.50 s        0.75 s   1.50×
          dearest bank.Posted: 10,300 → 12,875 fuel
          both at the same time in 0.80 s

        5 of 46,997 events and 3 final rows differ; no expectations were given.
        "#);
    }

    #[test]
    fn with_expectations_the_unexpected_comes_first_and_is_marked() {
        let file = "
            [[expect]]
            reason = 'interest is counted by 30/360 from 1994 on'
            table = 'bank.account'
            column = 'interest'

            [[expect]]
            reason = 'letters are gone'
            task = 'letter'
        ";
        insta::assert_snapshot!(report(2, file, run), @r#"
        bank@1993-01-01 (base) against bank@1994-01-01 (candidate), events 1 to 46,997
        ! marks what no expectation names

        First diverging event
          1,310  inherited  bank.TransactionPosted  1993-01-23T00:00:00Z  account 1
              where                       base                        candidate
         ─────────────────────────────────────────────────────────────────────────────────────────
              bank.account[17].interest   3000                        2998
          !   bank.statement["A1", 7]     update                      no change
          !   bank.account[17].balance    –                           2
          !   task 1                      mail: key A1, {"to":"A1"}   letter: key A1, {"to":"A1"}
          !   task 2                      no task                     mail: key A1, {"to":"A1"}

        Further unexpected events
         !  1,420  direct  bank.InterestAccrued  </script><script>alert(1)</script>\u{1b}[31m\u{202e}…  event of doom materializes → fails: </script><script>alert(1)</script>\u{1b}[31m\u{202e}&"'

        Further events, as expected
            1,204  direct     bank.TransactionPosted  account 0  bank.account[17].interest 120 → 118
            9,000  inherited  bank.TransactionPosted  account 5  bank.account[3].interest -5 → 5
          and 1 more event

        Differing events
          by                                direct   inherited   events
         ───────────────────────────────────────────────────────────────
          type     bank.InterestAccrued          1           0        1
          type     bank.TransactionPosted        1           3        4
          column   bank.account.balance          0           1        1
          column   bank.account.interest         1           3        4
          row      bank.statement                0           1        1
          all                                    2           3        5

        Tasks
          kind     appear   vanish   change
         ───────────────────────────────────
          letter        1        0        0
          mail          1        1        0

        Events of doom
          base 0, candidate 1

        Final rows
          table            added   removed   changed   columns that changed
         ────────────────────────────────────────────────────────────────────
          bank.account         0         0         2   balance 1, interest 2
          bank.statement       1         0         0
         !  bank.account[17]  interest 0 → 100, balance 1 → 101
            bank.account[3]   interest 0 → 100
         !  bank.statement["A1", 7]  added: account "A1", line 7, amount -1.5, scan x'00ff'

        Expectations
          reason                                         met
         ────────────────────────────────────────────────────
          interest is counted by 30/360 from 1994 on       4
          letters are gone                             never

        Cost
                                base     candidate   ratio
         ──────────────────────────────────────────────────
          fuel           412,000,000   515,000,000   1.25×
          host calls          93,994        93,994   1.00×
          rows read           46,997        46,997   1.00×
          rows written        46,997        46,997   1.00×
          time                0.50 s        0.75 s   1.50×
          dearest bank.Posted: 10,300 → 12,875 fuel
          both at the same time in 0.80 s

        5 of 46,997 events and 3 final rows differ; 7 differences unexpected.
        "#);
    }

    #[test]
    fn a_comparison_without_differences_says_so() {
        insta::assert_snapshot!(report(20, "", same), @"
        bank@1993-01-01 (base) against bank@1994-01-01 (candidate), events 1 to 46,997

        Cost
                                base     candidate   ratio
         ──────────────────────────────────────────────────
          fuel           412,000,000   515,000,000   1.25×
          host calls          93,994        93,994   1.00×
          rows read           46,997        46,997   1.00×
          rows written        46,997        46,997   1.00×
          time                0.50 s        0.75 s   1.50×
          dearest bank.Posted: 10,300 → 12,875 fuel
          both at the same time in 0.80 s

        no difference in 46,997 events.
        ");
    }

    #[test]
    fn colours_are_only_written_when_asked_for() {
        let mut out = Vec::new();
        run(&mut TextReport::new(&mut out).coloured(true), "");
        let coloured = String::from_utf8(out).unwrap();
        assert!(coloured.contains(RED));
        let plain = [BOLD, RED, PLAIN]
            .iter()
            .fold(coloured, |text, style| text.replace(style, ""));
        assert_eq!(plain, report(20, "", run));
    }
}
