//! A copy that follows another book: the same log, taken over HTTP or from a directory, and nothing of its own beside it.
//! What it takes is checked against the seals, and its state is made of the events here: so opening it after each step
//! proves that they still have the effects that were recorded over there.

use std::io::{BufReader, BufWriter, Read};
use std::path::Path;

use super::open::Book;
use super::reader::Reader;
use crate::model::error::Problem;
use crate::model::log::LocalOp;
use crate::model::{CommitSeq, Digest, Error, ErrorKind, Result, Seq};
use crate::store::{BookDir, Catalog, CopyMarks, Taken};

/// How often a table that came out otherwise is asked for whole: the book goes on meanwhile.
const ROUNDS_MAX: usize = 5;

/// Gives the stream of what is lacking.
pub type Ask<'a> = dyn FnMut(&CopyMarks) -> Result<Box<dyn Read + 'a>> + 'a;

/// What a copy has once it took something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// There was something new.
    pub is_new: bool,
    pub commit: CommitSeq,
    pub event: Seq,
    pub digest: Digest,
}

/// Takes into a directory all that the book has which it follows. Makes the directory where it is not there; what was taken
/// before an interruption is kept.
pub fn take_copy(path: &Path, source: &str, ask: &mut Ask<'_>) -> Result<Copied> {
    let is_there = path.join("log.db").is_file();
    let dir = match is_there {
        true => BookDir::open(path)?,
        false => BookDir::create_copy(path)?,
    };
    let _lock = dir.lock()?;
    let mut log = match is_there {
        true => Catalog::open(&dir.log())?,
        false => {
            let log = Catalog::create(&dir.unfinished_log())?;
            let bytes = [crate::model::given::salt(), crate::model::given::salt()].concat();
            log_of_its_own(log, &Digest::of(&bytes), source)?
        }
    };
    match log.follows()? {
        None => {
            return Err(Error::refused(format!(
                "{} is a book of its own and follows nobody",
                path.display()
            ))
            .hint("name a directory that does not exist yet"));
        }
        Some(known) if known != source => log.set_follows(Some(source))?,
        Some(_) => {}
    }
    let before = log.copy_marks()?;
    log.begin_copy()?;
    if let Err(error) = take(&mut log, &before, ask) {
        return log.drop_copy().and(Err(error));
    }
    let (Some((commit, digest)), (event, _)) = (log.log_digest()?, log.head()?) else {
        return Err(Error::corrupt("a copy without a seal"));
    };
    drop(log);
    if !is_there {
        std::fs::rename(dir.unfinished_log(), dir.path().join("log.db"))
            .map_err(|error| Error::io("making the log", error))?;
    }
    Ok(Copied {
        is_new: before.place.is_none_or(|(_, known, _)| known != commit),
        commit,
        event,
        digest,
    })
}

fn log_of_its_own(mut log: Catalog, cache_key: &Digest, source: &str) -> Result<Catalog> {
    log.write_local(&[LocalOp::Note {
        key: "cache_key".to_owned(),
        value: cache_key.to_string(),
    }])?;
    log.set_follows(Some(source))?;
    Ok(log)
}

/// Inside the transaction, until the tables are those that were sealed.
fn take(log: &mut Catalog, before: &CopyMarks, ask: &mut Ask<'_>) -> Result<()> {
    let mut marks = before.clone();
    for _ in 0..ROUNDS_MAX {
        match log.take_copy(BufReader::new(ask(&marks)?), before)? {
            Taken::Kept => return Ok(()),
            Taken::Differs(whole) => {
                marks = CopyMarks {
                    place: before.place.clone(),
                    whole,
                    ..log.copy_marks()?
                };
            }
        }
    }
    Err(Error::unavailable(format!(
        "the tables {} were others each time they were asked for",
        { marks.whole.iter() }
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    ))
    .hint("try again"))
}

impl Book {
    /// What it follows, where it is a copy.
    pub fn follows(&self) -> Result<Option<String>> {
        self.log().follows()
    }
}

impl Reader {
    /// The stream of what a copy lacks, as this book is at one moment.
    pub fn copy(&self, marks: &CopyMarks) -> Result<impl Read + use<>> {
        self.log().check_copy(marks)?;
        let (reader, writer) = std::io::pipe().map_err(|error| Error::io("a pipe", error))?;
        let (path, marks) = (self.dir().log(), marks.clone());
        std::thread::Builder::new()
            .name("daybook-copy".to_owned())
            .spawn(move || {
                let told = Catalog::open(&path)
                    .and_then(|log| log.copy_to(&marks, BufWriter::new(writer)));
                // Who reads finds that it ended early.
                if let Err(error) = told {
                    tracing::warn!(%error, "a copy was not told all");
                }
            })
            .map_err(|error| Error::io("starting a thread", error))?;
        Ok(reader)
    }
}

/// True where a copy may go on after a while: nobody answers, or somebody else has its directory open.
pub fn is_passing(error: &Error) -> bool {
    error.kind == ErrorKind::Unavailable || error.problem.as_deref() == Some(&Problem::Lost)
}
