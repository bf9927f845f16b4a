//! What may be asked of a served book, with the arguments and the answers that an open one has.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::replies::{CausedReply, Cell, ShownReply, listed, log, unreadable};
use super::{Answer, Client};
use crate::book::{Decision, Incoming, Receipt, Reply, Request, Shown};
use crate::history::RepairNote;
use crate::model::error::Problem;
use crate::model::{
    Digest, Error, Event, Isolations, Manifest, PluginVersion, Rejection, Result, Seq, Value,
};
use crate::store::{Certification, EventFilter, Pinned};
use crate::study::{Moment, Verified};
use crate::versions::{Loaded, Policy, VersionLine};
use crate::wire::old::Activated;

/// Rows of a query that are asked for: as many as a server gives.
const ROWS_MAX: usize = 10_000;

/// Events of one page that are asked for.
const EVENTS_MAX: usize = 1_000;

/// What a SELECT gave.
#[derive(Debug)]
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// There were more than a server gives at once.
    pub truncated: bool,
}

#[derive(Deserialize)]
struct AcceptedReply {
    command: String,
    version: String,
    preview: bool,
    events: Vec<CausedReply>,
    #[serde(default)]
    log: Vec<String>,
}

#[derive(Deserialize)]
struct RejectedReply {
    #[serde(rename = "type")]
    problem: String,
    detail: String,
    code: String,
    #[serde(default)]
    details: Json,
    command: String,
    #[serde(default)]
    log: Vec<String>,
}

#[derive(Deserialize)]
struct AppendedReply {
    events: Vec<ReceiptReply>,
}

#[derive(Deserialize)]
struct ReceiptReply {
    seq: u64,
    id: String,
    duplicate: bool,
}

#[derive(Deserialize)]
struct EventsReply {
    events: Vec<Box<RawValue>>,
}

#[derive(Deserialize)]
struct QueryReply {
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
    truncated: bool,
}

#[derive(Deserialize)]
struct VersionsReply {
    versions: Vec<VersionReply>,
}

#[derive(Deserialize)]
struct VersionReply {
    plugin: String,
    version: String,
    digest: String,
    active: bool,
    state: String,
    events: u64,
    needed_by: Vec<String>,
    pins: Vec<PinReply>,
    loaded_at: String,
    certification: Option<CertificationReply>,
    extends: Option<String>,
    description: String,
    changes: Vec<String>,
    materializes: Vec<String>,
}

#[derive(Deserialize)]
struct PinReply {
    actor: Option<String>,
    uses: u64,
    last_at: String,
}

#[derive(Deserialize)]
struct CertificationReply {
    certified_at: String,
    engine: String,
    events: u64,
    commands: u64,
    materializers: String,
    creators: String,
    reason: String,
}

impl CertificationReply {
    fn of(self, version: &PluginVersion, digest: Digest) -> Result<Certification> {
        Ok(Certification {
            version: version.clone(),
            digest,
            certified_at: self.certified_at,
            engine: self.engine,
            events: self.events,
            commands: self.commands,
            isolations: Isolations {
                materializers: self.materializers.parse().map_err(unreadable)?,
                creators: self.creators.parse().map_err(unreadable)?,
            },
            reason: self.reason,
        })
    }
}

#[derive(Deserialize)]
struct LoadedReply {
    plugin: String,
    version: String,
    digest: String,
    changes: Vec<String>,
    already: bool,
    isolation: Option<String>,
    certification: Option<CertificationReply>,
}

#[derive(Deserialize)]
struct ActivatedReply {
    plugin: String,
    version: String,
    seq: u64,
    lineup: String,
}

#[derive(Deserialize)]
struct VerifiedReply {
    problem: Option<String>,
    events: u64,
    epochs: u64,
    log: String,
    running: String,
    rows: String,
}

