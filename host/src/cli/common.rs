//! What several verbs need: an engine, an open book, positions on the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::output::Format;
use super::progress::Bar;
use crate::book::{Book, Reader};
use crate::model::{Result, Seq};
use crate::runtime::Runtime;
use crate::wire::CallsIn;

/// The book a verb is about.
#[derive(Debug, Args)]
pub struct BookArg {
    /// The book's directory
    #[arg(value_name = "BOOK")]
    pub path: PathBuf,
}

impl BookArg {
    /// Opens it for writing.
    pub fn open(&self) -> Result<Book> {
        open(&self.path)
    }
}

/// Opens a book for reading, beside whoever writes it.
pub fn read(path: &Path) -> Result<Reader> {
    let mut bar = Bar::new("opening the book");
    let mut progress = bar.events("catching up");
    Reader::open(path, &mut progress)
}

/// Opens a book for writing.
pub fn open(path: &Path) -> Result<Book> {
    let mut bar = Bar::new("opening the book");
    let mut progress = bar.events("catching up");
    Book::open(runtime()?, path, &mut progress)
}

/// Opens a book to put its state right.
pub fn open_to_reconcile(path: &Path) -> Result<Book> {
    let mut bar = Bar::new("opening the book");
    let mut progress = bar.events("catching up");
    Book::open_to_reconcile(runtime()?, path, &mut progress)
}

/// The engine. Made once per process, where one is needed.
pub fn runtime() -> Result<Arc<Runtime>> {
    Runtime::new().map(Arc::new)
}

/// How a verb writes its data.
#[derive(Debug, Args)]
pub struct FormatArg {
    /// How the data is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl FormatArg {
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

/// A position in the log; the first event has 1.
pub fn seq(text: &str) -> Result<Seq, String> {
    match text.parse::<Seq>() {
        Ok(Seq::ZERO) => Err("a position is a whole number from 1".to_owned()),
        Ok(seq) => Ok(seq),
        Err(error) => Err(error.message),
    }
}

/// In which instances calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum InstancesArg {
    /// In one that is put back after each call to what it was when it started
    #[default]
    Reset,
    /// In a fresh one each
    Fresh,
    /// As `reset`; and after each call the whole of one is compared with a fresh one, which takes long
    Proved,
}

impl From<InstancesArg> for CallsIn {
    fn from(asked: InstancesArg) -> CallsIn {
        match asked {
            InstancesArg::Reset => CallsIn::Reset,
            InstancesArg::Fresh => CallsIn::Fresh,
            InstancesArg::Proved => CallsIn::Proved,
        }
    }
}
