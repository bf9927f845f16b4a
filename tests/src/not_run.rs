//! What a test could not do on this machine: told past the harness, which keeps the words of a test that passes.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

/// Tells that something was not run, and what it would take.
pub fn not_run(what: &str, why: &str) {
    // Nobody hears it where standard error is closed.
    let _ = writeln!(std::io::stderr(), "NOT RUN: {what}: {why}");
}

/// True where a program is missing, after that was told. Panics in CI, where nothing may be left out.
pub fn lacks(program: &str, what: &str) -> bool {
    let asked = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let is_missing = asked.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing {
        let why = format!("there is no {program}: apt-get install {program}");
        let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!is_ci, "{what}: {why}");
        not_run(what, &why);
    }
    is_missing
}
