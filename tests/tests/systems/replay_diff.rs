//! Replay-diffs as an author's tests make them: components over a log in a file, held to a file of what is expected.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use daybook_sdk::testing::ReplayDiff;
use daybook_tests::{TestBook, plugin};
use serde_json::json;
use tempfile::TempDir;

use crate::command::{COMMAND, Ran, daybook};

const FIRST: &str = "deposit@2020-01-01";
const SECOND: &str = "deposit@2020-02-01";

/// A folder with components and logs, and one for what the command keeps while it runs.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().unwrap());
        fs::create_dir(desk.path("tmp")).unwrap();
        for version in [FIRST, SECOND, "bank@1993-01-01", "bank@1994-01-01"] {
            fs::write(desk.path(&format!("{version}.wasm")), plugin(version)).unwrap();
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a log of so many deposits.
    fn deposits(&self, count: i64) {
        let line = |account| {
            json!({"type": "deposit.Deposited", "data": {"account": account, "amount": 5}})
                .to_string()
                + "\n"
        };
        fs::write(
            self.path("log.jsonl"),
            (1..=count).map(line).collect::<String>(),
        )
        .unwrap();
    }

    fn run(&self, line: &str) -> Ran {
        let ran = daybook(self.0.path(), line);
        let left: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().collect();
        assert!(left.is_empty(), "{line} left {left:?}");
        ran
    }

    /// Compares the two versions of `deposit` over the log.
    fn diff(&self, rest: &str) -> Ran {
        self.run(&format!(
            "diff log.jsonl --base {FIRST}.wasm --candidate {SECOND}.wasm {rest}"
        ))
    }
}

#[test]
fn approving_writes_exactly_what_was_found_and_again_the_same_bytes() {
    let desk = Desk::new();
    desk.deposits(3);
    let refused = desk.diff("--expect expect.toml");
    assert_eq!(refused.code, 2);
    assert!(refused.talk.contains("--approve writes it"), "{refused:?}");
    let approved = desk.diff("--expect expect.toml --approve");
    assert_eq!(approved.code, 0, "{approved:?}");
    assert!(
        approved
            .talk
            .contains("expect.toml says what was found: 2 entries, 2 not explained yet"),
        "{approved:?}"
    );
    let first = desk.text("expect.toml");
    assert_eq!(first.matches("count = 3").count(), 2, "{first}");
    assert!(
        first.contains("task = \"booking\"\nevent = \"deposit.Deposited\""),
        "{first}"
    );
    let held = desk.diff("--expect expect.toml --strict");
    assert_eq!(held.code, 0, "{held:?}");
    assert!(
        held.data.contains("2 expectations are not explained yet"),
        "{held:?}"
    );
    desk.diff("--expect expect.toml --approve");
    assert_eq!(desk.text("expect.toml"), first);

    let explained = first.replacen("not explained yet", "the books know", 1);
    let explained = explained.replace("not explained yet", "owners want to know");
    fs::write(desk.path("expect.toml"), explained).unwrap();
    desk.deposits(4);
    let approved = desk.diff("--expect expect.toml --approve");
    assert!(!approved.talk.contains("not explained"), "{approved:?}");
    let second = desk.text("expect.toml");
    assert_eq!(second.matches("count = 4").count(), 2, "{second}");
    assert!(
        second.contains("the books know") && second.contains("owners want to know"),
        "{second}"
    );
}

#[test]
fn an_approved_file_fails_when_a_difference_vanishes_and_when_one_appears() {
    let desk = Desk::new();
    desk.deposits(3);
    desk.diff("--expect expect.toml --approve");
    desk.deposits(2);
    let fewer = desk.diff("--expect expect.toml");
    assert_eq!(fewer.code, 1);
    assert!(fewer.data.contains("2, expected 3"), "{fewer:?}");
    assert!(
        fewer
            .data
            .contains("2 expected differences did not appear."),
        "{fewer:?}"
    );
    desk.deposits(4);
    let more = desk.diff("--expect expect.toml");
    assert_eq!(more.code, 1);
    assert!(more.data.contains("2 differences unexpected."), "{more:?}");

    // An entry without a count that nothing met is only told of, unless every one must be met.
    let idle = "[[expect]]\nreason = 'r'\ntask = 'booking'\n[[expect]]\nreason = 'r'\ntask = 'receipt'\n\
                [[expect]]\nreason = 'pigeons'\ntask = 'pigeon'\n";
    fs::write(desk.path("expect.toml"), idle).unwrap();
    assert_eq!(desk.diff("--expect expect.toml").code, 0);
    let strict = desk.diff("--expect expect.toml --strict");
    assert_eq!(strict.code, 1);
    assert!(strict.data.contains("! pigeons"), "{strict:?}");
    let lines = desk.diff("--expect expect.toml --strict --format jsonl");
    let summary: serde_json::Value =
        serde_json::from_str(lines.data.lines().last().unwrap()).unwrap();
    assert_eq!(summary["missing"], 1);
    assert_eq!(summary["expectations"][2]["missing"], 1);
}

