//! The token of whoever owns a book's files: made when the book is first served, for programs of this machine that are not
//! known otherwise. It counts as long as the book has no tokens of its own.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq as _;

use super::BookDir;
use super::private::private_file;
use super::tokens::{is_secret, secret};
use crate::model::{Digest, Error, ErrorKind, Result};

/// What the file says.
#[derive(Clone)]
pub struct LocalToken(String);

impl LocalToken {
    /// As it is in the book's directory, where a server has made it.
    pub fn read(book: &BookDir) -> Result<Option<LocalToken>> {
        let path = path(book);
        match std::fs::metadata(&path) {
            Ok(known) => check_private(&path, known.mode())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io(path.display(), error)),
        }
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| Error::io(path.display(), error))?;
        match is_secret(text.trim()) {
            true => Ok(Some(LocalToken(text.trim().to_owned()))),
            false => Err(Error::corrupt(format!("{} holds no token", path.display()))
                .hint("delete it, and serve the book again")),
        }
    }

    /// The token of a book, made where it is missing.
    pub fn made(book: &BookDir) -> Result<LocalToken> {
        if let Some(known) = LocalToken::read(book)? {
            return Ok(known);
        }
        let path = path(book);
        let made = LocalToken(secret());
        let unfinished = path.with_extension("new");
        let write = || {
            let mut file = private_file(&unfinished)?;
            file.set_len(0)?;
            file.write_all(made.0.as_bytes())?;
            file.write_all(b"\n")?;
            std::fs::rename(&unfinished, &path)
        };
        write().map_err(|error| Error::io(format!("writing {}", path.display()), error))?;
        Ok(made)
    }

    pub fn secret(&self) -> &str {
        &self.0
    }

    /// How long it looks says nothing about the secret.
    pub fn is(&self, secret: &str) -> bool {
        let [own, other] = [&self.0, secret].map(|text| Digest::of(text.as_bytes()));
        own.0.ct_eq(&other.0).into()
    }
}

fn path(book: &BookDir) -> PathBuf {
    book.path().join("local-token")
}

/// Refuses a file with secrets, or with who has them, that others can read.
pub(super) fn check_private(path: &Path, mode: u32) -> Result<()> {
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(Error::new(
            ErrorKind::Io,
            format!(
                "{} is open to others (mode {:o})",
                path.display(),
                mode & 0o777
            ),
        )
        .hint(format!("chmod 600 {}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_alone_and_refused_where_others_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let book = BookDir::create(&folder.path().join("book")).unwrap();
        assert!(LocalToken::read(&book).unwrap().is_none());
        let made = LocalToken::made(&book).unwrap();
        assert!(made.is(LocalToken::made(&book).unwrap().secret()));
        assert!(!made.is("") && !made.is(&secret()));
        let mode = std::fs::metadata(path(&book)).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        set_permissions(path(&book), Permissions::from_mode(0o640)).unwrap();
        let error = LocalToken::made(&book).err().unwrap();
        assert!(error.message.contains("is open to others"), "{error}");
        set_permissions(path(&book), Permissions::from_mode(0o600)).unwrap();
        std::fs::write(path(&book), "dbk_x").unwrap();
        let error = LocalToken::read(&book).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Corrupt, "{error}");
    }
}
