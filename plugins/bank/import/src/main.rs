//! `bank-import FOLDER`: the bank's published records as CloudEvents, one JSON object a line. Owns the
//! command line only.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

use bank_import::{ImportError, Scope, convert_folder};
use clap::Parser;

/// Turn the bank's records of 1993 and 1994 (PKDD'99 "Berka" files) into events for `daybook append`.
#[derive(Parser)]
#[command(
    after_help = "Example:\n  bank-import data/berka --out bank.jsonl && daybook append mybook bank.jsonl"
)]
struct Args {
    /// Folder with account.asc.gz and transactions-….csv.gz (and loan.asc.gz for --loans).
    folder: PathBuf,
    /// File to write; standard output when absent.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also import the loans that were granted.
    #[arg(long)]
    loans: bool,
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

fn run(args: &Args) -> Result<usize, ImportError> {
    let scope = if args.loans {
        Scope::WithLoans
    } else {
        Scope::AccountsAndTransactions
    };
    let mut out: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(BufWriter::new(File::create(path).map_err(|source| {
            ImportError::File {
                path: path.clone(),
                source,
            }
        })?)),
        None => Box::new(BufWriter::new(stdout().lock())),
    };
    let events = convert_folder(&args.folder, scope)?;
    for event in &events {
        writeln!(out, "{event}").map_err(ImportError::Write)?;
    }
    out.flush().map_err(ImportError::Write)?;
    Ok(events.len())
}
