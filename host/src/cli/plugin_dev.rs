//! `daybook plugin dev`: after every save, what the plugin would change.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::Exit;
use super::output::Output;
use super::progress::Bar;
use super::target::TargetArg;
use super::tracks::show;
use crate::authoring::{self, Sources};
use crate::model::{Error, PluginVersion, Result};
use crate::wire::ShadowRequest;

/// How often the sources are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// What a shell calls the end by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Test, build and load a plugin after every save
///
/// Each time a source file is saved the plugin is tested, built and loaded into the book, and run over its log beside the live
/// state: what it would change is shown, by event type and column. The live state stays as it is. A test or a build
/// that fails is shown, and the next save is waited for. A version that was used is not replaced: the next one has a later date.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin dev . mybook
  daybook plugin dev visits/2024-06-01 mybook --once
  daybook plugin dev visits/2024-06-01 --url http://127.0.0.1:7373

Exit code with --once: 1 if the tests fail or something would change; 0 if nothing would.")]
pub struct Args {
    /// The plugin's folder
    #[arg(value_name = "PATH")]
    path: PathBuf,
    #[command(flatten)]
    target: TargetArg,
    /// Do it once, and do not wait for a save
    #[arg(long)]
    once: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    if args.once {
        return round(args, out);
    }
    let is_over = until_ctrl_c()?;
    loop {
        // Looked at before the round, so that what is saved in the meantime is seen after it.
        let before = Sources::of(&args.path)?;
        if let Err(error) = round(args, out)
            && !is_over.load(Ordering::Relaxed)
        {
            out.error(&error);
        }
        if !is_over.load(Ordering::Relaxed) {
            out.say(format_args!(
                "waiting for a change in {}; Ctrl-C ends it",
                args.path.display()
            ))?;
        }
        let changed = loop {
            if is_over.load(Ordering::Relaxed) {
                out.say(
                    "ended; the book keeps the version that was loaded last, which is not in force",
                )?;
                return Ok(Exit::Fine);
            }
            thread::sleep(LOOK_EVERY);
            let now = Sources::of(&args.path)?;
            if let Some(file) = now.changed_since(&before) {
                let file = file.to_owned();
                settle(args, now)?;
                break file;
            }
        };
        out.say(format_args!("\n{} has changed", changed.display()))?;
    }
}

/// Waits until nothing more is saved: an editor writes several files one after the other.
fn settle(args: &Args, mut last: Sources) -> Result<()> {
    loop {
        thread::sleep(LOOK_EVERY);
        let now = Sources::of(&args.path)?;
        if now == last {
            return Ok(());
        }
        last = now;
    }
}

/// Tests, builds, loads, and shows what the version would change.
fn round(args: &Args, out: &mut Output) -> Result<Exit> {
    out.show()?;
    if !authoring::test(&args.path)?.success() {
        out.say("the tests fail, so nothing was built")?;
        return Ok(Exit::Differs);
    }
    let built = authoring::build(&args.path)?;
    let mut target = args.target.open(out)?;
    let loaded = target.load(&built.bytes)?;
    let version = &built.version;
    out.line(format_args!("{version}  sha256 {}", loaded.digest))?;
    if target.is_active(version)? {
        out.line(format_args!(
            "  {version} is in force already, so nothing would change"
        ))?;
        return Ok(Exit::Fine);
    }
    let name = format!("shadow-{version}");
    let was_there = target.tracks()?.iter().any(|track| track.name == name);
    let request = ShadowRequest {
        version: version.to_string(),
        policy: None,
        expect: None,
    };
    let track = {
        let mut bar = Bar::new("following the log");
        let mut progress = bar.events("materializing");
        target.shadow(&request, &mut progress)?
    };
    show(&track, out)?;
    // One that the operator made stays, with what it expects.
    if !was_there {
        target.drop_shadow(version)?;
    }
    if track.is_unexpected() {
        return Ok(Exit::Differs);
    }
    advise(args, version, out)?;
    Ok(Exit::Fine)
}

fn advise(args: &Args, version: &PluginVersion, out: &mut Output) -> Result<()> {
    out.advise(format_args!("daybook activate {} {version}", args.target))
}

/// True from the first Ctrl-C on: what is at work ends, or is waited for. A second one ends the process at once.
fn until_ctrl_c() -> Result<Arc<AtomicBool>> {
    let failed = |error| Error::io("waiting for Ctrl-C", error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(failed)?;
    let is_over = Arc::new(AtomicBool::new(false));
    let told = is_over.clone();
    let wait = move || {
        for code in [None, Some(INTERRUPTED)] {
            if runtime.block_on(tokio::signal::ctrl_c()).is_err() {
                return;
            }
            match code {
                None => told.store(true, Ordering::Relaxed),
                Some(code) => std::process::exit(code),
            }
        }
    };
    thread::Builder::new()
        .name("daybook-ctrl-c".to_owned())
        .spawn(wait)
        .map_err(failed)?;
    Ok(is_over)
}
