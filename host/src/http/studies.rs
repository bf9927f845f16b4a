//! `/bisect`, `/diff`, `/diff/commands`, `/dooms`, `/events/{event}/doom`, `/tasks/late`, `/reconcile` and
//! `/versions/{version}/certify`: what an operator wants to know before anything is changed. They run beside the writer,
//! one at a time, on threads that give way; only what is to be kept asks the writer, for a moment.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;

use super::lives::body;
use super::operate::{blocking, told};
use super::parameters::{Parameters, decoded, segment};
use super::problem::Problem;
use super::{App, Caller};
use crate::book::Book;
use crate::diff::Expectations;
use crate::diff::jsonl::JsonlReport;
use crate::engine::give_way;
use crate::model::error::Problem as Detail;
use crate::model::{Error, PluginVersion, Result, Seq};
use crate::study::{DiffRequest, Picked, Study, Turned};
use crate::verbs::{Operates, Studies};
use crate::wire::{
    self, Certified, CertifyRequest, CommandsDiff, DoomsRequest, FreshInstances, LateTasks,
    LateTasksRequest, ReconcileRequest, RemedyReply, RemedyRequest, Sides,
};

/// What is told one by one; the rest is counted.
const TOLD_MAX: usize = 1_000;

/// Pieces of a report that wait for a slow reader.
const PIECES: usize = 16;

impl App {
    /// Looks at the book as it is now, while it goes on.
    async fn study<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Study<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.studying()?;
        let onlooker = self.alone(|book| book.onlooker()).await?;
        let studied = blocking(move || {
            // Kept by the thread, not by the caller: who hangs up does not make room for another.
            let _permit = permit;
            on_a_thread_that_gives_way(|| onlooker.study(work))
        });
        Ok(studied.await?)
    }

    fn studying(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        let room = self.0.operations.studying();
        room.try_acquire_owned().map_err(|_| {
            Error::unavailable("the book is being studied already")
                .problem(Detail::Busy)
                .hint("try again once that is done")
                .into()
        })
    }
}

/// The threads that may wait are used again, by those who should not give way.
fn on_a_thread_that_gives_way<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            give_way();
            work()
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(Error::internal("a study panicked")))
    })
}

/// Studies are about all of the book, and so not for tokens of single plugins.
fn whole(uri: &Uri, caller: &Caller) -> Result<(), Problem> {
    Parameters::of(uri)?.done(&[])?;
    caller.check_type("daybook")
}

/// The first event on which two choices of logic part.
pub async fn bisect(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: Sides = body(bytes)?;
    let (base, candidate): (Picked, Picked) = (asked.base.parse()?, asked.candidate.parse()?);
    let work = move |study: &mut Study<'_>| Studies::bisect(study, &base, &candidate, &mut |_| {});
    Ok(told(StatusCode::OK, &app.study(work).await?))
}

/// All differences of two choices of logic, as JSON Lines: the report of `daybook diff --format jsonl`.
pub async fn diff(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: wire::DiffRequest = body(bytes)?;
    let request = DiffRequest {
        base: asked.base.parse()?,
        candidate: asked.candidate.parse()?,
        from: asked.from.map(Seq),
        to: asked.to.map(Seq),
    };
    let permit = app.studying()?;
    let (checked, expect) = (request.clone(), asked.expect.clone());
    let onlooker = app
        .alone(move |book| {
            // What cannot be answered at all is refused while there still is a status to say so.
            let mut study = book.study();
            study.check(&checked, &expect)?;
            book.onlooker()
        })
        .await?;
    let (pieces, mut read) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let failing = pieces.clone();
        let result = on_a_thread_that_gives_way(|| {
            onlooker.study(|study| {
                let out = io::BufWriter::new(Pieces(pieces));
                let mut expectations = Expectations::parse(&asked.expect)?;
                let mut report = JsonlReport::new(out);
                study.diff(&request, &mut expectations, &mut report, &mut |_| {})
            })
        });
        if let Err(error) = result {
            // The answer has begun: it ends early, and who reads it sees that there is no summary.
            let broken = io::Error::other(error.to_string());
            let _ = failing.blocking_send(Err(broken));
        }
        // Before the answer ends: who has it may ask for the next one.
        drop(permit);
        drop(failing);
    });
    let parts = futures_util::stream::poll_fn(move |context| read.poll_recv(context));
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/jsonl");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A report on its way to a client; an error once nobody reads it.
struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let piece = Ok(Bytes::copy_from_slice(bytes));
        self.0.blocking_send(piece).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Past commands asked again of other creators.
