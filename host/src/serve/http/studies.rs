//! `/bisect`, `/diff`, `/diff/commands`, `/dooms`, `/events/{event}/doom`, `/tasks/late`, `/reconcile` and
//! `/versions/{version}/certify`: what an operator wants to know before anything is changed. They run beside the writer,
//! one at a time, on threads that give way; only what is to be kept asks the writer, for a moment.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::answer::{Answer, told};
use super::declared::Kind;
use super::input::Asked;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, WholeBook};
use super::usual;
use crate::model::Seq;
use crate::repair::PinRequest;
use crate::serve::operations::{blocking, on_a_thread_that_gives_way};
use crate::study::{DiffRequest, LateTasks, Picked, Remedy, Study, Turned};
use crate::wire::row_json;

const FOUND: &str = "What was found, as of the moment it was asked for.";

pub fn routes() -> Vec<Route> {
    let study = |route: Route| route.good(200, FOUND).and(usual::operation);
    vec![
        Route::post("/bisect", "bisect", bisect)
            .says("The first event on which two choices of logic part, with what each looked at.")
            .and(study),
        Route::post("/diff", "diff", diff)
            .says("All differences of two choices of logic, a line for each, the summary last. An answer without it was cut short.")
            .media("application/jsonl")
            .and(study),
        Route::post("/diff/commands", "diffCommands", commands)
            .says("Past commands asked again of other creators.")
            .and(study),
        Route::post("/dooms", "dooms", dooms)
            .says("Events that a version cannot materialize, and what the plugin's other versions make of them.")
            .and(study),
        Route::post("/events/{event}/doom", "remedy", remedy)
            .says("Take a way past an event of doom, or forecast where it would lead.")
            .path("event", Kind::Event, "Its seq.")
            .good(200, "Done, or what would be.")
            .and(usual::operation),
        Route::post("/tasks/late", "lateTasks", late_tasks)
            .says("Tasks that what is in force asks for, of events that were handled before it was.")
            .and(study),
        Route::post("/reconcile", "reconcile", reconcile)
            .says("The live state beside what the log yields; with a reason it is put right.")
            .and(study),
        Route::post("/verify", "verify", verify)
            .says("Replay everything and compare, while commands go on. `problem` is null when all of it holds.")
            .good(200, FOUND),
    ]
}

/// What is told one by one; the rest is counted.
const TOLD_MAX: usize = 1_000;

/// Pieces of a report that wait for a slow reader.
const PIECES: usize = 16;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SidesJson {
    base: String,
    candidate: String,
}

