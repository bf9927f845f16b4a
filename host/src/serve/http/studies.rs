//! `/bisect`, `/diff`, `/diff/commands`, `/dooms`, `/events/{event}/doom`, `/tasks/late`, `/reconcile`, `/replays` and
//! `/verify`: what an operator wants to know before anything is changed. They run beside the writer,
//! one at a time, on threads that give way; only what is to be kept asks the writer, for a moment.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use tokio::sync::mpsc;

use super::answer::{Answer, told};
use super::declared::Kind;
use super::input::JsonBody;
use super::parameters::seq;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, WholeBook};
use super::usual;
use crate::book::Book;
use crate::diff::Expectations;
use crate::diff::jsonl::JsonlReport;
use crate::model::clock::Stopwatch;
use crate::model::{Digest, Seq};
use crate::serve::operations::{blocking, on_a_thread_that_gives_way};
use crate::study::{DiffRequest, Picked, Study, Turned};
use crate::verbs::{Operates, Studies};
use crate::wire::{
    self, BisectRequest, Bisected, CallsIn, CommandsDiff, Dooms, DoomsRequest, LateTasks,
    LateTasksRequest, ReconcileRequest, Reconciled, RemedyReply, RemedyRequest, ReplayRequest,
    Replayed, Sides, Verified,
};

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
            .says("PayloadHistory commands asked again of other creators.")
            .and(study),
        Route::post("/dooms", "dooms", dooms)
            .says("Events that a version cannot materialize, and what the plugin's other versions make of them.")
            .and(study),
        Route::post("/events/{event}/doom", "remedy", remedy)
            .says("Take a way past an event of doom, or forecast where it would lead.")
            .path("event", Kind::Event, "Its seq.")
            .acts()
            .good(200, "Done, or what would be.")
            .and(usual::preview)
            .and(usual::operation),
        Route::post("/tasks/late", "lateTasks", late_tasks)
            .says("Tasks that what is in force asks for, of events that were handled before it was.")
            .acts()
            .and(study),
        Route::post("/reconcile", "reconcile", reconcile)
            .says("The live state beside what the log yields; with a reason it is put right.")
            .and(study),
        Route::post("/replays", "replay", replay)
            .says("Materialize the log again, beside the live state, under a name by which it can be queried.")
            .good(200, "Done: what was run, and the hashes of what it gave.")
            .and(usual::operation),
        Route::post("/verify", "verify", verify)
            .says("Replay everything and compare, while commands go on. `problem` is null when all of it holds.")
            .query("head", Kind::Text, "A digest of the log that was kept elsewhere: nothing may have been cut off since.")
            .query("instances", Kind::Text, "In which instances calls are made: reset, fresh or proved.")
            .good(200, FOUND),
    ]
}

/// What is told one by one; the rest is counted.
const TOLD_MAX: usize = 1_000;

/// Pieces of a report that wait for a slow reader.
const PIECES: usize = 16;

/// The first event on which two choices of logic part.
async fn bisect(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<BisectRequest>,
) -> Result<Answer<Bisected<'static>>, Problem> {
    let (base, candidate): (Picked, Picked) = (asked.base.parse()?, asked.candidate.parse()?);
    let work = move |study: &mut Study<'_>| {
        Studies::bisect(study, &base, &candidate, &asked.expect, &mut |_| {})
    };
    told(StatusCode::OK, &door.book().study(work).await?)
}