impl Client {
    /// Runs a command, under an id that is made here if it has none: where the answer is lost, asking again with that id
    /// gives it.
    pub fn run(&self, request: &Request) -> Result<Reply> {
        let id = request.id.unwrap_or_else(Uuid::now_v7);
        let mut path = format!(
            "/commands/{}?preview={}",
            encoded(&request.command_type),
            request.preview
        );
        let texts = [("subject", &request.subject), ("actor", &request.actor)];
        for (name, text) in texts {
            if let Some(text) = text {
                path.push_str(&format!("&{name}={}", encoded(text)));
            }
        }
        let id_text = id.to_string();
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", id_text.as_str()),
        ];
        let sent = self.post(&path, &headers, request.data.clone().into_bytes());
        let answer = sent.map_err(|error| match request.preview {
            true => error,
            // What was sent may have been kept.
            false if error.problem.as_deref() == Some(&Problem::Lost) => error.hint(format!(
                "it is not known whether it was kept; the same with --id {id} gives its answer"
            )),
            false => error,
        })?;
        if let Some(rejected) = rejected(&answer) {
            return Ok(Reply {
                command_id: rejected.command.parse().map_err(unreadable)?,
                version: answering(request, &answer)?,
                preview: request.preview,
                repeated: false,
                decision: Decision::Rejected(Rejection {
                    code: rejected.code,
                    message: rejected.detail,
                    details: (!rejected.details.is_null()).then(|| rejected.details.to_string()),
                }),
                log: log(rejected.log),
            });
        }
        let accepted: AcceptedReply = answer.read()?;
        let events = accepted.events.into_iter().map(CausedReply::caused);
        Ok(Reply {
            command_id: accepted.command.parse().map_err(unreadable)?,
            version: accepted.version.parse().map_err(unreadable)?,
            preview: accepted.preview,
            repeated: false,
            decision: Decision::Accepted(events.collect::<Result<_>>()?),
            log: log(accepted.log),
        })
    }

    /// Appends events in one durable transaction.
    pub fn append(&self, events: &[Incoming]) -> Result<Vec<Receipt>> {
        let body = serde_json::to_vec(events)
            .map_err(|error| Error::refused(format!("events that are not JSON: {error}")))?;
        let headers = [
            ("content-type", "application/cloudevents-batch+json"),
            ("prefer", "return=minimal"),
        ];
        let answer = self.post("/events", &headers, body)?;
        let reply: AppendedReply = answer.read().map_err(|error| placed(error, events))?;
        let receipt = |reply: ReceiptReply| Receipt {
            seq: Seq(reply.seq),
            id: reply.id,
            duplicate: reply.duplicate,
        };
        Ok(reply.events.into_iter().map(receipt).collect())
    }

    /// Position of the last event.
    pub fn head(&self) -> Result<Seq> {
        let index: Json = self.get("/")?;
        let head = index["head"].as_u64();
        head.map(Seq)
            .ok_or_else(|| unreadable("it does not say the log's head"))
    }

    /// Events in order, at most `count_max`, that match a filter.
    pub fn events(
        &self,
        filter: &EventFilter,
        count_max: usize,
    ) -> Result<Vec<(Event, RepairNote)>> {
        let mut path = format!("/events?limit={}", count_max.min(EVENTS_MAX));
        let seqs = [("from", filter.from), ("to", filter.to)];
        for (name, seq) in seqs {
            if let Some(seq) = seq {
                path.push_str(&format!("&{name}={seq}"));
            }
        }
        let texts = [("type", &filter.event_type), ("subject", &filter.subject)];
        for (name, text) in texts {
            if let Some(text) = text {
                path.push_str(&format!("&{name}={}", encoded(text)));
            }
        }
        if filter.descending {
            path.push_str("&order=-seq");
        }
        let reply: EventsReply = self.get(&path)?;
        reply.events.iter().map(|raw| listed(raw.get())).collect()
    }

    /// An event with what it caused.
    pub fn show(&self, seq: Seq) -> Result<Shown> {
        let reply: ShownReply = self.get(&format!("/events/{seq}"))?;
        reply.shown()
    }

    /// Runs one SELECT over the live state.
    pub fn query(&self, sql: &str, as_of: Option<&Moment>) -> Result<Rows> {
        let as_of = as_of.map(ToString::to_string);
        let body = json!({"sql": sql, "limit": ROWS_MAX, "as_of": as_of}).to_string();
        let headers = [("content-type", "application/json")];
        let answer = self.post("/query", &headers, body.into_bytes())?;
        let reply: QueryReply = answer.read()?;
        let row = |row: Vec<Cell>| row.into_iter().map(|Cell(value)| value).collect();
        Ok(Rows {
            columns: reply.columns,
            rows: reply.rows.into_iter().map(row).collect(),
            truncated: reply.truncated,
        })
    }

    /// Every version that was ever loaded, by plugin and date.
    pub fn versions(&self) -> Result<Vec<VersionLine>> {
        let reply: VersionsReply = self.get("/versions")?;
        let line = |line: VersionReply| {
            let version = version(&line.plugin, &line.version)?;
            let digest = line.digest.parse().map_err(unreadable)?;
            let certification = line.certification;
            let pins = line.pins.into_iter().map(|pin| Pinned {
                actor: pin.actor,
                uses: pin.uses,
                last_at: pin.last_at,
            });
            Ok(VersionLine {
                certification: certification
                    .map(|it| it.of(&version, digest))
                    .transpose()?,
                version,
                digest,
                state: line.state.parse().map_err(unreadable)?,
                pins: pins.collect(),
                needed_by: line.needed_by,
                // As much of it as a listing tells.
                manifest: Manifest {
                    plugin: line.plugin,
                    version: line.version,
                    extends: line.extends,
                    description: line.description,
                    changes: line.changes,
                    tables: Vec::new(),
                    reads: Vec::new(),
                    events: Vec::new(),
                    materializes: line.materializes,
                    commands: Vec::new(),
                    tasks: Vec::new(),
                },
                loaded_at: line.loaded_at,
                active: line.active,
                events: line.events,
            })
        };
        reply.versions.into_iter().map(line).collect()
    }

    /// Registers a component.
    pub fn load(&self, bytes: &[u8]) -> Result<Loaded> {
        let headers = [("content-type", "application/wasm")];
        let answer = self.post("/versions", &headers, bytes.to_vec())?;
        let reply: LoadedReply = answer.read()?;
        let version = version(&reply.plugin, &reply.version)?;
        let digest = reply.digest.parse().map_err(unreadable)?;
        let (certification, isolation) = (reply.certification, reply.isolation);
        Ok(Loaded {
            certification: certification
                .map(|it| it.of(&version, digest))
                .transpose()?,
            isolation: isolation
                .map(|it| it.parse())
                .transpose()
                .map_err(unreadable)?,
            version,
            digest,
            changes: reply.changes,
            already: reply.already,
        })
    }

    /// Puts a loaded version in force.
    pub fn activate(&self, wanted: &PluginVersion, policy: Policy) -> Result<Activated> {
        let body = json!({ "policy": policy.as_str() }).to_string();
        let headers = [("content-type", "application/json")];
        let path = format!("/versions/{wanted}/activate");
        let reply: ActivatedReply = self.post(&path, &headers, body.into_bytes())?.read()?;
        Ok(Activated {
            version: version(&reply.plugin, &reply.version)?,
            seq: Seq(reply.seq),
            lineup: reply.lineup.parse().map_err(unreadable)?,
        })
    }

    /// Replays everything and compares.
    pub fn verify(&self) -> Result<Verified> {
        let reply: VerifiedReply = self.post("/verify", &[], Vec::new())?.read()?;
        Ok(Verified {
            events: reply.events,
            epochs: reply.epochs,
            running: reply.running.parse().map_err(unreadable)?,
            head_hash: reply.log.parse().map_err(unreadable)?,
            rows: reply.rows.parse().map_err(unreadable)?,
            problem: reply.problem,
        })
    }
}

