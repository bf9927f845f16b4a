//! One shell for all commands of a page: folders and variables stay. A command that serves a book stays in the background,
//! on a port of the system's choice, until the next one comes or the page ends.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::likeness::is_shown;
use super::{Run, comment};
use crate::command::COMMAND;

/// Where a page says that a book is served.
const SERVED_AT: &str = "127.0.0.1:7373";

/// Time for one command; some compile a plugin.
const COMMAND_TIME: Duration = Duration::from_secs(1_200);

/// Time after which what comes after a moment does not come any more.
const MOMENT: Duration = Duration::from_secs(30);

/// Stands before what the shell says of a command that has ended.
const ENDED: &str = "--- ended ---";

pub struct Shell {
    process: Child,
    input: ChildStdin,
    output: Receiver<String>,
    here: PathBuf,
    /// What a page says, and what is meant in this run.
    stand_ins: Vec<(String, String)>,
    /// The process that serves a book.
    server: Option<String>,
    /// The shell's own files, beside the folder in which it works.
    files: TempDir,
}

impl Shell {
    /// A shell in a folder, with the command that is tested on its PATH.
    pub fn start(folder: &Path) -> Shell {
        Shell::with(folder, |_| {})
    }

    /// A shell whose surroundings are prepared.
    pub fn with(folder: &Path, prepare: impl FnOnce(&mut Command)) -> Shell {
        let files = tempfile::tempdir().expect("a temporary folder");
        let programs = files.path().join("programs");
        fs::create_dir(&programs).expect("a new folder");
        fs::create_dir(files.path().join("tmp")).expect("a new folder");
        std::os::unix::fs::symlink(COMMAND, programs.join("daybook")).expect("a new link");
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("sh");
        command
            .current_dir(folder)
            .env("PATH", format!("{}:{path}", programs.display()))
            .env("TMPDIR", files.path().join("tmp"))
            .env_remove("CARGO_MANIFEST_DIR")
            .env_remove("DAYBOOK_TOKEN")
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        prepare(&mut command);
        let mut process = command.spawn().expect("a shell runs");
        let mut input = process.stdin.take().expect("it was asked for");
        writeln!(input, "exec 2>&1").expect("the shell listens");
        let printed = BufReader::new(process.stdout.take().expect("it was asked for"));
        let (tell, output) = channel();
        std::thread::spawn(move || {
            for line in printed.split(b'\n').map_while(Result::ok) {
                if tell
                    .send(String::from_utf8_lossy(&line).into_owned())
                    .is_err()
                {
                    break;
                }
            }
        });
        Shell {
            process,
            input,
            output,
            here: folder.to_owned(),
            stand_ins: Vec::new(),
            server: None,
            files,
        }
    }

    /// From now on something stands in for what the page says.
    pub fn stand_in(&mut self, said: impl Into<String>, meant: impl Into<String>) {
        self.stand_ins.push((said.into(), meant.into()));
    }

    /// The folder in which the shell is.
    pub fn here(&self) -> &Path {
        &self.here
    }

    /// Gives a command. What did not come as it is said is told, with what came.
    pub fn run(&mut self, run: &Run) -> Result<(), String> {
        if run.command.contains("daybook serve ") {
            return self.serve(&run.command);
        }
        let begun = Instant::now();
        loop {
            let (code, came) = self.give(&self.meant(&run.command));
            let came = self.said(&came);
            let lines: Vec<&str> = came.lines().collect();
            let wrong = match &run.shown {
                _ if code != run.exit_code => {
                    format!("exit code {code} and not {}; came:\n{came}", run.exit_code)
                }
                Some(shown) if !is_shown(shown, &lines) => {
                    format!("shown:\n{}\ncame:\n{came}", shown.join("\n"))
                }
                _ => return Ok(()),
            };
            if !run.waits || begun.elapsed() > MOMENT {
                return Err(format!("$ {}\n{wrong}", run.command));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts to serve a book, and waits until it is.
    fn serve(&mut self, command: &str) -> Result<(), String> {
        self.stop_serving()?;
        let command = match comment(command) {
            Some(comment) => command[..command.len() - comment.len()].trim_end(),
            None => command,
        };
        let printed = self.files.path().join("server");
        // What the server before said is not to be taken for what this one says.
        drop(fs::remove_file(&printed));
        let background = format!(
            "{} --listen 127.0.0.1:0 >{} 2>&1 </dev/null &\nserver=$!",
            self.meant(command),
            printed.display()
        );
        self.give(&background);
        let (_, process) = self.give("echo $server");
        self.server = Some(process.trim().to_owned());
        let begun = Instant::now();
        loop {
            let text = fs::read_to_string(&printed).unwrap_or_default();
            let told = text
                .split_once(" is served at ")
                .and_then(|(_, rest)| rest.split_once(';'));
            if let Some((url, _)) = told {
                let (_, address) = url.split_once("://").unwrap_or(("", url));
                self.stand_ins.retain(|(said, _)| said != SERVED_AT);
                self.stand_in(SERVED_AT, address);
                return Ok(());
            }
            if begun.elapsed() > MOMENT {
                return Err(format!("$ {command}\nit is not served; came:\n{text}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server, as Ctrl-C does.
    pub fn stop_serving(&mut self) -> Result<(), String> {
        let Some(process) = self.server.take() else {
            return Ok(());
        };
        let (code, came) = self.give(&format!("kill {process} && wait {process}"));
        match code {
            0 => Ok(()),
            code => Err(format!("the server ended with exit code {code}: {came}")),
        }
    }

    /// Gives a command as it is, and gets its exit code and what it printed.
    fn give(&mut self, command: &str) -> (i32, String) {
        let file = self.files.path().join("command");
        fs::write(&file, format!("{command}\n")).expect("the shell's own file");
        writeln!(
            self.input,
            ". {} </dev/null\nprintf '\\n{ENDED} %s %s\\n' \"$?\" \"$PWD\"",
            file.display()
        )
        .expect("the shell listens");
        let mut came = Vec::new();
        loop {
            let line = self.output.recv_timeout(COMMAND_TIME).unwrap_or_else(|_| {
                panic!("$ {command}\ndoes not end; came:\n{}", came.join("\n"))
            });
            let Some(ended) = line.strip_prefix(ENDED) else {
                came.push(line);
                continue;
            };
            let (code, here) = ended.trim().split_once(' ').expect("a code and a folder");
            self.here = PathBuf::from(here);
            let text = came.join("\n").trim_end().to_owned();
            return (code.parse().expect("an exit code"), text);
        }
    }

    /// A command with what stands in for what it says.
    fn meant(&self, command: &str) -> String {
        let stand_ins = self.stand_ins.iter();
        stand_ins.fold(command.to_owned(), |text, (said, meant)| {
            text.replace(said, meant)
        })
    }

    /// What was printed, as a page would say it.
    fn said(&self, printed: &str) -> String {
        let stand_ins = self.stand_ins.iter();
        stand_ins.fold(printed.to_owned(), |text, (said, meant)| {
            text.replace(meant, said)
        })
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // After a failure too: nobody else ends them, and they may be gone already.
        if let Some(process) = &self.server {
            drop(Command::new("kill").arg(process).status());
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
