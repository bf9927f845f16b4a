//! Runs the simulation: `simulate --seed N` repeats one seed and tells each step; `simulate --crashes N` goes on with new
//! seeds until so many crashes were survived, `simulate --seeds N` for so many, `simulate --seconds N` for so long.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use daybook_simulation::{Report, run};

fn main() -> ExitCode {
    if let Some(compiled) = daybook_tests::compiled_if_asked() {
        return compiled;
    }
    match simulate() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(finding) => {
            eprintln!("{finding}");
            ExitCode::FAILURE
        }
    }
}

fn simulate() -> Result<Report, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|it| it == name)?;
        Some(arguments.get(at + 1)?.parse::<u64>().expect("a number"))
    };
    if let Some(seed) = number("--seed") {
        return run(seed, true);
    }
    let crashes = number("--crashes");
    let seeds = number("--seeds");
    let until = number("--seconds").map(|it| Instant::now() + Duration::from_secs(it));
    assert!(
        crashes.is_some() || seeds.is_some() || until.is_some(),
        "simulate --seed N | --crashes N | --seeds N | --seconds N, and --from SEED"
    );
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut seed = number("--from").unwrap_or_else(|| now().map_or(1, |it| it.as_secs() * 1_000));
    let mut total = Report::default();
    while crashes.is_none_or(|it| total.crashes < it)
        && seeds.is_none_or(|it| total.seeds < it)
        && until.is_none_or(|it| Instant::now() < it)
    {
        total.add(&run(seed, false)?);
        seed += 1;
    }
    Ok(total)
}
