//! Seeds of the simulation: those that found something once, and new ones for some seconds. It has a `main` of its own,
//! because components are compiled by a process of the program that needs them.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use daybook_simulation::{Report, lie, run};

/// Each found a fault that is mended.
const FOUND: &[u64] = &[];

/// Seconds of new seeds; `DAYBOOK_SIMULATION_SECONDS` says another number.
const SECONDS: u64 = 20;

fn main() -> ExitCode {
    if let Some(compiled) = daybook_tests::compiled_if_asked() {
        return compiled;
    }
    nothing_acknowledged_is_lost_and_nothing_refused_is_kept_whatever_fails();
    ExitCode::SUCCESS
}

fn nothing_acknowledged_is_lost_and_nothing_refused_is_kept_whatever_fails() {
    let mut total = Report::default();
    let one = |seed| run(seed, false).unwrap_or_else(|finding| panic!("{finding}"));
    for seed in FOUND {
        total.add(&one(*seed));
    }
    let seconds = std::env::var("DAYBOOK_SIMULATION_SECONDS").ok();
    let seconds = seconds.map_or(SECONDS, |text| text.parse().expect("a number of seconds"));
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let mut seed = since.expect("it is past 1970").as_secs() * 1_000;
    // A simulation that does not find what is known to be wrong would prove nothing.
    lie(true);
    let found = (1..200).find_map(|seed| run(seed, false).err());
    lie(false);
    println!("where syncs lie: {}", found.expect("lost syncs are found"));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(seconds) {
        total.add(&one(seed));
        seed += 1;
    }
    println!("{total}");
    assert!(
        total.crashes > 0 && total.failures > 0 && total.acts > 0,
        "{total}"
    );
}
