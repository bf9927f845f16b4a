//! Owns how the independent scripts in `oracle/` are asked. They need Python, which nothing else here does: where it is
//! absent a test goes on with what it knows itself, and says so.

use std::io::ErrorKind;
use std::process::Command;

use crate::workspace;

/// What a script prints. None: there is no `python3`, and that was printed.
pub fn ask(script: &str, arguments: &[&str]) -> Option<String> {
    let path = workspace::root().join("tests/oracle").join(script);
    let output = match Command::new("python3").arg(&path).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!(
                "NOT RUN: {script}: there is no python3; the test goes on with its own reckoning"
            );
            return None;
        }
        Err(error) => panic!("{script}: {error}"),
    };
    assert!(
        output.status.success(),
        "{script}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("scripts print text"))
}
