//! Outgoing HTTP: whom it trusts, that it follows no redirect, when it uses a proxy, and how a thread waits for an answer.
//! What is asked, and what answers mean, belongs to `client`, to the gateway's drivers and to the exporter of spans.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, Url, redirect};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use crate::model::error::causes;
use crate::model::{Error, Result};

/// Time to get a connection. How long an answer may take is for each caller to say.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Settings of a client for one address. It trusts the given roots, or those that browsers trust; it follows no redirect, so
/// nobody is sent on with a token; and it uses the environment's proxies for every host but this machine.
pub fn settings(url: &Url, roots: Option<RootCertStore>) -> Result<ClientBuilder> {
    let roots = roots.unwrap_or_else(|| RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    });
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let settings = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIME)
        .user_agent(concat!("daybook/", env!("CARGO_PKG_VERSION")));
    Ok(match is_this_machine(url.host_str().unwrap_or_default()) {
        true => settings.no_proxy(),
        false => settings,
    })
}

/// The client of some settings.
pub fn client(settings: ClientBuilder) -> Result<reqwest::Client> {
    settings.build().map_err(|error| unusable(&error))
}

fn unusable(error: &dyn StdError) -> Error {
    Error::internal(format!("making an HTTP client: {}", causes(error)))
}

/// Certificates to trust, from PEM. What else stands there is passed over, as are certificates of forms that nobody uses any more.
pub fn roots(pem: &[u8]) -> Result<RootCertStore> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::usage(format!("certificates to trust: {error}")))?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found);
    match roots.is_empty() {
        true => Err(Error::usage("certificates to trust: there is none")
            .hint("it must be a PEM file: -----BEGIN CERTIFICATE-----")),
        false => Ok(roots),
    }
}

/// True where the other side answered, and TLS could not agree with it or does not trust it.
pub fn is_distrust(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<rustls::Error>() {
            return true;
        }
        // An error of reading does not name the one that it holds as its source.
        let held = error.downcast_ref::<io::Error>();
        next = match held.and_then(io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    false
}

/// True for hosts that are reached without any proxy.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Lets a thread wait for requests. Connections are kept alive beside it, by one thread more.
pub struct Waiter(Option<Runtime>);

impl Waiter {
    pub fn new() -> Result<Waiter> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("daybook-outbound")
            .enable_all()
            .build()
            .map_err(|error| Error::io("starting a thread for HTTP requests", error))?;
        Ok(Waiter(Some(runtime)))
    }

    /// Waits on the calling thread, which must not be one of a runtime's. The work is begun where there are timers.
    pub fn wait<T>(&self, work: impl AsyncFnOnce() -> T) -> T {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        runtime.block_on(async { work().await })
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // The look-up of a name cannot be broken off. Nobody waits for one that came too late.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_are_told_from_others() {
        let cases = [
            ("localhost", true),
            ("LOCALHOST", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("10.0.0.1", false),
            ("localhost.example.com", false),
            ("", false),
        ];
        for (host, expected) in cases {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }

    #[test]
    fn distrust_is_found_below_errors_of_reading() {
        let expired = rustls::Error::InvalidCertificate(rustls::CertificateError::Expired);
        let read = io::Error::new(io::ErrorKind::InvalidData, expired);
        assert!(is_distrust(&io::Error::other(read)));
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(!is_distrust(&io::Error::other(refused)));
    }

    #[test]
    fn certificates_to_trust_are_refused_where_there_are_none() {
        let refused = |pem: &str| roots(pem.as_bytes()).expect_err(pem).message;
        assert_eq!(
            refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "certificates to trust: there is none"
        );
        assert!(refused("-----BEGIN CERTIFICATE-----\nAAAA").starts_with("certificates to trust"));
    }
}
