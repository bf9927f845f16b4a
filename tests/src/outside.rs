//! Owns a server outside of the book, on this machine: it answers each request as the test says, and counts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

/// Head of a request, and the number of those before it; what comes of it is the whole answer.
type Answering = dyn Fn(&str, usize) -> String + Send + Sync;

/// A server whose thread ends with the process.
pub struct Outside {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// An answer with a status line's end and a body.
pub fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

impl Outside {
    pub fn answering(answering: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Outside {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let answering: Arc<Answering> = Arc::new(answering);
        let heads = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heads, answering) = (heads.clone(), answering.clone());
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream);
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if stream.read_line(&mut head).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let mut all = heads.lock().unwrap_or_else(PoisonError::into_inner);
                    let number = all.len();
                    all.push(head.clone());
                    drop(all);
                    // A client that leaves is done.
                    let _ = stream
                        .get_mut()
                        .write_all(answering(&head, number).as_bytes());
                });
            }
        });
        Outside { url, asked }
    }

    /// The heads of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}
