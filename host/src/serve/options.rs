//! How a server listens, what it looks after by itself, and the bounds of everything that its clients can ask for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::tls::TlsFiles;
use crate::book::WriterOptions;
use crate::gateway::{Folders, Printer};

/// How a book is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    pub writer: WriterOptions,
    /// Bytes that a request's body may have.
    pub body_max: usize,
    /// Bytes of all bodies in memory at the same time; what is more is refused for the moment.
    pub bodies_max: usize,
    /// Connections at the same time. One more takes the place of the one that has been idle for the longest time, or
    /// waits where all are at work.
    pub connections_max: u32,
    /// Every request needs a token, even where the book has none yet and only this machine can ask.
    pub require_token: bool,
    /// Whoever is on this machine may do everything, while the book has no tokens: nobody is asked who they are.
    pub open_loopback: bool,
    /// Where tasks may be written, and secrets read, on this machine.
    pub folders: Folders,
    /// What the server looks after by itself.
    pub background: Background,
    /// HTTPS instead of HTTP.
    pub tls: Option<TlsFiles>,
    /// Time a client has to send a request's head, counted from the end of the one before, and for a TLS handshake:
    /// what is slower is an attack, or nobody.
    pub head_time: Duration,
    /// Time for a request's body to arrive.
    pub body_time: Duration,
    /// Time for requests that were accepted to finish when the server stops.
    pub grace: Duration,
    /// Subscriptions at the same time; one more is refused.
    pub subscribers_max: usize,
    /// Time after which a client that takes nothing of what it asked for is cut off.
    pub slow_client_time: Duration,
    /// Time after which a subscriber hears something, even that nothing happened.
    pub heartbeat: Duration,
    /// Tasks are carried out.
    pub gateway: bool,
    /// Commands are run by the clock.
    pub schedules: bool,
    /// Takes the lines of tasks that are printed.
    pub printer: Option<Printer>,
    /// Where spans are sent to, as OTLP over HTTP: `http://127.0.0.1:4318`.
    pub otlp: Option<String>,
}

/// What a server looks after by itself.
#[derive(Debug, Clone, Default)]
pub struct Background {
    /// Components in this folder are loaded as they appear.
    pub plugins: Option<PathBuf>,
    /// The live state is copied whenever the log has grown by so many events.
    pub snapshot_every: Option<u64>,
    /// History is verified this often.
    pub verify_every: Option<Duration>,
}

impl ServeOptions {
    pub fn new(listen: SocketAddr) -> Self {
        ServeOptions {
            listen,
            writer: WriterOptions::default(),
            body_max: 8 << 20,
            bodies_max: 256 << 20,
            connections_max: 1_024,
            require_token: false,
            open_loopback: false,
            folders: Folders::default(),
            background: Background::default(),
            tls: None,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            grace: Duration::from_secs(30),
            subscribers_max: 256,
            slow_client_time: Duration::from_secs(10),
            heartbeat: Duration::from_secs(15),
            gateway: true,
            schedules: true,
            printer: None,
            otlp: None,
        }
    }
}
