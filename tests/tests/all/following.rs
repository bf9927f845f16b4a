//! A copy that follows a book: the same log to the last digest, whatever happens to history over there; verified, compared
//! and shadowed here; and nothing of its own.

use std::path::{Path, PathBuf};

use daybook::book::{Book, Reader, take_copy};
use daybook::client::{Address, Client};
use daybook::history::silent;
use daybook::model::error::Problem;
use daybook::model::{ErrorKind, Seq};
use daybook::study::Picked;
use daybook::verbs::Reads;
use daybook::versions::{Policy, PromoteRequest};
use daybook_tests::repair::{self, to_amend, to_redact};
use daybook_tests::{Server, TestBook, accepted, guest, open, plugin, version};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const FIRST: &str = "deposit@2020-01-01";
const SECOND: &str = "deposit@2020-02-01";

struct Copy {
    _folder: TempDir,
    path: PathBuf,
}

impl Copy {
    fn new() -> Copy {
        let folder = tempfile::tempdir().unwrap();
        Copy {
            path: folder.path().join("copy"),
            _folder: folder,
        }
    }

    /// Takes what there is of a book in a directory, and runs it.
    fn follow(&self, book: &TestBook) -> Book {
        let source = Reader::beside(&book.path()).unwrap();
        let taken = take_copy(&self.path, "a test", &mut |marks| source.copy_log(marks)).unwrap();
        let copy = open(&self.path).unwrap();
        assert_eq!(taken.event, copy.head());
        assert_alike(book, &copy);
        copy
    }
}

/// Everything that commits left is the same.
#[track_caller]
fn assert_alike(book: &Book, copy: &Book) {
    assert_eq!(
        book.log().log_digest().unwrap(),
        copy.log().log_digest().unwrap()
    );
    assert_eq!(book.log().counts().unwrap(), copy.log().counts().unwrap());
    assert_eq!(book.live_head(), copy.live_head());
    assert_eq!(book.live_schedule(), copy.live_schedule());
}

fn deposit(book: &mut TestBook, account: i64, amount: i64) {
    let data = json!({"account": account, "amount": amount});
    accepted(book.command("deposit.Deposit", data, false).unwrap());
}

#[test]
fn a_copy_has_the_same_log_whatever_is_done_to_the_book() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    let copy = Copy::new();
    // An empty one is a copy too.
    drop(copy.follow(&book));
    for step in 1..=9 {
        deposit(&mut book, step % 3, step * 100);
    }
    book.command(
        "deposit.Deposit",
        json!({"account": 1, "amount": -1}),
        false,
    )
    .unwrap_err();
    drop(copy.follow(&book));
    // Nothing new.
    drop(copy.follow(&book));
    book.load(plugin(SECOND)).unwrap();
    book.load_active(guest("asks-1"));
    drop(copy.follow(&book));
    let second = version(SECOND);
    book.shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    let forced = PromoteRequest {
        force: Some("the tasks are wanted".to_owned()),
        ..PromoteRequest::default()
    };
    book.promote(&second, &forced, &mut silent()).unwrap();
    deposit(&mut book, 1, 7);
    drop(copy.follow(&book));
    book.rollback(&forced, &mut silent()).unwrap();
    deposit(&mut book, 2, 8);
    drop(copy.follow(&book));
    repair::amend(&mut book, &to_amend(5, &json!({"account": 2, "amount": 1}))).unwrap();
    drop(copy.follow(&book));
    let secret = 987_654_321;
    deposit(&mut book, 4, secret);
    let at = book.head().0;
    drop(copy.follow(&book));
    let holds = |text: &str| repair::files_with(&copy.path, text.as_bytes());
    assert_ne!(holds("987654321"), Vec::<String>::new());
    repair::redact(&mut book, &to_redact(at, None)).unwrap();
    drop(copy.follow(&book));
    assert_eq!(
        holds("987654321"),
        Vec::<String>::new(),
        "it is erased here too"
    );
    let config = daybook::gateway::KindConfig::parse(r#"{"driver": {"stdout": {}}}"#).unwrap();
    book.set_gateway_kind("note", &config, None).unwrap();
    let mut copied = copy.follow(&book);
    let verified = copied.verify(&mut silent()).unwrap();
    assert_eq!(verified.problem, None);
}

