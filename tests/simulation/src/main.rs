//! Runs the simulation: `simulate --seed N` repeats one seed and tells each step; `simulate --crashes N` goes on with new
//! seeds until so many crashes were survived, `simulate --seconds N` for so long.

use std::time::{Duration, Instant};

use daybook_simulation::{Report, run};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|it| it == name)?;
        Some(arguments.get(at + 1)?.parse::<u64>().expect("a number"))
    };
    if let Some(seed) = number("--seed") {
        match run(seed, true) {
            Ok(report) => println!("{report}"),
            Err(finding) => fail(&finding),
        }
        return;
    }
    let crashes = number("--crashes");
    let until = number("--seconds").map(|it| Instant::now() + Duration::from_secs(it));
    assert!(
        crashes.is_some() || until.is_some(),
        "simulate --seed N | --crashes N | --seconds N, and --from SEED"
    );
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut seed = number("--from").unwrap_or_else(|| now().map_or(1, |it| it.as_secs() * 1_000));
    let mut total = Report::default();
    while crashes.is_none_or(|it| total.crashes < it) && until.is_none_or(|it| Instant::now() < it)
    {
        match run(seed, false) {
            Ok(report) => total.add(&report),
            Err(finding) => fail(&finding),
        }
        seed += 1;
    }
    println!("{total}");
}

fn fail(finding: &str) -> ! {
    eprintln!("{finding}");
    std::process::exit(1);
}
