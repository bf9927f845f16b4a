//! The command line's verbs say the same of a book whether they open it or ask its server.

use std::path::Path;
use std::process::Output;

use daybook::serve::TlsFiles;
use daybook_tests::{Server, TestBook, guest, plugin};
use serde_json::json;

use super::{NEW, OLD, bank, daybook, stderr, stdout};

/// A book with a little of everything, closed.
fn lively() -> TestBook {
    let mut book = bank();
    book.load(plugin(NEW)).unwrap();
    for (kind, data) in [
        (
            "bank.OpenAccount",
            json!({"account": 1, "date": "1993-01-01"}),
        ),
        (
            "bank.Deposit",
            json!({"account": 1, "date": "1993-01-05", "amount": 5000}),
        ),
    ] {
        book.command(kind, data, false).unwrap();
    }
    book
}

/// Exit code, stdout and stderr.
type Told = (Option<i32>, String, String);

fn told(output: &Output) -> Told {
    (output.status.code(), stdout(output), stderr(output))
}

#[test]
fn the_verbs_say_the_same_by_url_and_by_directory() {
    let mut book = lively();
    let folder = book.folder().to_owned();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let component = file("bank-1994.wasm", plugin(NEW));
    let nonsense = file("nonsense.wasm", b"nonsense");
    let event = |id: &str, kind: &str| {
        let data = json!({"account": 1, "transaction": id, "date": "1993-02-01", "kind": "credit", "amount": 1});
        json!({"type": kind, "id": id, "source": "/t", "data": data}).to_string()
    };
    let posted = "bank.TransactionPosted";
    let good = format!("{}\n\n{}\n", event("a", posted), event("b", posted));
    let good = file("good.jsonl", good.as_bytes());
    let bad = format!("{}\n\n{}\n", event("a", posted), event("c", "bank.Nothing"));
    let bad = file("bad.jsonl", bad.as_bytes());
    let id = ["--id", "0190f8a0-0000-7000-8000-000000000001"];
    let refused = ["--id", "0190f8a0-0000-7000-8000-000000000002"];
    let deposit = r#"{"account": 1, "date": "1993-01-06", "amount": 7}"#;
    let withdraw = r#"{"account": 1, "date": "1993-01-06", "amount": 999999}"#;
    // Each verb: what follows the book. What was done once is told again the second time, whoever is asked.
    let deposit_again = [&["bank.Deposit", deposit], &id[..]].concat();
    let withdraw_again = [&["bank.Withdraw", withdraw], &refused[..]].concat();
    let verbs: &[(&str, &[&str])] = &[
        ("run", &deposit_again),
        ("run", &withdraw_again),
        ("run", &["bank.Deposit", r#"{"account": "x"}"#]),
        ("run", &["bank.Nothing", "{}"]),
        ("append", &[&good, "--format", "json"]),
        ("append", &[&bad]),
        ("load", &[&component]),
        ("load", &[&nonsense]),
        ("activate", &[OLD]),
        ("activate", &["bank@2001-01-01"]),
        ("activate", &["poker@2001-01-01"]),
        ("verify", &["--format", "json"]),
        ("events", &[]),
        (
            "events",
            &["--type", posted, "--format", "json", "--limit", "1"],
        ),
        ("events", &["--no-system", "--subject", "account/1"]),
        ("show", &["4"]),
        ("show", &["4", "--format", "json"]),
        ("show", &["400"]),
        ("query", &["SELECT * FROM bank_account", "--format", "tsv"]),
        ("query", &["SELECT 1.5, x'00ff', NULL, 'a', 1e300 AS b"]),
        ("query", &["SELECT nothing"]),
        ("versions", &[]),
        ("versions", &["--format", "json"]),
        (
            "redact",
            &[
                "--subject",
                "account/1",
                "--match",
                "account=1",
                "--preview",
            ],
        ),
        (
            "redact",
            &["--match", "account=1", "--preview", "--format", "json"],
        ),
        ("redact", &["--subject", "account/9", "--preview"]),
        (
            "redact",
            &[
                "--subject",
                "account/1",
                "--with",
                r#"{"bank.Nothing": {}}"#,
                "--preview",
            ],
        ),
        ("redact", &["4", "--preview"]),
        ("commands", &["--format", "json"]),
        ("commands", &["--outcome", "rejected"]),
        ("subject", &["account/1"]),
        (
            "query",
            &["SELECT * FROM bank_account", "--as-of", "4", "--as-known"],
        ),
        ("query", &["SELECT 1", "--min-position", "4"]),
        ("tasks", &["--subject", "account/1"]),
    ];
    let formats: &[&[&str]] = &[&[], &["--format", "json"]];
    let path = book.path();
    let every = |place: &[&str]| -> Vec<(String, Told)> {
        let mut all = Vec::new();
        for (verb, more) in verbs {
            let formats = if *verb == "run" {
                formats
            } else {
                &formats[..1]
            };
            for format in formats {
                let arguments = [&[*verb], place, more, format].concat();
                all.push((
                    format!("{verb} {more:?} {format:?}"),
                    told(&daybook(&arguments)),
                ));
            }
        }
        all
    };
    let mut first = Vec::new();
    let mut here = Vec::new();
    book.reopen_after(|path| {
        let place = path.to_str().unwrap().to_owned();
        first = every(&[&place]);
        here = every(&[&place]);
    });
    let codes: Vec<_> = here.iter().map(|(_, (code, ..))| code.unwrap()).collect();
    assert_eq!(
        codes,
        [
            0, 0, 4, 4, 3, 3, 3, 3, 0, 3, 0, 3, 2, 2, 2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0, 0,
            3, 2, 1, 0, 0, 0, 0, 0, 0
        ],
        "{here:#?}"
    );
    let server = Server::of(book);
    let there = every(&["--url", &server.url]);
    let besides = every(&[path.to_str().unwrap()]);
    let lines = |text: &str| -> Vec<String> {
        let seen = |line: &&str| !line.contains("is served at");
        text.lines().filter(seen).map(str::to_owned).collect()
    };
    for (((name, here), (_, there)), (_, besides)) in here.iter().zip(&there).zip(&besides) {
        assert_eq!(
            (here.0, &here.1),
            (there.0, &there.1),
            "{name} by URL: {}",
            there.2
        );
        assert_eq!(
            (here.0, &here.1),
            (besides.0, &besides.1),
            "{name} beside: {}",
            besides.2
        );
        // Of talk, the place is told as it was named.
        if !name.starts_with("load") && !name.starts_with("query [\"SELECT nothing") {
            assert_eq!(lines(&here.2), lines(&there.2), "{name} by URL");
            assert_eq!(lines(&here.2), lines(&besides.2), "{name} beside");
        }
    }
    server.stop().assert_verified();
}

#[test]
fn a_directory_that_is_served_is_asked_for_at_its_server() {
    let mut book = bank();
    let path = book.path();
    let place = path.to_str().unwrap();
    let told = path.join("server.json");
    let open = |account: &str, place: &[&str]| {
        let payload = format!(r#"{{"account": {account}}}"#);
        daybook(&[&["run"], place, &["bank.OpenAccount", &payload]].concat())
    };
    // Open, and not served: nobody can be asked.
    let output = open("1", &[place]);
    assert_eq!(output.status.code(), Some(6));
    let server = Server::of(book);
    let output = open("1", &[place]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let says = stderr(&output);
    assert!(
        says.contains(&format!("is served at {}", server.url)),
        "{says}"
    );
    assert!(
        says.contains(&format!("process {}", std::process::id())),
        "{says}"
    );
    let load = guest("mutable-global");
    let file = path.join("../guest.wasm");
    std::fs::write(&file, load).unwrap();
    let loaded = daybook(&["load", place, file.to_str().unwrap()]);
    assert_eq!(loaded.status.code(), Some(0), "{}", stderr(&loaded));
    assert!(told.is_file());
    let url = server.url.clone();
    book = server.stop();
    assert!(!told.exists(), "it outlived the server");
    assert_eq!(book.numbers("SELECT id FROM bank_account"), [1]);
    let output = open("2", &["--url", &url]);
    assert_eq!(output.status.code(), Some(6));
    assert!(
        stderr(&output).contains("nobody answers at"),
        "{}",
        stderr(&output)
    );
    // A server that was killed leaves its word behind; who can have the book does not heed it.
    book.reopen_after(|_| {
        std::fs::write(&told, json!({"url": url, "pid": 1}).to_string()).unwrap();
        let output = open("2", &[place]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(!told.exists());
    });
    book.assert_verified();
}

#[test]
fn the_command_line_trusts_the_certificate_it_is_given_and_no_other() {
    let book = bank();
    let folder = book.folder().to_owned();
    let certificate = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = TlsFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        };
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    };
    let (own, other) = (certificate("own"), certificate("other"));
    let mut options = Server::options();
    options.tls = Some(own.clone());
    let server = Server::with(book, options);
    let url = format!("https://localhost:{}", server.address().port());
    let versions = |trusted: &[&str]| daybook(&[&["versions", "--url", &url], trusted].concat());
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let output = versions(&["--tls-ca", &path(&own.certificate)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains(OLD));
    for trusted in [&[][..], &["--tls-ca", &path(&other.certificate)]] {
        let output = versions(trusted);
        assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("cannot be trusted"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn help_is_given_for_each_verb_by_its_name() {
    for verb in [&["run"][..], &["plugin", "new"], &["token"]] {
        let told = daybook(&[&["help"], verb].concat());
        assert_eq!(told.status.code(), Some(0), "{verb:?}: {}", stderr(&told));
        assert!(stdout(&told).contains("Usage: daybook"), "{verb:?}");
    }
    assert_eq!(daybook(&["help", "nothing"]).status.code(), Some(2));
}
