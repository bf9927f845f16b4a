//! The manifest as it crosses the contract: a JSON document of format 1. It is written as text, which makes components a
//! third smaller than values of `serde_json` would.

use super::manifest::{Column, ColumnKind, Manifest, Table};
use super::partitions::{PartitionSource, Partitioning};
use super::types::Value;

/// The format of the documents that [`write()`] writes.
pub const FORMAT: u32 = 1;

/// What stands in a manifest's place where it would be wrong: the host refuses a member that it does not know, and names it.
#[cfg(target_arch = "wasm32")]
pub(crate) fn write_mistake(words: &str) -> String {
    let mut out = Writer::default();
    out.open('{');
    out.member("format").raw(&FORMAT.to_string());
    out.text(words, "");
    out.close('}');
    out.json
}

/// A manifest, and what it says of partitions, as JSON text. Its schemas are JSON texts, and become part of it as they are.
pub fn write(manifest: &Manifest, partitioning: &Partitioning) -> String {
    let mut out = Writer::default();
    out.open('{');
    out.member("format").raw(&FORMAT.to_string());
    out.text("plugin", &manifest.plugin);
    out.text("version", &manifest.version);
    if let Some(extends) = &manifest.extends {
        out.text("extends", extends);
    }
    out.text("description", &manifest.description);
    out.texts("changes", &manifest.changes);
    out.list("tables", &manifest.tables, table);
    out.list("reads", &manifest.reads, |out, it| {
        out.text("plugin", &it.plugin);
        out.text("table", &it.table);
        out.texts("columns", &it.columns);
    });
    out.list("events", &manifest.events, |out, it| {
        payload(out, &it.name, &it.description, &it.schema);
    });
    out.texts("materializes", &manifest.materializes);
    out.list("commands", &manifest.commands, |out, it| {
        payload(out, &it.name, &it.description, &it.schema);
    });
    out.list("tasks", &manifest.tasks, |out, it| {
        out.text("name", &it.name);
        out.text("description", &it.description);
    });
    if !(partitioning.events.is_empty() && partitioning.tables.is_empty()) {
        out.member("partitions").open('{');
        out.list("events", &partitioning.events, |out, it| {
            out.text("event", &it.event_type);
            match &it.source {
                PartitionSource::Subject(prefix) => out.text("subject", prefix),
                PartitionSource::Field(name) => out.text("field", name),
            }
        });
        out.list("tables", &partitioning.tables, |out, it| {
            out.text("table", &it.table);
            out.text("column", &it.column);
        });
        out.close('}');
    }
    out.close('}');
    out.json
}

fn payload(out: &mut Writer, name: &str, description: &str, schema: &str) {
    out.text("name", name);
    out.text("description", description);
    out.member("schema").raw(schema);
}

fn table(out: &mut Writer, table: &Table) {
    out.text("name", &table.name);
    out.list("columns", &table.columns, column);
    out.texts("primary_key", &table.primary_key);
    out.list("indexes", &table.indexes, |out, it| {
        out.text("name", &it.name);
        out.texts("columns", &it.columns);
        out.truth("unique", it.unique);
    });
}

fn column(out: &mut Writer, column: &Column) {
    out.text("name", &column.name);
    out.text(
        "kind",
        match column.kind {
            ColumnKind::Integer => "integer",
            ColumnKind::Real => "real",
            ColumnKind::Text => "text",
            ColumnKind::Blob => "blob",
        },
    );
    if let Some(format) = &column.format {
        out.text("format", format);
    }
    out.truth("nullable", column.nullable);
    if let Some(value) = &column.default_value {
        out.member("default");
        match value {
            Value::Null => out.raw("null"),
            Value::Integer(number) => out.raw(&number.to_string()),
            // With a point or an exponent, which JSON reads as it is; no other number is a default.
            Value::Real(number) => out.raw(&format!("{number:?}")),
            Value::Text(text) => out.quoted(text),
            Value::Blob(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                out.open('{');
                out.text("hex", &digits);
                out.close('}');
            }
        }
    }
}

/// JSON text that grows.
#[derive(Default)]
struct Writer {
    json: String,
}

impl Writer {
    fn open(&mut self, bracket: char) {
        self.json.push(bracket);
    }

    fn close(&mut self, bracket: char) {
        self.json.push(bracket);
    }

    /// Between what stands already and what comes.
    fn separate(&mut self) {
        if !self.json.ends_with(['{', '[', ':']) {
            self.json.push(',');
        }
    }

    fn member(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.quoted(name);
        self.json.push(':');
        self
    }

    fn raw(&mut self, json: &str) {
        self.json.push_str(json);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.member(name).quoted(text);
    }

    fn truth(&mut self, name: &str, truth: bool) {
        self.member(name).raw(if truth { "true" } else { "false" });
    }

    fn texts(&mut self, name: &str, texts: &[String]) {
        self.member(name).open('[');
        for text in texts {
            self.separate();
            self.quoted(text);
        }
        self.close(']');
    }

    /// Objects, each of what `write` says of it.
    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Writer, &T)) {
        self.member(name).open('[');
        for item in items {
            self.separate();
            self.open('{');
            write(self, item);
            self.close('}');
        }
        self.close(']');
    }

    fn quoted(&mut self, text: &str) {
        self.json.push('"');
        for letter in text.chars() {
            match letter {
                '"' | '\\' => self.json.extend(['\\', letter]),
                letter if letter < ' ' => {
                    let code = format!("\\u{:04x}", u32::from(letter));
                    self.json.push_str(&code);
                }
                letter => self.json.push(letter),
            }
        }
        self.json.push('"');
    }
}
