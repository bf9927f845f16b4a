//! The report for a browser: one file that needs nothing beside it and no network, in light and dark, usable by
//! keyboard alone and without scripts. Whatever comes from a payload is escaped, and the page forbids itself to load
//! anything. Nothing is written before the end; what is kept until then is bounded.

mod chart;
mod page;
mod tables;

use std::fmt::Write as _;
use std::io::Write;

use self::chart::Buckets;
use self::page::{cause_tag, difference_rows, envelope};
use self::tables::escaped;
use super::words::{final_place, final_words, grouped, place, sides};
use super::{Difference, EventDiff, FinalRow, Sink, Summary};
use crate::model::{Error, Result};

/// Listed events. Expected ones get at most half of the places, so that late unexpected ones are listed.
const EVENTS_MAX: u64 = 2_000;
/// Listed final rows, all tables together.
const FINAL_ROWS_MAX: u64 = 1_000;
/// Listed differences of one event.
const DIFFERENCES_MAX: usize = 50;
/// Bytes of one list: hostile values are long.
const LIST_BYTES_MAX: usize = 8 << 20;

/// A `Sink` that writes an HTML page.
pub struct HtmlReport<W: Write> {
    out: W,
    events: List,
    final_rows: List,
    buckets: Buckets,
    /// Of the first event's differences; none: there was no event yet.
    first_unexpected: Option<Vec<bool>>,
}

/// The first items of a list, already as HTML.
struct List {
    html: String,
    shown_max: u64,
    shown: u64,
    /// Of those shown.
    expected: u64,
    total: u64,
}

impl List {
    fn new(shown_max: u64) -> Self {
        List {
            html: String::new(),
            shown_max,
            shown: 0,
            expected: 0,
            total: 0,
        }
    }

    fn add(&mut self, is_expected: bool, write: impl FnOnce(&mut String)) {
        self.total += 1;
        let is_full = self.shown >= self.shown_max
            || self.html.len() >= LIST_BYTES_MAX
            || (is_expected && self.expected >= self.shown_max / 2);
        if !is_full {
            self.shown += 1;
            self.expected += u64::from(is_expected);
            write(&mut self.html);
        }
    }

    /// What is not listed, in words; none: everything is.
    fn rest(&self) -> Option<String> {
        let more = self.total - self.shown;
        (more > 0).then(|| {
            format!(
                "{} more are not listed; the JSON Lines report has all.",
                grouped(more)
            )
        })
    }
}

impl<W: Write> HtmlReport<W> {
    /// The page is written in one piece, when the comparison is done.
    pub fn new(out: W) -> Self {
        HtmlReport {
            out,
            events: List::new(EVENTS_MAX),
            final_rows: List::new(FINAL_ROWS_MAX),
            buckets: Buckets::new(),
            first_unexpected: None,
        }
    }
}

impl<W: Write> Sink for HtmlReport<W> {
    fn event(&mut self, diff: &EventDiff, unexpected: &[bool]) -> Result<()> {
        self.buckets.add(diff.seq, diff.cause);
        let is_first = match &self.first_unexpected {
            None => true,
            Some(first) => !first.contains(&true) && unexpected.contains(&true),
        };
        if is_first {
            self.first_unexpected =
                Some(unexpected.iter().copied().take(DIFFERENCES_MAX).collect());
        }
        let is_expected = !unexpected.contains(&true);
        self.events
            .add(is_expected, |html| event_item(html, diff, unexpected));
        Ok(())
    }

