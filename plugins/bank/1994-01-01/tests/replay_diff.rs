//! What version 1994-01-01 makes of years that version 1993-01-01 wrote: a stretch of a book, kept as a file, under both
//! components.
//!
//! `history.jsonl` is of the demo's bank: `daybook demo --events 2000 --dir demo`, then
//! `daybook export demo/book --out history.jsonl --sample 40`.

use std::io::Write as _;
use std::path::PathBuf;

use daybook_sdk::testing::ReplayDiff;

/// The command that this workspace builds, with its tests or alone, unless the variable `DAYBOOK` names another one.
fn daybook() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DAYBOOK") {
        return Some(named.into());
    }
    let test = std::env::current_exe().expect("this test's own file");
    let built = test.ancestors().nth(2)?;
    let commands = ["daybook-under-test", "daybook"].map(|name| built.join(name));
    commands.into_iter().find(|command| command.is_file())
}

#[test]
fn interest_is_counted_otherwise_and_nothing_else_changes() {
    let Some(command) = daybook() else {
        let way = "it needs the command daybook, which `cargo test --workspace` builds, and `cargo build -p daybook`";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{way}");
        // Past the harness, which keeps the words of a test that passes.
        let _ = writeln!(std::io::stderr(), "NOT RUN: the bank's replay-diff: {way}");
        return;
    };
    ReplayDiff::of("../1993-01-01", ".")
        .over("tests/history.jsonl")
        .expecting("expect.toml")
        .run_by(command)
        .check();
}
