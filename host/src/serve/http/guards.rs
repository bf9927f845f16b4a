//! Headers and query parameters that every write understands: guards, pins, identity, tracing.

use axum::http::HeaderMap;
use serde_json::json;
use uuid::Uuid;

use super::declared::Declared;
use super::problem::Problem;
use crate::book::{Extensions, Guards, SeenRow};
use crate::model::error::shown;
use crate::model::{Seq, VersionDate};
use crate::serve::access::Caller;
use crate::wire::{Cell, ExpectedRow};

/// A header's text; none where it is absent.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    value
        .to_str()
        .map(Some)
        .map_err(|_| Problem::malformed(format!("header '{name}' is not plain ASCII text")))
}

/// Headers that change what a request means wherever they are taken, beside those that begin with `daybook-`.
const MEANINGFUL: [&str; 2] = ["if-match", "idempotency-key"];

/// Refuses a header that changes what other requests mean, and would be passed over here.
pub fn check_declared(headers: &HeaderMap, declared: &Declared) -> Result<(), Problem> {
    let is_meaningful = |name: &str| name.starts_with("daybook-") || MEANINGFUL.contains(&name);
    let mut names = headers.keys().map(|name| name.as_str());
    match names.find(|name| is_meaningful(name) && !declared.takes_header(name)) {
        None => Ok(()),
        Some(name) => {
            let (name, method) = (shown(name), declared.method.name());
            let text = format!("header '{name}' says nothing to {method} {}", declared.path);
            let hint = "leave it out; the OpenAPI document at /openapi.json has the headers of each request";
            Err(Problem::malformed(text).with("hint", hint))
        }
    }
}

/// `Idempotency-Key`: a UUID is the id itself, other text stands for one. A key is its caller's: where there are tokens, it
/// stands for another id with each of their names.
pub fn command_id(headers: &HeaderMap, caller: &Caller) -> Result<Option<Uuid>, Problem> {
    let Some(key) = text(headers, "idempotency-key")? else {
        return Ok(None);
    };
    let key = key.trim_matches('"');
    if key.is_empty() || key.len() > 255 {
        return Err(Problem::malformed(
            "Idempotency-Key has 1 to 255 characters",
        ));
    }
    let id = |name: String| Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes());
    Ok(Some(match caller.actor() {
        // Neither part can be taken for the other: no name has a control character.
        Some(actor) => id(format!("idempotency-key:{actor}\n{key}")),
        None => Uuid::parse_str(key).unwrap_or_else(|_| id(format!("idempotency-key:{key}"))),
    }))
}

/// `Daybook-Version`: a date.
pub fn pin(headers: &HeaderMap) -> Result<Option<VersionDate>, Problem> {
    text(headers, "daybook-version")?
        .map(|date| {
            date.parse()
                .map_err(|_| Problem::malformed("Daybook-Version is a date: 2018-07-30"))
        })
        .transpose()
}

/// `If-Match` with a subject, and `Daybook-Expect`: rows as they were read.
pub fn guards(headers: &HeaderMap, subject: Option<&str>) -> Result<Guards, Problem> {
    let mut guards = Guards::default();
    if let Some(tag) = text(headers, "if-match")? {
        let subject = subject.ok_or_else(|| {
            Problem::malformed("If-Match is about a subject, and this request names none")
        })?;
        let seen = tag
            .trim()
            .trim_start_matches("W/")
            .trim_matches('"')
            .parse()
            .map(|Seq(seen)| seen)
            .map_err(|_| {
                Problem::malformed(
                    "If-Match is the seq of the subject's last event: \"17\", \"0\" for none",
                )
            })?;
        guards.position = Some((subject.to_owned(), seen));
    }
    if let Some(rows) = text(headers, "daybook-expect")? {
        let shape = "Daybook-Expect is [{\"table\": \"bank.account\", \"key\": [1], \"hashes\": {\"balance\": \"…\"}}]";
        let rows: Vec<ExpectedRow> = serde_json::from_str(rows)
            .map_err(|error| Problem::malformed(format!("{shape}: {error}")))?;
        for row in rows {
            guards.rows.push(SeenRow {
                table: row.table,
                key: row.key.into_iter().map(|Cell(value)| value).collect(),
                columns: row.hashes.into_iter().collect(),
            });
        }
    }
    Ok(guards)
}

/// Where a request stands in the trace that its caller keeps: W3C trace context.
pub struct TraceParent<'a> {
    /// The header as it came.
    pub text: &'a str,
    /// 32 hexadecimal digits.
    pub trace: &'a str,
    /// 16 hexadecimal digits.
    pub span: &'a str,
    /// The caller records it.
    pub is_sampled: bool,
}

/// A traceparent that is not one is ignored, as the recommendation asks.
pub fn trace_parent(headers: &HeaderMap) -> Option<TraceParent<'_>> {
    let parent = text(headers, "traceparent").ok()??;
    let [_, trace, span, flags] = parent.split('-').collect::<Vec<_>>()[..] else {
        return None;
    };
    let is_hex = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
    if trace.len() != 32 || span.len() != 16 || !parent.bytes().all(is_hex) {
        return None;
    }
    Some(TraceParent {
        text: parent,
        trace,
        span,
        is_sampled: u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1),
    })
}

/// What a request says of its events: the trace that it belongs to, and who asks.
pub fn context(headers: &HeaderMap, actor: Option<&str>) -> Extensions {
    let mut context = Extensions::default();
    if let Some(parent) = trace_parent(headers) {
        context.set("traceparent", json!(parent.text));
        context.set("correlationid", json!(parent.trace));
        context.set("causationid", json!(parent.span));
    }
    if let Some(actor) = actor {
        context.set("actor", json!(actor));
    }
    context
}
