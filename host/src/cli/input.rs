//! Arguments that may be the thing itself, a file's name, or `-` for stdin.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::diff::Expectations;
use crate::model::{Error, Result, limits};

/// `JSON`, `@FILE` or `-`: the text of a payload.
pub fn payload(argument: &str) -> Result<String> {
    match argument.strip_prefix('@') {
        Some(path) => {
            let file = File::open(path).map_err(|error| cannot_read(Path::new(path), error))?;
            bounded(file, path)
        }
        None if argument == "-" => bounded(io::stdin().lock(), "standard input"),
        None => Ok(argument.to_owned()),
    }
}

/// One byte more than a payload may have is enough to be refused; an endless input must not fill the memory.
fn bounded(input: impl Read, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    input
        .take(limits::PAYLOAD_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Error::io(format!("reading {name}"), error))?;
    if bytes.len() > limits::PAYLOAD_BYTES_MAX {
        return Err(Error::refused(format!(
            "{name} has more than the {} bytes that a payload may have",
            limits::PAYLOAD_BYTES_MAX
        )));
    }
    String::from_utf8(bytes).map_err(|_| Error::refused(format!("{name} is not UTF-8 text")))
}

/// The bytes of a component's file.
pub fn component(path: &Path) -> Result<Vec<u8>> {
    let file = File::open(path).map_err(|error| cannot_read(path, error))?;
    let mut bytes = Vec::new();
    file.take(limits::COMPONENT_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| cannot_read(path, error))?;
    Ok(bytes)
}

/// The text of an expectation file that can be read as one.
pub fn expectation_text(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, error))?;
    Expectations::parse(&text).map_err(|error| error.context(path.display()))?;
    Ok(text)
}

/// A file that is not there is the caller's mistake; anything else is the system's refusal.
pub fn cannot_read(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::usage(format!("there is no file {}", path.display())),
        io::ErrorKind::IsADirectory => Error::usage(format!("{} is a directory", path.display())),
        _ => Error::io(format!("reading {}", path.display()), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_taken_as_it_is_or_from_the_file_it_names() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("payload.json");
        std::fs::write(&path, r#"{"n":1}"#).unwrap();
        assert_eq!(payload(r#"{"n":2}"#).unwrap(), r#"{"n":2}"#);
        assert_eq!(
            payload(&format!("@{}", path.display())).unwrap(),
            r#"{"n":1}"#
        );
        let error = payload("@/nowhere/at/all").unwrap_err();
        assert_eq!(error.kind.exit_code(), 2);
        assert!(error.message.contains("/nowhere/at/all"), "{error}");
    }

    #[test]
    fn a_payload_that_does_not_end_is_refused_at_its_limit() {
        let error = bounded(io::repeat(b' '), "endless").unwrap_err();
        assert!(error.message.contains("1048576"), "{error}");
    }
}
