//! `daybook doom`

use super::Exit;
use super::common::{FormatArg, seq};
use super::input;
use super::output::{Output, count};
use super::progress::Bar;
use super::table::clean;
use super::target::TargetArg;
use crate::model::{Error, JsonText, PluginVersion, Result, Seq};
use crate::verbs::Studies;
use crate::wire::{Doom, DoomsRequest, Forecast, RemedyRequest};

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
    fn request(&self) -> Result<RemedyRequest> {
        let data = self.data.as_deref().map(input::payload).transpose()?;
        Ok(RemedyRequest {
            skip: self.skip,
            amend: data.map(|data| JsonText::of(&data).into_owned()),
            pin: self.pin.as_ref().map(ToString::to_string),
            unpin: self.unpin,
            ..RemedyRequest::default()
        })
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let version = args.version.as_ref().map(ToString::to_string);
    let Some(seq) = args.event else {
        let request = DoomsRequest {
            version,
            keep_going: args.keep_going,
        };
        return args
            .target
            .look(|target| search(args, &request, target, out));
    };
    let request = RemedyRequest {
        version,
        reason: args.reason.clone(),
        ..args.way.request()?
    };
    match args.preview {
        true => {
            let told = args.target.look(|target| forecast(target, seq, &request))?;
            tell(&told, args, out)?;
            Ok(match told.still_doomed {
                true => Exit::Differs,
                false => Exit::Fine,
            })
        }
        false => resolve(args, seq, &request, out),
    }
}

fn search(
    args: &Args,
    request: &DoomsRequest,
    target: &mut dyn Studies,
    out: &mut Output,
) -> Result<Exit> {
    let dooms = {
        let mut bar = Bar::new("looking for dooms");
        let mut progress = bar.events("materializing");
        target.dooms(request, &mut progress)?
    };
    if args.format.is_json() {
        out.json(&dooms)?;
    } else {
        for found in &dooms.found {
            show(found, args, out)?;
        }
        let all = dooms.found.len() as u64 + dooms.more;
        out.line(format_args!(
            "{} in {}",
            count(all, "event of doom").replace("dooms", "doom"),
            count(dooms.events, "event")
        ))?;
    }
    let Some(first) = dooms.found.first() else {
        return Ok(Exit::Fine);
    };
    if args.forecast {
        foretell(args, first, target, out)?;
    }
    Ok(Exit::Differs)
}

/// Every way past an event of doom that needs nobody's words.
fn foretell(args: &Args, doom: &Doom, target: &mut dyn Studies, out: &mut Output) -> Result<()> {
    let version = args.version.as_ref().map(ToString::to_string);
    let skip = RemedyRequest {
        version: version.clone(),
        skip: true,
        ..RemedyRequest::default()
    };
    let able = doom.others.iter().filter(|tried| tried.fails.is_none());
    let pins = able.map(|tried| RemedyRequest {
        version: version.clone(),
        pin: Some(tried.version.clone()),
        ..RemedyRequest::default()
    });
    for request in std::iter::once(skip).chain(pins) {
        match forecast(target, Seq(doom.seq), &request) {
            Ok(forecast) => tell(&forecast, args, out)?,
            Err(error) => {
                let way = words(request.skip, request.pin.as_deref());
                out.say(format_args!("{way}: {}", error.message))?;
            }
        }
    }
    Ok(())
}

fn forecast(target: &mut dyn Studies, seq: Seq, request: &RemedyRequest) -> Result<Forecast> {
    let mut bar = Bar::new("forecasting");
    let mut progress = bar.events("comparing");
    target.forecast(seq, request, &mut progress)
}

fn words(skip: bool, pin: Option<&str>) -> String {
    match (skip, pin) {
        (true, _) => "skip".to_owned(),
        (false, Some(version)) => format!("pin to {version}"),
        (false, None) => "amend".to_owned(),
    }
}

fn tell(forecast: &Forecast, args: &Args, out: &mut Output) -> Result<()> {
    if args.format.is_json() {
        return out.json(forecast);
    }
    let still = match forecast.still_doomed {
        true => "it fails all the same; ",
        false => "",
    };
    let remedy = &forecast.remedy;
    out.line(format_args!(
        "{}: {still}{} left; beside the live state {} would have other effects and {} end otherwise",
        words(remedy.skip == Some(true), remedy.pin.as_deref()),
        count(forecast.dooms, "event of doom").replace("dooms", "doom"),
        count(forecast.events, "event"),
        count(forecast.rows, "row"),
    ))
}

fn resolve(args: &Args, seq: Seq, request: &RemedyRequest, out: &mut Output) -> Result<Exit> {
    if request.reason.is_none() {
        return Err(Error::usage("--reason is missing")
            .hint("say why, for those who read the log later; or --preview"));
    }
    let mut target = args.target.open(out)?;
    let taken = {
        let mut bar = Bar::new("amending");
        let mut progress = bar.events("materializing");
        target.remedy(seq, request, args.actor.as_deref(), &mut progress)?
    };
    match args.format.is_json() {
        true => out.json(&taken)?,
        false => out.line(format_args!("so it is since event {}", taken.seq))?,
    }
    Ok(Exit::Fine)
}

fn show(doom: &Doom, args: &Args, out: &mut Output) -> Result<()> {
    out.line(format_args!("event {}  {}", doom.seq, doom.event_type))?;
    out.line(format_args!("  {}  {}", doom.version, clean(&doom.error)))?;
    for line in &doom.log {
        out.line(format_args!("  log: {}", clean(line)))?;
    }
    for tried in &doom.others {
        let version = &tried.version;
        match &tried.fails {
            None => out.line(format_args!(
                "  {version} can: {}, {}",
                count(tried.changes.unwrap_or_default() as u64, "row"),
                count(tried.tasks.unwrap_or_default() as u64, "task")
            ))?,
            Some(why) => out.line(format_args!("  {version} cannot either: {}", clean(why)))?,
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