#[test]
fn a_served_book_is_followed_on_and_on_and_another_one_is_refused() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    deposit(&mut book, 1, 5);
    let server = Server::of(book);
    let copy = Copy::new();
    let client = |url: &str| {
        Client::new(Address {
            url: url.to_owned(),
            ..Address::default()
        })
        .unwrap()
    };
    let follow = |url: &str| {
        let client = client(url);
        take_copy(&copy.path, url, &mut |marks| client.copy_log(marks))
    };
    let first = follow(&server.url).unwrap();
    assert!(first.is_new && open(&copy.path).is_ok());
    assert!(!follow(&server.url).unwrap().is_new);
    for amount in 1..=300 {
        let data = json!({"account": amount % 7, "amount": amount});
        let answer = server.post("/commands/deposit.Deposit", &data);
        assert_eq!(answer.status, 201, "{}", answer.text);
        if amount % 50 == 0 {
            let taken = follow(&server.url).unwrap();
            let head = server.get("/head").json;
            assert_eq!(head["digest"], taken.digest.to_string());
            drop(open(&copy.path).unwrap());
        }
    }
    // Another book, and one that went on by itself from here.
    let other = Server::of(TestBook::with_plugins(&[FIRST]));
    let refused = follow(&other.url).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains("the copy is of book"), "{refused}");
    drop(other.stop());
    let mut book = server.stop();
    let mut fork = book.copy();
    deposit(&mut book, 1, 1);
    deposit(&mut fork, 1, 2);
    drop(copy.follow(&book));
    let source = Reader::beside(&fork.path()).unwrap();
    let refused = take_copy(&copy.path, "a fork", &mut |marks| source.copy_log(marks)).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}");
    assert!(refused.message.contains("history"), "{refused}");
    drop(copy.follow(&book));
}

#[test]
fn a_copy_takes_nothing_of_its_own_and_is_verified_compared_and_shadowed() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    for step in 1..=5 {
        deposit(&mut book, step, step * 10);
    }
    book.load(plugin(SECOND)).unwrap();
    let copy = Copy::new();
    let mut copied = copy.follow(&book);
    let before = copied.tip().clone();
    let run = daybook::book::Request {
        command_type: "deposit.Deposit".to_owned(),
        data: r#"{"account": 1, "amount": 5}"#.to_owned(),
        ..daybook::book::Request::default()
    };
    let refusals = [
        copied.run(run).map(drop),
        copied.load(guest("asks-1")).map(drop),
        copied
            .activate(&version(SECOND), Policy::Pinned, &mut silent())
            .map(drop),
    ];
    for refused in refusals {
        let refused = refused.unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
        assert!(
            refused.message.contains("is a copy that follows a test"),
            "{refused}"
        );
    }
    assert_eq!(copied.tip(), &before);
    let second = version(SECOND);
    let shadow = copied
        .shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    assert_eq!(shadow.position, copied.head());
    let replayed = copied
        .replay(&Picked::Recorded, None, "again", &mut silent())
        .unwrap();
    assert_eq!(replayed.head.position, copied.head());
    drop(copied);
    // The shadow goes on with the log.
    deposit(&mut book, 1, 60);
    let mut copied = copy.follow(&book);
    let shadow = copied
        .shadow(&second, Policy::Pinned, "", &mut silent())
        .unwrap();
    assert_eq!(shadow.position, book.head());
    assert!(shadow.tally.is_some(), "{shadow:?}");
    // A book of one's own is nobody's copy.
    let own = TestBook::with_plugins(&[FIRST]);
    let path = own.path();
    let source = Reader::beside(&book.path()).unwrap();
    let follow = |path: &Path| take_copy(path, "x", &mut |marks| source.copy_log(marks));
    let used = follow(&path).unwrap_err();
    assert_eq!(used.problem.as_deref(), Some(&Problem::InUse), "{used}");
    drop(own);
    drop(copied);
    assert_eq!(follow(&copy.path).unwrap().event, book.head());
}

