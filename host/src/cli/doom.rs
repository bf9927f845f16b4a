//! `daybook doom`

use serde_json::{Value as Json, json};

use super::common::{FormatArg, seq};
use super::input;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use super::target::{Look, Target, TargetArg, only_by_directory};
use super::{Exit, remote};
use crate::model::{Error, PluginVersion, Result, Seq};
use crate::repair::PinRequest;
use crate::study::{Dooms, Forecast, FoundDoom, Picked, Remedy, Study};

/// Find the events that a version cannot materialize, and the ways past them
///
/// Replays the log under a version and stops at the first event of doom: names the event, the version, the error and what
/// the handler logged, and tries the plugin's other versions on the same event and state. With `--keep-going` it goes on as
/// if the event were skipped. With `--forecast` each way past the first one is tried on the whole log and compared with the
/// live state. Without a version: what is active.
///
/// With `--event` and one of `--skip`, `--data` and `--pin` that way is taken, and recorded with its reason; with `--preview`
/// it is only forecast. A pin holds for whatever is pinned from then on: shadows, activations, replays, diffs.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook doom mybook bank@1994-01-01
  daybook doom mybook bank@1994-01-01 --keep-going --format json
  daybook doom mybook bank@1994-01-01 --forecast
  daybook doom mybook bank@1994-01-01 --event 42 --pin bank@1993-01-01 --preview
  daybook doom mybook --event 42 --pin bank@1993-01-01 --reason 'a form of 1993 that nobody uses any more'
  daybook doom mybook --event 42 --unpin --reason 'bank@1995-01-01 can read it'

Exit code 1: there are events of doom, or the way that was tried does not lead past this one.")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// The version: bank@1994-01-01
    #[arg(value_name = "PLUGIN@DATE")]
    version: Option<PluginVersion>,
    /// Go on after an event of doom
    #[arg(long)]
    keep_going: bool,
    /// Tell what each way past the first one would lead to
    #[arg(long, conflicts_with_all = ["keep_going", "event"])]
    forecast: bool,
    /// The event that a way is taken past
    #[arg(long, value_name = "SEQ", value_parser = seq, requires = "way")]
    event: Option<Seq>,
    #[command(flatten)]
    way: Way,
    /// Why; stays in the log for ever
    #[arg(long, value_name = "TEXT", requires = "event")]
    reason: Option<String>,
    /// Who says so
    #[arg(long, value_name = "NAME", requires = "event")]
    actor: Option<String>,
    /// Forecast it, keep nothing
    #[arg(long, requires = "event", conflicts_with = "reason")]
    preview: bool,
    #[command(flatten)]
    format: FormatArg,
}

#[derive(clap::Args)]
#[group(id = "way", multiple = false, requires = "event")]
struct Way {
    /// Nobody handles the event, as if it had not happened
    #[arg(long)]
    skip: bool,
    /// Another payload: JSON, @FILE, or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: Option<String>,
    /// This version handles it, whatever else is pinned
    #[arg(long, value_name = "PLUGIN@DATE")]
    pin: Option<PluginVersion>,
    /// No version of its own handles it any more
    #[arg(long, conflicts_with = "preview")]
    unpin: bool,
}

