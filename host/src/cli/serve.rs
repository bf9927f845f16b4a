//! `daybook serve`

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Exit;
use super::common::BookArg;
use super::output::Output;
use crate::gateway::{Folders, Printer};
use crate::model::Result;
use crate::serve::{Background, ServeOptions, TlsFiles, serve};

/// Put a book online
///
/// Commands, events, previews and reads over HTTP. A reply comes after the commit, and the next read sees it. One process
/// serves a book at a time; Ctrl-C ends it once the requests that were accepted are answered, a second one at once.
///
/// As long as the book has no tokens, the user who serves it may do everything on this machine, and nobody else is
/// answered. From its first token on (`daybook token create`), and wherever others can reach the address, every request
/// needs one.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook serve mybook
  daybook serve mybook --listen 127.0.0.1:8080
  daybook serve mybook --listen 0.0.0.0:7373 --tls-cert cert.pem --tls-key key.pem
  daybook serve mybook --plugins plugins.d --verify-every 6h
  daybook serve mybook --otlp http://127.0.0.1:4318
  curl -d '{\"account\": 1, \"amount\": 5000}' http://127.0.0.1:7373/commands/bank.Deposit")]
pub struct Args {
    #[command(flatten)]
    book: BookArg,
    /// Address and port; only this machine can reach 127.0.0.1
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7373")]
    listen: SocketAddr,
    /// Ask for a token even where only this machine can ask
    #[arg(long)]
    require_token: bool,
    /// Let every user of this machine do everything, as long as the book has no tokens
    #[arg(long, conflicts_with = "require_token")]
    open_loopback: bool,
    /// Let tasks be written below this folder (drivers file and object); may be repeated
    #[arg(long, value_name = "DIR")]
    files: Vec<PathBuf>,
    /// Read secrets from files below this folder; may be repeated
    #[arg(long, value_name = "DIR")]
    secrets: Vec<PathBuf>,
    /// Serve HTTPS with this certificate (PEM), those that lead to its root after it
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Bytes that a request's body may have
    #[arg(long, value_name = "BYTES", default_value_t = 8 << 20, value_parser = clap::value_parser!(u32).range(1..))]
    body_max: u32,
    /// Connections at the same time; one more takes the place of an idle one
    #[arg(long, value_name = "COUNT", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections_max: u32,
    /// Send a span for each request to this receiver: OTLP over HTTP, as JSON
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
    /// Load the components of this folder, now and as they appear; a file that is still being written is not read
    #[arg(long, value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// Copy the live state whenever the log has grown by so many events; what is built from the log starts there
    #[arg(long, value_name = "EVENTS", value_parser = clap::value_parser!(u64).range(1_000..))]
    snapshot_every: Option<u64>,
    /// Carry out no tasks
    #[arg(long)]
    no_gateway: bool,
    /// Run no commands by the clock
    #[arg(long)]
    no_schedules: bool,
    /// Verify history this often (`6h`, `30m`, `90s`); what does not hold is an error in the log and a metric
    #[arg(long, value_name = "TIME", value_parser = duration)]
    verify_every: Option<Duration>,
}

/// `6h`, `30m`, `90s`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a whole number with h, m or s after it: 6h".to_owned();
    let (number, unit) = text
        .len()
        .checked_sub(1)
        .and_then(|at| text.split_at_checked(at))
        .ok_or_else(wrong)?;
    let seconds = match unit {
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(seconds) {
        None | Some(0) => Err(wrong()),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

/// A task that is printed. Talk that nobody can hear is no fault.
fn print_line(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(TlsFiles {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        _ => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    if tls.is_none() && !args.listen.ip().is_loopback() {
        out.say("warning: without --tls-cert, tokens and data go over the network in the clear")?;
    }
    let folders = Folders::new(&args.files, &args.secrets)?;
    let book = args.book.open()?;
    let serving = serve(
        book,
        ServeOptions {
            require_token: args.require_token,
            open_loopback: args.open_loopback,
            folders,
            tls,
            body_max: usize::try_from(args.body_max).unwrap_or(usize::MAX),
            connections_max: args.connections_max,
            otlp: args.otlp.clone(),
            gateway: !args.no_gateway,
            schedules: !args.no_schedules,
            printer: Some(Printer(Arc::new(print_line))),
            background: Background {
                plugins: args.plugins.clone(),
                snapshot_every: args.snapshot_every,
                verify_every: args.verify_every,
            },
            ..ServeOptions::new(args.listen)
        },
    )?;
    out.say(format_args!(
        "{} is served at {scheme}://{}; Ctrl-C ends it",
        args.book.path.display(),
        serving.address()
    ))?;
    serving.wait()?;
    out.say("closed")?;
    Ok(Exit::Fine)
}
