//! Who may ask a served book, and for what: a book's tokens, in a file of their own beside the log, so that they can be
//! given and taken while a server has the book open. The file holds no secret, only its SHA-256.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use uuid::Uuid;

use super::BookDir;
use super::local_token::check_private;
use super::private::private_file;
use crate::model::error::shown;
use crate::model::{Digest, Error, PluginName, Result, clock};

/// What every secret begins with, so that one that got lost is recognised where it turns up.
const PREFIX: &str = "dbk_";
const FORMAT: u32 = 1;
/// Bytes of a token's name: it stands on every event that its holder causes.
const NAME_BYTES_MAX: usize = 100;
/// Bytes of the file beyond which it is not one of ours: some ten thousand tokens.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What a token's holder may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenRole {
    /// Read.
    Reader,
    /// Send commands and events too.
    Writer,
    /// Everything.
    Operator,
}

impl TokenRole {
    pub fn name(self) -> &'static str {
        match self {
            TokenRole::Reader => "reader",
            TokenRole::Writer => "writer",
            TokenRole::Operator => "operator",
        }
    }
}

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Who its holder is: the actor of what is done with it.
    pub name: String,
    pub role: TokenRole,
    /// Plugins whose commands and events it may send; empty: of all.
    pub plugins: Vec<PluginName>,
    /// RFC 3339, as the other times.
    pub created: String,
    pub expires: Option<String>,
    pub revoked: Option<String>,
    digest: Digest,
}

/// Whether a token is good for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    Valid,
    Expired,
    Revoked,
}

impl TokenState {
    pub fn name(self) -> &'static str {
        match self {
            TokenState::Valid => "valid",
            TokenState::Expired => "expired",
            TokenState::Revoked => "revoked",
        }
    }
}

impl Token {
    pub fn state(&self) -> TokenState {
        // Times in the form of `now` compare as texts do, whatever the year; what is no time lets nobody in.
        let ended = |time: &String| clock::in_utc(time).is_none_or(|time| time <= clock::now());
        if self.revoked.is_some() {
            TokenState::Revoked
        } else if self.expires.as_ref().is_some_and(ended) {
            TokenState::Expired
        } else {
            TokenState::Valid
        }
    }
}

/// What a new token is to be.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub name: String,
    pub role: TokenRole,
    pub plugins: Vec<PluginName>,
    pub expires: Option<String>,
}

/// All tokens of a book, as they were when they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenList(Vec<Token>);

impl TokenList {
    pub fn iter(&self) -> impl Iterator<Item = &Token> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The token with this secret. How long it looks says nothing about what the file holds: every digest is compared,
    /// and each to its end.
    pub fn find(&self, secret: &str) -> Option<&Token> {
        if !is_secret(secret) {
            return None;
        }
        let digest = Digest::of(secret.as_bytes());
        let mut place = 0_u64;
        let mut found = Choice::from(0);
        for (at, token) in (0..).zip(&self.0) {
            let same = token.digest.0.ct_eq(&digest.0);
            place.conditional_assign(&at, same);
            found |= same;
        }
        if !bool::from(found) {
            return None;
        }
        self.0.get(usize::try_from(place).ok()?)
    }
}

/// Tells one content of the file from the next without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenStamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// Where a book's tokens are.
#[derive(Debug, Clone)]
pub struct TokenFile(PathBuf);

impl TokenFile {
    pub fn of(book: &BookDir) -> TokenFile {
        TokenFile(book.path().join("tokens.json"))
    }

    /// None where there is no such file. Refuses one that others can read.
    pub fn stamp(&self) -> Result<Option<TokenStamp>> {
        match std::fs::metadata(&self.0) {
            Ok(known) => {
                check_private(&self.0, known.mode())?;
                Ok(Some(TokenStamp {
                    inode: known.ino(),
                    bytes: known.len(),
                    modified: (known.mtime(), known.mtime_nsec()),
                    changed: (known.ctime(), known.ctime_nsec()),
                }))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io(self.0.display(), error)),
        }
    }

