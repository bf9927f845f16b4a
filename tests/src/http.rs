//! Requests to servers of this machine, from a thread that waits for the answers.

use std::io;
use std::time::Duration;

use daybook::outbound::{self, Waiter};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::Value as Json;

/// Asks servers.
pub struct Http {
    client: Client,
    waiter: Waiter,
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

impl Default for Http {
    fn default() -> Http {
        Http::within(None)
    }
}

impl Http {
    /// Gives up where so long not a byte comes.
    pub fn within(silence: Option<Duration>) -> Http {
        let local = "http://127.0.0.1".parse().expect("a URL");
        // Shorter than any server of a test keeps a silent connection: one that it is about to close is not asked.
        let settings = outbound::settings(&local, None)
            .expect("settings")
            .pool_idle_timeout(Duration::from_millis(100));
        let settings = match silence {
            Some(silence) => settings.read_timeout(silence),
            None => settings,
        };
        Http {
            client: outbound::client(settings).expect("a client"),
            waiter: Waiter::new().expect("a thread"),
        }
    }

    /// The whole answer, whatever it says; an error where none came.
    pub fn ask(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> reqwest::Result<Answer> {
        let request = self.request(method, url, headers);
        let request = match body {
            Some(body) => request.body(body.to_vec()),
            None => request,
        };
        self.waiter.wait(async || {
            let response = request.send().await?;
            let status = response.status().as_u16();
            let headers = { response.headers().iter() }
                .map(|(name, value)| {
                    let value = value.to_str().unwrap_or_default();
                    (name.as_str().to_owned(), value.to_owned())
                })
                .collect();
            let bytes = response.bytes().await?;
            let text = String::from_utf8(bytes.into()).expect("a body of text");
            Ok(Answer {
                status,
                headers,
                json: serde_json::from_str(&text).unwrap_or_default(),
                text,
            })
        })
    }

    /// A good answer whose body is read as it comes.
    pub fn open(self, url: &str, headers: &[(&str, &str)]) -> reqwest::Result<Stream> {
        let request = self.request("GET", url, headers);
        let response = self.waiter.wait(async || request.send().await)?;
        Ok(Stream {
            http: self,
            response: response.error_for_status()?,
            unread: Vec::new(),
        })
    }

    fn request(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, url);
        headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        })
    }
}

/// A body that is still coming.
pub struct Stream {
    http: Http,
    pub response: Response,
    unread: Vec<u8>,
}

impl io::Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.unread.is_empty() {
            let chunk = self.http.waiter.wait(async || self.response.chunk().await);
            self.unread = chunk.map_err(io::Error::other)?.unwrap_or_default().into();
        }
        let count = to.len().min(self.unread.len());
        to[..count].copy_from_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Ok(count)
    }
}
