//! `daybook serve`

use std::net::SocketAddr;

use super::Exit;
use super::common::BookArg;
use super::output::Output;
use crate::http::{ServeOptions, serve};
use crate::model::{Error, Result};

/// Put a book online
///
/// Commands, events, previews and reads over HTTP. A reply comes after the commit, and the next read sees it. One process
/// serves a book at a time; Ctrl-C ends it once the requests that were accepted are answered.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook serve mybook
  daybook serve mybook --listen 127.0.0.1:8080
  curl -d '{\"account\": 1, \"amount\": 5000}' http://127.0.0.1:7373/commands/bank.Deposit")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// Address and port; only this machine can reach 127.0.0.1
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7373")]
    listen: SocketAddr,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    if !args.listen.ip().is_loopback() {
        return Err(Error::usage(format!(
            "{} can be reached from elsewhere, and this server asks nobody who they are",
            args.listen
        ))
        .hint("listen on 127.0.0.1 behind a proxy that does"));
    }
    let book = args.book.open()?;
    let serving = serve(book, ServeOptions::new(args.listen))?;
    out.say(format_args!(
        "{} is served at http://{}; Ctrl-C ends it",
        args.book.path.display(),
        serving.address()
    ))?;
    serving.wait()?;
    out.say("closed")?;
    Ok(Exit::Fine)
}
