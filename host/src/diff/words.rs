//! How reports for people name places and values: short, on one line, and with nothing in it that a terminal would
//! obey. Payloads come from outside and may be hostile or a megabyte long.

use std::collections::BTreeSet;

use super::expectation::UNEXPLAINED;
use super::{Cost, Difference, ExpectationUse, FinalKind, FinalRow, LayoutDifference, Summary};
use crate::model::{ColumnFormat, Task, Value};

/// Characters of a value that a report shows; where two long values differ, the part around the difference.
pub const VALUE_CHARS_MAX: usize = 72;
/// Characters of a name, subject, reason or message that a report shows.
pub const TEXT_CHARS_MAX: usize = 400;

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 event`, `2,000 events`.
pub fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        grouped(number),
        if number == 1 { "" } else { "s" }
    )
}

/// The candidate's cost as a multiple of the base's; nothing to say where the base did nothing.
pub fn ratio(base: f64, candidate: f64) -> String {
    if base > 0.0 {
        format!("{:.2}×", candidate / base)
    } else {
        "–".into()
    }
}

/// The work of both sides that can be counted: what, base, candidate.
pub fn work(summary: &Summary) -> [(&'static str, u64, u64); 4] {
    let (base, candidate) = &summary.cost;
    [
        ("fuel", base.fuel, candidate.fuel),
        ("host calls", base.host_calls, candidate.host_calls),
        ("rows read", base.rows_read, candidate.rows_read),
        ("rows written", base.rows_written, candidate.rows_written),
    ]
}

/// Types whose dearest event is told.
const DEAREST_SHOWN_MAX: usize = 3;

/// The types of which an event took the most fuel, with what it took under the base and under the candidate.
pub fn dearest(summary: &Summary) -> Vec<(&str, u64, u64)> {
    let (base, candidate) = &summary.cost;
    let types: BTreeSet<_> = base
        .dearest
        .keys()
        .chain(candidate.dearest.keys())
        .collect();
    let fuel = |cost: &Cost, name| cost.dearest.get(name).copied().unwrap_or_default();
    let mut dearest: Vec<_> = { types.into_iter() }
        .map(|name| (name.as_str(), fuel(base, name), fuel(candidate, name)))
        .collect();
    dearest.sort_by_key(|(_, base, candidate)| std::cmp::Reverse(*base.max(candidate)));
    dearest.truncate(DEAREST_SHOWN_MAX);
    dearest
}

/// Text that is shown as it is, but for characters that would not show as themselves, which are escaped, and for
/// what is too long.
pub fn printable(text: &str) -> String {
    shortened(text, TEXT_CHARS_MAX)
}

/// As `printable`, with another length at which it is too long.
pub fn shortened(text: &str, chars_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(chars_max));
    for (at, letter) in text.chars().enumerate() {
        if at == chars_max {
            shown.push('…');
            break;
        }
        // `escape_debug` knows what does not print; quotes and backslashes do.
        match letter {
            '\'' | '"' | '\\' => shown.push(letter),
            _ => shown.extend(letter.escape_debug()),
        }
    }
    shown
}

/// For the beginning of a line.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// What there is to say of a column that one side has.
pub fn layout_words(column: &LayoutDifference) -> String {
    let side = if column.is_new { "candidate" } else { "base" };
    match &column.default {
        Some(default) => format!(
            "only the {side} has it; rows with {} there do not differ",
            excerpt(default, 0)
        ),
        None => format!("only the {side} has it, and it has no default: every row differs there"),
    }
}

/// Where two versions differ: `bank.account[17].interest`.
pub fn place(difference: &Difference) -> String {
    match difference {
        Difference::Column {
            table,
            key,
            column,
            before,
            ..
        } => {
            let before = if *before { " before" } else { "" };
            format!("{table}[{}].{column}{before}", key_of(key))
        }
        Difference::Row { table, key, .. } => format!("{table}[{}]", key_of(key)),
        Difference::Task { ordinal, .. } => format!("task {}", ordinal + 1),
        Difference::Doom { .. } => "event of doom".into(),
    }
}

/// The first of some differences in one line, as `bank.account[17].balance is 5, or 7`.
pub fn first_words(found: &[Difference]) -> String {
    let Some(first) = found.first() else {
        return "only bytes".into();
    };
    let (base, candidate) = sides(first);
    format!("{} is {base}, or {candidate}", place(first))
}

/// What the base and the candidate have at that place.
pub fn sides(difference: &Difference) -> (String, String) {
    match difference {
        Difference::Column {
            base,
            candidate,
            format,
            ..
        } => values(base.as_ref(), candidate.as_ref(), format.as_ref()),
        Difference::Row {
            base, candidate, ..
        } => {
            let operation = |side: &Option<&'static str>| side.unwrap_or("no change").to_owned();
            (operation(base), operation(candidate))
        }
        Difference::Task {
            base, candidate, ..
        } => tasks(base.as_ref(), candidate.as_ref()),
        Difference::Doom { base, candidate } => {
            let outcome = |side: &Option<String>| match side {
                None => "materializes".to_owned(),
                Some(reason) => format!("fails: {}", printable(reason)),
            };
            (outcome(base), outcome(candidate))
        }
    }
}

/// A row of the final state: `bank.account[17]`.
pub fn final_place(row: &FinalRow) -> String {
    format!("{}[{}]", row.table, key_of(&row.key))
}

/// What became of a row of the final state, on one line.
pub fn final_words(row: &FinalRow) -> String {
    let labelled = |columns: &[(String, Value)]| {
        let shown = columns.iter().take(COLUMNS_SHOWN_MAX);
        let mut words: Vec<String> = shown
            .map(|(name, value)| {
                let shown = row.formats.show(name, value);
                format!("{name} {}", shown.unwrap_or_else(|| excerpt(value, 0)))
            })
            .collect();
        words.extend(rest(columns.len()));
        words.join(", ")
    };
    match &row.kind {
        FinalKind::Added(columns) => format!("added: {}", labelled(columns)),
        FinalKind::Removed(columns) => format!("removed: {}", labelled(columns)),
        FinalKind::Changed(columns) => {
            let shown = columns.iter().take(COLUMNS_SHOWN_MAX);
            let mut words: Vec<String> = shown
                .map(|(name, base, candidate)| {
                    let format = row.formats.get(name);
                    let (base, candidate) = values(base.as_ref(), candidate.as_ref(), format);
                    format!("{name} {base} → {candidate}")
                })
                .collect();
            words.extend(rest(columns.len()));
            words.join(", ")
        }
    }
}

const COLUMNS_SHOWN_MAX: usize = 8;

fn rest(columns: usize) -> Option<String> {
    let more = columns
        .checked_sub(COLUMNS_SHOWN_MAX)
        .filter(|more| *more > 0)?;
    Some(format!("and {}", counted(more as u64, "more column")))
}

/// What an expectation is called in a report: its reason, or, where nobody has written one yet, what it names.
pub fn reason(expectation: &ExpectationUse) -> String {
    match expectation.is_explained() {
        true => printable(&expectation.reason),
        false => format!("? {}: {}", UNEXPLAINED, printable(&expectation.what)),
    }
}

/// How often an expectation was met, and how often it had to be, where that is not the same.
pub fn met(expectation: &ExpectationUse) -> String {
    let met = match expectation.met {
        0 => "never".to_owned(),
        met => grouped(met),
    };
    match expectation.count {
        Some(count) if expectation.missing > 0 => format!("{met}, expected {}", grouped(count)),
        _ => met,
    }
}

/// What is still to be explained, in a sentence; nothing where there is none.
pub fn unexplained(summary: &Summary) -> Option<String> {
    let entries = summary.expectations.iter();
    let count = entries.filter(|entry| !entry.is_explained()).count() as u64;
    (count > 0).then(|| {
        format!(
            "{} not explained yet: write the reason into the file",
            match count {
                1 => "1 expectation is".to_owned(),
                count => format!("{} expectations are", grouped(count)),
            }
        )
    })
}

/// The outcome in one sentence.
pub fn verdict(summary: &Summary) -> String {
    let events = counted(summary.events, "event");
    let rows: u64 = summary
        .final_rows
        .values()
        .map(|count| count.added + count.removed + count.changed)
        .sum();
    let missing = match summary.missing {
        0 => String::new(),
        missing => format!(
            "; {} did not appear",
            counted(missing, "expected difference")
        ),
    };
    if summary.differing.total() == 0 && rows == 0 {
        return format!("no difference in {events}{missing}");
    }
    let judged = match (summary.unexpected, summary.expectations.is_empty()) {
        (0, false) if summary.missing > 0 => "what differs is expected".into(),
        (0, _) => "all of it expected".into(),
        (_, true) => "no expectations were given".into(),
        (unexpected, false) => format!("{} unexpected", counted(unexpected, "difference")),
    };
    format!(
        "{} of {events} and {} differ; {judged}{missing}",
        grouped(summary.differing.total()),
        counted(rows, "final row"),
    )
}

fn key_of(key: &[Value]) -> String {
    key.iter()
        .map(|value| excerpt(value, 0))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Two values by their column's format, or both cut at the same place, so that what differs can be seen. `–`: that side has no
/// such column.
fn values(
    base: Option<&Value>,
    candidate: Option<&Value>,
    format: Option<&ColumnFormat>,
) -> (String, String) {
    let start = match (base, candidate) {
        (Some(Value::Text(base)), Some(Value::Text(candidate))) => text_start(base, candidate),
        (Some(Value::Blob(base)), Some(Value::Blob(candidate))) => start(
            common(base, candidate),
            base.len().max(candidate.len()),
            BLOB_BYTES_MAX,
        ),
        _ => 0,
    };
    let shown = |side: Option<&Value>| {
        let Some(value) = side else {
            return "–".to_owned();
        };
        let shown = format.and_then(|format| format.show(value));
        shown.unwrap_or_else(|| excerpt(value, start))
    };
    (shown(base), shown(candidate))
}

fn tasks(base: Option<&Task>, candidate: Option<&Task>) -> (String, String) {
    let start = match (base, candidate) {
        (Some(base), Some(candidate)) => text_start(&base.data, &candidate.data),
        _ => 0,
    };
    let shown = |side: Option<&Task>| {
        let Some(task) = side else {
            return "no task".to_owned();
        };
        let key = task
            .key
            .iter()
            .map(|key| format!(" key {},", printable(key)));
        let time = task
            .not_before
            .iter()
            .map(|time| format!(" not before {},", printable(time)));
        let data = cut_text(&task.data, start, printable);
        format!(
            "{}:{} {data}",
            printable(&task.kind),
            key.chain(time).collect::<String>()
        )
    };
    (shown(base), shown(candidate))
}

const BLOB_BYTES_MAX: usize = VALUE_CHARS_MAX / 2;

/// A value for people, from `start` (a byte of its content) on.
fn excerpt(value: &Value, start: usize) -> String {
    match value {
        Value::Text(text) => cut_text(text, start, |part| format!("{part:?}")),
        Value::Blob(bytes) => {
            let end = bytes.len().min(start + BLOB_BYTES_MAX);
            let part = bytes.get(start..end).unwrap_or_default();
            marked(
                Value::Blob(part.into()).to_string(),
                start,
                end,
                bytes.len(),
            )
        }
        number => number.to_string(),
    }
}

fn cut_text(text: &str, start: usize, show: impl Fn(&str) -> String) -> String {
    let start = text.floor_char_boundary(start);
    let end = text.floor_char_boundary(start + VALUE_CHARS_MAX);
    marked(show(&text[start..end]), start, end, text.len())
}

/// Says what was left out.
fn marked(part: String, start: usize, end: usize, length: usize) -> String {
    let before = if start > 0 { "…" } else { "" };
    if end < length {
        format!("{before}{part}… ({})", counted(length as u64, "byte"))
    } else {
        format!("{before}{part}")
    }
}

fn text_start(base: &str, candidate: &str) -> usize {
    let common = common(base.as_bytes(), candidate.as_bytes());
    let start = start(common, base.len().max(candidate.len()), VALUE_CHARS_MAX);
    // What comes before is the same on both sides, and so are its character boundaries.
    base.floor_char_boundary(start)
}

/// Where to begin so that the first difference is shown with something before it.
fn start(common: usize, length: usize, shown_max: usize) -> usize {
    if length <= shown_max {
        0
    } else {
        common.saturating_sub(shown_max / 3)
    }
}

fn common(base: &[u8], candidate: &[u8]) -> usize {
    base.iter()
        .zip(candidate)
        .take_while(|(base, candidate)| base == candidate)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::samples::{column, doom, row, task};

    #[test]
    fn each_kind_of_difference_is_put_into_words() {
        let before = Difference::Column {
            table: "bank.account".into(),
            key: vec![Value::Text("A\u{1b}[31m".into()), Value::Integer(2)],
            column: "note".into(),
            format: None,
            base: Some(Value::Null),
            candidate: Some(Value::Blob(vec![7; 100])),
            before: true,
        };
        let shown: Vec<String> = [
            column(1, "interest", Some(-120), None),
            before,
            row(Some("update"), None),
            task(None, Some("mail")),
            task(Some("mail"), Some("letter")),
            doom("no account\u{7}\u{202e} 'x' \"y\""),
        ]
        .iter()
        .map(|difference| {
            let (base, candidate) = sides(difference);
            format!("{}: {base} → {candidate}", place(difference))
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        bank.account[1].interest: -120 → –
        bank.account["A\u{1b}[31m", 2].note before: null → x'070707070707070707070707070707070707070707070707070707070707070707070707'… (100 bytes)
        bank.statement["A1", 7]: update → no change
        task 1: no task → mail: key A1, {"to":"A1"}
        task 1: mail: key A1, {"to":"A1"} → letter: key A1, {"to":"A1"}
        event of doom: materializes → fails: no account\u{7}\u{202e} 'x' "y"
        "#);
    }

    #[test]
    fn values_are_said_by_the_format_of_their_column() {
        let difference = Difference::Column {
            table: "bank.account".into(),
            key: vec![Value::Integer(17)],
            column: "balance".into(),
            format: "money(CZK,2)".parse().ok(),
            base: Some(Value::Integer(-5)),
            candidate: Some(Value::Integer(125_000)),
            before: false,
        };
        assert_eq!(
            first_words(&[difference]),
            "bank.account[17].balance is -0.05 CZK, or 1250.00 CZK"
        );
        let formats = [("agrees".to_owned(), "bool".parse().unwrap())];
        let row = FinalRow {
            table: "vote.answer".into(),
            key: vec![Value::Integer(1)],
            kind: FinalKind::Added(vec![
                ("agrees".into(), Value::Integer(1)),
                ("times".into(), Value::Integer(1)),
            ]),
            formats: formats.into_iter().collect(),
        };
        assert_eq!(final_words(&row), "added: agrees true, times 1");
    }

    #[test]
    fn long_values_are_cut_so_that_the_difference_shows() {
        let long =
            |tail: &str| Value::Text(format!("{}{tail}{}", "ä".repeat(500), "z".repeat(500)));
        let (base, candidate) = values(Some(&long("1")), Some(&long("2")), None);
        insta::assert_snapshot!(format!("{base}\n{candidate}"), @r#"
        …"ääääääääääää1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"… (1,501 bytes)
        …"ääääääääääää2zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"… (1,501 bytes)
        "#);
        assert_ne!(base, candidate);

        let cut = Value::Text("ä".repeat(30));
        let (base, candidate) = values(Some(&cut), Some(&long("1")), None);
        assert!(
            base.starts_with('…') && candidate.starts_with('…'),
            "{base} {candidate}"
        );
    }

    #[test]
    fn text_is_cut_by_characters_and_shows_nothing_a_terminal_obeys() {
        assert_eq!(shortened("äöü\u{1b}x", 4), "äöü\\u{1b}…");
        assert_eq!(
            shortened("say \"it's\" \\ 日本", 40),
            "say \"it's\" \\ 日本"
        );
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = [0, 999, 1_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(shown, ["0", "999", "1,000", "123,456", "1,234,567"]);
        assert_eq!(
            (ratio(2.0, 3.0), ratio(0.0, 3.0)),
            ("1.50×".into(), "–".into())
        );
    }
}