    fn final_row(&mut self, row: &FinalRow, unexpected: bool) -> Result<()> {
        self.final_rows.add(!unexpected, |html| {
            let _ = writeln!(
                html,
                "<tr{}><td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>",
                if unexpected {
                    " class=\"unexpected\""
                } else {
                    ""
                },
                escaped(&final_place(row)),
                escaped(&final_words(row)),
            );
        });
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> Result<()> {
        let page = self.page(summary);
        self.out
            .write_all(page.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| Error::io("writing the report", error))
    }
}

/// Shown only on a page with expectations.
const UNEXPECTED_TAG: &str = "<span class=\"tag unexpected\">unexpected</span>";

/// An event of the list: closed it shows its first difference, open all of them.
fn event_item(html: &mut String, diff: &EventDiff, unexpected: &[bool]) {
    let is_unexpected = unexpected.contains(&true);
    let glance = unexpected.iter().position(|is| *is).unwrap_or(0);
    let glance = diff.differences.get(glance).map(|difference| {
        let (base, candidate) = sides(difference);
        format!(
            "{} {} <span class=\"arrow\">→</span> {}",
            escaped(&place(difference)),
            escaped(&base),
            escaped(&candidate)
        )
    });
    let more = diff.differences.len() - 1;
    let more = if more > 0 {
        format!(" and {} more", grouped(more as u64))
    } else {
        String::new()
    };
    let _ = writeln!(
        html,
        "<li data-type=\"{event_type}\" data-cause=\"{}\" data-what=\"{}\" data-unexpected=\"{}\"><details>\
         <summary><span class=\"seq\">{}</span>{}<span>{event_type}</span>{}\
         <span class=\"glance mono\">{}{more}</span></summary>\
         <div class=\"inside\">{}{}</div></details></li>",
        diff.cause.as_str(),
        escaped(&what(&diff.differences)),
        if is_unexpected { "yes" } else { "no" },
        grouped(diff.seq.0),
        cause_tag(diff),
        if is_unexpected { UNEXPECTED_TAG } else { "" },
        glance.unwrap_or_default(),
        envelope(diff),
        difference_rows(diff, unexpected, DIFFERENCES_MAX),
        event_type = escaped(diff.event_type.as_str()),
    );
}

/// What the differences are about, for the filter: tables, `tasks`, `dooms`; each once.
fn what(differences: &[Difference]) -> String {
    let mut names: Vec<&str> = differences
        .iter()
        .map(|difference| match difference {
            Difference::Column { table, .. } | Difference::Row { table, .. } => table.as_str(),
            Difference::Task { .. } => "tasks",
            Difference::Doom { .. } => "dooms",
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::page::{SCRIPT, STYLE};
    use super::*;
    use crate::diff::Cause;
    use crate::diff::samples::{column, doom, event, run, same};
    use crate::model::Seq;

    fn report(feed: impl FnOnce(&mut dyn Sink)) -> String {
        let mut out = Vec::new();
        feed(&mut HtmlReport::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_payloads_stay_text() {
        let page = report(|sink| run(sink, "[[expect]]\nreason = '</td><img src=x>'\ntask = 'x'"));
        assert_eq!(page.matches("<script").count(), 1, "only the page's own");
        assert!(!page.contains("alert(1)</script>"));
        assert!(!page.contains("<img"));
        assert!(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)"));
        assert!(page.contains("&lt;/td&gt;&lt;img src=x&gt;"));
        let unprintable =
            |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
        assert!(!page.contains(unprintable));
    }

    #[test]
    fn the_page_needs_nothing_from_outside() {
        let page = report(|sink| run(sink, ""));
        for outside in ["http:", "https:", "src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert!(page.contains("default-src 'none'"));
    }

    #[test]
    fn every_element_is_closed_in_its_order() {
        for page in [report(|sink| run(sink, "")), report(|sink| same(sink, ""))] {
            let (head, rest) = page.split_once(STYLE).unwrap();
            let (body, end) = rest.split_once(SCRIPT).unwrap();
            let tags = [head, body, end].map(|part| part.split('<').skip(1));
            let mut open: Vec<&str> = Vec::new();
            for tag in tags.into_iter().flatten() {
                let name = tag
                    .split([' ', '>', '/'])
                    .find(|name| !name.is_empty())
                    .unwrap();
                if tag.starts_with('/') {
                    assert_eq!(open.pop(), Some(name), "{tag}");
                } else if !["!doctype", "input", "meta"].contains(&name) && !tag.contains("/>") {
                    open.push(name);
                }
            }
            assert!(open.is_empty(), "{open:?}");
        }
    }

    #[test]
    fn a_long_list_is_cut_and_says_so() {
        let page = report(|sink| {
            for seq in 1..=2_500 {
                let diff = event(
                    seq,
                    "bank.X",
                    Cause::Direct,
                    vec![column(1, "n", Some(1), None)],
                );
                sink.event(&diff, &[true]).unwrap();
            }
            sink.finish(&Summary {
                from: Seq(1),
                to: Seq(5_000),
                ..Summary::default()
            })
            .unwrap();
        });
        assert_eq!(page.matches("<li data-type").count(), 2_000);
        assert!(page.contains("500 more are not listed"));
    }

    #[test]
    fn late_unexpected_events_are_listed_among_many_expected_ones() {
        let page = report(|sink| {
            for seq in 1..=5_000 {
                let diff = event(seq, "bank.X", Cause::Direct, vec![doom("no account")]);
                sink.event(&diff, &[seq > 4_990]).unwrap();
            }
            sink.finish(&Summary {
                from: Seq(1),
                to: Seq(5_000),
                ..Summary::default()
            })
            .unwrap();
        });
        assert_eq!(page.matches("data-unexpected=\"yes\"").count(), 10);
        assert_eq!(page.matches("data-unexpected=\"no\"").count(), 1_000);
    }

    #[test]
    fn long_values_cannot_make_the_page_endless() {
        let long = "x".repeat(1 << 20);
        let page = report(|sink| {
            let mut diff = event(1, "bank.X", Cause::Direct, vec![doom(&long); 60]);
            for seq in 1..=2_000 {
                diff.seq = Seq(seq);
                sink.event(&diff, &[true; 60]).unwrap();
            }
            sink.finish(&Summary {
                from: Seq(1),
                to: Seq(5_000),
                ..Summary::default()
            })
            .unwrap();
        });
        assert!(page.len() < 2 * LIST_BYTES_MAX, "{}", page.len());
        assert!(page.contains("and 10 more differences"));
    }
}
