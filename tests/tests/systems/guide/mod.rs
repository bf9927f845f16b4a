//! The guide is true: every page's commands are carried out in an empty folder, and do and print what the page says.
//!
//! Comments at a page's beginning say what it finds there, each in a line of its own:
//!
//! * `<!-- at hand: bank-1993.wasm = bank@1993-01-01 -->`: a plugin's component, as an earlier page builds it.
//! * `<!-- at hand: cert.pem, key.pem -->`: a certificate for this machine, and its key.
//! * `<!-- stands in: cargo run -- demo = daybook demo -->`: what is run in place of what is said.
//! * `<!-- receiver: https://example.com/hook = webhooks -->`: what is said is a receiver on this machine, which must get
//!   something; also `= mail`.
//!
//! The folder `plugins` of the workspace is always there.

mod receivers;

use std::fs;
use std::path::Path;

use daybook_tests::{components, workspace};

use self::receivers::Receiver;
use crate::command::daybook;
use crate::transcript::{Shell, Step, carry_out, steps};

/// The pages with commands, from the workspace's root, each with its test.
macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        const PAGES: &[&str] = &[$($page),*];

        $(
            #[test]
            fn $test() {
                follow($page);
            }
        )*
    };
}

pages! {
    the_readme_goes_as_it_says: "README.md",
    contributing_goes_as_its_page_says: "host/docs/CONTRIBUTING.md",
    a_book_by_hand_goes_as_its_page_says: "host/docs/book-by-hand.md",
    measuring_goes_as_its_page_says: "host/docs/measuring.md",
    operating_goes_as_its_page_says: "host/docs/operating.md",
    repairing_history_goes_as_its_page_says: "host/docs/repairing-history.md",
    serving_goes_as_its_page_says: "host/docs/serving.md",
    side_effects_go_as_their_page_says: "host/docs/side-effects.md",
    versions_go_as_their_page_says: "host/docs/versions.md",
}

/// Commands that no test can give, and why: as few as can be.
const LEFT: &[(&str, &str)] = &[
    ("cargo test --workspace", "this is one of its tests"),
    (
        "cargo test --workspace",
        "these run the tests, of which this page's test is one",
    ),
    (
        "cargo test -p daybook-tests --test all repair",
        "these run the tests, of which this page's test is one",
    ),
    (
        ".ci/run",
        "these run the tests, of which this page's test is one",
    ),
    (
        "cargo run -p daybook-simulation --bin simulate -- --seconds 60",
        "these take as long as they are told to",
    ),
    (
        "cargo run -p daybook-simulation --bin simulate -- --seed 100244",
        "these take as long as they are told to",
    ),
    (
        "tests/fuzz/run 60",
        "these take as long as they are told to",
    ),
    (
        "cargo install --path host",
        "the test has the command already",
    ),
    (
        "cargo bench -p daybook -- berka",
        "they take minutes, and say nothing about a debug build",
    ),
    (
        "cargo run --release -p bank-import -- \"$DAYBOOK_DATA/berka\" --loans --out bank.jsonl",
        "the records are not part of this repository",
    ),
    (
        "daybook redact book --subject account/2 --match account=2 --preview",
        "the accounts of this page are not erased",
    ),
    (
        "daybook redact book --subject account/2 --match account=2 --reason 'erasure was asked for'",
        "the accounts of this page are not erased",
    ),
];

fn read(page: &str) -> String {
    fs::read_to_string(workspace::root().join(page))
        .unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// A comment of a page, as `<!-- name: a = b -->`, in its two halves; the second is empty where there is none.
fn comments<'a>(page: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
    let opening = format!("<!-- {name}: ");
    let found = page.lines().filter_map(|line| {
        let text = line.strip_prefix(&opening)?.strip_suffix(" -->")?;
        Some(text.rsplit_once(" = ").unwrap_or((text, "")))
    });
    found.collect()
}

