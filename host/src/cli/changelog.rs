//! `daybook changelog`

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::table::{clean, table, text};
use super::target::TargetArg;
use crate::model::Result;

/// Print what each version changed
///
/// The versions of each plugin by date, with the changes that their authors wrote down and the differences of what they
/// declare: events, commands and tables that were added or removed, and each change of a schema, with whether it breaks
/// what was valid before.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook changelog mybook
  daybook changelog mybook --plugin bank --format json")]
pub struct Args {
    #[command(flatten)]
    target: TargetArg,
    /// Only this plugin's
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let entries = args.target.read()?.changelog(args.plugin.as_deref())?;
    for entry in &entries {
        let changes = &entry.declared;
        if args.format.is_json() {
            out.json(entry)?;
            continue;
        }
        out.line(format_args!(
            "{}@{}  {}",
            entry.plugin,
            entry.version,
            clean(&entry.description)
        ))?;
        for change in &entry.changes {
            out.line(format_args!("  * {}", clean(change)))?;
        }
        if entry.since.is_some() && changes.is_empty() {
            out.line("  declares the same events, commands and tables as the version before")?;
        } else if !changes.is_empty() {
            let mut rows = table(["", "", "", "WHERE", "", ""]);
            for change in changes {
                let breaking = match change.breaking.as_str() {
                    "no" => "",
                    "maybe" => "look at it",
                    breaking => breaking,
                };
                rows.add_row([
                    text(format!("  {}", change.what)),
                    text(&change.kind),
                    text(&change.name),
                    text(&change.place),
                    text(&change.detail),
                    text(breaking),
                ]);
            }
            out.line(rows)?;
        }
        out.line("")?;
    }
    Ok(Exit::Fine)
}
