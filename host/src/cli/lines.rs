//! Lines of a long input, one at a time, each of bounded length.

use std::io::BufRead;

use crate::model::{Error, Result};

/// Bytes of one line: a payload of the largest size with every second byte escaped, and its envelope.
const LINE_BYTES_MAX: usize = 2 << 20;

/// Reads line by line into the same memory.
pub struct Lines<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Self {
        Lines {
            input,
            line: Vec::new(),
            number: 0,
            bytes: 0,
        }
    }

    /// Number of the line that was read last; the first has 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that is not blank, with its number and without its end.
    pub fn next(&mut self) -> Result<Option<(u64, &str)>> {
        loop {
            self.line.clear();
            let limit = LINE_BYTES_MAX as u64 + 1;
            let read = std::io::Read::take(&mut self.input, limit)
                .read_until(b'\n', &mut self.line)
                .map_err(|error| Error::io(format!("reading line {}", self.number + 1), error))?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.bytes += read as u64;
            if read > LINE_BYTES_MAX {
                return Err(Error::refused(format!(
                    "line {}: it has more than {LINE_BYTES_MAX} bytes",
                    self.number
                )));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        // Editors of one system put a mark before the first line.
        let mark = if self.number == 1 {
            "\u{feff}".as_bytes()
        } else {
            b""
        };
        let line = self
            .line
            .strip_prefix(mark)
            .unwrap_or(&self.line)
            .trim_ascii();
        let text = std::str::from_utf8(line).map_err(|error| {
            Error::refused(format!(
                "line {}: not UTF-8 after byte {}",
                self.number,
                error.valid_up_to()
            ))
        })?;
        Ok(Some((self.number, text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> Result<Vec<(u64, String)>> {
        let mut lines = Lines::new(input);
        let mut found = Vec::new();
        while let Some((number, text)) = lines.next()? {
            found.push((number, text.to_owned()));
        }
        Ok(found)
    }

    #[test]
    fn blank_lines_count_and_are_skipped() {
        let found = all("\u{feff}a\r\n\r\n   \nb".as_bytes()).unwrap();
        assert_eq!(found, [(1, "a".to_owned()), (4, "b".to_owned())]);
    }

    #[test]
    fn a_line_without_end_is_refused_at_its_limit() {
        let mut input = b"ok\n".to_vec();
        input.resize(LINE_BYTES_MAX + 10, b'x');
        let error = all(&input).unwrap_err();
        assert!(
            error
                .message
                .starts_with("line 2: it has more than 2097152 bytes"),
            "{error}"
        );
    }

    #[test]
    fn a_line_that_is_not_text_is_named() {
        let error = all(b"ok\nab\xff\n").unwrap_err();
        assert_eq!(error.message, "line 2: not UTF-8 after byte 2");
    }
}
