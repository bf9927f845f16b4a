//! Expectation files as they are written: reads them, and refuses what is not meant, with its line.

use serde::Deserialize;
use toml::Spanned;

use super::entry::{Entry, TableExpectation};
use crate::diff::Cause;
use crate::model::{Error, PluginName, Result, TypeName, is_identifier};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expect: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    reason: String,
    table: Option<String>,
    column: Option<String>,
    columns: Option<Vec<String>>,
    #[serde(default)]
    row: bool,
    task: Option<String>,
    #[serde(default)]
    doom: bool,
    event: Option<String>,
    cause: Option<RawCause>,
    from: Option<u64>,
    to: Option<u64>,
    count: Option<u64>,
    count_max: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawCause {
    Direct,
    Inherited,
}

/// Reads an expectation file. Errors name the line and what is allowed there.
pub fn parse(text: &str) -> Result<Vec<Entry>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        Error::refused(format!(
            "expectation file, line {line}: {}",
            error.message().trim().replace('\n', ", ")
        ))
        .hint("an entry is [[expect]] with a reason and at least one of table, task and doom")
    })?;
    file.expect
        .into_iter()
        .map(|entry| {
            let line = line_at(text, entry.span().start);
            checked(entry.into_inner())
                .map_err(|error| error.context(format!("expectation file, entry at line {line}")))
        })
        .collect()
}

/// What TOML cannot check: that the entry means something.
fn checked(raw: RawEntry) -> Result<Entry> {
    if raw.reason.trim().is_empty() {
        return Err(Error::refused("the reason is empty").hint("say why the difference is wanted"));
    }
    if raw.table.is_none() && raw.task.is_none() && !raw.doom {
        return Err(Error::refused("nothing is named")
            .hint("add table = \"plugin.table\", task = \"kind\" or doom = true"));
    }
    if let Some(event) = &raw.event {
        TypeName::new(event)?;
    }
    let (from, to) = (raw.from.unwrap_or(1), raw.to.unwrap_or(u64::MAX));
    if from > to {
        return Err(Error::refused(format!("from {from} is after to {to}")));
    }
    if raw.count.is_some() && raw.count_max.is_some() {
        return Err(Error::refused("both count and count_max are given")
            .hint("count = N is exactly so many, count_max = N at most"));
    }
    Ok(Entry {
        table: checked_table(raw.table, raw.column, raw.columns, raw.row)?,
        reason: raw.reason,
        task: raw.task,
        doom: raw.doom,
        event: raw.event,
        cause: raw.cause.map(|cause| match cause {
            RawCause::Direct => Cause::Direct,
            RawCause::Inherited => Cause::Inherited,
        }),
        from,
        to,
        count: raw.count,
        count_max: raw.count.or(raw.count_max).unwrap_or(u64::MAX),
        met: 0,
        final_rows: 0,
    })
}

fn checked_table(
    name: Option<String>,
    column: Option<String>,
    columns: Option<Vec<String>>,
    row: bool,
) -> Result<Option<TableExpectation>> {
    let Some(name) = name else {
        let stray = [
            ("column", column.is_some()),
            ("columns", columns.is_some()),
            ("row", row),
        ];
        return match stray.iter().find(|(_, given)| *given) {
            None => Ok(None),
            Some((key, _)) => Err(Error::refused(format!("'{key}' is given without a table"))
                .hint("add table = \"plugin.table\"")),
        };
    };
    let well_formed = name
        .split_once('.')
        .is_some_and(|(plugin, table)| PluginName::new(plugin).is_ok() && is_identifier(table));
    if !well_formed {
        return Err(Error::refused(format!(
            "table '{}' is not of the form plugin.table",
            name.escape_debug()
        )));
    }
    let columns = match (column, columns) {
        (Some(_), Some(_)) => {
            return Err(Error::refused("both column and columns are given")
                .hint("put all of them into columns"));
        }
        (Some(column), None) => Some(vec![column]),
        (None, columns) => columns,
    };
    if columns.as_ref().is_some_and(Vec::is_empty) && !row {
        return Err(Error::refused("columns is empty")
            .hint("leave it out to mean any column, or add row = true to mean whole rows only"));
    }
    if let Some(bad) = columns
        .iter()
        .flatten()
        .find(|column| !is_identifier(column))
    {
        return Err(Error::refused(format!(
            "column '{}' is not of the form [a-z][a-z0-9_]*",
            bad.escape_debug()
        )));
    }
    Ok(Some(TableExpectation { name, columns, row }))
}

/// Lines are counted from 1.
fn line_at(text: &str, offset: usize) -> usize {
    1 + text
        .as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
}