/// Carries a page out.
fn follow(page: &str) {
    let text = read(page);
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(
        workspace::root().join("plugins"),
        folder.path().join("plugins"),
    )
    .unwrap();
    let mut shell = Shell::start(folder.path());
    for (file, what) in comments(&text, "at hand") {
        match what {
            "" => certify(folder.path(), file),
            version => fs::write(folder.path().join(file), components::plugin(version)).unwrap(),
        }
    }
    for (said, meant) in comments(&text, "stands in") {
        shell.stand_in(said, meant);
    }
    let receivers = comments(&text, "receiver").into_iter();
    let receivers: Vec<(&str, Receiver)> = receivers
        .map(|(said, kind)| {
            let receiver = match kind {
                "webhooks" => Receiver::of_webhooks(),
                "mail" => Receiver::of_mail(),
                other => panic!("{page}: there is no receiver of {other}"),
            };
            shell.stand_in(said, receiver.address());
            (said, receiver)
        })
        .collect();
    let mut wrong = carry_out(&mut shell, &steps(&text), || {});
    wrong.extend(shell.stop_serving().err());
    assert!(wrong.is_empty(), "{page}\n\n{}", wrong.join("\n\n"));
    for (said, receiver) in receivers {
        assert!(receiver.count() > 0, "{page}: nothing came to {said}");
    }
}

/// A certificate for this machine, and its key: `cert.pem, key.pem`.
fn certify(folder: &Path, files: &str) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (certificate, key) = files.split_once(", ").expect("a certificate and a key");
    fs::write(folder.join(certificate), made.cert.pem()).unwrap();
    fs::write(folder.join(key), made.signing_key.serialize_pem()).unwrap();
}

/// Every page of the guide, from the workspace's root.
fn guide() -> Vec<String> {
    let entries = fs::read_dir(workspace::root().join("host/docs")).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let pages = files.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut pages: Vec<String> = pages
        .map(|path| format!("host/docs/{}", path.file_name().unwrap().to_string_lossy()))
        .collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

#[test]
fn every_page_with_commands_is_carried_out_and_few_commands_are_left() {
    let mut pages = Vec::new();
    let mut left = Vec::new();
    for page in guide() {
        let steps = steps(&read(&page));
        left.extend(steps.iter().filter_map(|step| match step {
            Step::Left { command, reason } => {
                let command = command.split("  ").next().unwrap_or_default();
                Some((command.to_owned(), reason.clone()))
            }
            _ => None,
        }));
        if !steps.is_empty() {
            pages.push(page);
        }
    }
    assert_eq!(pages, PAGES);
    for (command, reason) in &left {
        println!("not run: {command}: {reason}");
    }
    let left: Vec<(&str, &str)> = { left.iter() }
        .map(|(command, reason)| (command.as_str(), reason.as_str()))
        .collect();
    assert_eq!(left, LEFT);
}

/// The verbs that a command's help lists.
fn verbs(line: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let help = daybook(folder.path(), line).data;
    let (_, listed) = help.split_once("\nCommands:\n").unwrap_or_default();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    // What continues a line is indented further.
    let verbs = listed.filter_map(|line| {
        line.strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' ') && !rest.starts_with("help "))
    });
    verbs
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_guide_gives_every_verb() {
    let mut given = String::new();
    let mut told = String::new();
    // The manual of the SDK is the authors' page of the guide.
    for page in guide()
        .into_iter()
        .chain(["plugin-sdk/README.md".to_owned()])
    {
        told.push_str(&read(&page));
        for step in steps(&read(&page)) {
            if let Step::Run(run) = step {
                given.push_str(&run.command);
                given.push('\n');
            }
        }
    }
    let all = verbs("--help");
    assert!(all.len() > 25, "{all:?}");
    let of_several = ["plugin", "gateway", "token", "tasks"];
    let further = of_several.iter().flat_map(|verb| {
        let verbs = verbs(&format!("{verb} --help")).into_iter();
        verbs.map(move |further| format!("{verb} {further}"))
    });
    let all: Vec<String> = all.into_iter().chain(further).collect();
    // It waits for saves until somebody ends it, so its page tells of it in words.
    let waits = ["plugin dev"];
    let missing: Vec<&String> = { all.iter() }
        .filter(|verb| {
            let text = if waits.contains(&verb.as_str()) {
                &told
            } else {
                &given
            };
            !text.contains(&format!("daybook {verb} "))
        })
        .collect();
    assert!(missing.is_empty(), "the guide never gives {missing:?}");
}

#[test]
fn the_guide_lists_every_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let help = daybook(folder.path(), "--help").data;
    let (_, listed) = help.split_once("\nExit codes:\n").unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let codes: Vec<&str> = listed
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.parse::<u8>().is_ok())
        .collect();
    assert!(codes.len() > 9, "{codes:?}");
    let page = read("host/docs/operating.md");
    let (_, section) = page.split_once("\n## Exit codes\n").unwrap();
    for code in codes {
        assert!(section.contains(&format!("\n| {code} | ")), "{code}");
    }
}
