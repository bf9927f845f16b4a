//! Which book a verb is about: a directory, or one that a server has.
//!
//! A directory that another process serves is asked for at that server: the verbs are the same either way.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::common;
use super::input::cannot_read;
use super::output::Output;
use crate::book::Book;
use crate::client::{Address, Client};
use crate::model::Result;
use crate::model::error::Problem;
use crate::store::{BookDir, LocalToken};
use crate::study::Onlooker;
use crate::verbs::{Operates, Reads, Studies};

/// BOOK, or `--url` with what a server asks for.
#[derive(Debug, Clone)]
pub struct TargetArg {
    place: Place,
    token: Option<String>,
    tls_ca: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum Place {
    Directory(PathBuf),
    Url(String),
}

impl fmt::Display for TargetArg {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Directory(path) => path.display().fmt(f),
            Place::Url(url) => write!(f, "--url {url}"),
        }
    }
}

impl TargetArg {
    /// A directory, or a server by its URL.
    pub fn of(text: &str, token: Option<String>, tls_ca: Option<PathBuf>) -> TargetArg {
        let is_url = ["http://", "https://"]
            .iter()
            .any(|it| text.starts_with(it));
        TargetArg {
            place: match is_url {
                true => Place::Url(text.to_owned()),
                false => Place::Directory(PathBuf::from(text)),
            },
            token,
            tls_ca,
        }
    }

    /// Opens it for writing, or finds who has it open.
    pub fn open(&self, out: &mut Output) -> Result<Box<dyn Operates>> {
        self.open_by(common::open, out)
    }

    /// As `open`, also where the recorded effects are not what the events yield.
    pub fn open_to_reconcile(&self, out: &mut Output) -> Result<Box<dyn Operates>> {
        self.open_by(common::open_to_reconcile, out)
    }

    fn open_by(
        &self,
        open: impl Fn(&Path) -> Result<Book>,
        out: &mut Output,
    ) -> Result<Box<dyn Operates>> {
        let path = match &self.place {
            Place::Url(url) => return Ok(Box::new(self.client(url, None)?)),
            Place::Directory(path) => path,
        };
        let error = match open(path) {
            Ok(book) => return Ok(Box::new(book)),
            Err(error) if error.problem.as_deref() == Some(&Problem::InUse) => error,
            Err(error) => return Err(error),
        };
        // A process that has it open and does not serve it is not asked.
        let dir = BookDir::open(path)?;
        let Some(served) = dir.served_at()? else {
            return Err(error);
        };
        let (path, url, pid) = (path.display(), served.url, served.pid);
        out.say(format_args!(
            "{path} is served at {url} by process {pid}, which is asked"
        ))?;
        let local = LocalToken::read(&dir)?;
        Ok(Box::new(self.client(&url, local)?))
    }

    /// Looks at a directory, whoever has it open; or at a server.
    pub fn look<T>(&self, work: impl FnOnce(&mut dyn Studies) -> Result<T>) -> Result<T> {
        match &self.place {
            Place::Url(url) => work(&mut self.client(url, None)?),
            Place::Directory(path) => Onlooker::open(path)?.study(|study| work(study)),
        }
    }

    /// Opens it for reading, beside whoever writes it.
    pub fn read(&self) -> Result<Box<dyn Reads>> {
        Ok(match &self.place {
            Place::Url(url) => Box::new(self.client(url, None)?),
            Place::Directory(path) => Box::new(common::read(path)?),
        })
    }

    /// Asks with the token that is named, or with the one of the book's directory.
    fn client(&self, url: &str, local: Option<LocalToken>) -> Result<Client> {
        let named = self.token.clone();
        let named = named.or_else(|| std::env::var("DAYBOOK_TOKEN").ok());
        let token = named.or_else(|| local.map(|token| token.secret().to_owned()));
        let roots = self.tls_ca.as_deref();
        let roots = roots.map(|path| std::fs::read(path).map_err(|error| cannot_read(path, error)));
        Client::new(Address {
            url: url.to_owned(),
            token: token.filter(|token| !token.is_empty()),
            tls_roots: roots.transpose()?,
        })
    }
}

/// True where the command line names a server, so that there is no BOOK before the other arguments. Arguments are told
/// apart by their place, and clap cannot leave the first of several out.
fn names_a_server<T: AsRef<OsStr>>(arguments: impl IntoIterator<Item = T>) -> bool {
    let before_the_end = arguments
        .into_iter()
        .map(|argument| argument.as_ref().to_string_lossy().into_owned())
        .take_while(|argument| argument != "--");
    before_the_end
        .skip(1)
        .any(|argument| argument == "--url" || argument.starts_with("--url="))
}

impl clap::Args for TargetArg {
    fn augment_args(command: Command) -> Command {
        let by_url = names_a_server(std::env::args_os());
        let command = match by_url {
            true => command,
            false => command.arg(
                Arg::new("book")
                    .value_name("BOOK")
                    .help("The book's directory; where a server has it open, that server is asked")
                    .required(true)
                    .value_parser(clap::value_parser!(PathBuf)),
            ),
        };
        let option = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .help(help)
                .action(ArgAction::Set)
                .help_heading("A book that is served elsewhere")
        };
        command
            .arg(
                option(
                    "url",
                    "URL",
                    "In place of BOOK, where it is served: http://127.0.0.1:7373",
                )
                .required(by_url),
            )
            .arg(option(
                "token",
                "TOKEN",
                "What the server asks for; better in the environment as DAYBOOK_TOKEN",
            ))
            .arg(
                option(
                    "tls-ca",
                    "FILE",
                    "Trust these certificates (PEM) and no others",
                )
                .value_parser(clap::value_parser!(PathBuf)),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for TargetArg {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let url = matches.get_one::<String>("url").cloned();
        let path = matches.try_get_one::<PathBuf>("book").ok().flatten();
        let place = match (url, path) {
            (Some(url), _) => Place::Url(url),
            (None, Some(path)) => Place::Directory(path.clone()),
            (None, None) => {
                return Err(clap::Error::new(
                    clap::error::ErrorKind::MissingRequiredArgument,
                ));
            }
        };
        Ok(TargetArg {
            place,
            token: matches.get_one::<String>("token").cloned(),
            tls_ca: matches.get_one::<PathBuf>("tls-ca").cloned(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_an_option_and_not_by_what_looks_like_one() {
        assert!(names_a_server([
            "daybook", "run", "--url", "http://a", "b.C", "{}"
        ]));
        assert!(names_a_server([
            "daybook",
            "run",
            "b.C",
            "{}",
            "--url=http://a"
        ]));
        assert!(!names_a_server(["daybook", "run", "book", "b.C", "{}"]));
        assert!(!names_a_server([
            "daybook", "run", "book", "b.C", "--", "--url"
        ]));
        assert!(!names_a_server(["--url"]));
    }
}
