//! `poker-import HANDS.jsonl.gz`: recorded hands as CloudEvents, one JSON object a line. Owns the command
//! line only.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use flate2::read::GzDecoder;
use poker_import::{ImportError, convert};

/// Turn recorded hands of no-limit hold'em into events for `daybook append`. The published finishing stacks
/// stay behind.
#[derive(Parser)]
#[command(
    after_help = "Example:\n  poker-import hands.jsonl.gz --out poker.jsonl && daybook append mybook poker.jsonl"
)]
struct Args {
    /// The recording: gzip-compressed JSON lines, one hand each, actions in PHH notation.
    hands: PathBuf,
    /// File to write; standard output when absent.
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(count) => {
            eprintln!("{count} events");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<u64, ImportError> {
    let file = |path: &PathBuf| {
        let path = path.clone();
        move |source| ImportError::File { path, source }
    };
    let hands = File::open(&args.hands).map_err(file(&args.hands))?;
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(file(path))?)),
        None => Box::new(BufWriter::new(stdout().lock())),
    };
    let count = convert(BufReader::new(GzDecoder::new(hands)), &mut out)?;
    out.flush().map_err(ImportError::Write)?;
    Ok(count)
}
