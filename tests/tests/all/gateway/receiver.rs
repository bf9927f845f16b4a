//! Owns a receiver of webhooks: an HTTP server that behaves as a test says, and remembers everything.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::Listener;
use daybook_tests::Http;
use serde_json::Value as Json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What came.
#[derive(Debug, Clone)]
pub struct Got {
    pub id: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub json: Json,
    pub at: Instant,
    /// It was taken in, whether or not the sender learns of it.
    pub taken: bool,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The `n` of the task's data.
    pub fn n(&self) -> i64 {
        self.json["data"]["n"].as_i64().expect("a number")
    }
}

/// How a delivery is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    Take,
    /// Refused with this status, these headers, and words.
    Refuse(u16, Vec<(&'static str, String)>, &'static str),
    /// The connection ends before anything was done.
    Drop,
    /// Taken in, and then the connection ends without an answer.
    Lose,
    /// Nothing happens for so long; then it is taken in, unless the sender left.
    Stall(Duration),
    /// Taken in, and then nothing happens for so long.
    TakeAndStall(Duration),
}

/// Decides how a delivery is answered, which is the n-th of its id.
type Behaviour = dyn Fn(&Got, usize) -> Reply + Send + Sync;

#[derive(Clone)]
pub struct Receiver {
    got: Arc<Mutex<Deliveries>>,
    behaviour: Arc<Mutex<Arc<Behaviour>>>,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// The server ends with it.
    _tokio: Arc<tokio::runtime::Runtime>,
}

#[derive(Default)]
struct Deliveries {
    all: Vec<Got>,
    /// How often each id came.
    of_id: HashMap<String, usize>,
}

impl Receiver {
    pub fn start(behaviour: impl Fn(&Got, usize) -> Reply + Send + Sync + 'static) -> Receiver {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = tokio
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let connections = Arc::new(AtomicUsize::new(0));
        let receiver = Receiver {
            got: Arc::default(),
            behaviour: Arc::new(Mutex::new(Arc::new(behaviour))),
            address: listener.local_addr().expect("an address"),
            connections: connections.clone(),
            _tokio: Arc::new(tokio),
        };
        let router = Router::new()
            .route("/hook", post(take))
            .with_state((receiver.got.clone(), receiver.behaviour.clone()));
        let listener = Counted {
            listener,
            connections,
        };
        receiver
            ._tokio
            .spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// One that takes everything.
    pub fn willing() -> Receiver {
        Receiver::start(|_, _| Reply::Take)
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it behaves like this.
    pub fn behave(&self, behaviour: impl Fn(&Got, usize) -> Reply + Send + Sync + 'static) {
        *self.behaviour.lock().expect("no behaviour panics") = Arc::new(behaviour);
    }

    /// Everything that came so far.
    pub fn got(&self) -> Vec<Got> {
        locked(&self.got).all.clone()
    }

    pub fn count(&self) -> usize {
        locked(&self.got).all.len()
    }

    /// Waits until nobody is connected: whatever a sender that is gone had sent is through.
    pub fn wait_until_left(&self) {
        // Who asks last is let in last: nobody is at the door any more.
        let url = format!("http://{}/", self.address);
        let asked = Http::default().ask("GET", &url, &[], None);
        assert_eq!(asked.map(|answer| answer.status).ok(), Some(404));
        let begun = Instant::now();
        while self.connections.load(Ordering::SeqCst) > 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "somebody stays connected"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What was taken in, in order.
    pub fn taken(&self) -> Vec<Got> {
        let got = self.got().into_iter();
        got.filter(|got| got.taken).collect()
    }

    /// The `n` of everything that was taken in, in order.
    pub fn taken_ns(&self) -> Vec<i64> {
        self.taken().iter().map(Got::n).collect()
    }

    /// Waits until so many were taken in.
    pub fn wait_for(&self, count: usize) -> Vec<Got> {
        let begun = Instant::now();
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "{} of {count} came",
                taken.len()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn locked(got: &Mutex<Deliveries>) -> MutexGuard<'_, Deliveries> {
    // A connection that is dropped unwinds.
    got.lock().unwrap_or_else(PoisonError::into_inner)
}

type Shared = (Arc<Mutex<Deliveries>>, Arc<Mutex<Arc<Behaviour>>>);

async fn take(State((got, behaviour)): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let behaviour = behaviour.lock().expect("no behaviour panics").clone();
    let body = String::from_utf8(body.to_vec()).expect("text");
    let id = headers["webhook-id"].to_str().expect("text").to_owned();
    let mut new = Got {
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
            .collect(),
        json: serde_json::from_str(&body).expect("JSON"),
        at: Instant::now(),
        taken: false,
        id,
        body,
    };
    let (place, reply) = {
        let mut got = locked(&got);
        let before = got.of_id.entry(new.id.clone()).or_default();
        let reply = behaviour(&new, *before);
        *before += 1;
        new.taken = matches!(reply, Reply::Take | Reply::Lose | Reply::TakeAndStall(_));
        got.all.push(new);
        (got.all.len() - 1, reply)
    };
    match reply {
        Reply::Take => (StatusCode::OK, "taken").into_response(),
        Reply::Refuse(status, headers, words) => {
            let status = StatusCode::from_u16(status).expect("a status");
            let mut response = (status, words).into_response();
            for (name, value) in headers {
                let value = value.parse().expect("a header's value");
                response.headers_mut().insert(name, value);
            }
            response
        }
        // The task of the connection ends, and with it the connection.
        Reply::Drop | Reply::Lose => std::panic::resume_unwind(Box::new("the connection ends")),
        Reply::Stall(time) => {
            // A sender that leaves takes this task with it.
            tokio::time::sleep(time).await;
            locked(&got).all[place].taken = true;
            (StatusCode::OK, "late").into_response()
        }
        Reply::TakeAndStall(time) => {
            tokio::time::sleep(time).await;
            (StatusCode::OK, "late").into_response()
        }
    }
}

/// A listener that knows how many are connected.
struct Counted {
    listener: TcpListener,
    connections: Arc<AtomicUsize>,
}

impl Listener for Counted {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        self.connections.fetch_add(1, Ordering::SeqCst);
        let connections = self.connections.clone();
        let connection = Connection {
            stream,
            connections,
        };
        (connection, address)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

struct Connection {
    stream: TcpStream,
    connections: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
