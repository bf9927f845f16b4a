//! The only place that prints: data to stdout, talk to stderr. A reader that goes away (`| head`) ends the program
//! quietly.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::table::clean;
use crate::model::{Error, Result};

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON document, or JSON Lines where there are many.
    Json,
}

/// Where a verb's answer goes.
pub struct Output {
    data: Box<dyn Write>,
    talk: Box<dyn Write>,
    /// Nobody reads the data any more.
    closed: bool,
    gives_advice: bool,
}

impl Output {
    /// The process's own stdout and stderr.
    pub fn standard() -> Output {
        Output::new(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    pub fn new(data: Box<dyn Write>, talk: Box<dyn Write>) -> Output {
        Output {
            data: Box::new(BufWriter::with_capacity(64 << 10, data)),
            talk,
            closed: false,
            gives_advice: true,
        }
    }

    /// One line of data.
    pub fn line(&mut self, text: impl Display) -> Result<()> {
        writeln!(self, "{text}").map_err(failed)
    }

    /// One JSON document on one line.
    pub fn json(&mut self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|error| Error::internal(format!("writing JSON: {error}")))?;
        // A payload keeps its text, line breaks between its tokens too; inside of strings JSON has none.
        self.line(text.replace(['\n', '\r'], " "))
    }

    /// One line of talk. What has been said as data comes before it. Talk that nobody can hear is no fault.
    pub fn say(&mut self, text: impl Display) -> Result<()> {
        self.flush().map_err(failed)?;
        let _ = writeln!(self.talk, "{}", lines(&text.to_string()));
        Ok(())
    }

    /// What one might do next; talk.
    pub fn advise(&mut self, text: impl Display) -> Result<()> {
        if self.gives_advice {
            self.say(format_args!("next: {text}"))
        } else {
            Ok(())
        }
    }

    /// From now on nobody needs to be told what to do next.
    pub fn without_advice(&mut self) {
        self.gives_advice = false;
    }

    /// Shows what has been said as data so far, before something long begins.
    pub fn show(&mut self) -> Result<()> {
        self.flush().map_err(failed)
    }

    /// What went wrong, and the way out.
    pub fn error(&mut self, error: &Error) {
        let _ = self.flush();
        let _ = writeln!(self.talk, "error: {}", lines(&error.message));
        if let Some(hint) = &error.hint {
            let _ = writeln!(self.talk, "hint: {}", lines(hint));
        }
    }

    /// True once the reader of the data is gone: whatever error came of it is no error.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            self.closed = true;
        }
        result
    }
}

/// Talk as it may be heard: lines are kept, and what would steer a terminal is spelled out.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    lines.join("\n")
}

/// For reports that are written by others.
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.data.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.data.flush();
        self.note(result)
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("writing to standard output", error)
}

/// `1 event`, `12,345 events`.
pub fn count(number: u64, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number))
}

/// `12,345`: numbers for people.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn data_comes_before_the_talk_that_follows_it() {
        let both = Shared::default();
        let mut out = Output::new(Box::new(both.clone()), Box::new(both.clone()));
        out.line("data").unwrap();
        out.say("talk").unwrap();
        out.line("more").unwrap();
        out.show().unwrap();
        assert_eq!(*both.0.borrow(), b"data\ntalk\nmore\n");
    }

    #[test]
    fn a_reader_that_went_away_is_noticed() {
        let mut out = Output::new(Box::new(Gone), Box::new(io::sink()));
        out.line("data").unwrap();
        assert!(out.show().is_err());
        assert!(out.is_closed());
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (number, expected) in cases {
            assert_eq!(thousands(number), expected);
        }
        assert_eq!(count(1, "event"), "1 event");
        assert_eq!(count(0, "event"), "0 events");
    }
}
