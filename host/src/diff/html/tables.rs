//! The tables of the page. Where there is nothing to tell, the text is empty.

use super::chart::share;
use crate::diff::words::{capitalized, dearest, grouped, met, printable, ratio, reason, work};
use crate::diff::{Split, Summary};

/// Text as HTML, in an element or a quoted attribute.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(letter),
        }
    }
    html
}

pub fn counts(summary: &Summary) -> String {
    if summary.differing.total() == 0 {
        return String::new();
    }
    let most = summary.differing.total();
    let row = |name: &str, split: &Split| {
        format!(
            "<tr><th scope=\"row\" class=\"mono\">{}</th>{}{}{}<td class=\"share\">{}</td></tr>\n",
            escaped(name),
            number(split.direct),
            number(split.inherited),
            number(split.total()),
            share(*split, most),
        )
    };
    let group = |title: &str, rows: String| {
        if rows.is_empty() {
            return String::new();
        }
        let share = format!("Of {}", grouped(most));
        table(&[title, "#Direct", "#Inherited", "#Events", &share], &rows)
    };
    let types = summary.by_type.iter().map(|(name, split)| row(name, split));
    let columns = summary
        .by_column
        .iter()
        .map(|((table, column), split)| row(&format!("{table}.{column}"), split));
    let rows = summary
        .by_row
        .iter()
        .map(|(table, split)| row(table, split));
    format!(
        "{}{}{}",
        group("Type of event", types.collect()),
        group("Column", columns.collect()),
        group(
            "Rows that one side does not change, or otherwise",
            rows.collect()
        ),
    )
}

pub fn tasks(summary: &Summary) -> String {
    if summary.tasks.is_empty() {
        return String::new();
    }
    let rows = summary.tasks.iter().map(|(kind, count)| {
        format!(
            "<tr><th scope=\"row\" class=\"mono\">{}</th>{}{}{}</tr>\n",
            escaped(&printable(kind)),
            number(count.appear),
            number(count.vanish),
            number(count.change),
        )
    });
    table(
        &["Kind", "#Appear", "#Vanish", "#Change"],
        &rows.collect::<String>(),
    )
}

pub fn expectations(summary: &Summary) -> String {
    if summary.expectations.is_empty() {
        return String::new();
    }
    let rows = summary.expectations.iter().map(|expectation| {
        let class = match expectation.missing {
            0 => "number",
            _ => "number unexpected",
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"{class}\">{}</td></tr>\n",
            escaped(&reason(expectation)),
            met(expectation),
        )
    });
    table(&["Reason", "#Met"], &rows.collect::<String>())
}

pub fn costs(summary: &Summary) -> String {
    let (base, candidate) = &summary.cost;
    let row = |name: &str, base: String, candidate: String, ratio: String| {
        format!(
            "<tr><th scope=\"row\">{name}</th><td class=\"number\">{base}</td>\
             <td class=\"number\">{candidate}</td><td class=\"number\">{ratio}</td></tr>\n"
        )
    };
    let mut rows: String = work(summary)
        .iter()
        .map(|(name, base, candidate)| {
            let ratio = ratio(*base as f64, *candidate as f64);
            row(
                &capitalized(name),
                grouped(*base),
                grouped(*candidate),
                ratio,
            )
        })
        .collect();
    for (name, base, candidate) in dearest(summary) {
        let name = format!("Fuel of the dearest {}", escaped(name));
        let ratio = ratio(base as f64, candidate as f64);
        rows.push_str(&row(&name, grouped(base), grouped(candidate), ratio));
    }
    let seconds = |seconds: f64| format!("{seconds:.2} s");
    rows.push_str(&row(
        "Time",
        seconds(base.seconds),
        seconds(candidate.seconds),
        ratio(base.seconds, candidate.seconds),
    ));
    table(&["Work", "#Base", "#Candidate", "#Ratio"], &rows)
}

pub fn number(number: u64) -> String {
    format!("<td class=\"number\">{}</td>", grouped(number))
}

pub fn table(header: &[&str], rows: &str) -> String {
    format!(
        "<div class=\"card\">{}</div>\n",
        scrolled(&table_of(header, rows))
    )
}

/// A heading that begins with `#` is of a column of numbers.
pub fn table_of(header: &[&str], rows: &str) -> String {
    let header = header.iter().map(|name| match name.strip_prefix('#') {
        Some(name) => format!("<th scope=\"col\" class=\"number\">{name}</th>"),
        None => format!("<th scope=\"col\">{name}</th>"),
    });
    format!(
        "<table><thead><tr>{}</tr></thead><tbody>\n{rows}</tbody></table>",
        header.collect::<String>()
    )
}

/// Wide content scrolls by itself and not with the page.
pub fn scrolled(table: &str) -> String {
    format!("<div class=\"scroll\">{table}</div>")
}