impl Way {
    /// None: the pin is to be given up.
    fn remedy(&self) -> Result<Option<Remedy>> {
        Ok(match (&self.pin, &self.data, self.unpin) {
            (Some(version), ..) => Some(Remedy::Pin(version.clone())),
            (_, Some(data), _) => Some(Remedy::Amend(input::payload(data)?)),
            (.., true) => None,
            _ => Some(Remedy::Skip),
        })
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let picked = Picked::Pinned(args.version.iter().cloned().collect());
    let Some(seq) = args.event else {
        return match args.target.look()? {
            Look::Book(onlooker) => onlooker.study(|study| search(args, study, &picked, out)),
            Look::Server(_) if args.forecast => Err(only_by_directory("a forecast of every way")),
            Look::Server(client) => {
                let version = args.version.as_ref().map(ToString::to_string);
                let body = json!({ "version": version, "keep_going": args.keep_going });
                let found = |reply: &Json| reply["found"] != json!([]);
                remote::tell(&client, "/dooms", &body, &args.format, found, out)
            }
        };
    };
    let remedy = args.way.remedy()?;
    match args.preview {
        true => foresee(args, &picked, seq, remedy, out),
        false => resolve(args, seq, remedy, out),
    }
}

fn foresee(
    args: &Args,
    picked: &Picked,
    seq: Seq,
    remedy: Option<Remedy>,
    out: &mut Output,
) -> Result<Exit> {
    let Some(remedy) = remedy else {
        return Err(Error::usage("--unpin has no preview"));
    };
    let forecast = match args.target.look()? {
        Look::Book(onlooker) => onlooker.study(|study| forecast(study, picked, seq, &remedy))?,
        Look::Server(client) => {
            let mut body = remedy.json();
            body["preview"] = true.into();
            body["version"] = json!(args.version.as_ref().map(ToString::to_string));
            let differs = |reply: &Json| reply["still_doomed"] == true;
            let path = format!("/events/{seq}/doom");
            return remote::tell(&client, &path, &body, &args.format, differs, out);
        }
    };
    tell(&forecast, args, out)?;
    match forecast.still_doomed {
        true => Ok(Exit::Differs),
        false => Ok(Exit::Fine),
    }
}

fn search(args: &Args, study: &mut Study<'_>, picked: &Picked, out: &mut Output) -> Result<Exit> {
    let dooms = {
        let mut bar = Bar::new("looking for dooms");
        let mut progress = bar.events("materializing");
        study.find_dooms(picked, args.keep_going, &mut progress)?
    };
    for found in &dooms.found {
        match args.format.is_json() {
            true => out.json(&found.json())?,
            false => show(found, args, out)?,
        }
    }
    if !args.format.is_json() {
        let all = dooms.found.len() as u64 + dooms.more;
        out.line(format_args!(
            "{} in {}",
            count(all, "event of doom").replace("dooms", "doom"),
            count(dooms.events, "event")
        ))?;
    }
    if args.forecast {
        foretell(args, study, picked, &dooms, out)?;
    }
    match dooms.found.is_empty() {
        true => Ok(Exit::Fine),
        false => Ok(Exit::Differs),
    }
}

/// Every way past the first event of doom that needs nobody's words.
fn foretell(
    args: &Args,
    study: &mut Study<'_>,
    picked: &Picked,
    dooms: &Dooms,
    out: &mut Output,
) -> Result<()> {
    let Some(found) = dooms.found.first() else {
        return Ok(());
    };
    let able = found.others.iter().filter(|(_, made)| made.is_ok());
    let pins = able.map(|(version, _)| Remedy::Pin(version.clone()));
    for remedy in std::iter::once(Remedy::Skip).chain(pins) {
        match forecast(study, picked, found.doom.seq, &remedy) {
            Ok(forecast) => tell(&forecast, args, out)?,
            Err(error) => out.say(format_args!("{}: {}", words(&remedy), error.message))?,
        }
    }
    Ok(())
}

fn forecast(study: &mut Study<'_>, picked: &Picked, seq: Seq, remedy: &Remedy) -> Result<Forecast> {
    let mut bar = Bar::new("forecasting");
    let mut progress = bar.events("comparing");
    study.forecast(picked, seq, remedy, &mut progress)
}

fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Skip => "skip".to_owned(),
        Remedy::Amend(_) => "amend".to_owned(),
        Remedy::Pin(version) => format!("pin to {version}"),
    }
}

fn tell(forecast: &Forecast, args: &Args, out: &mut Output) -> Result<()> {
    if args.format.is_json() {
        return out.json(&forecast.json());
    }
    let still = match forecast.still_doomed {
        true => "it fails all the same; ",
        false => "",
    };
    out.line(format_args!(
        "{}: {still}{} left; beside the live state {} would have other effects and {} end otherwise",
        words(&forecast.remedy),
        count(forecast.dooms, "event of doom").replace("dooms", "doom"),
        count(forecast.events, "event"),
        count(forecast.rows, "row"),
    ))
}

fn resolve(args: &Args, seq: Seq, remedy: Option<Remedy>, out: &mut Output) -> Result<Exit> {
    let Some(reason) = &args.reason else {
        return Err(Error::usage("--reason is missing")
            .hint("say why, for those who read the log later; or --preview"));
    };
    let mut book = match args.target.open(out)? {
        Target::Book(book) => book,
        Target::Server(client) => {
            let mut body = match &remedy {
                Some(remedy) => remedy.json(),
                None => json!({ "unpin": true }),
            };
            body["reason"] = json!(reason);
            let path = format!("/events/{seq}/doom");
            return remote::tell(&client, &path, &body, &args.format, |_| false, out);
        }
    };
    let actor = args.actor.as_deref();
    let at = match remedy {
        Some(remedy) => {
            let mut bar = Bar::new("amending");
            let mut progress = bar.events("materializing");
            book.resolve_doom(seq, remedy, reason, actor, &mut progress)?
        }
        None => book.pin_event(&PinRequest {
            seq,
            version: None,
            reason: reason.clone(),
            actor: args.actor.clone(),
        })?,
    };
    match args.format.is_json() {
        true => out.json(&json!({ "seq": at.0, "event": seq.0 }))?,
        false => out.line(format_args!("so it is since event {at}"))?,
    }
    Ok(Exit::Fine)
}

fn show(found: &FoundDoom, args: &Args, out: &mut Output) -> Result<()> {
    let doom = &found.doom;
    out.line(format_args!("event {}  {}", doom.seq, doom.event_type))?;
    out.line(format_args!(
        "  {}  {}",
        doom.version,
        clean(&doom.error.to_string())
    ))?;
    for line in &doom.log {
        out.line(format_args!("  log: {}", clean(&line.message)))?;
    }
    for (version, made) in &found.others {
        match made {
            Ok((changes, tasks)) => out.line(format_args!(
                "  {version} can: {}, {}",
                count(*changes as u64, "row"),
                count(*tasks as u64, "task")
            ))?,
            Err(why) => out.line(format_args!("  {version} cannot either: {}", clean(why)))?,
        }
    }
    if args.forecast {
        return Ok(());
    }
    let path = &args.target;
    let version = &doom.version;
    out.advise(format_args!(
        "daybook doom {path} {version} --forecast: what each way past it would lead to"
    ))
}
