//! `daybook gateway`

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::table::{number, table, text};
use super::target::TargetArg;
use crate::gateway::{
    Backoff, DriverConfig, FetchConfig, KindConfig, MailConfig, ObjectConfig, Secret, WebhookConfig,
};
use crate::model::{Error, Result, Span};

/// Say how tasks are carried out, kind by kind
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Set(Box<SetArgs>),
    Show(ShowArgs),
    Unset(UnsetArgs),
}

/// Who carries a kind out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DriverName {
    /// A POST of the task's JSON
    Webhook,
    /// A message by SMTP
    Mail,
    /// An object in a directory or a bucket
    Object,
    /// A command of this book
    Command,
    /// A GET whose answer is a command of this book
    Fetch,
    /// A line at the end of a file
    File,
    /// A line on the server's standard output
    Stdout,
}

/// Carry out a kind of task from now on
///
/// The server that serves the book delivers tasks of this kind, those that wait already first; --expires keeps old ones
/// back. Delivery is at least once, with the task's id: a receiver that knows ids sees each once. Secrets are
/// named by the variable or the file that holds them at the server; the book never has them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook gateway set mybook note webhook --address https://example.com/hook --secret-env HOOK_SECRET --ordered
  daybook gateway set mybook mail mail --address smtp://localhost:25 --from book@example.com --to '{to}' \\
      --subject 'Your new address, {name}' --body 'Dear {name}, …'
  daybook gateway set mybook statement object --address s3://statements/2026 --endpoint http://localhost:9000 \\
      --access-key minio --secret-file /run/secrets/minio --name '{account}/{id}.json'
  daybook gateway set mybook holidays fetch --address 'https://example.com/holidays/{year}.json' \\
      --command appointment.TakeHolidays --member holidays
  daybook gateway set mybook note file --address /tmp/notes.jsonl")]
struct SetArgs {
    #[command(flatten)]
    target: TargetArg,
    /// The kind of task, as plugins name it
    #[arg(value_name = "KIND")]
    kind: String,
    /// Who carries it out
    #[arg(value_name = "DRIVER", value_enum)]
    driver: DriverName,
    /// Where to: https://…, smtp://…, s3://bucket/prefix, file:///directory, or a file's path
    #[arg(long, value_name = "URL|PATH")]
    address: Option<String>,
    /// The variable of the server's environment with the signing secret, the password or the secret key
    #[arg(long, value_name = "NAME", conflicts_with = "secret_file")]
    secret_env: Option<String>,
    /// The file with it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// mail: whom it is from
    #[arg(long, value_name = "TEMPLATE")]
    from: Option<String>,
    /// mail: whom it is for; {member} is a member of the task's data
    #[arg(long, value_name = "TEMPLATE")]
    to: Option<String>,
    /// mail: its subject
    #[arg(long, value_name = "TEMPLATE")]
    subject: Option<String>,
    /// mail: its text
    #[arg(long, value_name = "TEMPLATE")]
    body: Option<String>,
    /// object: its name, in which {id} is the task's
    #[arg(long, value_name = "TEMPLATE")]
    name: Option<String>,
    /// object: the member of the data that is its content; all of the data where this is absent
    #[arg(long, value_name = "MEMBER")]
    content: Option<String>,
    /// object: an S3 server of another address
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// object: the region
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// object: the id of the secret key
    #[arg(long, value_name = "KEY-ID")]
    access_key: Option<String>,
    /// fetch: the command that takes the answer
    #[arg(long, value_name = "COMMAND-TYPE")]
    command: Option<String>,
    /// fetch: the member of its payload that holds the answer; absent: the answer is the payload
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,
    /// fetch: the member of its payload that holds the task's data
    #[arg(long, value_name = "MEMBER")]
    asked_member: Option<String>,
    /// Deliveries at the same time [default: 8]
    #[arg(long, value_name = "COUNT")]
    at_a_time: Option<u32>,
    /// Tasks of one key one after another, in the order of the log; those behind a failed one wait
    #[arg(long)]
    ordered: bool,
    /// Tries before a task is dead [default: 12]
    #[arg(long, value_name = "COUNT")]
    tries: Option<u32>,
    /// The first pause between tries, which doubles, and the longest [default: 1s..10m]
    #[arg(long, value_name = "FIRST..LONGEST")]
    backoff: Option<Backoff>,
    /// Time for one delivery [default: 30s]
    #[arg(long, value_name = "TIME")]
    timeout: Option<Span>,
    /// Do not begin to deliver a task that was asked for longer ago
    #[arg(long, value_name = "TIME")]
    expires: Option<Span>,
}

