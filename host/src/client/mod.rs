//! A book that another process serves, asked over HTTP. Here is how a request travels; what may be asked are the traits of
//! `verbs`, and what goes out and comes in are the messages of `wire`.

mod operate;
mod problem;
mod read;
mod study;

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use reqwest::{Method, RequestBuilder, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::error::{Problem, causes, shown};
use crate::model::{Error, Result, Seq};
use crate::outbound::{self, Waiter};

/// Bytes of one answer, beyond which no more is read.
const ANSWER_BYTES_MAX: usize = 512 << 20;

/// Where a served book is, and who asks.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// `http://127.0.0.1:7373`
    pub url: String,
    pub token: Option<String>,
    /// Certificates (PEM) to trust in place of those that browsers trust.
    pub tls_roots: Option<Vec<u8>>,
}

/// Asks a server. An answer may take as long as it takes: a verification replays everything.
pub struct Client {
    http: reqwest::Client,
    waiter: Waiter,
    url: String,
    token: Option<String>,
    /// What is read must know of this event.
    min_position: Cell<Option<Seq>>,
}

impl Client {
    pub fn new(address: Address) -> Result<Client> {
        let url = address.url.trim_end_matches('/').to_owned();
        let parsed = url.parse::<Url>().ok();
        let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        if parsed
            .as_ref()
            .is_some_and(|url| !url.username().is_empty() || url.password().is_some())
        {
            return Err(
                Error::usage("the address of a server holds no user and no password")
                    .hint("--token dbk_…, or DAYBOOK_TOKEN in the environment"),
            );
        }
        let Some(parsed) = parsed else {
            return Err(
                Error::usage(format!("'{}' is not where a book is served", shown(&url)))
                    .hint("http://127.0.0.1:7373"),
            );
        };
        let roots = address.tls_roots.as_deref().map(outbound::roots);
        let settings = outbound::settings(&parsed, roots.transpose()?)?;
        Ok(Client {
            http: outbound::client(settings)?,
            waiter: Waiter::new()?,
            url,
            token: address.token,
            min_position: Cell::default(),
        })
    }

    /// Where it asks.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.ask(self.request(Method::GET, &self.reaching(path)))?
            .read()
    }

    /// The path of a read, with the position that it must know of.
    fn reaching(&self, path: &str) -> String {
        let position = self.min_position.get().map(|seq| seq.to_string());
        path_with(path, &[("min-position", position)])
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<HttpAnswer> {
        let mut request = self.request(Method::POST, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.ask(request.body(body))
    }

    /// Posts a message.
    fn tell(&self, path: &str, message: &impl Serialize) -> Result<HttpAnswer> {
        let headers = [("content-type", "application/json")];
        self.post(path, &headers, written(message)?)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    fn ask(&self, request: RequestBuilder) -> Result<HttpAnswer> {
        let answer = self.waiter.wait(async || {
            let mut response = request.send().await.map_err(|error| self.failed(error))?;
            let version = response.headers().get("daybook-version");
            let version = version
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            let mut bytes = Vec::new();
            while bytes.len() < ANSWER_BYTES_MAX {
                let read = response.chunk().await.map_err(|error| {
                    let why = causes(&error.without_url());
                    lost(format!("the answer of {} ended early: {why}", self.url))
                })?;
                let Some(chunk) = read else { break };
                bytes.extend_from_slice(&chunk);
            }
            Ok::<_, Error>(HttpAnswer {
                status: response.status().as_u16(),
                version,
                bytes,
            })
        })?;
        tracing::debug!(url = self.url, status = answer.status, "answered");
        Ok(answer)
    }

    /// Posts a message whose answer is read as it comes.
    fn stream(&self, path: &str, message: &impl Serialize) -> Result<Box<dyn Read + '_>> {
        let request = { self.request(Method::POST, path) }
            .header("content-type", "application/json")
            .body(written(message)?);
        let response = self.waiter.wait(async || request.send().await);
        let response = response.map_err(|error| self.failed(error))?;
        let mut streamed = Streamed {
            waiter: &self.waiter,
            response,
            part: Vec::new(),
            at: 0,
        };
        let status = streamed.response.status();
        if status.is_success() {
            return Ok(Box::new(streamed));
        }
        let mut bytes = Vec::new();
        (&mut streamed)
            .take(ANSWER_BYTES_MAX as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| lost(format!("the answer of {} ended early: {error}", self.url)))?;
        Err(problem::error(status.as_u16(), &bytes))
    }

    /// Why there is no answer.
    fn failed(&self, error: reqwest::Error) -> Error {
        let url = &self.url;
        let error = error.without_url();
        let why = causes(&error);
        if error.is_builder() {
            Error::usage(format!("asking {url}: {why}"))
        } else if outbound::is_distrust(&error) {
            Error::unavailable(format!("{url} cannot be trusted: {why}"))
                .hint("name the host that its certificate is for, and its root with --tls-ca FILE")
        } else if error.is_connect() {
            Error::unavailable(format!("nobody answers at {url}"))
                .hint("serve the book there: daybook serve BOOK")
        } else {
            lost(format!("asking {url}: {why}"))
        }
    }
}

/// An answer that is read as it comes.
struct Streamed<'a> {
    waiter: &'a Waiter,
    response: reqwest::Response,
    part: Vec<u8>,
    at: usize,
}

