//! The page around the lists: heading, tiles, chart and tables of the summary.

use std::fmt::Write as _;
use std::io::Write;

use super::tables::{
    costs, counts, escaped, expectations, number, scrolled, table, table_of, tasks,
};
use super::{DIFFERENCES_MAX, HtmlReport};
use crate::diff::words::{
    capitalized, counted, grouped, layout_words, place, printable, ratio, sides, verdict,
};
use crate::diff::{EventDiff, Summary};

pub const STYLE: &str = include_str!("style.css");
pub const SCRIPT: &str = include_str!("filter.js");

impl<W: Write> HtmlReport<W> {
    /// The whole page.
    pub(super) fn page(&mut self, summary: &Summary) -> String {
        let (base, candidate) = (
            escaped(&printable(&summary.base)),
            escaped(&printable(&summary.candidate)),
        );
        let chart = self.buckets.svg(summary.from, summary.to);
        let judged = if summary.expectations.is_empty() {
            ""
        } else {
            "judged"
        };
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <title>{base} against {candidate}</title>\n<style>\n{STYLE}</style>\n</head>\n<body class=\"{judged}\">\n\
             <header class=\"page\">\n<h1>{base} <span class=\"against\">against</span> {candidate}</h1>\n\
             <p class=\"soft\">{base} is the base, {candidate} the candidate; events {} to {} of the log.</p>\n\
             <p class=\"verdict {}\">{}</p>\n</header>\n<main>\n",
            grouped(summary.from.0),
            grouped(summary.to.0),
            if summary.is_as_expected() {
                "good"
            } else {
                "bad"
            },
            escaped(&capitalized(&verdict(summary))),
        );
        page.push_str(&tiles(summary));
        if !chart.is_empty() {
            section(
                &mut page,
                "Where in the log",
                &format!("<div class=\"card chart\">{LEGEND}{chart}</div>"),
            );
        }
        section(&mut page, "Columns that one side has", &layout(summary));
        if let Some(first) = &summary.first {
            let unexpected = self.first_unexpected.as_deref().unwrap_or_default();
            section(
                &mut page,
                "First diverging event",
                &first_event(first, unexpected),
            );
        }
        section(&mut page, "Differing events", &counts(summary));
        section(&mut page, "Tasks", &tasks(summary));
        section(&mut page, "Final rows", &self.final_rows(summary));
        section(&mut page, "Expectations", &expectations(summary));
        section(&mut page, "Cost", &costs(summary));
        section(&mut page, "Events", &self.events(summary));
        let _ = write!(
            page,
            "<footer>Made by Daybook. Everything shown is in this file.</footer>\n</main>\n\
             <script>\n{SCRIPT}</script>\n</body>\n</html>\n"
        );
        page
    }

    fn final_rows(&self, summary: &Summary) -> String {
        if summary.final_rows.is_empty() {
            return String::new();
        }
        let rows = summary.final_rows.iter().map(|(table, count)| {
            let columns = count
                .columns
                .iter()
                .map(|(name, rows)| format!("{name} {}", grouped(*rows)));
            format!(
                "<tr><th scope=\"row\" class=\"mono\">{}</th>{}{}{}<td>{}</td></tr>\n",
                escaped(table),
                number(count.added),
                number(count.removed),
                number(count.changed),
                escaped(&columns.collect::<Vec<_>>().join(", ")),
            )
        });
        let counts = table(
            &[
                "Table",
                "#Added",
                "#Removed",
                "#Changed",
                "Columns that changed, in rows",
            ],
            &rows.collect::<String>(),
        );
        let list = &self.final_rows;
        if list.html.is_empty() {
            return counts;
        }
        let rest = list
            .rest()
            .map(|rest| format!("<p class=\"soft\">{rest}</p>"));
        format!(
            "{counts}<details class=\"card\"><summary>Rows one by one ({} listed)</summary>{}{}</details>",
            grouped(list.shown),
            scrolled(&table_of(&["Row", "Base → candidate"], &list.html)),
            rest.unwrap_or_default(),
        )
    }

    fn events(&self, summary: &Summary) -> String {
        let list = &self.events;
        if list.html.is_empty() {
            return String::new();
        }
        let options = |names: &mut dyn Iterator<Item = &str>| {
            names
                .map(|name| format!("<option>{}</option>", escaped(name)))
                .collect::<String>()
        };
        let types = options(&mut summary.by_type.keys().map(String::as_str));
        let mut what: Vec<&str> = summary
            .by_column
            .keys()
            .map(|(table, _)| table.as_str())
            .chain(summary.by_row.keys().map(String::as_str))
            .collect();
        what.sort_unstable();
        what.dedup();
        what.extend((!summary.tasks.is_empty()).then_some("tasks"));
        what.extend((summary.dooms != (0, 0)).then_some("dooms"));
        let what = options(&mut what.into_iter());
        // Without expectations everything is unexpected.
        let judged = if summary.expectations.is_empty() {
            ""
        } else {
            "<label class=\"check\"><input type=\"checkbox\" name=\"unexpected\"> unexpected only</label>"
        };
        let rest = list
            .rest()
            .map(|rest| format!("<p class=\"soft\">{rest}</p>"));
        format!(
            "<form class=\"filter\" id=\"filter\" aria-label=\"Filter the events\" hidden>\
             <label>Type <select name=\"type\"><option value=\"\">all types</option>{types}</select></label>\
             <label>Table <select name=\"what\"><option value=\"\">all tables</option>{what}</select></label>\
             <label>Cause <select name=\"cause\"><option value=\"\">both causes</option>\
             <option>direct</option><option>inherited</option></select></label>\
             <label>Words <input type=\"search\" name=\"words\"></label>{judged}\
             <button type=\"reset\">Show all</button></form>\
             <p class=\"soft\"><span id=\"shown\" role=\"status\">{} listed</span>. \
             <span class=\"keys\"><kbd>j</kbd> and <kbd>k</kbd> go down and up, <kbd>Enter</kbd> opens, \
             <kbd>/</kbd> searches.</span></p>{}<ol class=\"events\" id=\"events\">\n{}</ol>",
            counted(list.shown, "event"),
            rest.unwrap_or_default(),
            list.html,
        )
    }
}

