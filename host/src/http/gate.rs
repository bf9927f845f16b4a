//! What every request passes, in one layer: each of axum's own costs several allocations a request.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::metrics::Counting;
use super::{App, access, body};

/// A request is counted, whoever sends it is let in or not, and its body is read before it is worked on.
pub async fn pass(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let counting = Counting::begin(&request);
    let response = match access::check(&app, &mut request) {
        Ok(()) => body::read(&app, request, next).await,
        Err(refusal) => {
            // A connection that is closed on what its client still sends is reset, and the answer may be lost with it.
            body::pass_over(request.into_body()).await;
            refusal.into_response()
        }
    };
    counting.end(app.metrics(), response.status());
    response
}
