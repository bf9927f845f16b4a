//! The server: books online. `listener` takes connections, `server` is what all books share, `hosted` is one book, and
//! `http` has a file for each resource, whose routes are declared there once.

mod access;
mod background;
mod bodies;
mod browser;
mod connection_limit;
mod hosted;
mod http;
mod listener;
mod metrics;
mod operations;
mod options;
mod otlp;
mod peer;
mod reads;
mod server;
mod slow_clients;
mod subscriptions;
mod tls;

pub use access::{Access, Caller};
pub use hosted::Hosted;
pub use http::declared::{Declared, Touches, Verb};
pub use http::routes;
pub use listener::{Serving, serve};
pub use options::{Background, ServeOptions};
pub use server::Server;
pub use tls::TlsFiles;
