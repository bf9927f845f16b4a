//! Connections have seats. When all are taken and somebody else comes, the one that has done nothing for the longest
//! time gives up its seat: idle connections, however many, keep nobody out.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// How soon another one is asked to go when the first did not: it had just begun to work.
const PATIENCE: Duration = Duration::from_millis(20);

/// All seats of a server.
pub struct Seats {
    free: Arc<Semaphore>,
    count: u32,
    taken: Mutex<HashMap<u64, Arc<Seat>>>,
    /// Counts what happens, to tell before from after.
    moments: AtomicU64,
}

/// One connection's seat.
pub struct Seat {
    /// Works on a request, or on an answer without a known end: a stream of events, a WebSocket.
    busy: AtomicBool,
    /// The moment since which it does nothing.
    idle_since: AtomicU64,
    leave: Notify,
}

/// A seat that is given back when this is dropped.
pub struct Taken {
    seats: Arc<Seats>,
    number: u64,
    seat: Arc<Seat>,
    _permit: OwnedSemaphorePermit,
}

impl Seats {
    pub fn new(count: u32) -> Arc<Seats> {
        Arc::new(Seats {
            free: Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(usize::MAX))),
            count,
            taken: Mutex::default(),
            moments: AtomicU64::new(1),
        })
    }

    /// Takes a seat; waits while everybody is busy.
    pub async fn take(self: &Arc<Self>) -> Taken {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break permit;
            }
            self.ask_idlest_to_leave();
            let waited = tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await;
            if let Ok(Ok(permit)) = waited {
                break permit;
            }
        };
        let number = self.moment();
        let seat = Arc::new(Seat {
            busy: AtomicBool::new(false),
            idle_since: AtomicU64::new(number),
            leave: Notify::new(),
        });
        self.lock().insert(number, seat.clone());
        Taken {
            seats: self.clone(),
            number,
            seat,
            _permit: permit,
        }
    }

    /// Ends all connections that do nothing.
    pub fn clear(&self) {
        for seat in self.lock().values() {
            seat.leave.notify_one();
        }
    }

    /// Waits until everybody has gone.
    pub async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn ask_idlest_to_leave(&self) {
        let taken = self.lock();
        let idle = taken.values().filter(|seat| !seat.is_busy());
        if let Some(seat) = idle.min_by_key(|seat| seat.idle_since.load(Ordering::Relaxed)) {
            // Not the first to be asked again: it may have begun to work.
            seat.idle_since.store(self.moment(), Ordering::Relaxed);
            seat.leave.notify_one();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Seat>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }
}

impl Taken {
    /// Carries a connection on until it ends, or until it is idle and its seat is wanted.
    pub async fn sit(&self, connection: impl Future) {
        tokio::pin!(connection);
        loop {
            tokio::select! {
                biased;
                _ = &mut connection => return,
                () = self.seat.leave.notified() => {
                    if !self.seat.is_busy() {
                        return;
                    }
                }
            }
        }
    }

    /// The requests of this connection.
    pub fn service(&self, router: Router) -> Seated {
        Seated {
            router,
            seats: self.seats.clone(),
            seat: self.seat.clone(),
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.seats.lock().remove(&self.number);
    }
}

/// The router, for a connection whose seat knows when it works.
#[derive(Clone)]
pub struct Seated {
    router: Router,
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<B> Service<Request<B>> for Seated
where
    Router: Service<Request<B>, Response = Response, Error = Infallible>,
    <Router as Service<Request<B>>>::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Answering {
        self.seat.busy.store(true, Ordering::Relaxed);
        let answering = self.router.call(request);
        let seats = self.seats.clone();
        let seat = self.seat.clone();
        Box::pin(async move {
            let response = answering.await?;
            let goes_on = response.status() == StatusCode::SWITCHING_PROTOCOLS
                || response.body().size_hint().exact().is_none();
            if !goes_on {
                seat.idle_since.store(seats.moment(), Ordering::Relaxed);
                seat.busy.store(false, Ordering::Relaxed);
            }
            Ok(response)
        })
    }
}
