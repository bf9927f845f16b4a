//! `GET /state`, `/state/{table}` and `/state/{table}/{key}`: rows as they are now, each read of one snapshot.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::{Tag, answer, at};
use super::listing::{self, Listing};
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::{App, Live};
use crate::book::column_hash;
use crate::model::error::Problem as Detail;
use crate::model::layout::find_table;
use crate::model::{Error, TableLayout, Value};
use crate::store::{Snapshot, StatePool};
use crate::study::{Moment, PastStates};
use crate::wire::{Absent, Hashes, Row, TablePage, TableRow, Tables, cells};

/// Seconds after which a read is stopped.
pub const READ_SECONDS_MAX: f64 = 5.0;

/// Listings that run at the same time; each may have to look at a whole table.
const LISTINGS_MAX: usize = 32;

/// How often a read is begun whose projection is replaced, by an activation, while it is being opened.
const ATTEMPTS_MAX: usize = 100;
const ATTEMPT_PAUSE: Duration = Duration::from_millis(10);

/// What reads of the state share.
pub struct Reads {
    pool: StatePool,
    listings: Arc<Semaphore>,
    queries: Arc<Semaphore>,
    past: PastStates,
}

impl Default for Reads {
    fn default() -> Self {
        // People's queries may keep a processor busy each; some stay free for everybody else.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Reads {
            pool: StatePool::default(),
            listings: Arc::new(Semaphore::new(LISTINGS_MAX)),
            queries: Arc::new(Semaphore::new(processors.div_ceil(2).max(2))),
            past: PastStates::default(),
        }
    }
}

/// How much a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// One row.
    Point,
    /// As much as a table.
    Listing,
    /// Whatever a person asks for.
    Query,
}

impl App {
    /// Reads the state of one moment, the present one unless another is named: the tables and the file given to `work`
    /// belong together.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        weight: Weight,
        as_of: Option<Moment>,
        work: impl FnOnce(&Live, &Snapshot<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        if let Some(moment) = as_of {
            return self.past(moment, work).await;
        }
        if weight == Weight::Point {
            // A row by its key takes less time than giving the work to another thread.
            let live = self.live();
            let pool = &self.0.reads.pool;
            if let Some(snapshot) = pool.kept(&live.path, live.head, READ_SECONDS_MAX) {
                return work(&live, &snapshot);
            }
        }
        let permit = self.permit(weight).await?;
        let app = self.clone();
        let read = move || {
            // Kept by the thread, not by the caller: who hangs up does not make room for another.
            let _permit = permit;
            let mut attempt = 1;
            loop {
                let live = app.live();
                let pool = &app.0.reads.pool;
                match pool.snapshot(&live.path, live.head, READ_SECONDS_MAX) {
                    Ok(snapshot) => return work(&live, &snapshot),
                    Err(error) if attempt == ATTEMPTS_MAX => return Err(error.into()),
                    Err(_) => {
                        attempt += 1;
                        std::thread::sleep(ATTEMPT_PAUSE);
                    }
                }
            }
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Error::internal(format!("a read ended early: {error}")))?
    }

    /// The same of an earlier state, which may have to be built first.
    async fn past<T: Send + 'static>(
        &self,
        moment: Moment,
        work: impl FnOnce(&Live, &Snapshot<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.permit(Weight::Query).await?;
        let app = self.clone();
        let found = self.read(move |reader| {
            let past = app.0.reads.past.at(reader, &moment)?;
            let live = Live {
                head: past.position,
                program: past.program,
                path: past.path,
            };
            let pool = &app.0.reads.pool;
            let snapshot = pool.snapshot(&live.path, live.head, READ_SECONDS_MAX)?;
            Ok(work(&live, &snapshot))
        });
        let found = found.await;
        drop(permit);
        found?
    }

    async fn permit(&self, weight: Weight) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let reads = &self.0.reads;
        let room = match weight {
            Weight::Point => return Ok(None),
            Weight::Listing => reads.listings.clone(),
            Weight::Query => reads.queries.clone(),
        };
        let waiting = Duration::from_secs_f64(READ_SECONDS_MAX);
        match tokio::time::timeout(waiting, room.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            _ => Err(
                Error::unavailable("too many reads of this kind run already")
                    .problem(Detail::Busy)
                    .hint("try again in a moment")
                    .into(),
            ),
        }
    }
}

/// The tables of the live state.
pub async fn tables(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let live = app.live();
    let body = Tables {
        lineup: live.program.stamp.clone(),
        tables: { live.program.layouts.tables.iter() }
            .map(|table| (&**table).into())
            .collect(),
    };
    answer(&headers, &body, live.head, Tag::Body)
}

/// Rows of a table, a page at a time.
pub async fn list(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = decoded(segment(&uri, 1), false)?;
    let mut parameters = Parameters::of(&uri)?;
    let as_of = parameters.take_moment()?;
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
    let (position, body) = app.snapshot(Weight::Listing, as_of, read).await?;
    answer(&headers, &body, position, Tag::Body)
}

/// One row, with what a write can be guarded by.
pub async fn row(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = decoded(segment(&uri, 1), false)?;
    let mut parameters = Parameters::of(&uri)?;
    let as_of = parameters.take_moment()?;
    let key = segment(&uri, 2).to_owned();
    let read = move |live: &Live, snapshot: &Snapshot<'_>| {
        let (_, table) = find_table(&live.program.layouts.tables, &name)?;
        let columns = listing::columns(&mut parameters, table)?;
        parameters.done(&["columns", "as_of"])?;
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
    let (position, found) = app.snapshot(Weight::Point, as_of, read).await?;
    match found {
        Ok(body) => answer(&headers, &body, position, Tag::Body),
        Err(absent) => Ok(at(position, absent)),
    }
}

fn shown_row(table: &TableLayout, columns: &[usize], row: &[Value]) -> Row<'static> {
    let columns = columns.iter();
    let members = columns.map(|&at| (table.columns[at].name.clone(), row[at].clone()));
    Row::Members(members.collect())
}

/// The hash of each column, as `Daybook-Expect` takes it.
fn hashes(table: &TableLayout, columns: &[usize], row: Option<&[Value]>) -> Hashes {
    let members = { columns.iter() }.map(|&at| {
        let hash = column_hash(row.map(|row| &row[at]));
        (table.columns[at].name.clone(), hash)
    });
    members.collect()
}
