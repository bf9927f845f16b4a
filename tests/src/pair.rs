//! Owns what every pair of dated versions in `plugins/` is held to: their difference over a book is what the second one's
//! expectation file says, no more and no less, and its report is a page.

use std::collections::BTreeSet;
use std::fs;

use daybook::book::Book;
use daybook::diff::html::HtmlReport;
use daybook::diff::{EventDiff, Expectations, FinalRow, Sink, Summary};
use daybook::history;
use daybook::model::Error;
use daybook::study::{DiffRequest, Picked};

use crate::{Collected, version, workspace};

/// Findings that are collected and written as a page at the same time.
struct Both<'a> {
    found: Collected,
    page: HtmlReport<&'a mut Vec<u8>>,
}

impl Sink for Both<'_> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<(), Error> {
        self.found.event(diff, unexpected)?;
        self.page.event(diff, unexpected)
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<(), Error> {
        self.found.final_row(row, unexpected)?;
        self.page.final_row(row, unexpected)
    }

    fn finish(&mut self, summary: &Summary) -> Result<(), Error> {
        self.page.finish(summary)
    }
}

/// Diffs two versions of a plugin over the whole log. Panics unless everything that differs is named in
/// `plugins/<plugin>/<candidate's date>/expect.toml`, everything named there is found, and the report says all of it.
pub fn check_pair(book: &mut Book, base: &str, candidate: &str) -> Collected {
    let path = workspace::root()
        .join("plugins")
        .join(candidate.replace('@', "/"))
        .join("expect.toml");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let expectations = Expectations::parse(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut expectations = expectations.strict();
    let request = DiffRequest {
        base: Picked::Pinned(vec![version(base)]),
        candidate: Picked::Pinned(vec![version(candidate)]),
        from: None,
        to: None,
    };
    let mut page = Vec::new();
    let mut both = Both {
        found: Collected::default(),
        page: HtmlReport::new(&mut page),
    };
    book.study()
        .diff(
            &request,
            &mut expectations,
            &mut both,
            &mut history::silent(),
        )
        .unwrap_or_else(|error| panic!("diff of {base} and {candidate}: {error}"));
    let found = both.found;
    assert_eq!(
        expectations.unexpected(),
        0,
        "{} does not name all of {found:#?}",
        path.display()
    );
    assert_eq!(
        expectations.missing(),
        0,
        "{}: not all is found: {:#?}",
        path.display(),
        expectations.uses()
    );
    let page = String::from_utf8(page).expect("a page is text");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    let types: BTreeSet<_> = found
        .events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    for event_type in types {
        let listed = format!("data-type=\"{event_type}\"");
        assert!(page.contains(&listed), "the page lists no {event_type}");
    }
    found
}