fn version(plugin: &str, date: &str) -> Result<PluginVersion> {
    format!("{plugin}@{date}").parse().map_err(unreadable)
}

/// The plugin's no, which is an answer and not an error.
fn rejected(answer: &Answer) -> Option<RejectedReply> {
    let reply: RejectedReply = serde_json::from_slice(&answer.bytes).ok()?;
    (answer.status == 422 && reply.problem == "/problems/rejected").then_some(reply)
}

/// The version that said no: its date is told, and its plugin is the command's.
fn answering(request: &Request, answer: &Answer) -> Result<PluginVersion> {
    let plugin = request.command_type.split('.').next().unwrap_or_default();
    version(plugin, answer.version.as_deref().unwrap_or_default())
}

/// A server counts the events of a request; who reads a file counts its lines.
fn placed(error: Error, events: &[Incoming]) -> Error {
    let line = error
        .message
        .strip_prefix("event ")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(at, rest)| Some((events.get(at.parse::<usize>().ok()?)?.line?, rest)));
    match line {
        Some((line, rest)) => Error {
            message: format!("line {line}: {rest}"),
            ..error
        },
        None => error,
    }
}

/// Text as part of a path or a query.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_event_is_told_as_the_line_it_came_from() {
        let event = |line| Incoming {
            line: Some(line),
            ..Incoming::parse(r#"{"type": "a.B"}"#).unwrap()
        };
        let events = [event(3), event(7)];
        let message = |text: &str| placed(Error::refused(text), &events).message;
        assert_eq!(message("event 1: no: such"), "line 7: no: such");
        assert_eq!(message("event 2: no"), "event 2: no");
        assert_eq!(message("event 5 is missing: no"), "event 5 is missing: no");
        assert_eq!(message("no"), "no");
    }

    #[test]
    fn what_a_url_cannot_hold_is_encoded() {
        assert_eq!(encoded("account/7 č&=+"), "account%2F7%20%C4%8D%26%3D%2B");
        assert_eq!(encoded("bank.Deposit"), "bank.Deposit");
    }
}