/// The first event on which two choices of logic part.
async fn bisect(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<SidesJson>,
) -> Result<Answer<Json>, Problem> {
    let (base, candidate): (Picked, Picked) = (asked.base.parse()?, asked.candidate.parse()?);
    let work = move |study: &mut Study<'_>| {
        let found = study.bisect(&base, &candidate, &mut |_| {})?;
        Ok(match found {
            Some(found) => found.json(),
            None => json!({ "first": null, "events": study.head().0 }),
        })
    };
    told(StatusCode::OK, &door.book().study(work).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DiffJson {
    base: String,
    candidate: String,
    from: Option<u64>,
    to: Option<u64>,
    /// The text of an expectation file.
    #[serde(default)]
    expect: String,
}

/// All differences of two choices of logic, as JSON Lines: the report of `daybook diff --format jsonl`.
async fn diff(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<DiffJson>,
) -> Result<Answer<String>, Problem> {
    let request = DiffRequest {
        base: asked.base.parse()?,
        candidate: asked.candidate.parse()?,
        from: asked.from.map(Seq),
        to: asked.to.map(Seq),
    };
    let permit = door.book().operations().studying()?;
    let (checked, expect) = (request.clone(), asked.expect.clone());
    let onlooker = door
        .book()
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
                study.diff_lines(&request, &asked.expect, out)
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
    let kind = HeaderValue::from_static("application/jsonl");
    Ok(Answer::of(Body::from_stream(parts))
        .with(header::CONTENT_TYPE, kind)
        .unkept())
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
async fn commands(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<SidesJson>,
) -> Result<Answer<Json>, Problem> {
    let (base, candidate): (Picked, Picked) = (asked.base.parse()?, asked.candidate.parse()?);
    let work = move |study: &mut Study<'_>| {
        let mut turned = Vec::new();
        let mut visit = |it: &Turned| {
            if turned.len() < TOLD_MAX {
                turned.push(it.json());
            }
            Ok(())
        };
        let found = study.what_if(&base, &candidate, &mut visit, &mut |_| {})?;
        Ok(json!({ "summary": found.json(), "turned": turned }))
    };
    told(StatusCode::OK, &door.book().study(work).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DoomsJson {
    /// What is active, where it is left out.
    version: Option<String>,
    #[serde(default)]
    keep_going: bool,
}

fn pinned(version: Option<&str>) -> Result<Picked, Problem> {
    let version = version.map(str::parse).transpose()?;
    Ok(Picked::Pinned(version.into_iter().collect()))
}

/// Events that a version cannot materialize.
async fn dooms(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<DoomsJson>,
) -> Result<Answer<Json>, Problem> {
    let picked = pinned(asked.version.as_deref())?;
    let work = move |study: &mut Study<'_>| {
        let found = study.find_dooms(&picked, asked.keep_going, &mut |_| {})?;
        Ok(found.json())
    };
    told(StatusCode::OK, &door.book().study(work).await?)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RemedyJson {
    /// Of a preview: what could not materialize the event. What is active, where it is left out.
    version: Option<String>,
    #[serde(default)]
    skip: bool,
    #[schemars(with = "Option<Json>")]
    amend: Option<Box<RawValue>>,
    pin: Option<String>,
    #[serde(default)]
    unpin: bool,
    reason: Option<String>,
    #[serde(default)]
    preview: bool,
}

/// A way past an event of doom: forecast, or taken.
async fn remedy(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<RemedyJson>,
) -> Result<Answer<Json>, Problem> {
    let seq = door
        .path("event")?
        .parse()
        .map(Seq)
        .map_err(|_| Problem::malformed("an event of doom is named by its seq"))?;
    let remedy = match (asked.skip, asked.amend, asked.pin, asked.unpin) {
        (true, None, None, false) => Some(Remedy::Skip),
        (false, Some(data), None, false) => Some(Remedy::Amend(data.get().to_owned())),
        (false, None, Some(version), false) => Some(Remedy::Pin(version.parse()?)),
        (false, None, None, true) if !asked.preview => None,
        _ => {
            let text =
                "one of 'skip', 'amend', 'pin' and 'unpin' says which way; 'unpin' has no preview";
            return Err(Problem::malformed(text));
        }
    };
    let actor = door.actor();
    match (remedy, asked.preview, asked.reason) {
        (Some(remedy), true, _) => {
            let picked = pinned(asked.version.as_deref())?;
            let work = move |study: &mut Study<'_>| {
                let forecast = study.forecast(&picked, seq, &remedy, &mut |_| {})?;
                Ok(forecast.json())
            };
            told(StatusCode::OK, &door.book().study(work).await?)
        }
        (_, _, None) => Err(Problem::malformed(
            "'reason' is missing: it stays in the log",
        )),
        (remedy, _, Some(reason)) => {
            let at = door
                .book()
                .alone(move |book| match remedy {
                    Some(remedy) => {
                        book.resolve_doom(seq, remedy, &reason, actor.as_deref(), &mut |_| {})
                    }
                    None => book.pin_event(&PinRequest {
                        seq,
                        version: None,
                        reason,
                        actor,
                    }),
                })
                .await?;
            let done = json!({ "seq": at.0, "event": seq.0 });
            told(StatusCode::OK, &done)
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LateJson {
    #[serde(default)]
    enqueue: bool,
}

/// Tasks that what is in force asks for, of events that were handled before it was.
async fn late_tasks(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<LateJson>,
) -> Result<Answer<Json>, Problem> {
    let work = |study: &mut Study<'_>| {
        let mut found = Vec::new();
        let mut visit = |task| {
            found.push(task);
            Ok(())
        };
        study.late_tasks(&mut visit, &mut |_| {})?;
        Ok(found)
    };
    let found = door.book().study(work).await?;
    let actor = door.actor();
    let late = match asked.enqueue {
        false => LateTasks::of(&found, None),
        true => {
            door.book()
                .alone(move |book| {
                    let enqueued = book.enqueue_late(&found, actor.as_deref())?;
                    Ok(LateTasks::of(&found, Some(enqueued)))
                })
                .await?
        }
    };
    told(StatusCode::OK, &late.json())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReconcileJson {
    /// Put the state right, for this reason; without one the rows are only told.
    reason: Option<String>,
}

/// The live state beside what the log yields. It has the book to itself: the state must not move meanwhile.
async fn reconcile(
    door: Authorized<Operate, WholeBook>,
    Asked(asked): Asked<ReconcileJson>,
) -> Result<Answer<Json>, Problem> {
    let reconciled = door
        .book()
        .alone(move |book| {
            let mut rows = Vec::new();
            let mut visit = |row: &_| {
                if rows.len() < TOLD_MAX {
                    rows.push(row_json(row));
                }
                Ok(())
            };
            let done = book.reconcile(asked.reason.as_deref(), &mut visit, &mut |_| {})?;
            Ok(json!({
                "total": done.rows,
                "rows": rows,
                "seq": done.repaired.map(|seq| seq.0),
            }))
        })
        .await?;
    told(StatusCode::OK, &reconciled)
}

/// Replays everything and compares, beside the writer. The answer is about the book as it was when this was asked.
async fn verify(door: Authorized<Operate, WholeBook>) -> Result<Answer<Json>, Problem> {
    let permit = door.book().operations().verifying()?;
    let verification = door
        .book()
        .ask(|writer, done| writer.alone(|book| book.verification(), done))
        .await?;
    let stopped = door.book().server().stopped();
    // Gone with who waits for the answer.
    let asked = Arc::new(());
    let still_asked = Arc::downgrade(&asked);
    let verified = blocking(move || {
        // Kept by the thread, which may go on for a moment when nobody waits any more.
        let _permit = permit;
        let is_wanted = || !*stopped.borrow() && still_asked.strong_count() > 0;
        verification.run(&mut |_| {}, is_wanted)
    })
    .await;
    drop(asked);
    told(StatusCode::OK, &verified?.json())
}
