//! Runs the command line as a process, in a folder of a test's own.

use std::path::Path;
use std::process::Command;

/// The command that is tested.
pub const COMMAND: &str = env!("CARGO_BIN_EXE_daybook-under-test");

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    /// Standard output.
    pub data: String,
    /// Standard error.
    pub talk: String,
}

/// Runs a command line whose words have no blanks. What it makes for a while is made in the folder `tmp` beside.
pub fn daybook(folder: &Path, line: &str) -> Ran {
    let output = Command::new(COMMAND)
        .args(line.split_whitespace())
        .current_dir(folder)
        .env("TMPDIR", folder.join("tmp"))
        .output()
        .expect("the command runs");
    Ran {
        code: output.status.code().expect("it ends by itself"),
        data: String::from_utf8(output.stdout).expect("text"),
        talk: String::from_utf8(output.stderr).expect("text"),
    }
}
