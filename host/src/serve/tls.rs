//! TLS: a certificate and its key, from PEM files.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

use crate::model::{Error, Result};

/// Where certificate and key are. They are read once, when the server starts.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate first, then those that lead to its root.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Whatever is wrong with the files is said before the server starts.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor> {
    let unreadable = |path: &PathBuf, what: &str, error: pem::Error| {
        let path = path.display();
        match error {
            pem::Error::Io(error) => Error::io(format!("reading {path}"), error),
            pem::Error::NoItemsFound => Error::usage(format!("{path} holds no {what}"))
                .hint("it must be a PEM file: -----BEGIN …"),
            error => Error::usage(format!("{path} is no PEM file: {error}")),
        }
    };
    let path = &files.certificate;
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, "certificate", error))?;
    if chain.is_empty() {
        return Err(unreadable(path, "certificate", pem::Error::NoItemsFound));
    }
    let path = &files.key;
    let key = PrivateKeyDer::from_pem_file(path)
        .map_err(|error| unreadable(path, "private key", error))?;
    let unfit = |error: rustls::Error| {
        Error::usage(format!(
            "{} and {} cannot serve: {error}",
            files.certificate.display(),
            files.key.display()
        ))
        .hint("the key must be the one that the first certificate in its file was made for")
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
