//! Puts a test's book online and asks it like any client: over a socket.

use std::io::Read as _;
use std::sync::Mutex;

use daybook::book::Book;
use daybook::serve::{ServeOptions, Serving, serve};
use serde_json::Value as Json;

use crate::TestBook;

/// A served book.
pub struct Server {
    pub url: String,
    agent: ureq::Agent,
    serving: Option<Serving>,
    /// Behind a lock only so that threads can share the server.
    book: Mutex<Option<TestBook>>,
}

/// What a request was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Null where the body is not JSON.
    pub json: Json,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> &str {
        let name = self.json["type"].as_str().unwrap_or_default();
        name.strip_prefix("/problems/").unwrap_or_default()
    }
}

/// A command that was accepted, and events that were kept.
#[track_caller]
pub fn done(answer: &Answer) {
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// A command that its plugin rejected with this code.
#[track_caller]
pub fn refused(answer: &Answer, code: &str) {
    let told = (answer.status, answer.problem(), &answer.json["code"]);
    assert_eq!(
        told,
        (422, "rejected", &Json::from(code)),
        "{}",
        answer.text
    );
}

impl Server {
    /// Serves a book on a free port of this machine.
    pub fn of(book: TestBook) -> Server {
        Self::with(book, Self::options())
    }

    pub fn with(mut book: TestBook, options: ServeOptions) -> Server {
        let serving = serve(book.take(), options).expect("it is served");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        Server {
            url: format!("http://{}", serving.address()),
            agent: config.new_agent(),
            serving: Some(serving),
            book: Mutex::new(Some(book)),
        }
    }

    /// How a book is served on a free port of this machine, unless a test wants it otherwise.
    pub fn options() -> ServeOptions {
        ServeOptions::new("127.0.0.1:0".parse().expect("an address"))
    }

    /// Stops it and gives the book back, open.
    pub fn stop(mut self) -> TestBook {
        let serving = self.serving.take().expect("it is served");
        let mut book = self
            .book
            .get_mut()
            .expect("no test panicked with it")
            .take()
            .expect("the book's folder is kept");
        book.put(serving.stop().expect("it stops"));
        book
    }

    /// Gives the book to somebody between two groups, and waits until that is published.
    pub fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Book) -> T + Send + 'static,
    ) -> T {
        let serving = self.serving.as_ref().expect("it is served");
        let (done, answer) = std::sync::mpsc::channel();
        // Who asked may be gone.
        let done = Box::new(move |result| drop(done.send(result)));
        let writer = serving.hosted().writer();
        writer
            .alone(move |book| Ok(work(book)), done)
            .expect("there is room");
        let answer = answer.recv().expect("the writer runs");
        answer.unwrap_or_else(|error| panic!("the book is not to be had: {error}"))
    }

    /// Where it listens, for who talks to it over a bare socket.
    pub fn address(&self) -> std::net::SocketAddr {
        self.serving.as_ref().expect("it is served").address()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None)
    }

    /// Posts JSON.
    pub fn post(&self, path: &str, body: &Json) -> Answer {
        self.ask("POST", path, &[], Some(&body.to_string()))
    }

    /// Any request; the content type is JSON unless a header says another.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let typed = headers.iter().any(|(name, _)| *name == "content-type");
        let json = ("content-type", "application/json");
        let headers = match body.is_some() && !typed {
            true => &[headers, &[json]].concat(),
            false => headers,
        };
        self.send(method, path, headers, body.map(str::as_bytes))
    }

    /// The same with a body of any kind.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answered = match body {
            Some(body) => self
                .agent
                .run(request.body(body.to_vec()).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = answered.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = value.to_str().unwrap_or_default();
                (name.as_str().to_owned(), value.to_owned())
            })
            .collect();
        let mut text = String::new();
        response
            .body_mut()
            .as_reader()
            .read_to_string(&mut text)
            .expect("a body of text");
        Answer {
            status: response.status().as_u16(),
            headers,
            json: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }
}
