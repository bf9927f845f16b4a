//! Puts a test's book online and asks it like any client: over a socket.

use std::sync::Mutex;

use daybook::book::Book;
use daybook::serve::{ServeOptions, Serving, serve};
use serde_json::Value as Json;

use crate::{Answer, Http, TestBook};

/// A served book.
pub struct Server {
    pub url: String,
    http: Http,
    serving: Option<Serving>,
    /// Behind a lock only so that threads can share the server.
    book: Mutex<Option<TestBook>>,
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
        Server {
            url: format!("http://{}", serving.address()),
            http: Http::default(),
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
        let url = format!("{}{path}", self.url);
        let answered = self.http.ask(method, &url, headers, body);
        answered.unwrap_or_else(|error| panic!("{method} {path}: {error:?}"))
    }
}