/// Show how kinds are carried out
///
/// Every kind that was ever asked for or configured. One without a driver is carried out by nobody: its tasks are pending.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook gateway show mybook
  daybook gateway show --url http://127.0.0.1:7373 --format json")]
struct ShowArgs {
    #[command(flatten)]
    target: TargetArg,
    #[command(flatten)]
    format: FormatArg,
}

/// Carry out a kind no more
///
/// Its tasks wait from now on; deliveries on their way end as they would have.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook gateway unset mybook note")]
struct UnsetArgs {
    #[command(flatten)]
    target: TargetArg,
    /// The kind of task
    #[arg(value_name = "KIND")]
    kind: String,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    match &args.verb {
        Verb::Set(args) => set(args, out),
        Verb::Show(args) => show(args, out),
        Verb::Unset(args) => unset(args, out),
    }
}

fn set(args: &SetArgs, out: &mut Output) -> Result<Exit> {
    let config = config(args)?;
    config.check(&args.kind)?;
    args.target
        .open(out)?
        .set_gateway_kind(&args.kind, &config, None)?;
    out.say(format_args!(
        "tasks of kind '{}' are carried out by {}",
        args.kind,
        config.driver.name()
    ))?;
    Ok(Exit::Fine)
}

/// The configuration that the options say, which must be those of the driver.
fn config(args: &SetArgs) -> Result<KindConfig> {
    let secret = match (&args.secret_env, &args.secret_file) {
        (Some(name), _) => Some(Secret::Env(name.clone())),
        (None, Some(path)) => Some(Secret::File(
            std::path::absolute(path).map_err(|error| Error::io("finding the file", error))?,
        )),
        (None, None) => None,
    };
    let given = [
        ("--address", args.address.is_some()),
        ("--secret-env or --secret-file", secret.is_some()),
        ("--from", args.from.is_some()),
        ("--to", args.to.is_some()),
        ("--subject", args.subject.is_some()),
        ("--body", args.body.is_some()),
        ("--name", args.name.is_some()),
        ("--content", args.content.is_some()),
        ("--endpoint", args.endpoint.is_some()),
        ("--region", args.region.is_some()),
        ("--access-key", args.access_key.is_some()),
        ("--command", args.command.is_some()),
        ("--member", args.member.is_some()),
        ("--asked-member", args.asked_member.is_some()),
    ];
    let takes: &[&str] = match args.driver {
        DriverName::Webhook => &given.map(|(name, _)| name)[..2],
        DriverName::Mail => &given.map(|(name, _)| name)[..6],
        DriverName::Object => &[
            "--address",
            "--secret-env or --secret-file",
            "--name",
            "--content",
            "--endpoint",
            "--region",
            "--access-key",
        ],
        DriverName::Fetch => &[
            "--address",
            "--secret-env or --secret-file",
            "--command",
            "--member",
            "--asked-member",
        ],
        DriverName::File => &["--address"],
        DriverName::Command | DriverName::Stdout => &[],
    };
    let foreign = { given.iter() }.find(|(name, is_given)| *is_given && !takes.contains(name));
    if let Some((name, _)) = foreign {
        return Err(Error::usage(format!("this driver has no {name}")));
    }
    let needed = |name: &str, value: &Option<String>| {
        value
            .clone()
            .ok_or_else(|| Error::usage(format!("this driver needs {name}")))
    };
    let address = || needed("--address", &args.address);
    let driver = match args.driver {
        DriverName::Webhook => DriverConfig::Webhook(WebhookConfig {
            url: address()?,
            secret,
        }),
        DriverName::Mail => DriverConfig::Mail(MailConfig {
            url: address()?,
            password: secret,
            from: needed("--from", &args.from)?,
            to: needed("--to", &args.to)?,
            subject: needed("--subject", &args.subject)?,
            body: needed("--body", &args.body)?,
        }),
        DriverName::Object => DriverConfig::Object(ObjectConfig {
            url: address()?,
            endpoint: args.endpoint.clone(),
            region: args.region.clone(),
            access_key: args.access_key.clone(),
            secret,
            name: args.name.clone().unwrap_or_else(|| "{id}.json".to_owned()),
            content: args.content.clone(),
        }),
        DriverName::Command => DriverConfig::Command {},
        DriverName::Fetch => DriverConfig::Fetch(FetchConfig {
            url: address()?,
            secret,
            command: needed("--command", &args.command)?,
            member: args.member.clone(),
            asked: args.asked_member.clone(),
        }),
        DriverName::File => DriverConfig::File {
            path: std::path::absolute(address()?)
                .map_err(|error| Error::io("finding the file", error))?,
        },
        DriverName::Stdout => DriverConfig::Stdout {},
    };
    let base = KindConfig::of(driver);
    Ok(KindConfig {
        at_a_time: args.at_a_time.unwrap_or(base.at_a_time),
        ordered: args.ordered,
        tries: args.tries.unwrap_or(base.tries),
        backoff: args.backoff.unwrap_or(base.backoff),
        timeout: args.timeout.unwrap_or(base.timeout),
        expires: args.expires,
        ..base
    })
}

