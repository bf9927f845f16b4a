//! `daybook token`: who may ask a served book.

use std::path::Path;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use super::Exit;
use super::common::{self, BookArg, FormatArg};
use super::output::Output;
use super::table::{table, text};
use crate::model::clock::Stopwatch;
use crate::model::error::Problem;
use crate::model::{PluginName, Result, clock};
use crate::store::{BookDir, Catalog, NewToken, TokenFile, TokenRole};
use crate::wire::Token;

/// Give, list and revoke the tokens that a served book asks for
#[derive(clap::Args)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// What a token's holder may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleArg {
    /// Read: GET, and POST /query
    Reader,
    /// Send commands and events too
    Writer,
    /// Everything
    Operator,
}

/// Give somebody a token
///
/// A client shows its token with each request (`Authorization: Bearer dbk_…`). The token's name is the actor of what is
/// done with it, on every command and event. The secret is on standard output, once: the book keeps its SHA-256 alone.
/// A server that has the book open knows the token at once. From a book's first token on, the server asks everybody for
/// one.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook token create mybook --role operator --name anna
  daybook token create mybook --role writer --name till-3 --plugin bank --expires 90
  daybook token create mybook --role reader --name audit --expires 2027-01-01T00:00:00Z")]
struct CreateArgs {
    #[command(flatten)]
    book: BookArg,
    /// What its holder may do
    #[arg(long, value_enum)]
    role: RoleArg,
    /// Who its holder is; two valid tokens never share a name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What is this plugin's only: its commands, events, tables, versions and tasks; may be repeated
    #[arg(long = "plugin", value_name = "PLUGIN")]
    plugins: Vec<PluginName>,
    /// When it ends: a time, or days from now; absent: when it is revoked
    #[arg(long, value_name = "RFC3339|DAYS", value_parser = expires)]
    expires: Option<String>,
}

/// List a book's tokens
///
/// Names, roles and times, with those that have expired or were revoked. No secret: nobody has them but their holders.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook token list mybook
  daybook token list mybook --format json")]
struct ListArgs {
    #[command(flatten)]
    book: BookArg,
    #[command(flatten)]
    format: FormatArg,
}

/// End a token
///
/// At once, in a server that has the book open too. The entry stays in the list; the name may be given again.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook token revoke mybook till-3")]
struct RevokeArgs {
    #[command(flatten)]
    book: BookArg,
    /// The token's name
    #[arg(value_name = "NAME")]
    name: String,
}

/// Time within which a server tells its log that there are tokens.
const RECORD_SECONDS_MAX: f64 = 5.0;

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    match &args.verb {
        Verb::Create(args) => create(args, out),
        Verb::List(args) => list(args, out),
        Verb::Revoke(args) => revoke(args, out),
    }
}

fn tokens(book: &BookArg) -> Result<TokenFile> {
    BookDir::open(&book.path).map(|book| TokenFile::of(&book))
}

fn create(args: &CreateArgs, out: &mut Output) -> Result<Exit> {
    let secret = tokens(&args.book)?.create(NewToken {
        name: args.name.clone(),
        role: match args.role {
            RoleArg::Reader => TokenRole::Reader,
            RoleArg::Writer => TokenRole::Writer,
            RoleArg::Operator => TokenRole::Operator,
        },
        plugins: args.plugins.clone(),
        expires: args.expires.clone(),
    })?;
    out.line(secret)?;
    record(&args.book.path)?;
    out.say("this is its only showing; a client sends it as: Authorization: Bearer dbk_…")?;
    Ok(Exit::Fine)
}

/// Has the log told that the book has tokens: by this process, or by the server that has the book open and looks for them.
fn record(path: &Path) -> Result<()> {
    let error = match common::open(path) {
        Ok(mut book) => return book.note_tokens(),
        Err(error) if error.problem.as_deref() == Some(&Problem::InUse) => error,
        Err(error) => return Err(error),
    };
    let waited = Stopwatch::start();
    while !Catalog::open(&BookDir::open(path)?.log())?.has_tokens()? {
        if waited.seconds() > RECORD_SECONDS_MAX {
            return Err(error.context("the token is there, and the log does not tell of it yet"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn list(args: &ListArgs, out: &mut Output) -> Result<Exit> {
    let tokens = tokens(&args.book)?.read()?;
    if args.format.is_json() {
        for token in tokens.iter() {
            out.json(&Token::from(token))?;
        }
        return Ok(Exit::Fine);
    }
    if tokens.is_empty() {
        out.say("the book has no tokens")?;
        out.advise(format_args!(
            "daybook token create {} --role operator --name NAME",
            args.book.path.display()
        ))?;
        return Ok(Exit::Fine);
    }
    let mut rows = table(["NAME", "ROLE", "STATE", "PLUGINS", "CREATED", "EXPIRES"]);
    let time = |time: &str| time.get(..19).unwrap_or(time).to_owned();
    for token in tokens.iter() {
        let plugins: Vec<&str> = token.plugins.iter().map(PluginName::as_str).collect();
        rows.add_row([
            text(&token.name),
            text(token.role.name()),
            text(token.state().name()),
            text(plugins.join(", ")),
            text(time(&token.created)),
            text(token.expires.as_deref().map(time).unwrap_or_default()),
        ]);
    }
    out.line(rows)?;
    Ok(Exit::Fine)
}

fn revoke(args: &RevokeArgs, out: &mut Output) -> Result<Exit> {
    let ended = tokens(&args.book)?.revoke(&args.name)?;
    out.say(match ended {
        0 => "it had ended before",
        _ => "revoked; nobody is let in with it any more",
    })?;
    Ok(Exit::Fine)
}

/// A time, or a number of days from now.
fn expires(text: &str) -> Result<String, String> {
    match text.parse::<u32>() {
        Ok(days) => clock::in_days(days).ok_or_else(|| "that is too far away".to_owned()),
        Err(_) if clock::is_rfc3339(text) => Ok(text.to_owned()),
        Err(_) => Err("a time (2027-01-01T00:00:00Z) or a number of days".to_owned()),
    }
}
