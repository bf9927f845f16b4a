//! Bodies of requests: read whole before a request is worked on, within their size, their time, and what all of them
//! together may take of the memory.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::http::problem::Problem;
use super::options::ServeOptions;
use super::server::Server;
use crate::model::error::Problem as Detail;
use crate::model::{Error, limits};

/// Bytes of a body that is worth a task of its own. Of smaller ones the length of the writer's queue bounds the memory.
const LARGE: usize = 64 << 10;

/// How large a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As the server's options say.
    Usual,
    /// As a component may be, which operators alone send.
    Component,
}

impl Size {
    /// In bytes.
    fn max(self, options: &ServeOptions) -> usize {
        let memory = options.bodies_max.max(options.body_max);
        match self {
            Size::Usual => options.body_max,
            // What never fits into the memory for all bodies is too large, not to be tried again.
            Size::Component => limits::COMPONENT_BYTES_MAX
                .max(options.body_max)
                .min(memory),
        }
    }
}

/// A body in memory, which counts among all of them until this is dropped.
pub struct Whole {
    bytes: Vec<u8>,
    share: Option<OwnedSemaphorePermit>,
}

impl Whole {
    /// The bytes, and their share of the memory for all bodies, which is free again once it is dropped.
    pub fn parts(self) -> (Vec<u8>, Option<OwnedSemaphorePermit>) {
        (self.bytes, self.share)
    }

    /// True where a client that hangs up must not give memory back that its request still takes in the queue.
    pub fn is_large(&self) -> bool {
        self.bytes.len() > LARGE
    }
}

/// Reads a body. A refusal closes the connection: what comes next on it is the rest of a body that nobody reads.
pub async fn read(server: &Server, body: Body, size: Size) -> Result<Whole, Response> {
    if body.is_end_stream() {
        return Ok(Whole {
            bytes: Vec::new(),
            share: None,
        });
    }
    let options = server.options();
    let time = options.body_time;
    let read = collect(body, size.max(options), server.memory());
    let read = tokio::time::timeout(time, read).await;
    let late = |_| {
        let seconds = time.as_secs_f64();
        Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            format!("the body did not arrive within {seconds} s"),
        ))
    };
    match read.unwrap_or_else(late) {
        Ok((bytes, share)) => Ok(Whole { bytes, share }),
        Err(problem) => {
            let mut response = problem.into_response();
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
            Err(response)
        }
    }
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