    /// A book without the file has no tokens.
    pub fn read(&self) -> Result<TokenList> {
        match self.stamp()? {
            None => return Ok(TokenList::default()),
            Some(stamp) if stamp.bytes > FILE_BYTES_MAX => {
                return Err(self.corrupt(format!("has {} bytes", stamp.bytes)));
            }
            Some(_) => {}
        }
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(TokenList::default());
            }
            Err(error) => return Err(Error::io(self.0.display(), error)),
        };
        let format: FormatJson = serde_json::from_str(&text)
            .map_err(|error| self.corrupt(format!("is not what it was: {error}")))?;
        if format.format > FORMAT {
            return Err(Error::unavailable(format!(
                "{} has format {}, and this daybook reads format {FORMAT}",
                self.0.display(),
                format.format
            ))
            .hint("use the daybook that wrote it, or a newer one"));
        }
        let file: FileJson = serde_json::from_str(&text)
            .map_err(|error| self.corrupt(format!("is not what it was: {error}")))?;
        let tokens = file.tokens.into_iter().map(Token::try_from);
        Ok(TokenList(tokens.collect::<Result<_>>().map_err(
            |error| self.corrupt(format!("is not what it was: {error}")),
        )?))
    }

    /// Makes a token and gives its secret, which nobody can give again. A name that a valid token has is refused.
    pub fn create(&self, new: NewToken) -> Result<String> {
        check_name(&new.name)?;
        let secret = secret();
        let token = Token {
            digest: Digest::of(secret.as_bytes()),
            name: new.name,
            role: new.role,
            plugins: new.plugins,
            created: clock::now(),
            expires: new.expires,
            revoked: None,
        };
        if token.state() != TokenState::Valid {
            return Err(Error::usage("the token would have expired already"));
        }
        self.change(|tokens| {
            let taken =
                |known: &Token| known.name == token.name && known.state() == TokenState::Valid;
            if tokens.0.iter().any(taken) {
                return Err(Error::usage(format!(
                    "there is a token '{}' already",
                    shown(&token.name)
                ))
                .hint("revoke it first, or choose another name"));
            }
            tokens.0.push(token);
            Ok(())
        })?;
        Ok(secret)
    }

    /// Ends every token of this name. Gives how many were valid until now.
    pub fn revoke(&self, name: &str) -> Result<usize> {
        self.change(|tokens| {
            let mut known = 0;
            let mut ended = 0;
            for token in tokens.0.iter_mut().filter(|token| token.name == name) {
                known += 1;
                ended += usize::from(token.state() == TokenState::Valid);
                token.revoked.get_or_insert_with(clock::now);
            }
            if known == 0 {
                return Err(Error::usage(format!("there is no token '{}'", shown(name)))
                    .hint("daybook token list BOOK shows them"));
            }
            Ok(ended)
        })
    }

    /// Reads, changes and writes the file whole, one process at a time.
    fn change<T>(&self, change: impl FnOnce(&mut TokenList) -> Result<T>) -> Result<T> {
        let lock = self.0.with_extension("lock");
        let failed = |path: &Path| {
            let path = path.display().to_string();
            move |error| Error::io(format!("writing {path}"), error)
        };
        let held = private_file(&lock).map_err(failed(&lock))?;
        held.lock().map_err(failed(&lock))?;
        let mut tokens = self.read()?;
        let result = change(&mut tokens)?;
        let file = FileJson {
            format: FORMAT,
            tokens: tokens.0.iter().map(TokenJson::from).collect(),
        };
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| Error::internal(format!("writing tokens: {error}")))?;
        let new = self.0.with_extension("new");
        let write = || {
            let mut file = private_file(&new)?;
            file.set_len(0)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&new, &self.0)?;
            match self.0.parent() {
                Some(folder) => File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        };
        write().map_err(failed(&self.0))?;
        Ok(result)
    }

    fn corrupt(&self, what: String) -> Error {
        Error::corrupt(format!("{} {what}", self.0.display()))
            .hint("restore it from a copy, or delete it and give new tokens")
    }
}

/// 256 bits of the operating system's randomness: three UUIDs of version 4 have 366.
pub(super) fn secret() -> String {
    let random = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let bytes: Vec<u8> = random.iter().flat_map(|uuid| *uuid.as_bytes()).collect();
    format!("{PREFIX}{}", Digest::of(&bytes))
}

/// True for what could be a secret of ours.
pub(super) fn is_secret(text: &str) -> bool {
    text.strip_prefix(PREFIX).is_some_and(|rest| {
        rest.len() == 64
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    })
}

fn check_name(name: &str) -> Result<()> {
    let fine = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.trim() == name
        && !name.chars().any(char::is_control);
    if fine {
        return Ok(());
    }
    Err(Error::usage(format!(
        "'{}' is not a token's name: 1 to {NAME_BYTES_MAX} bytes, no control characters, no space around it",
        shown(name)
    )))
}

