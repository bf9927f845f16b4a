//! Owns how the independent scripts in `oracle/` are asked. They need Python: where it is absent a test goes on with what it
//! knows itself, and says so.

use std::process::Command;

use crate::{lacks, workspace};

/// What a script prints. None: there is no `python3`, and that was printed.
pub fn ask(script: &str, arguments: &[&str]) -> Option<String> {
    if lacks("python3", script) {
        return None;
    }
    let path = workspace::root().join("tests/oracle").join(script);
    let output = Command::new("python3").arg(&path).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{script}: {error}"));
    assert!(
        output.status.success(),
        "{script}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("scripts print text"))
}
