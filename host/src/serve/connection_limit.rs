//! The limit of connections. When it is reached and somebody else comes, the connection that has done nothing for the
//! longest time is closed: idle connections, however many, keep nobody out.

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

use super::peer::Peer;

/// How soon another one is asked to go when the first did not: it had just begun to work.
const PATIENCE: Duration = Duration::from_millis(20);

/// The connections of a server, and how many there may be.
pub struct ConnectionLimit {
    free: Arc<Semaphore>,
    count: u32,
    open: Mutex<HashMap<u64, Arc<Activity>>>,
    /// Counts what happens, to tell before from after.
    moments: AtomicU64,
}

/// What a connection does.
pub struct Activity {
    /// Works on a request, or on an answer without a known end: a stream of events, a WebSocket.
    busy: AtomicBool,
    /// The moment since which it does nothing.
    idle_since: AtomicU64,
    leave: Notify,
}

/// A connection within the limit. Its place is free again once this is dropped.
pub struct Admitted {
    limit: Arc<ConnectionLimit>,
    number: u64,
    activity: Arc<Activity>,
    _permit: OwnedSemaphorePermit,
}

impl ConnectionLimit {
    pub fn new(count: u32) -> Arc<ConnectionLimit> {
        Arc::new(ConnectionLimit {
            free: Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(usize::MAX))),
            count,
            open: Mutex::default(),
            moments: AtomicU64::new(1),
        })
    }

    /// Admits a connection; waits while all others are busy.
    pub async fn admit(self: &Arc<Self>) -> Admitted {
        let permit = loop {
            if let Ok(permit) = self.free.clone().try_acquire_owned() {
                break permit;
            }
            self.close_idlest();
            let waited = tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await;
            if let Ok(Ok(permit)) = waited {
                break permit;
            }
        };
        let number = self.moment();
        let activity = Arc::new(Activity {
            busy: AtomicBool::new(false),
            idle_since: AtomicU64::new(number),
            leave: Notify::new(),
        });
        self.lock().insert(number, activity.clone());
        Admitted {
            limit: self.clone(),
            number,
            activity,
            _permit: permit,
        }
    }

    /// Ends all connections that do nothing.
    pub fn close_idle(&self) {
        for activity in self.lock().values() {
            activity.leave.notify_one();
        }
    }

    /// Waits until every connection has ended.
    pub async fn all_ended(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn close_idlest(&self) {
        let open = self.lock();
        let idle = open.values().filter(|activity| !activity.is_busy());
        if let Some(activity) =
            idle.min_by_key(|activity| activity.idle_since.load(Ordering::Relaxed))
        {
            // Not the first to be asked again: it may have begun to work.
            activity.idle_since.store(self.moment(), Ordering::Relaxed);
            activity.leave.notify_one();
        }
    }

    fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Activity {
    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }
}

impl Admitted {
    /// Carries a connection on until it ends, or until it is idle and its place is wanted.
    pub async fn run(&self, connection: impl Future) {
        tokio::pin!(connection);
        loop {
            tokio::select! {
                biased;
                _ = &mut connection => return,
                () = self.activity.leave.notified() => {
                    if !self.activity.is_busy() {
                        return;
                    }
                }
            }
        }
    }

    /// The requests of this connection.
    pub fn service(&self, router: Router, peer: Option<Peer>) -> Tracked {
        Tracked {
            router,
            peer,
            limit: self.limit.clone(),
            activity: self.activity.clone(),
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.limit.lock().remove(&self.number);
    }
}

/// The router of one connection, which notes when it works.
#[derive(Clone)]
pub struct Tracked {
    router: Router,
    /// Who made the connection, for each of its requests.
    peer: Option<Peer>,
    limit: Arc<ConnectionLimit>,
    activity: Arc<Activity>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<B> Service<Request<B>> for Tracked
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

    fn call(&mut self, mut request: Request<B>) -> Answering {
        if let Some(peer) = &self.peer {
            request.extensions_mut().insert(peer.clone());
        }
        self.activity.busy.store(true, Ordering::Relaxed);
        let answering = self.router.call(request);
        let limit = self.limit.clone();
        let activity = self.activity.clone();
        Box::pin(async move {
            let response = answering.await?;
            let goes_on = response.status() == StatusCode::SWITCHING_PROTOCOLS
                || response.body().size_hint().exact().is_none();
            if !goes_on {
                activity.idle_since.store(limit.moment(), Ordering::Relaxed);
                activity.busy.store(false, Ordering::Relaxed);
            }
            Ok(response)
        })
    }
}