/// All differences of two choices of logic, as JSON Lines: the report of `daybook diff --format jsonl`.
async fn diff(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<wire::DiffRequest>,
) -> Result<Answer<String>, Problem> {
    let request = DiffRequest {
        base: asked.base.parse()?,
        candidate: asked.candidate.parse()?,
        from: asked.from.map(Seq::given).transpose()?,
        to: asked.to.map(Seq::given).transpose()?,
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
    let kind = HeaderValue::from_static("application/jsonl");
    Ok(Answer::of(Body::from_stream(parts)).with(header::CONTENT_TYPE, kind))
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

/// PayloadHistory commands asked again of other creators.
async fn commands(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<Sides>,
) -> Result<Answer<CommandsDiff>, Problem> {
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
    told(StatusCode::OK, &door.book().study(work).await?)
}

/// Events that a version cannot materialize.
async fn dooms(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<DoomsRequest>,
) -> Result<Answer<Dooms>, Problem> {
    let work = move |study: &mut Study<'_>| Studies::dooms(study, &asked, &mut |_| {});
    told(StatusCode::OK, &door.book().study(work).await?)
}

/// A way past an event of doom: forecast, or taken.
async fn remedy(
    mut door: Authorized<Operate, WholeBook>,
    JsonBody(mut asked): JsonBody<RemedyRequest>,
) -> Result<Answer<RemedyReply>, Problem> {
    asked.preview |= door.query.take_flag("preview")?;
    let seq = Seq(seq("event", &door.path("event")?)?);
    let reply = match asked.preview {
        true => {
            let work =
                move |study: &mut Study<'_>| Studies::forecast(study, seq, &asked, &mut |_| {});
            RemedyReply::Forecast(door.book().study(work).await?)
        }
        false => {
            let actor = door.actor();
            let work = move |book: &mut Book| {
                Operates::remedy(book, seq, &asked, actor.as_deref(), &mut |_| {})
            };
            RemedyReply::Taken(door.book().alone(work).await?)
        }
    };
    told(StatusCode::OK, &reply)
}

/// Tasks that what is in force asks for, of events that were handled before it was.
async fn late_tasks(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<LateTasksRequest>,
) -> Result<Answer<LateTasks>, Problem> {
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
        false => LateTasks::new(&found, None),
        true => {
            let work = move |book: &mut Book| {
                let enqueued = book.enqueue_late(&found, actor.as_deref())?;
                Ok(LateTasks::new(&found, Some(enqueued)))
            };
            door.book().alone(work).await?
        }
    };
    told(StatusCode::OK, &late)
}

/// The live state beside what the log yields. It has the book to itself: the state must not move meanwhile.
async fn reconcile(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<ReconcileRequest>,
) -> Result<Answer<Reconciled>, Problem> {
    let work = move |book: &mut Book| Operates::reconcile(book, &asked, &mut |_| {});
    told(StatusCode::OK, &door.book().alone(work).await?)
}

/// Materializes the log again, beside the writer, which is told of the projection once it is whole.
async fn replay(
    door: Authorized<Operate, WholeBook>,
    JsonBody(asked): JsonBody<ReplayRequest>,
) -> Result<Answer<Replayed>, Problem> {
    let clock = Stopwatch::start();
    let picked: Picked = asked.with.parse()?;
    let to = asked.to.map(Seq::given).transpose()?;
    let live = door.book().alone(|book| Ok(book.live_head())).await?;
    let work = move |study: &mut Study<'_>| {
        study.set_calls(asked.instances.into());
        study.replay_heard(&picked, to, &asked.name, asked.log, &mut |_| {})
    };
    let (replayed, record) = door.book().study(work).await?;
    door.book()
        .alone(move |book| book.record_replay(record))
        .await?;
    told(
        StatusCode::OK,
        &Replayed::new(&replayed, &live, clock.seconds()),
    )
}

/// Replays everything and compares, beside the writer. The answer is about the book as it was when this was asked.
async fn verify(mut door: Authorized<Operate, WholeBook>) -> Result<Answer<Verified>, Problem> {
    let kept: Option<Digest> = { door.query.take("head")? }
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| Problem::malformed("'head' is a digest: 64 hexadecimal digits"))?;
    let calls = { door.query.take("instances")? }
        .map_or(Some(CallsIn::default()), |word| CallsIn::of(&word))
        .ok_or_else(|| Problem::malformed("'instances' is reset, fresh or proved"))?;
    let permit = door.book().operations().verifying()?;
    let verification = door
        .book()
        .ask(|writer, done| writer.alone(|book| book.verification(), done))
        .await?
        .against(kept)
        .by(calls.into());
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
    told(StatusCode::OK, &Verified::from(&verified?))
}