pub async fn commands(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: Sides = body(bytes)?;
    let (base, candidate): (Picked, Picked) = (asked.base.parse()?, asked.candidate.parse()?);
    let work = move |study: &mut Study<'_>| {
        let mut turned = Vec::new();
        let mut visit = |it: &Turned| {
            if turned.len() < TOLD_MAX {
                turned.push(it.into());
            }
            Ok(())
        };
        let found = study.what_if(&base, &candidate, &mut visit, &mut |_| {})?;
        Ok(CommandsDiff {
            summary: (&found).into(),
            turned,
        })
    };
    Ok(told(StatusCode::OK, &app.study(work).await?))
}

/// Events that a version cannot materialize.
pub async fn dooms(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: DoomsRequest = body(bytes)?;
    let work = move |study: &mut Study<'_>| Studies::dooms(study, &asked, &mut |_| {});
    Ok(told(StatusCode::OK, &app.study(work).await?))
}

/// A way past an event of doom: forecast, or taken.
pub async fn remedy(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let seq = segment(&uri, 1)
        .parse()
        .map(Seq)
        .map_err(|_| Problem::malformed("an event of doom is named by its seq"))?;
    let asked: RemedyRequest = body(bytes)?;
    let reply = match asked.preview {
        true => {
            let work =
                move |study: &mut Study<'_>| Studies::forecast(study, seq, &asked, &mut |_| {});
            RemedyReply::Forecast(app.study(work).await?)
        }
        false => {
            let actor = caller.actor().map(str::to_owned);
            let work = move |book: &mut Book| {
                Operates::remedy(book, seq, &asked, actor.as_deref(), &mut |_| {})
            };
            RemedyReply::Taken(app.alone(work).await?)
        }
    };
    Ok(told(StatusCode::OK, &reply))
}

/// Tasks that what is in force asks for, of events that were handled before it was.
pub async fn late_tasks(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: LateTasksRequest = body(bytes)?;
    let work = |study: &mut Study<'_>| {
        let mut found = Vec::new();
        let mut visit = |task| {
            found.push(task);
            Ok(())
        };
        study.late_tasks(&mut visit, &mut |_| {})?;
        Ok(found)
    };
    let found = app.study(work).await?;
    let actor = caller.actor().map(str::to_owned);
    let late = match asked.enqueue {
        false => LateTasks::new(&found, None),
        true => {
            app.alone(move |book| {
                let enqueued = book.enqueue_late(&found, actor.as_deref())?;
                Ok(LateTasks::new(&found, Some(enqueued)))
            })
            .await?
        }
    };
    Ok(told(StatusCode::OK, &late))
}

/// The live state beside what the log yields. It has the book to itself: the state must not move meanwhile.
pub async fn reconcile(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    whole(&uri, &caller)?;
    let asked: ReconcileRequest = body(bytes)?;
    let work = move |book: &mut Book| Operates::reconcile(book, &asked, &mut |_| {});
    Ok(told(StatusCode::OK, &app.alone(work).await?))
}

/// Tries a loaded version once more on the history there is now, and keeps what it came to.
pub async fn certify(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    Parameters::of(&uri)?.done(&[])?;
    let version: PluginVersion = decoded(segment(&uri, 1), false)?.parse()?;
    caller.check_type(version.plugin.as_str())?;
    let asked: CertifyRequest = body(bytes)?;
    let certified = match asked.isolation {
        None => {
            let certified = app.study(move |study| study.certify(&version)).await?;
            app.alone(move |book| book.keep_certified(&certified).map(|()| certified))
                .await?
        }
        Some(FreshInstances::Event) => app.alone(move |book| book.isolate(&version)).await?,
    };
    Ok(told(StatusCode::OK, &Certified::from(&certified)))
}