#[derive(Deserialize)]
struct FormatJson {
    format: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileJson {
    format: u32,
    tokens: Vec<TokenJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenJson {
    name: String,
    role: TokenRole,
    plugins: Vec<String>,
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    sha256: String,
}

impl From<&Token> for TokenJson {
    fn from(token: &Token) -> TokenJson {
        TokenJson {
            name: token.name.clone(),
            role: token.role,
            plugins: token.plugins.iter().map(ToString::to_string).collect(),
            created: token.created.clone(),
            expires: token.expires.clone(),
            revoked: token.revoked.clone(),
            sha256: token.digest.to_string(),
        }
    }
}

impl TryFrom<TokenJson> for Token {
    type Error = Error;

    fn try_from(json: TokenJson) -> Result<Token> {
        let plugins = json.plugins.iter().map(|name| name.parse());
        Ok(Token {
            name: json.name,
            role: json.role,
            plugins: plugins.collect::<Result<_>>()?,
            created: json.created,
            expires: json.expires,
            revoked: json.revoked,
            digest: json.sha256.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    fn new(name: &str) -> NewToken {
        NewToken {
            name: name.to_owned(),
            role: TokenRole::Writer,
            plugins: vec!["bank".parse().unwrap()],
            expires: None,
        }
    }

    fn file() -> (tempfile::TempDir, TokenFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = TokenFile(folder.path().join("tokens.json"));
        (folder, file)
    }

    /// For its owner alone, as the file is.
    fn write(file: &TokenFile, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&file.0, text).unwrap();
        std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn a_secret_finds_its_token_and_is_not_in_the_file() {
        let (_folder, file) = file();
        let secrets: Vec<String> = ["anna", "ben", "cyril"]
            .iter()
            .map(|name| file.create(new(name)).unwrap())
            .collect();
        let text = std::fs::read_to_string(&file.0).unwrap();
        let tokens = file.read().unwrap();
        for (secret, name) in secrets.iter().zip(["anna", "ben", "cyril"]) {
            assert!(!text.contains(&secret[PREFIX.len()..]));
            assert_eq!(tokens.find(secret).unwrap().name, name);
        }
        let other = secret();
        for wrong in [
            "",
            "dbk_",
            &other,
            &secrets[0][..67],
            &secrets[0].to_uppercase(),
        ] {
            assert_eq!(tokens.find(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_free_again_once_its_token_is_revoked() {
        let (_folder, file) = file();
        let first = file.create(new("anna")).unwrap();
        assert_eq!(file.create(new("anna")).unwrap_err().kind, ErrorKind::Usage);
        let before = file.stamp().unwrap();
        assert_eq!(file.revoke("anna").unwrap(), 1);
        assert_ne!(file.stamp().unwrap(), before);
        assert_eq!(file.revoke("anna").unwrap(), 0);
        let second = file.create(new("anna")).unwrap();
        let tokens = file.read().unwrap();
        assert_eq!(tokens.find(&first).unwrap().state(), TokenState::Revoked);
        assert_eq!(tokens.find(&second).unwrap().state(), TokenState::Valid);
        assert_eq!(file.revoke("ben").unwrap_err().kind, ErrorKind::Usage);
    }

    #[test]
    fn names_and_times_that_cannot_be_are_refused() {
        let (_folder, file) = file();
        let long = "x".repeat(NAME_BYTES_MAX + 1);
        for name in ["", " anna", "an\nna", &long] {
            assert_eq!(file.create(new(name)).unwrap_err().kind, ErrorKind::Usage);
        }
        let past = NewToken {
            expires: Some("2001-01-01T00:00:00Z".to_owned()),
            ..new("anna")
        };
        assert_eq!(file.create(past).unwrap_err().kind, ErrorKind::Usage);
        assert!(file.read().unwrap().is_empty());
    }

    #[test]
    fn a_newer_format_and_a_damaged_file_are_refused() {
        let (_folder, file) = file();
        let cases = [
            (r#"{"format": 2, "people": []}"#, ErrorKind::Unavailable),
            (r#"{"format": 1, "tokens": [{}]}"#, ErrorKind::Corrupt),
            ("", ErrorKind::Corrupt),
        ];
        for (text, kind) in cases {
            write(&file, text);
            assert_eq!(file.read().unwrap_err().kind, kind, "{text}");
            assert_eq!(file.create(new("anna")).unwrap_err().kind, kind, "{text}");
            assert_eq!(std::fs::read_to_string(&file.0).unwrap(), text);
        }
    }

    #[test]
    fn the_file_of_format_1_stays_readable() {
        let (_folder, file) = file();
        let digest = Digest::of(format!("{PREFIX}{}", "0".repeat(64)).as_bytes());
        let text = format!(
            r#"{{"format": 1, "tokens": [{{"name": "anna", "role": "reader", "plugins": ["bank"],
                "created": "2026-11-21T00:00:00.000000Z", "expires": null, "revoked": null, "sha256": "{digest}"}}]}}"#
        );
        write(&file, &text);
        let tokens = file.read().unwrap();
        let token = tokens.find(&format!("{PREFIX}{}", "0".repeat(64))).unwrap();
        assert_eq!(
            (token.name.as_str(), token.role),
            ("anna", TokenRole::Reader)
        );
    }
}
