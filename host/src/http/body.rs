//! Bodies of requests: read whole before a request is worked on, within their size, their time, and what all of them
//! together may take of the memory.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;

use super::problem::Problem;
use super::{App, ServeOptions};
use crate::model::error::Problem as Detail;
use crate::model::{Error, limits};

/// Bytes of a body that is worth a task of its own. Of smaller ones the length of the writer's queue bounds the memory.
const LARGE: usize = 64 << 10;

/// Bytes that a body may have.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    body_max: usize,
    component_max: usize,
}

impl Bounds {
    pub fn of(options: &ServeOptions) -> Bounds {
        let memory = options.bodies_max.max(options.body_max);
        Bounds {
            body_max: options.body_max,
            // What never fits into the memory for all bodies is too large, not to be tried again.
            component_max: limits::COMPONENT_BYTES_MAX
                .max(options.body_max)
                .min(memory),
        }
    }

    /// Components, which operators alone send, are larger than anything else.
    fn of_request(self, request: &Request) -> usize {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/versions") => self.component_max,
            _ => self.body_max,
        }
    }

    fn largest(self) -> usize {
        self.component_max
    }
}

/// Reads the body, then lets the request be worked on. What is in memory of it counts until it is answered; of a large one
/// whether or not its client is there still.
pub async fn read(app: &App, mut request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let bounds = Bounds::of(app.options());
    // What is read here is within its own bounds; axum's would be smaller.
    DefaultBodyLimit::max(bounds.largest()).apply(&mut request);
    let bytes_max = bounds.of_request(&request);
    let (parts, body) = request.into_parts();
    let time = app.options().body_time;
    let read = tokio::time::timeout(time, collect(body, bytes_max, app.memory()));
    let late = || {
        let seconds = time.as_secs_f64();
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!("the body did not arrive within {seconds} s"),
        )
    };
    let (bytes, taken) = match read.await.unwrap_or_else(|_| Err(late())) {
        Ok(read) => read,
        Err(problem) => {
            let mut response = problem.into_response();
            // What comes next on this connection is the rest of a body that nobody reads.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            return response;
        }
    };
    let is_large = bytes.len() > LARGE;
    let request = Request::from_parts(parts, Body::from(bytes));
    let work = async move {
        let response = next.run(request).await;
        drop(taken);
        response
    };
    if !is_large {
        return work.await;
    }
    // A task of its own: a client that hangs up does not give memory back that its request still takes in the queue.
    tokio::spawn(work.in_current_span())
        .await
        .unwrap_or_else(|error| {
            Problem::from(Error::internal(format!("a request ended early: {error}")))
                .into_response()
        })
}

/// Takes what is left of a refused request off its connection, as far as that costs next to nothing.
pub async fn pass_over(body: Body) {
    let mut left: usize = 64 << 10;
    let mut chunks = body.into_data_stream();
    let passing = async {
        while let Some(Ok(chunk)) = chunks.next().await {
            left = left.saturating_sub(chunk.len());
            if left == 0 {
                return;
            }
        }
    };
    // What does not come in time is left to the connection's end.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), passing).await;
}

/// The bytes of a body, and its share of the memory for all of them.
async fn collect(
    body: Body,
    bytes_max: usize,
    memory: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Problem> {
    let too_large = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("the body has more than {bytes_max} bytes"),
        )
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > bytes_max {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    let mut taken: Option<OwnedSemaphorePermit> = None;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| Problem::malformed(format!("the body ended early: {error}")))?;
        if bytes.len() + chunk.len() > bytes_max {
            return Err(too_large());
        }
        // Taken as it arrives: who only announces a large body holds nothing that others could use.
        let share = u32::try_from(chunk.len())
            .ok()
            .and_then(|count| memory.clone().try_acquire_many_owned(count).ok())
            .ok_or_else(|| {
                Problem::from(
                    Error::unavailable("too many large requests are being read")
                        .problem(Detail::Busy)
                        .hint("try again in a moment"),
                )
            })?;
        match &mut taken {
            Some(taken) => taken.merge(share),
            None => taken = Some(share),
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes, taken))
}
