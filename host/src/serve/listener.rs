//! The accept loop: connections, their limits, and the end of it all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime as Tokio;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::connection_limit::{Admitted, ConnectionLimit, Tracked};
use super::hosted::Hosted;
use super::http;
use super::options::ServeOptions;
use super::peer::Peer;
use super::server::Server;
use super::slow_clients::Patient;
use super::tls;
use crate::book::Book;
use crate::model::clock::Stopwatch;
use crate::model::{Error, Result};
use crate::store::Announced;

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 64 << 10;
const HEADERS_MAX: usize = 100;

/// Time between two looks whether the writer is still there.
const FAULT_LOOK: Duration = Duration::from_millis(200);

/// How shells call the end by a second Ctrl-C.
const INTERRUPTED: i32 = 130;

/// A server that runs. Dropping it stops it too, without waiting.
pub struct Serving {
    address: SocketAddr,
    loop_thread: Option<JoinHandle<()>>,
    writer_thread: Option<JoinHandle<Book>>,
    hosted: Hosted,
    announced: Option<Announced>,
}

/// Puts a book online. Returns once the server listens.
pub fn serve(book: Book, options: ServeOptions) -> Result<Serving> {
    let failed = |error| Error::io(format!("listening on {}", options.listen), error);
    let tls = options.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = std::net::TcpListener::bind(options.listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let announced = book.announce(&format!("{scheme}://{}", reachable(address)));
    // A full disk is no reason to answer nobody: who knows the address needs no such word.
    let announced = announced
        .inspect_err(|error| tracing::warn!(%error, "the book does not say where it is served"))
        .ok();
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .thread_name("daybook-http")
        .enable_all()
        .build()
        .map_err(|error| Error::io("starting the server's threads", error))?;
    let server = Server::new(options)?;
    let (hosted, writer_thread) = Hosted::start(book, server, tokio.handle().clone())?;
    let started = hosted
        .start_background()
        .and_then(|()| hosted.start_gateway())
        .and_then(|()| hosted.start_timekeeper());
    if let Err(error) = started {
        hosted.writer().close();
        // Gone with the thread: nobody has been served.
        drop(writer_thread.join());
        return Err(error);
    }
    let served = hosted.clone();
    let loop_thread = std::thread::Builder::new()
        .name("daybook-accept".to_owned())
        .spawn(move || run(tokio, listener, tls, served))
        .map_err(|error| Error::io("starting the server's thread", error))?;
    Ok(Serving {
        address,
        loop_thread: Some(loop_thread),
        writer_thread: Some(writer_thread),
        hosted,
        announced,
    })
}

/// The address for who is on this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The book, for one who asks from inside the process.
    pub fn hosted(&self) -> &Hosted {
        &self.hosted
    }

    /// Takes no more requests, finishes those it has, and gives the book back. What could not be finished within
    /// `ServeOptions::grace` is refused.
    pub fn stop(mut self) -> Result<Book> {
        self.hosted.server().stop();
        self.announced.take();
        if let Some(thread) = self.loop_thread.take() {
            thread
                .join()
                .map_err(|_| Error::internal("the server's thread panicked"))?;
        }
        // What ends before the writer is still kept.
        self.hosted.stop_working();
        self.hosted.writer().close();
        if let Some(exporter) = self.hosted.server().exporter() {
            exporter.close();
        }
        let thread = self
            .writer_thread
            .take()
            .ok_or_else(|| Error::internal("the writer was stopped before"))?;
        let waiting = Stopwatch::start();
        let grace = self.hosted.server().options().grace;
        while !thread.is_finished() && waiting.seconds() < grace.as_secs_f64() {
            std::thread::sleep(Duration::from_millis(1));
        }
        if !thread.is_finished() {
            let text = format!(
                "the writer is still at work after {} s",
                grace.as_secs_f64()
            );
            return Err(Error::unavailable(text)
                .hint("nothing that was acknowledged is lost where the process ends now"));
        }
        thread.join().map_err(|_| self.hosted.writer().gone())
    }

    /// Until Ctrl-C or SIGTERM, or until the writer has panicked; then as `stop`. A second signal ends the process at once,
    /// which costs no event that was acknowledged.
    pub fn wait(self) -> Result<Book> {
        let failed = |error| Error::io("waiting for a signal", error);
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let writer = self.hosted.writer();
        let gone = async {
            while writer.fault().is_none() {
                tokio::time::sleep(FAULT_LOOK).await;
            }
            Ok(())
        };
        let ended = async {
            tokio::select! {
                signal = signal() => signal,
                gone = gone => gone,
            }
        };
        tokio.block_on(ended).map_err(failed)?;
        std::thread::Builder::new()
            .name("daybook-signal".to_owned())
            .spawn(move || {
                if tokio.block_on(signal()).is_ok() {
                    std::process::exit(INTERRUPTED);
                }
            })
            .map_err(failed)?;
        self.stop()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.hosted.server().stop();
        // While the writer still has the lock: afterwards the file may be another's.
        self.announced.take();
        if self.writer_thread.is_some() {
            self.hosted.end_working();
            self.hosted.writer().close();
        }
    }
}

async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminated.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => pressed,
    }
}

fn run(tokio: Tokio, listener: std::net::TcpListener, tls: Option<TlsAcceptor>, hosted: Hosted) {
    let server = hosted.server().clone();
    let mut stopped = server.stopped();
    let ServeOptions {
        head_time,
        slow_client_time,
        grace,
        connections_max,
        ..
    } = *server.options();
    let limit = ConnectionLimit::new(connections_max);
    let router = http::router(hosted.clone());
    tokio.block_on(async {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "the server cannot listen");
                return;
            }
        };
        // Not the builder that finds out which HTTP a client speaks: until it has, it waits for ever.
        let mut http = Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(head_time)
            .max_headers(HEADERS_MAX)
            .max_buf_size(HEAD_BYTES_MAX);
        loop {
            let accepted = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                accepted = accept(&listener, &limit) => accepted,
            };
            let (stream, from, admitted) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Mostly too many open files: others may close theirs meanwhile.
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let peer = stream.local_addr().ok().map(|own| Peer::of(from, own));
            let stream = Patient::new(stream, slow_client_time, stopped.clone());
            let service = admitted.service(router.clone(), peer);
            let http = http.clone();
            let tls = tls.clone();
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let connection = async {
                    let Some(tls) = tls else {
                        return speak(&http, stream, service, stopped).await;
                    };
                    let shaken = tokio::time::timeout(head_time, tls.accept(stream)).await;
                    if let Ok(Ok(stream)) = shaken {
                        speak(&http, stream, service, stopped).await;
                    }
                };
                admitted.run(connection).await;
            });
        }
        drop(listener);
        limit.close_idle();
        let _ = tokio::time::timeout(grace, limit.all_ended()).await;
        // Those over WebSocket have left HTTP behind.
        hosted.subscriptions().ended().await;
    });
    // A read that goes on is waited for no longer than a request that does.
    tokio.shutdown_timeout(Duration::from_secs(1));
}

/// Answers the requests of a connection until it ends, or until the server stops and the one at work is answered.
async fn speak<S>(http: &Builder, stream: S, service: Tracked, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = http
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        // A client that hangs up is no news.
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

async fn accept(
    listener: &TcpListener,
    limit: &Arc<ConnectionLimit>,
) -> std::io::Result<(TcpStream, SocketAddr, Admitted)> {
    let (stream, from) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, from, limit.admit().await))
}
