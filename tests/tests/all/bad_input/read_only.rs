//! A book on a disk that cannot be written is read, verified and compared there; and nothing of it changes.

use std::fs;
use std::path::Path;
use std::process::Command;

use daybook_tests::{SmallDisk, TestBook, copy_folder, not_run};

use super::{DEPOSIT, daybook, deposit, stderr};

const DISK_KIBIBYTES: u32 = 16 << 10;

/// A disk with a book, mounted for reading alone. None: this process may not mount.
fn disk(folder: &Path, fill: impl FnOnce(&Path)) -> Option<SmallDisk> {
    let disk = SmallDisk::mount(folder, DISK_KIBIBYTES)?;
    fill(&folder.join("book"));
    let status = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(folder)
        .status();
    assert!(status.expect("mount runs").success());
    Some(disk)
}

/// Whatever only reads goes well, and says `balance` of the one account; what writes is refused as the disk's fault.
fn check(book: &Path, outside: &Path, balance: i64) {
    let path = book.to_str().unwrap();
    let fixture = outside.join("fixture.jsonl");
    let fixture = fixture.to_str().unwrap();
    let sql = "SELECT balance FROM deposit_account WHERE id = 1";
    let reads: &[&[&str]] = &[
        &["events", path],
        &["show", path, "3"],
        &["versions", path],
        &["changelog", path],
        &["tasks", path],
        &["gateway", "show", path],
        &["snapshot", path, "--list"],
        &["query", path, sql],
        &[
            "query",
            path,
            "--as-of",
            "3",
            "SELECT count(*) FROM deposit_account",
        ],
        &["verify", path],
        &["diff", path, "--base", DEPOSIT, "--candidate", DEPOSIT],
        &["doom", path, DEPOSIT],
        &["export", path, "--out", fixture],
        &[
            "run",
            path,
            "deposit.Deposit",
            r#"{"account": 1, "amount": 1}"#,
            "--preview",
        ],
    ];
    for arguments in reads {
        let output = daybook(arguments);
        // The plugin keeps events' places, which are others in the file.
        let is_well = output.status.success()
            || (arguments[0] == "export" && output.status.code() == Some(1));
        assert!(is_well, "{arguments:?}: {}", stderr(&output));
        assert_eq!(
            stderr(&output).matches("WARN").count(),
            0,
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let asked = daybook(&["query", path, sql, "--format", "json"]);
    let expected = format!("{{\"balance\":{balance}}}\n");
    assert_eq!(String::from_utf8_lossy(&asked.stdout), expected);
    let writes: &[&[&str]] = &[
        &[
            "run",
            path,
            "deposit.Deposit",
            r#"{"account": 1, "amount": 1}"#,
        ],
        &["snapshot", path],
        &["token", "create", path, "--role", "reader", "--name", "a"],
        &["serve", path, "--listen", "127.0.0.1:0"],
    ];
    for arguments in writes {
        let output = daybook(arguments);
        assert_eq!(
            output.status.code(),
            Some(7),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

fn book() -> TestBook {
    let mut book = TestBook::with_plugins(&[DEPOSIT]);
    for amount in 1..=20 {
        book.append_one(deposit(1, amount)).unwrap();
    }
    book
}

/// Temporary files, by name, that this process's commands may leave behind.
fn left_behind(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_book_on_a_read_only_disk_is_read_verified_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let mut book = book();
    let fill = |to: &Path| book.reopen_after(|path| copy_folder(path, to));
    let Some(_disk) = disk(folder.path(), fill) else {
        return not_run("a read-only disk", "only root can mount one");
    };
    check(&folder.path().join("book"), outside.path(), 210);
}

#[test]
fn what_a_killed_server_left_on_a_read_only_disk_is_read_with_all_that_was_acknowledged() {
    // With the index that SQLite keeps of a write-ahead log, and without it, as some copies are.
    for without in [None, Some("-shm")] {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let book = book();
        let fill = |to: &Path| {
            copy_folder(&book.path(), to);
            let folders = [to.to_owned(), to.join("projections")];
            let files = folders
                .iter()
                .flat_map(|it| fs::read_dir(it).unwrap().flatten());
            for file in files {
                let name = file.file_name().to_string_lossy().into_owned();
                if without.is_some_and(|end| name.ends_with(end)) {
                    fs::remove_file(file.path()).unwrap();
                }
            }
            assert!(fs::metadata(to.join("log.db-wal")).unwrap().len() > 0);
        };
        let Some(_disk) = disk(folder.path(), fill) else {
            return not_run("a read-only disk", "only root can mount one");
        };
        check(&folder.path().join("book"), outside.path(), 210);
    }
}

#[test]
fn a_log_alone_on_a_read_only_disk_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let mut book = book();
    let fill = |to: &Path| {
        fs::create_dir(to).unwrap();
        book.reopen_after(|path| {
            fs::copy(path.join("log.db"), to.join("log.db")).unwrap();
        });
    };
    let Some(_disk) = disk(folder.path(), fill) else {
        return not_run("a read-only disk", "only root can mount one");
    };
    check(&folder.path().join("book"), outside.path(), 210);
}

#[test]
fn reading_leaves_nothing_in_the_temporary_folder() {
    let folder = tempfile::tempdir().unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let mut book = book();
    let fill = |to: &Path| book.reopen_after(|path| copy_folder(path, to));
    let Some(_disk) = disk(folder.path(), fill) else {
        return not_run("a read-only disk", "only root can mount one");
    };
    let path = folder.path().join("book");
    for verb in ["verify", "events"] {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook-under-test"))
            .env("TMPDIR", temporary.path())
            .args([verb, path.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(left_behind(temporary.path()), Vec::<String>::new());
    }
}
