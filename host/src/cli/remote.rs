//! Verbs whose answer is printed as a server gave it.

use serde_json::Value as Json;

use super::Exit;
use super::common::FormatArg;
use super::output::Output;
use super::table::clean;
use crate::client::Client;
use crate::model::Result;

/// Asks a server, and prints its answer: as JSON, or a line for each member. Code 1 where `differs` says so.
pub fn tell(
    client: &Client,
    path: &str,
    body: &Json,
    format: &FormatArg,
    differs: impl FnOnce(&Json) -> bool,
    out: &mut Output,
) -> Result<Exit> {
    let reply = client.operate(path, body)?;
    match (format.is_json(), reply.as_object()) {
        (false, Some(members)) => {
            let width = members.keys().map(String::len).max().unwrap_or_default();
            for (name, value) in members {
                match value {
                    Json::Array(items) => {
                        out.line(format_args!("{name:width$}  {}", items.len()))?;
                        for item in items {
                            out.line(format_args!("  {}", clean(&item.to_string())))?;
                        }
                    }
                    Json::String(text) => {
                        out.line(format_args!("{name:width$}  {}", clean(text)))?
                    }
                    other => {
                        out.line(format_args!("{name:width$}  {}", clean(&other.to_string())))?
                    }
                }
            }
        }
        _ => out.json(&reply)?,
    }
    Ok(if differs(&reply) {
        Exit::Differs
    } else {
        Exit::Fine
    })
}

/// A preview that would be refused.
pub fn is_refused(reply: &Json) -> bool {
    reply["problem"].is_string()
}
