//! A log told to a copy that follows it: a stream of rows, of one moment.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use futures_util::stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::answer::Answer;
use super::input::JsonBody;
use super::problem::Problem;
use super::route::{Authorized, Route};
use super::scopes::{Operate, WholeBook};
use crate::wire::CopyRequest;

/// Bytes of a part of the body, and parts that wait for the client.
const PART_BYTES: usize = 64 << 10;
const PARTS: usize = 4;

const MEDIA: &str = "application/octet-stream";

pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/log/copy", "copyLog", copy)
            .says("All of the log that a copy lacks, as rows: what `daybook follow` takes. It holds every payload, task and component.")
            .media(MEDIA)
            .good(200, "The rows, of one moment; a stream that was cut does not end as a whole one does.")
            .refuses(409, "The copy is of another book, or of another history of this one."),
    ]
}

/// Hands parts of the body over, and waits where the client does not take them.
struct Parts(Sender<io::Result<Bytes>>);

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = Ok(Bytes::copy_from_slice(bytes));
        { self.0.blocking_send(part) }.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn copy(
    door: Authorized<Operate, WholeBook>,
    JsonBody(request): JsonBody<CopyRequest>,
) -> Result<Answer<String>, Problem> {
    let marks = request.marks()?;
    let asked = marks.clone();
    let check = move |reader: &crate::book::Reader| reader.log().check_copy(&asked);
    door.book().read(check).await?;
    let (sender, parts) = channel(PARTS);
    let book = door.book().clone();
    tokio::spawn(async move {
        let broken = sender.clone();
        let tell = move |reader: &crate::book::Reader| {
            let to = BufWriter::with_capacity(PART_BYTES, Parts(sender));
            reader.log().copy_to(&marks, to)
        };
        if let Err(error) = book.read(tell).await {
            tracing::debug!(%error, "a copy was not told all");
            // The client sees that the stream was cut.
            let _ = broken.send(Err(io::Error::other(error.message))).await;
        }
    });
    let parts = stream::unfold(parts, |mut parts: Receiver<io::Result<Bytes>>| async move {
        let part = parts.recv().await?;
        Some((part, parts))
    });
    let mut response = Body::from_stream(parts).into_response();
    let media = HeaderValue::from_static(MEDIA);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(Answer::of(response))
}