fn show(args: &ShowArgs, out: &mut Output) -> Result<Exit> {
    let kinds = args.target.read()?.gateway_kinds()?;
    if args.format.is_json() {
        kinds.iter().try_for_each(|kind| out.json(kind))?;
        return Ok(Exit::Fine);
    }
    let mut lines = table([
        "KIND",
        "DRIVER",
        "WHERE",
        "AT A TIME",
        "ORDERED",
        "TRIES",
        "BACKOFF",
        "TIMEOUT",
        "EXPIRES",
    ]);
    for kind in kinds {
        let Some(config) = kind.config else {
            lines.add_row([text(kind.kind), text("nobody")]);
            continue;
        };
        let place = match &config.driver {
            DriverConfig::Webhook(webhook) => webhook.url.clone(),
            DriverConfig::Mail(mail) => mail.url.clone(),
            DriverConfig::Object(object) => object.url.clone(),
            DriverConfig::File { path } => path.display().to_string(),
            DriverConfig::Fetch(fetch) => fetch.url.clone(),
            DriverConfig::Command {} | DriverConfig::Stdout {} => String::new(),
        };
        lines.add_row([
            text(kind.kind),
            text(config.driver.name()),
            text(place),
            number(config.at_a_time),
            text(if config.ordered { "by key" } else { "" }),
            number(config.tries),
            text(config.backoff),
            text(config.timeout),
            text(
                config
                    .expires
                    .map_or_else(String::new, |span| span.to_string()),
            ),
        ]);
    }
    out.line(lines)?;
    Ok(Exit::Fine)
}

fn unset(args: &UnsetArgs, out: &mut Output) -> Result<Exit> {
    args.target.open(out)?.unset_gateway_kind(&args.kind)?;
    out.say(format_args!(
        "tasks of kind '{}' wait until somebody carries them out",
        args.kind
    ))?;
    Ok(Exit::Fine)
}