impl Read for Streamed<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.part.len() {
            let part = self.waiter.wait(async || self.response.chunk().await);
            let part = part.map_err(|error| std::io::Error::other(causes(&error.without_url())))?;
            match part {
                None => return Ok(0),
                Some(part) => (self.part, self.at) = (part.to_vec(), 0),
            }
        }
        let count = into.len().min(self.part.len() - self.at);
        into[..count].copy_from_slice(&self.part[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// What was sent may have arrived.
fn lost(what: String) -> Error {
    Error::unavailable(what)
        .problem(Problem::Lost)
        .hint("it is not known whether anything was kept")
}

/// What a request was answered.
struct HttpAnswer {
    status: u16,
    /// The date of the version that answered a command.
    version: Option<String>,
    bytes: Vec<u8>,
}

impl HttpAnswer {
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Takes one connection and gives these answers on it, to requests without bodies. Gives what was asked.
    fn answering(answers: &[&str]) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers: Vec<String> = answers.iter().map(|&answer| answer.to_owned()).collect();
        let thread = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            drop(listener);
            let mut stream = BufReader::new(stream);
            let mut asked = Vec::new();
            for answer in answers {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
                asked.push(head.to_lowercase());
                stream.get_mut().write_all(answer.as_bytes()).unwrap();
            }
            asked
        });
        (url, thread)
    }

    fn client(url: &str) -> Client {
        let address = Address {
            url: url.to_owned(),
            token: Some("dbk_x".to_owned()),
            tls_roots: None,
        };
        Client::new(address).unwrap()
    }

    fn head(client: &Client) -> Result<u64> {
        let index: serde_json::Value = client.get("/")?;
        Ok(index["head"].as_u64().unwrap())
    }

    #[test]
    fn one_connection_serves_all_requests_and_each_names_who_asks() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"head\": 7}";
        let (url, server) = answering(&[answer, answer]);
        let client = client(&url);
        assert_eq!(head(&client).unwrap(), 7);
        assert_eq!(head(&client).unwrap(), 7);
        for asked in server.join().unwrap() {
            assert!(
                asked.contains("\r\nauthorization: bearer dbk_x\r\n"),
                "{asked}"
            );
            assert!(asked.contains("\r\nuser-agent: daybook/"), "{asked}");
        }
    }

    #[test]
    fn a_redirect_is_told_and_the_token_goes_nowhere_else() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        other.set_nonblocking(true).unwrap();
        let to = other.local_addr().unwrap();
        let answer =
            format!("HTTP/1.1 307 Go\r\nlocation: http://{to}/\r\ncontent-length: 0\r\n\r\n");
        let (url, server) = answering(&[&answer]);
        let error = head(&client(&url)).unwrap_err();
        assert!(error.message.contains("answered 307"), "{error}");
        assert_eq!(server.join().unwrap().len(), 1);
        assert!(other.accept().is_err(), "it was followed");
    }

    #[test]
    fn an_answer_that_ends_early_leaves_open_what_was_kept() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"he";
        let (url, server) = answering(&[answer]);
        let error = head(&client(&url)).unwrap_err();
        assert!(error.message.contains("ended early"), "{error}");
        assert_eq!(error.problem.as_deref(), Some(&Problem::Lost));
        assert_eq!(server.join().unwrap().len(), 1);
    }
}