const LEGEND: &str = "<ul class=\"legend\"><li><i class=\"direct-key\"></i>direct: this event’s logic changed</li>\
    <li><i class=\"inherited-key\"></i>inherited: the state before it differed</li></ul>";

fn section(page: &mut String, title: &str, body: &str) {
    if !body.is_empty() {
        let _ = write!(page, "<section>\n<h2>{title}</h2>\n{body}\n</section>\n");
    }
}

/// The differences of one event as a table.
pub fn difference_rows(diff: &EventDiff, unexpected: &[bool], count_max: usize) -> String {
    let mut rows = String::new();
    for (at, difference) in diff.differences.iter().enumerate().take(count_max) {
        let (base, candidate) = sides(difference);
        let is_unexpected = unexpected.get(at).copied().unwrap_or(false);
        let _ = write!(
            rows,
            "<tr{}><td class=\"mono\">{}</td><td class=\"mono\">{}</td><td class=\"mono\">{}</td></tr>",
            if is_unexpected {
                " class=\"unexpected\""
            } else {
                ""
            },
            escaped(&place(difference)),
            escaped(&base),
            escaped(&candidate),
        );
    }
    let more = diff.differences.len().saturating_sub(count_max) as u64;
    let more = if more > 0 {
        format!(
            "<p class=\"soft\">and {}</p>",
            counted(more, "more difference")
        )
    } else {
        String::new()
    };
    format!(
        "{}{more}",
        scrolled(&table_of(&["Where", "Base", "Candidate"], &rows))
    )
}

/// Columns that one side has, a line each.
fn layout(summary: &Summary) -> String {
    let rows = summary.layout.iter().map(|it| {
        format!(
            "<tr><th scope=\"row\" class=\"mono\">{}.{}</th><td>{}</td></tr>\n",
            escaped(&it.table),
            escaped(&it.column),
            escaped(&layout_words(it)),
        )
    });
    match summary.layout.is_empty() {
        true => String::new(),
        false => table(&["Column", "What it makes"], &rows.collect::<String>()),
    }
}

fn first_event(diff: &EventDiff, unexpected: &[bool]) -> String {
    format!(
        "<div class=\"card\"><p><strong>{}</strong> {} {}</p>{}{}</div>",
        grouped(diff.seq.0),
        escaped(diff.event_type.as_str()),
        cause_tag(diff),
        envelope(diff),
        difference_rows(diff, unexpected, DIFFERENCES_MAX),
    )
}

/// The event's cause as a small label.
pub fn cause_tag(diff: &EventDiff) -> String {
    let cause = diff.cause.as_str();
    format!("<span class=\"tag {cause}\">{cause}</span>")
}

/// When the event happened and what it is about.
pub fn envelope(diff: &EventDiff) -> String {
    let subject = diff
        .subject
        .iter()
        .map(|subject| format!(", subject {}", escaped(&printable(subject))));
    format!(
        "<p class=\"soft\">{}{}</p>",
        escaped(&printable(&diff.time)),
        subject.collect::<String>()
    )
}

fn tiles(summary: &Summary) -> String {
    let mut tiles = String::from("<ul class=\"tiles\">\n");
    let mut tile = |name: &str, figure: String, note: String, is_bad: bool| {
        let _ = writeln!(
            tiles,
            "<li{}><span class=\"name\">{name}</span><span class=\"figure\">{figure}</span>\
             <span class=\"note\">{note}</span></li>",
            if is_bad { " class=\"bad\"" } else { "" },
        );
    };
    let Summary {
        differing,
        final_rows,
        cost: (base, candidate),
        ..
    } = summary;
    tile(
        "Events compared",
        grouped(summary.events),
        format!("in {:.2} s", summary.seconds),
        false,
    );
    tile(
        "Differing events",
        grouped(differing.total()),
        format!(
            "{} direct, {} inherited",
            grouped(differing.direct),
            grouped(differing.inherited)
        ),
        false,
    );
    let rows = final_rows
        .values()
        .fold((0, 0, 0), |(added, removed, changed), count| {
            (
                added + count.added,
                removed + count.removed,
                changed + count.changed,
            )
        });
    tile(
        "Differing final rows",
        grouped(rows.0 + rows.1 + rows.2),
        format!(
            "{} added, {} removed, {} changed",
            grouped(rows.0),
            grouped(rows.1),
            grouped(rows.2)
        ),
        false,
    );
    let (base_dooms, candidate_dooms) = summary.dooms;
    tile(
        "Events of doom",
        grouped(candidate_dooms),
        format!("{} under the base", grouped(base_dooms)),
        candidate_dooms > base_dooms,
    );
    tile(
        "Unexpected",
        grouped(summary.unexpected),
        match summary.expectations.len() as u64 {
            0 => "no expectations were given".into(),
            count => format!("beside {}", counted(count, "expectation")),
        },
        summary.unexpected > 0,
    );
    if summary.missing > 0 {
        tile(
            "Missing",
            grouped(summary.missing),
            "expected differences that did not appear".into(),
            true,
        );
    }
    tile(
        "Candidate’s cost",
        ratio(base.fuel as f64, candidate.fuel as f64),
        format!(
            "of the base’s fuel; time {}",
            ratio(base.seconds, candidate.seconds)
        ),
        false,
    );
    tiles.push_str("</ul>\n");
    tiles
}
