//! `daybook plugin inspect`

use std::path::PathBuf;

use super::common::{self, FormatArg};
use super::output::{Output, thousands};
use super::table::clean;
use super::{Exit, input};
use crate::model::manifest::{PayloadType, Table};
use crate::model::{Manifest, Result};
use crate::runtime::{Code, Producer};
use crate::wire::{Inspected, json_text};

/// Show what a component declares
///
/// The plugin and its version, what changed in it, its tables, events and commands with their JSON Schemas, what it reads
/// of other plugins, the digest that is its identity, and what it imports. It is compiled and asked to describe itself,
/// as `load` does it; a component that no book would take is refused with the reason.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  daybook plugin inspect bank-1994-01-01.wasm
  daybook plugin inspect bank-1994-01-01.wasm --format json")]
pub struct Args {
    /// A component, or a core module with the contract's type in it
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
    #[command(flatten)]
    format: FormatArg,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit> {
    let bytes = input::component(&args.file)?;
    let (code, producers) = crate::versions::inspect(&*common::runtime()?, &bytes)
        .map_err(|error| error.context(args.file.display()))?;
    if args.format.is_json() {
        print_json(&code, bytes.len(), &producers, out)?;
    } else {
        print_text(&code, bytes.len(), &producers, out)?;
    }
    Ok(Exit::Fine)
}

/// `rustc 1.95.0`
fn words(producer: &Producer) -> String {
    let text = format!("{} {}", producer.name, producer.version);
    clean(text.trim())
}

fn print_json(code: &Code, size: usize, producers: &[Producer], out: &mut Output) -> Result<()> {
    let mut manifest = serde_json::to_value(&code.manifest)
        .map_err(|error| crate::model::Error::internal(format!("writing a manifest: {error}")))?;
    // In a manifest schemas are texts; here they are to be read.
    for list in ["events", "commands"] {
        for payload in manifest[list].as_array_mut().into_iter().flatten() {
            payload["schema"] = json_text(payload["schema"].as_str().unwrap_or_default());
        }
    }
    out.json(&Inspected {
        plugin: code.version.plugin.to_string(),
        version: code.version.date.to_string(),
        digest: code.digest.to_string(),
        bytes: size,
        producers: producers.iter().map(words).collect(),
        imports: code.imports.clone(),
        materializer: code.has_materializer(),
        creator: code.has_creator(),
        manifest,
    })
}

fn print_text(code: &Code, size: usize, producers: &[Producer], out: &mut Output) -> Result<()> {
    let manifest = &code.manifest;
    out.line(format_args!(
        "{}  {}",
        code.version,
        clean(&manifest.description)
    ))?;
    if let Some(extends) = &manifest.extends {
        out.line(format_args!("  extends  {}@{extends}", manifest.plugin))?;
    }
    out.line(format_args!("  sha256   {}", code.digest))?;
    out.line(format_args!("  size     {} bytes", thousands(size as u64)))?;
    if !producers.is_empty() {
        let producers: Vec<_> = producers.iter().map(words).collect();
        out.line(format_args!("  made by  {}", producers.join(", ")))?;
    }
    let imports = if code.imports.is_empty() {
        "nothing".to_owned()
    } else {
        code.imports.join(", ")
    };
    out.line(format_args!("  imports  {imports}"))?;
    if !manifest.changes.is_empty() {
        out.line("\nchanges")?;
        manifest
            .changes
            .iter()
            .try_for_each(|change| out.line(format_args!("  - {}", clean(change))))?;
    }
    print_tables(manifest, out)?;
    print_types("events", &manifest.events, out)?;
    print_types("commands", &manifest.commands, out)?;
    let foreign: Vec<_> = manifest
        .materializes
        .iter()
        .filter(|name| !manifest.events.iter().any(|event| event.name == **name))
        .collect();
    if !foreign.is_empty() {
        out.line("\nalso materializes")?;
        foreign
            .iter()
            .try_for_each(|name| out.line(format_args!("  {name}")))?;
    }
    if !manifest.tasks.is_empty() {
        out.line("\ntasks")?;
        for task in &manifest.tasks {
            out.line(format_args!(
                "  {}  {}",
                clean(&task.name),
                clean(&task.description)
            ))?;
        }
    }
    Ok(())
}

fn print_tables(manifest: &Manifest, out: &mut Output) -> Result<()> {
    if !manifest.tables.is_empty() {
        out.line("\ntables")?;
    }
    for table in &manifest.tables {
        out.line(format_args!(
            "  {}_{} ({})",
            manifest.plugin,
            table.name,
            columns(table)
        ))?;
        for index in &table.indexes {
            let unique = if index.unique { "unique " } else { "" };
            out.line(format_args!(
                "    {unique}index {} ({})",
                index.name,
                index.columns.join(", ")
            ))?;
        }
    }
    for foreign in &manifest.reads {
        out.line(format_args!(
            "  reads {}_{} ({})",
            foreign.plugin,
            foreign.table,
            foreign.columns.join(", ")
        ))?;
    }
    Ok(())
}

fn columns(table: &Table) -> String {
    let columns = table.columns.iter().map(|column| {
        let key = if table.primary_key.contains(&column.name) {
            " key"
        } else {
            ""
        };
        let null = if column.nullable { "?" } else { "" };
        let default = column
            .default
            .as_ref()
            .map(|value| format!(" = {value}"))
            .unwrap_or_default();
        format!(
            "{} {}{null}{key}{default}",
            column.name,
            column.kind.sql().to_lowercase()
        )
    });
    columns.collect::<Vec<_>>().join(", ")
}

fn print_types(heading: &str, types: &[PayloadType], out: &mut Output) -> Result<()> {
    if !types.is_empty() {
        out.line(format_args!("\n{heading}"))?;
    }
    for payload in types {
        out.line(format_args!(
            "  {}  {}",
            payload.name,
            clean(&payload.description)
        ))?;
        out.line(format_args!("    {}", clean(&payload.schema)))?;
    }
    Ok(())
}
