//! The bank's story: two ways of counting days of interest, over years of a made-up history.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::history::History;
use super::{Demo, Exit, quoted, thousands};
use crate::model::{Error, Result};

pub const DATES: [&str; 2] = ["1993-01-01", "1994-01-01"];

const FIRST: &str = "bank@1993-01-01";
const SECOND: &str = "bank@1994-01-01";

const EXPECTED: &str = r#"[[expect]]
reason = "from 1994 on interest is counted by months of 30 days in a year of 360"
table = "bank.account"
columns = ["interest_microcents"]
"#;

const INTEREST: &str = "SELECT count(*) AS accounts, sum(balance) / 100 AS money, \
sum(interest_microcents) / 100000000 AS interest_earned FROM bank_account";

/// Which history.
pub struct Told {
    pub events: u64,
    pub seed: u64,
}

/// Gives the commands that may come next.
pub fn tell(told: &Told, demo: &mut Demo<'_>) -> Result<Vec<String>> {
    let (book, events) = (demo.at("book"), demo.at("events.jsonl"));
    let (expected, report) = (demo.at("expected.toml"), demo.at("report.html"));

    demo.title("A bank's history is made up, as CloudEvents, one a line.")?;
    let last_day = write_history(told, Path::new(&events))?;
    demo.note(&format!(
        "{} events from 1993-01-01 to {last_day}, from seed {}, in {events}",
        thousands(told.events),
        told.seed
    ))?;

    demo.title("A book is a directory: a log of events, and the state that plugins make of them.")?;
    demo.command(&["init", &book], Exit::Fine)?;

    demo.title(
        "Logic comes as plugins, WebAssembly components whose version is a date. The first one:",
    )?;
    demo.load(&book, 0)?;
    demo.command(&["activate", &book, FIRST], Exit::Fine)?;

    demo.title("The history is appended: each event is checked, materialized, and durable with all it causes.")?;
    demo.command(&["append", &book, &events], Exit::Fine)?;
    demo.command(&["query", &book, INTEREST], Exit::Fine)?;

    demo.title("A command may be refused. It sees every event before it; nothing changes, and the exit code is 4.")?;
    let withdrawal = r#"{"account": 1, "amount": 100000000000}"#;
    demo.command(&["run", &book, "bank.Withdraw", withdrawal], Exit::Rejected)?;

    demo.title(
        "A year later the bank counts interest otherwise. The new version holds only that change.",
    )?;
    demo.load(&book, 1)?;
    demo.command(&["versions", &book], Exit::Fine)?;

    demo.title("What if it had always been so? All of history is replayed, beside the live state, which stays.")?;
    demo.command(
        &["replay", &book, "--with", SECOND, "--as", "in1994"],
        Exit::Fine,
    )?;
    demo.command(
        &["query", &book, "--projection", "in1994", INTEREST],
        Exit::Fine,
    )?;

    demo.title("And what exactly differs? Both run side by side over the whole log, every difference with its cause.")?;
    let sides = ["--base", FIRST, "--candidate", SECOND];
    let diff: Vec<&str> = ["diff", &book].into_iter().chain(sides).collect();
    demo.command(&[&diff[..], &["--show", "5"]].concat(), Exit::Differs)?;

    demo.note("direct: this event's own logic says otherwise; inherited: only the state it met was another")?;

    demo.title("Nobody had said that this was wanted, so the exit code was 1. An expectation file says it, and why:")?;
    demo.write(&expected, EXPECTED)?;
    let judged = ["--expect", &expected, "--format", "html", "--out", &report];
    demo.command(&[&diff[..], &judged].concat(), Exit::Fine)?;
    demo.note("Now it is 0: whatever else a later version should change would fail a build.")?;

    demo.title("Last, proof: the log alone yields each event's effects and every row, again.")?;
    demo.command(&["verify", &book], Exit::Fine)?;

    let richest =
        "SELECT id, balance / 100 AS money FROM bank_account ORDER BY balance DESC LIMIT 5";
    let book = quoted(&book);
    Ok(vec![
        format!("daybook query {book} '{richest}'"),
        format!("daybook show {book} 100"),
        format!("daybook run {book} bank.AccrueInterest '{{\"date\": \"1999-12-31\"}}' --preview"),
        format!("daybook activate {book} {SECOND}"),
        "daybook plugin new visits".to_owned(),
        "daybook demo prescription".to_owned(),
    ])
}

/// Writes the history and gives its last day.
fn write_history(told: &Told, path: &Path) -> Result<String> {
    let failed = |error| Error::io(format!("writing {}", path.display()), error);
    let mut file = BufWriter::new(File::create(path).map_err(failed)?);
    let mut history = History::new(told.seed, told.events);
    for _ in 0..told.events {
        let event = history
            .next()
            .ok_or_else(|| Error::internal("the calendar ended before the history"))?;
        writeln!(file, "{event}").map_err(failed)?;
    }
    file.flush().map_err(failed)?;
    Ok(history.day().to_string())
}