#[test]
fn a_log_with_a_line_that_is_wrong_is_refused_by_its_number_and_nothing_stays() {
    let desk = Desk::new();
    let good = r#"{"type":"deposit.Deposited","id":"1","data":{"account":1,"amount":5}}"#;
    for (line, code, words) in [
        ("nonsense", 3, "malformed JSON"),
        (r#"{"data":{}}"#, 3, "no 'type'"),
        (r#"{"type":"poker.HandPlayed","data":{}}"#, 3, "not known"),
        (
            r#"{"type":"deposit.Deposited","data":{"account":"x"}}"#,
            3,
            "does not fit its schema",
        ),
        (
            r#"{"type":"deposit.Deposited","version":"2019-01-01","data":5}"#,
            5,
            "deposit@2020-01-01",
        ),
        (
            r#"{"type":"deposit.Deposited","version":"soon","data":{"account":1,"amount":5}}"#,
            3,
            "is not a date",
        ),
        (
            r#"{"type":"daybook.VersionLoaded","data":{}}"#,
            3,
            "the host's own event",
        ),
        (good, 3, "is there already"),
        (
            r#"{"type":"deposit.Deposited","data":{"account":1,"amount":9223372036854775807}}"#,
            5,
            "balance-too-large",
        ),
    ] {
        fs::write(desk.path("log.jsonl"), format!("{good}\n\n{line}\n")).unwrap();
        let ran = desk.diff("");
        assert_eq!(ran.code, code, "{line}: {ran:?}");
        assert!(ran.talk.contains("log.jsonl: line 3: "), "{line}: {ran:?}");
        assert!(ran.talk.contains(words), "{line}: {ran:?}");
        assert!(ran.data.is_empty(), "{line}: {ran:?}");
    }
    fs::write(desk.path("log.jsonl"), "\n").unwrap();
    let empty = desk.diff("");
    assert_eq!(empty.code, 3);
    assert!(empty.talk.contains("holds no event"), "{empty:?}");
}

#[test]
fn what_a_side_lacks_is_told_with_the_option_that_gives_it() {
    let desk = Desk::new();
    let deposited = r#"{"type":"deposit.Deposited","data":{"account":1,"amount":5}}"#;
    fs::write(
        desk.path("log.jsonl"),
        format!("{deposited}\n{deposited}\n"),
    )
    .unwrap();
    let line = "diff log.jsonl --base bank@1994-01-01.wasm --candidate bank@1994-01-01.wasm";
    let below = desk.run(line);
    assert_eq!(below.code, 2);
    assert!(
        below
            .talk
            .contains("bank@1994-01-01 extends bank@1993-01-01, which is not given"),
        "{below:?}"
    );
    assert!(below.talk.contains("--with"), "{below:?}");
    let line = format!("{line} --with bank@1993-01-01.wasm");
    let unknown = desk.run(&line);
    assert_eq!(unknown.code, 3);
    assert!(
        unknown
            .talk
            .contains("line 1: event type 'deposit.Deposited' is not known"),
        "{unknown:?}"
    );
    let ran = desk.run(&format!("{line} --with {FIRST}.wasm"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.data.contains("no difference in 2 events"), "{ran:?}");
    let recorded = desk.run(&format!(
        "diff log.jsonl --base recorded --candidate {FIRST}.wasm"
    ));
    assert_eq!(recorded.code, 2);
    assert!(recorded.talk.contains("a log alone"), "{recorded:?}");
}

#[test]
fn a_component_that_a_book_does_not_have_is_compared_and_the_book_stays_as_it_was() {
    let desk = Desk::new();
    let mut book = TestBook::with_plugins(&[FIRST]);
    for account in [1, 2, 1] {
        let deposit = json!({"account": account, "amount": 500});
        book.command("deposit.Deposit", deposit, false).unwrap();
    }
    let mark = book.mark();
    let path = book.path();
    book.reopen_after(|_| {
        let log = fs::read(path.join("log.db")).unwrap();
        let line = format!(
            "diff {} --base {FIRST} --candidate {SECOND}.wasm --expect expect.toml",
            path.display()
        );
        assert_eq!(desk.run(&format!("{line} --approve")).code, 0);
        assert_eq!(desk.text("expect.toml").matches("count = 3").count(), 2);
        let held = desk.run(&line);
        assert_eq!(held.code, 0, "{held:?}");
        assert_eq!(fs::read(path.join("log.db")).unwrap(), log);
    });
    assert_eq!(book.mark(), mark);
}

#[test]
fn the_line_of_a_test_panics_with_the_report_and_the_line_that_approves() {
    let desk = Desk::new();
    desk.deposits(2);
    let file = |name: &str| desk.path(name);
    let line = ReplayDiff::of(
        file(&format!("{FIRST}.wasm")),
        file(&format!("{SECOND}.wasm")),
    )
    .over(file("log.jsonl"))
    .expecting(file("expect.toml"))
    .run_by(Path::new(COMMAND));
    let panicked = |line: &ReplayDiff| {
        let caught = catch_unwind(|| line.check()).expect_err("it differs");
        caught.downcast_ref::<String>().expect("words").clone()
    };
    let words = panicked(&line);
    assert!(
        words.contains("2 of 2 events and 0 final rows differ; no expectations were given."),
        "{words}"
    );
    assert!(
        words.contains("DAYBOOK_APPROVE=1 cargo test replay_diff::the_line_of_a_test"),
        "{words}"
    );
    assert!(words.contains("--approve"), "{words}");
    desk.diff("--expect expect.toml --approve");
    line.check();
    desk.deposits(1);
    let words = panicked(&line);
    assert!(
        words.contains("2 expected differences did not appear"),
        "{words}"
    );
    fs::write(file("log.jsonl"), "{").unwrap();
    let words = panicked(&line);
    assert!(
        words.contains("log.jsonl: line 1: malformed JSON"),
        "{words}"
    );
}