#[test]
fn a_stream_that_ends_early_or_lies_leaves_the_copy_as_it_was() {
    let mut book = TestBook::with_plugins(&[FIRST]);
    deposit(&mut book, 1, 5);
    let copy = Copy::new();
    let before = copy.follow(&book).tip().clone();
    deposit(&mut book, 2, 6);
    deposit(&mut book, 3, 7);
    let source = Reader::beside(&book.path()).unwrap();
    let mut whole = Vec::new();
    let taken = |bytes: &[u8]| {
        take_copy(&copy.path, "a test", &mut |_| {
            Ok(Box::new(std::io::Cursor::new(bytes.to_vec())) as Box<dyn std::io::Read>)
        })
    };
    let marks = open(&copy.path).unwrap().log().copy_marks().unwrap();
    std::io::Read::read_to_end(&mut source.copy(&marks).unwrap(), &mut whole).unwrap();
    for end in (0..whole.len()).step_by(97) {
        let error = taken(&whole[..end]).unwrap_err();
        assert_eq!(
            error.kind,
            ErrorKind::Unavailable,
            "cut after {end}: {error}"
        );
    }
    // Another amount in the same place: no seal is over that.
    let text = br#""amount":6"#;
    let at = whole
        .windows(text.len())
        .position(|it| it == text)
        .expect("the payload");
    let mut other = whole.clone();
    other[at + text.len() - 1] = b'9';
    taken(&other).unwrap_err();
    let mut copied = open(&copy.path).unwrap();
    assert_eq!(copied.tip(), &before);
    assert_eq!(copied.verify(&mut silent()).unwrap().problem, None);
    drop(copied);
    assert!(taken(&whole).unwrap().is_new);
    drop(copy.follow(&book));
    // A copy that was broken off before its first end is begun anew.
    let half = Copy::new();
    std::fs::create_dir(&half.path).unwrap();
    std::fs::write(half.path.join("log.db.new"), b"half").unwrap();
    let fresh = half.follow(&book);
    assert_eq!(fresh.head(), Seq(book.head().0));
}

#[test]
fn the_command_line_follows_a_server_and_a_directory() {
    let daybook = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .args(arguments)
            .env_remove("DAYBOOK_TOKEN")
            .output()
            .expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let mut book = TestBook::with_plugins(&[FIRST]);
    deposit(&mut book, 1, 5);
    let server = Server::of(book);
    let (one, other) = (Copy::new(), Copy::new());
    let place = one.path.to_str().unwrap();
    let (code, told, talk) = daybook(&["follow", &server.url, place, "--once"]);
    assert_eq!(code, Some(0), "{talk}");
    let head: Json = server.get("/head").json;
    assert!(told.contains(head["digest"].as_str().unwrap()), "{told}");
    let (code, told, talk) = daybook(&["head", place, "--format", "json"]);
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(serde_json::from_str::<Json>(&told).unwrap(), head);
    assert_eq!(daybook(&["verify", place]).0, Some(0));
    let (code, _, talk) = daybook(&[
        "run",
        place,
        "deposit.Deposit",
        r#"{"account": 1, "amount": 5}"#,
    ]);
    assert_eq!(code, Some(3), "{talk}");
    assert!(talk.contains("is a copy that follows"), "{talk}");
    let book = server.stop();
    let path = book.path();
    let (code, _, talk) = daybook(&[
        "follow",
        path.to_str().unwrap(),
        other.path.to_str().unwrap(),
        "--once",
    ]);
    assert_eq!(code, Some(0), "{talk}");
    assert_eq!(
        daybook(&["verify", other.path.to_str().unwrap()]).0,
        Some(0)
    );
    let (code, _, talk) = daybook(&["follow", "http://127.0.0.1:1", place, "--once"]);
    assert_eq!(code, Some(6), "{talk}");
}
