//! Owns how a test starts another process that serves a book.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Starts `crash-dummy serve` on a book; its process, and its address (`127.0.0.1:PORT`). The program is
/// `env!("CARGO_BIN_EXE_crash-dummy")`, which only a test knows.
pub fn started(program: &str, book: &str) -> (Child, String) {
    let mut child = Command::new(program)
        .args(["serve", book])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let address = loop {
        let line = lines.next().expect("it tells its address").expect("text");
        if let Some(address) = line.strip_prefix("at ") {
            break address.to_owned();
        }
    };
    (child, address)
}
