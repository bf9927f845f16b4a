//! A book that another process serves, asked over HTTP. Here is how a request travels; what may be asked are the traits of
//! `verbs`, and what goes out and comes in are the messages of `wire`.

mod operate;
mod problem;
mod read;
mod study;

use std::fmt;
use std::io::{ErrorKind, Read as _};
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::{Request, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::model::error::{Problem, shown};
use crate::model::{Error, Result};

/// Time to get a connection. An answer may take as long as it takes: a verification replays everything.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Bytes of one answer.
const ANSWER_BYTES_MAX: u64 = 512 << 20;

/// Where a served book is, and who asks.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// `http://127.0.0.1:7373`
    pub url: String,
    pub token: Option<String>,
    /// Certificates (PEM) to trust in place of those that browsers trust.
    pub tls_roots: Option<Vec<u8>>,
}

/// Asks a server.
pub struct Client {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

impl Client {
    pub fn new(address: Address) -> Result<Client> {
        let url = address.url.trim_end_matches('/').to_owned();
        let parsed = url.parse::<Uri>().ok();
        let host = parsed.as_ref().and_then(Uri::host);
        let scheme = parsed.as_ref().and_then(Uri::scheme_str);
        let (Some(host), Some("http" | "https")) = (host, scheme) else {
            return Err(
                Error::usage(format!("'{}' is not where a book is served", shown(&url)))
                    .hint("http://127.0.0.1:7373"),
            );
        };
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIME))
            // Nobody is sent on with a token.
            .max_redirects(0)
            .user_agent(concat!("daybook/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(host) {
            config = config.proxy(None);
        }
        if let Some(pem) = &address.tls_roots {
            let roots = RootCerts::new_with_certs(&certificates(pem)?);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Client {
            agent: config.build().new_agent(),
            url,
            token: address.token,
        })
    }

    /// Where it asks.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let request = Request::get(format!("{}{path}", self.url));
        self.ask(request, None)?.read()
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer> {
        let mut request = Request::post(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request, Some(body))
    }

    /// Posts a message.
    fn tell(&self, path: &str, message: &impl Serialize) -> Result<Answer> {
        let headers = [("content-type", "application/json")];
        self.post(path, &headers, written(message)?)
    }

    fn ask(&self, request: ureq::http::request::Builder, body: Option<Vec<u8>>) -> Result<Answer> {
        let request = match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        let malformed = |error| Error::usage(format!("asking {}: {error}", self.url));
        let answered = match body {
            Some(body) => self.agent.run(request.body(body).map_err(malformed)?),
            None => self.agent.run(request.body(()).map_err(malformed)?),
        };
        let mut response = answered.map_err(|error| self.unreachable(&error))?;
        let version = response.headers().get("daybook-version");
        let version = version
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut bytes = Vec::new();
        let reader = response.body_mut().as_reader();
        reader
            .take(ANSWER_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| lost(format!("the answer of {} ended early: {error}", self.url)))?;
        let answer = Answer {
            status: response.status().as_u16(),
            version,
            bytes,
        };
        tracing::debug!(url = self.url, status = answer.status, "answered");
        Ok(answer)
    }

    fn unreachable(&self, error: &ureq::Error) -> Error {
        let url = &self.url;
        // What the library below TLS says comes as an error of reading.
        let io = match error {
            ureq::Error::Io(io) => Some(io.kind()),
            _ => None,
        };
        match (error, io) {
            (ureq::Error::HostNotFound | ureq::Error::ConnectionFailed, _)
            | (_, Some(ErrorKind::ConnectionRefused)) => {
                Error::unavailable(format!("nobody answers at {url}"))
                    .hint("serve the book there: daybook serve BOOK")
            }
            (ureq::Error::Rustls(_) | ureq::Error::Tls(_), _)
            | (_, Some(ErrorKind::InvalidData)) => Error::unavailable(format!(
                "{url} cannot be trusted: {error}"
            ))
            .hint("name the host that its certificate is for, and its root with --tls-ca FILE"),
            _ => lost(format!("asking {url}: {error}")),
        }
    }
}

/// What was sent may have arrived.
fn lost(what: String) -> Error {
    Error::unavailable(what)
        .problem(Problem::Lost)
        .hint("it is not known whether anything was kept")
}

/// What a request was answered.
struct Answer {
    status: u16,
    /// The date of the version that answered a command.
    version: Option<String>,
    bytes: Vec<u8>,
}

impl Answer {
    /// What it says, or why it says no.
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        if !(200..300).contains(&self.status) {
            return Err(problem::error(self.status, &self.bytes));
        }
        serde_json::from_slice(&self.bytes).map_err(unreadable)
    }
}

fn written(message: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(message)
        .map_err(|error| Error::refused(format!("what is not JSON cannot be sent: {error}")))
}

/// An answer that is not what this version of the host gives.
fn unreadable(error: impl fmt::Display) -> Error {
    Error::unavailable(format!("the server's answer cannot be read: {error}"))
        .hint("is it a book that is served there, by this version?")
}

/// Text as part of a path or a query.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A path with those of the parameters that have a value.
fn path_with(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let mut path = path.to_owned();
    for (name, value) in parameters {
        if let Some(value) = value {
            let mark = if path.contains('?') { '&' } else { '?' };
            path.push_str(&format!("{mark}{name}={}", encoded(value)));
        }
    }
    path
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        let item = item.map_err(|error| Error::usage(format!("certificates to trust: {error}")))?;
        if let PemItem::Certificate(certificate) = item {
            found.push(certificate);
        }
    }
    match found.is_empty() {
        true => Err(Error::usage("certificates to trust: there is none")
            .hint("it must be a PEM file: -----BEGIN CERTIFICATE-----")),
        false => Ok(found),
    }
}

/// True for hosts that are reached without any proxy.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
