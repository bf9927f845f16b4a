//! Events of doom, and the ways past them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Error, JsonText, Result};
use crate::study;

/// Which events of doom are looked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DoomsRequest {
    /// `plugin@date`; what is active, where it is left out.
    #[serde(default)]
    pub version: Option<String>,
    /// Go on as if the first were skipped.
    #[serde(default)]
    pub keep_going: bool,
}

/// Events that a version cannot materialize.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dooms {
    /// Events that were run.
    pub events: u64,
    /// The first ones, in the order of the log.
    pub found: Vec<Doom>,
    /// How many there are beyond those.
    pub more: u64,
}

/// An event that could not be materialized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Doom {
    pub seq: u64,
    #[serde(rename = "type")]
    pub event_type: String,
    /// The version that failed: `plugin@date`.
    pub version: String,
    pub error: String,
    /// What the handler logged.
    pub log: Vec<String>,
    /// The plugin's other versions on the same event and state.
    pub others: Vec<TriedVersion>,
}

/// What another version makes of an event of doom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriedVersion {
    /// `plugin@date`
    pub version: String,
    /// Rows that it changes; absent where it fails too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<usize>,
    /// Tasks that it asks for; absent where it fails too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<usize>,
    /// Why it fails too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
}

impl From<&study::FoundDoom> for Doom {
    fn from(found: &study::FoundDoom) -> Doom {
        let doom = &found.doom;
        let others = found.others.iter().map(|(version, made)| {
            let made = made.as_ref();
            TriedVersion {
                version: version.to_string(),
                changes: made.ok().map(|(changes, _)| *changes),
                tasks: made.ok().map(|(_, tasks)| *tasks),
                fails: made.err().cloned(),
            }
        });
        Doom {
            seq: doom.seq.0,
            event_type: doom.event_type.as_str().to_owned(),
            version: doom.version.to_string(),
            error: doom.error.to_string(),
            log: doom.log.iter().map(|line| line.message.clone()).collect(),
            others: others.collect(),
        }
    }
}

impl From<&study::Dooms> for Dooms {
    fn from(dooms: &study::Dooms) -> Dooms {
        Dooms {
            events: dooms.events,
            found: dooms.found.iter().map(Into::into).collect(),
            more: dooms.more,
        }
    }
}

/// A way past an event of doom: one of `skip`, `amend`, `pin` and `unpin`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemedyRequest {
    /// Of a preview: what could not materialize the event, `plugin@date`. What is active, where it is left out.
    #[serde(default)]
    pub version: Option<String>,
    /// Nobody handles the event any more.
    #[serde(default)]
    pub skip: bool,
    /// Another payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amend: Option<JsonText<'static>>,
    /// This version handles the event, wherever versions are pinned: `plugin@date`.
    #[serde(default)]
    pub pin: Option<String>,
    /// No version of its own handles it any more.
    #[serde(default)]
    pub unpin: bool,
    /// Why; stays in the log. A preview needs none.
    #[serde(default)]
    pub reason: Option<String>,
    /// Forecast where it would lead, keep nothing.
    #[serde(default)]
    pub preview: bool,
}

impl RemedyRequest {
    /// The way; None: a pin is given up.
    pub fn remedy(&self) -> Result<Option<study::Remedy>> {
        Ok(match (self.skip, &self.amend, &self.pin, self.unpin) {
            (true, None, None, false) => Some(study::Remedy::Skip),
            (false, Some(data), None, false) => Some(study::Remedy::Amend(data.get().to_owned())),
            (false, None, Some(version), false) => Some(study::Remedy::Pin(version.parse()?)),
            (false, None, None, true) => None,
            _ => {
                let text = "a way past an event of doom is one of skip, amend, pin and unpin";
                return Err(Error::usage(text));
            }
        })
    }
}

/// What taking a way past an event of doom came to, or would come to.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum RemedyReply {
    Forecast(Forecast),
    Taken(RemedyTaken),
}

/// A way that was taken.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RemedyTaken {
    /// The event that says so.
    pub seq: u64,
    /// The event of doom.
    pub event: u64,
}

/// A way past an event of doom: one member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remedy {
    /// True: nobody handles the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<bool>,
    /// Another payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amend: Option<JsonText<'static>>,
    /// This version handles the event: `plugin@date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

impl From<&study::Remedy> for Remedy {
    fn from(remedy: &study::Remedy) -> Remedy {
        let none = Remedy {
            skip: None,
            amend: None,
            pin: None,
        };
        match remedy {
            study::Remedy::Skip => Remedy {
                skip: Some(true),
                ..none
            },
            study::Remedy::Amend(data) => Remedy {
                amend: Some(JsonText::of(data).into_owned()),
                ..none
            },
            study::Remedy::Pin(version) => Remedy {
                pin: Some(version.to_string()),
                ..none
            },
        }
    }
}

/// Where a way past an event of doom would lead, beside the live state as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    pub remedy: Remedy,
    /// The event itself still cannot be materialized.
    pub still_doomed: bool,
    /// Events of doom in the whole log.
    pub dooms: u64,
    /// Events with other effects than those of the live state.
    pub events: u64,
    /// Rows that end otherwise than the live state's.
    pub rows: u64,
}

impl From<&study::Forecast> for Forecast {
    fn from(forecast: &study::Forecast) -> Forecast {
        Forecast {
            remedy: (&forecast.remedy).into(),
            still_doomed: forecast.still_doomed,
            dooms: forecast.dooms,
            events: forecast.events,
            rows: forecast.rows,
        }
    }
}
