//! Tables of the state: which there are, their rows, and one row with what a write can be guarded by.

use axum::http::StatusCode;

use super::answer::{Answer, Tag, answer};
use super::declared::Kind;
use super::listing::{self, Listing};
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{AnyPlugin, OfTable, Read};
use super::usual;
use crate::book::column_hash;
use crate::model::layout::find_table;
use crate::model::{TableLayout, Value};
use crate::serve::reads::{Live, Weight};
use crate::store::Snapshot;
use crate::wire::{Absent, Hashes, ShownRow, ShownValue, TablePage, TableRow, Tables, cells};

pub fn routes() -> Vec<Route> {
    let rows = |route: Route| {
        route
            .path("table", Kind::Table, "plugin.table")
            .query("columns", Kind::Text, "Only these, separated by commas.")
            .query(
                "as_of",
                Kind::Text,
                "The state after this event (its seq), or after the last one recorded by this time; built from the log where it is not known yet.",
            )
            .query(
                "as_of_event_time",
                Kind::Text,
                "The state after the last event that happened by this time, by the event's own time.",
            )
            .query(
                "as_known",
                Kind::Flag,
                "Of an earlier state: as the book showed it then, by the versions and from the payloads of then.",
            )
            .and(usual::read)
    };
    vec![
        Route::get("/state", "tables", tables)
            .says("The tables of the live state.")
            .and(usual::read),
        Route::get("/state/{table}", "rows", list)
            .says("Rows of a table. Further parameters filter: column=value, column.lt, .lte, .gt, .gte, .ne, .null.")
            .and(rows)
            .query("order", Kind::Text, "A column, or -column for the largest first; ties by key.")
            .query("limit", Kind::Limit(listing::ROWS_MAX), "Rows of a page.")
            .query("after", Kind::Text, "`next` of the page before.")
            .query("hashes", Kind::Flag, "Each column's hash too.")
            .any_query(),
        Route::get("/state/{table}/{key}", "row", row)
            .says("One row, with the hashes that Daybook-Expect takes.")
            .path("key", Kind::Text, "The parts of the key, separated by commas.")
            .and(rows),
        Route::get("/state/{table}/", "rowOfEmptyKey", row)
            .says("The row whose key is the empty text.")
            .and(rows),
    ]
}

/// The tables of the live state.
async fn tables(door: Authorized<Read, AnyPlugin>) -> Result<Answer<Tables>, Problem> {
    let live = door.book().live();
    let body = Tables {
        lineup: live.program.stamp.clone(),
        tables: { live.program.layouts.tables.iter() }
            .map(|table| (&**table).into())
            .collect(),
    };
    answer(door.headers(), &body, live.head, Tag::Body)
}

/// Rows of a table, a page at a time.
async fn list(mut door: Authorized<Read, OfTable>) -> Result<Answer<TablePage>, Problem> {
    let name = door.scope.0.clone();
    let other = door.query.take_other_state()?;
    let parameters = std::mem::take(&mut door.query);
    let read = move |live: &Live, snapshot: &Snapshot<'_>| {
        let (_, table) = find_table(&live.program.layouts.tables, &name)?;
        let listing = Listing::of(parameters, table)?;
        let page = snapshot.page(table, &listing.query)?;
        let last = page.rows.last().filter(|_| page.more);
        let next = last.map(|row| listing.cursor(table, row));
        let hashes = { page.rows.iter() }.map(|row| hashes(table, &listing.columns, Some(row)));
        let body = TablePage {
            rows: { page.rows.iter() }
                .map(|row| shown_row(table, &listing.columns, row))
                .collect(),
            next,
            hashes: listing.hashes.then(|| hashes.collect()),
            table: name,
        };
        Ok((snapshot.position(), body))
    };
    let (position, body) = door.book().snapshot(Weight::Listing, other, read).await?;
    answer(door.headers(), &body, position, Tag::Body)
}

/// One row, with what a write can be guarded by.
async fn row(mut door: Authorized<Read, OfTable>) -> Result<Answer<TableRow>, Problem> {
    let name = door.scope.0.clone();
    let other = door.query.take_other_state()?;
    let key = door.raw_path("key").to_owned();
    let mut parameters = std::mem::take(&mut door.query);
    let read = move |live: &Live, snapshot: &Snapshot<'_>| {
        let (_, table) = find_table(&live.program.layouts.tables, &name)?;
        let columns = listing::columns(&mut parameters, table)?;
        let key = listing::key(table, &key)?;
        let row = snapshot.row(table, &key)?;
        let hashes = hashes(table, &columns, row.as_deref());
        let key = cells(&key);
        let found = match row {
            Some(row) => Ok(TableRow {
                table: name,
                key,
                row: shown_row(table, &columns, &row),
                hashes,
            }),
            None => {
                let text = format!("{name} has no row with this key");
                let absent = Absent {
                    table: name,
                    key,
                    hashes,
                };
                Err(Problem::new(StatusCode::NOT_FOUND, "absent", text).with_members(&absent))
            }
        };
        Ok((snapshot.position(), found))
    };
    let (position, found) = door.book().snapshot(Weight::Point, other, read).await?;
    match found {
        Ok(body) => answer(door.headers(), &body, position, Tag::Body),
        Err(absent) => Ok(Answer::of(absent).at(position)),
    }
}

fn shown_row(table: &TableLayout, columns: &[usize], row: &[Value]) -> ShownRow {
    let members = { columns.iter() }.map(|&at| {
        let column = &table.columns[at];
        (column.name.clone(), ShownValue::of(column, &row[at]))
    });
    ShownRow(members.collect())
}

/// The hash of each column, as `Daybook-Expect` takes it.
fn hashes(table: &TableLayout, columns: &[usize], row: Option<&[Value]>) -> Hashes {
    let members = { columns.iter() }.map(|&at| {
        let hash = column_hash(row.map(|row| &row[at]));
        (table.columns[at].name.clone(), hash)
    });
    members.collect()
}
