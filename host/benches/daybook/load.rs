//! Clients of the server: as many connections as wanted, on one thread, so that they cost as little as clients can.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the clients saw.
pub struct Load {
    /// Requests a second.
    pub rate: f64,
    /// Seconds to the median answer.
    pub p50: f64,
    pub p99: f64,
}

/// Each connection sends its next command when the last one is answered.
pub fn closed(address: SocketAddr, connections: usize, count: u64) -> Load {
    run(address, connections, move |number, _| {
        (number < count).then_some(Duration::ZERO)
    })
}

/// As `closed`, with deposits at the bank instead of W1's.
pub fn closed_bank(address: SocketAddr, connections: usize, count: u64) -> Load {
    let due = move |number, _| (number < count).then_some(Duration::ZERO);
    clients(address, connections, due, |number| {
        let body = format!(
            r#"{{"account":{},"amount":{}}}"#,
            number % 1_000,
            1 + number % 100
        );
        (command("bank.Deposit", &body), b"HTTP/1.1 201")
    })
}

/// Each connection reads an account by its key again and again, for so long.
pub fn reads(address: SocketAddr, connections: usize, seconds: f64) -> Load {
    let until = Duration::from_secs_f64(seconds);
    clients(
        address,
        connections,
        move |_, start: Instant| (start.elapsed() < until).then_some(Duration::ZERO),
        read_account,
    )
}

/// The same at a rate of their own: a read's time counts from when it was due.
pub fn paced_reads(address: SocketAddr, connections: usize, rate: f64, seconds: f64) -> Load {
    clients(address, connections, pace(rate, seconds), read_account)
}

/// Commands come at a rate of their own, answered or not: a command's time counts from when it was due.
pub fn open(address: SocketAddr, connections: usize, rate: f64, seconds: f64) -> Load {
    run(address, connections, pace(rate, seconds))
}

/// So many a second, for so long.
fn pace(
    rate: f64,
    seconds: f64,
) -> impl Fn(u64, Instant) -> Option<Duration> + Copy + Send + Sync + 'static {
    let count = (rate * seconds) as u64;
    move |number, _| (number < count).then(|| Duration::from_secs_f64(number as f64 / rate))
}

fn run(
    address: SocketAddr,
    connections: usize,
    due: impl Fn(u64, Instant) -> Option<Duration> + Copy + Send + Sync + 'static,
) -> Load {
    clients(address, connections, due, deposit)
}

/// `due` says when the command of a number is due, counted from the start; none when there are no more.
fn clients(
    address: SocketAddr,
    connections: usize,
    due: impl Fn(u64, Instant) -> Option<Duration> + Copy + Send + Sync + 'static,
    request: impl Fn(u64) -> (String, &'static [u8]) + Copy + Send + Sync + 'static,
) -> Load {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let next = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let clients: Vec<_> = (0..connections)
            .map(|_| {
                let next = next.clone();
                tokio::task::spawn(async move {
                    let mut stream = TcpStream::connect(address).await.expect("a connection");
                    stream.set_nodelay(true).expect("a socket");
                    let mut times = Vec::new();
                    let mut answer = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(at) = due(number, start) else {
                            return times;
                        };
                        let mut asked = Instant::now();
                        if at > Duration::ZERO {
                            tokio::time::sleep_until((start + at).into()).await;
                            asked = start + at;
                        }
                        let (text, status) = request(number);
                        ask(&mut stream, &text, status, &mut answer).await;
                        times.push(asked.elapsed().as_secs_f64());
                    }
                })
            })
            .collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.await.expect("a client"));
        }
        let seconds = start.elapsed().as_secs_f64();
        times.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        Load {
            rate: times.len() as f64 / seconds,
            p50: at(0.5),
            p99: at(0.99),
        }
    })
}

/// W1's command of a number, and how its answer begins.
fn deposit(number: u64) -> (String, &'static [u8]) {
    let body = format!(
        r#"{{"account":{},"amount":{}}}"#,
        account(number),
        number % 100
    );
    (command("deposit.Deposit", &body), b"HTTP/1.1 201")
}

fn command(name: &str, body: &str) -> String {
    format!(
        "POST /commands/{name} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn read_account(number: u64) -> (String, &'static [u8]) {
    let request = format!(
        "GET /state/deposit.account/{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
        account(number)
    );
    (request, b"HTTP/1.1 200")
}

fn account(number: u64) -> u64 {
    number.wrapping_mul(2_654_435_761) % 20_000
}

/// Sends a request and reads the whole answer.
async fn ask(stream: &mut TcpStream, request: &str, status: &[u8], answer: &mut Vec<u8>) {
    stream.write_all(request.as_bytes()).await.expect("sent");
    answer.clear();
    let whole = loop {
        answer.reserve(4 << 10);
        let count = stream.read_buf(answer).await.expect("an answer");
        assert!(count > 0, "the server hung up");
        if let Some(whole) = length(answer) {
            break whole;
        }
    };
    assert_eq!(whole, answer.len());
    assert!(
        answer.starts_with(status),
        "{}",
        String::from_utf8_lossy(answer)
    );
}

/// Bytes of the whole answer, once its head and body are there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).expect("a head of text");
    let (_, rest) = text.split_once("content-length: ").expect("a length");
    let (body, _) = rest.split_once('\r').expect("its end");
    let body: usize = body.parse().expect("a number");
    (answer.len() >= head + body).then_some(head + body)
}
