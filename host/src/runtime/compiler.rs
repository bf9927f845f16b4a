//! Compiling strangers' components: by a process of its own, whose memory and time have an end. A few hundred kilobytes can
//! keep a compiler busy for minutes and take gigabytes, and a thread cannot be stopped.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::sync::OnceLock;

use wasmtime::component::Component;

use super::component::encode_component;
use super::engine::{Runtime, compiling_engine};
use crate::model::{Error, ErrorKind, Result, limits};

/// The first argument of a process that only compiles. No verb has this name.
const ARGUMENT: &str = "compile-component";

/// Threads that a compiler takes: each has a stack, which counts as its memory.
const THREADS: &str = "4";

/// What the answer begins with: machine code, or words that refuse.
const CODE: u8 = 1;
const REFUSAL: u8 = 0;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Has components compiled by processes of this program from now on. It must call `compile_if_asked` before anything else, as
/// `cli::main` does, and be of the same version. A process that has no such program compiles by itself, without limits.
pub fn compile_by(program: PathBuf) {
    PROGRAM.get_or_init(|| program);
}

/// Does a compiler's work, where that is what this process was started for: what it is to compile comes in, what it made goes
/// out. None: it was started for something else.
pub fn compile_if_asked(input: impl Read, output: impl Write) -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some(ARGUMENT) {
        return None;
    }
    let mut number = || arguments.next().and_then(|text| text.parse().ok());
    let terms = Terms {
        memory_bytes: number()?,
        seconds: number()?,
    };
    let answered = terms.take_on().and_then(|()| answer(input, output));
    Some(match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(error.kind.exit_code()),
    })
}

fn answer(mut input: impl Read, mut output: impl Write) -> Result<()> {
    let failed = |error| Error::io("passing a component on", error);
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(failed)?;
    let code = encode_component(&bytes).and_then(|encoded| {
        drop(bytes);
        precompiled(&encoded)
    });
    let (kind, bytes) = match code {
        Ok(code) => (CODE, code),
        Err(error) if error.kind == ErrorKind::Refused => (REFUSAL, error.message.into_bytes()),
        Err(error) => return Err(error),
    };
    let told = { output.write_all(&[kind]) }.and_then(|()| output.write_all(&bytes));
    told.and_then(|()| output.flush()).map_err(failed)
}

fn precompiled(encoded: &[u8]) -> Result<Vec<u8>> {
    let engine = compiling_engine()?;
    super::component::guarded(|| {
        let code = super::reset::compile(encoded, |bytes| engine.precompile_component(bytes));
        code.map_err(|error| Error::refused(format!("the component is not valid: {error:#}")))
    })
}

/// What compiling a component may take.
#[derive(Debug, Clone, Copy)]
struct Terms {
    /// Memory that the process may write to.
    memory_bytes: u64,
    /// Processor time of all threads.
    seconds: u64,
}

impl Terms {
    fn of(component_bytes: usize) -> Terms {
        let bytes = component_bytes as u64;
        Terms {
            memory_bytes: (limits::COMPILER_BYTES + limits::COMPILER_BYTES_PER_BYTE * bytes)
                .min(limits::COMPILER_BYTES_MAX),
            seconds: (limits::COMPILER_SECONDS
                + limits::COMPILER_SECONDS_PER_MEGABYTE * (bytes >> 20))
                .min(limits::COMPILER_SECONDS_MAX),
        }
    }

    /// Puts this process under them, for as long as it lives.
    fn take_on(self) -> Result<()> {
        let limit = |what, most: u64| {
            let limit = libc::rlimit {
                rlim_cur: most,
                rlim_max: most,
            };
            // SAFETY: it reads what it is given, which is ours.
            match unsafe { libc::setrlimit(what, &raw const limit) } {
                0 => Ok(()),
                _ => Err(Error::io(
                    "limiting a compiler",
                    std::io::Error::last_os_error(),
                )),
            }
        };
        limit(libc::RLIMIT_DATA, self.memory_bytes)?;
        limit(libc::RLIMIT_CPU, self.seconds)?;
        limit(libc::RLIMIT_CORE, 0)
    }

    /// Why a compiler ended without an answer.
    fn explain(self, status: ExitStatus) -> Error {
        let megabytes = self.memory_bytes >> 20;
        let what = match status.signal() {
            Some(libc::SIGXCPU | libc::SIGKILL) => {
                format!("compiling it takes more than {} s", self.seconds)
            }
            // The program's allocator does not survive a refusal of the system's.
            Some(libc::SIGABRT | libc::SIGSEGV) => {
                format!("compiling it takes more than {megabytes} MiB of memory")
            }
            _ => "the compiler cannot handle this file".to_owned(),
        };
        Error::refused(what).hint("how much it may take goes with the size of the file")
    }
}

impl Runtime {
    /// A component from a file's bytes.
    pub(super) fn compile(&self, bytes: &[u8]) -> Result<Component> {
        match PROGRAM.get() {
            Some(program) => self.compile_apart(program, bytes),
            None => self.compile_here(&encode_component(bytes)?),
        }
    }

    fn compile_apart(&self, program: &PathBuf, bytes: &[u8]) -> Result<Component> {
        super::component::check_component_bytes(bytes.len() as u64)?;
        let failed = |error| Error::io("starting a compiler", error);
        let terms = Terms::of(bytes.len());
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .args([terms.memory_bytes.to_string(), terms.seconds.to_string()])
            .env("RAYON_NUM_THREADS", THREADS)
            // The program's allocator would take a gigabyte beforehand, which counts as memory that it writes to.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        // It reads all before it writes anything. Where it ends early, its status says why.
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(bytes);
        }
        let ended = child.wait_with_output().map_err(failed)?;
        match ended.stdout.split_first() {
            Some((&CODE, code)) if ended.status.success() => {
                // SAFETY: a process of this program made the code just now, and nobody else had it in hand.
                unsafe { Component::deserialize(&self.engine, code) }.map_err(|error| {
                    Error::internal(format!("compiled code that does not fit: {error:#}"))
                })
            }
            Some((&REFUSAL, words)) if ended.status.success() => {
                let words = String::from_utf8_lossy(words).into_owned();
                Err(Error::refused(words).hint(super::component::BUILD_HINT))
            }
            _ => Err(terms.explain(ended.status)),
        }
    }
}
