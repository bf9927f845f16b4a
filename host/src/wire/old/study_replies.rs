//! What studies came to, as JSON: the server's answers and the command line's output are the same.

use std::io::Write;

use serde_json::{Map, Value as Json, json};

use crate::book::{json_of, json_text};
use crate::diff::jsonl::JsonlReport;
use crate::diff::words::{final_place, final_words, place, sides};
use crate::diff::{Expectations, FinalRow, Summary};
use crate::history::silent;
use crate::model::{Result, Value};
use crate::study::DiffRequest;
use crate::study::LateTask;
use crate::study::Study;
use crate::study::{Divergence, Saw};
use crate::study::{Dooms, Forecast, FoundDoom, Remedy};
use crate::study::{Said, Turned, WhatIf};
use crate::versions::{Certified, certification_json};

/// A row of a state that ends otherwise: where, and how.
pub fn row_json(row: &FinalRow) -> Json {
    json!({ "row": final_place(row), "patch": final_words(row) })
}

impl Study<'_> {
    /// A diff's report as JSON Lines. `expect` is the text of an expectation file.
    pub fn diff_lines(
        &mut self,
        request: &DiffRequest,
        expect: &str,
        out: impl Write,
    ) -> Result<Summary> {
        let mut expectations = Expectations::parse(expect)?;
        let mut report = JsonlReport::new(out);
        self.diff(request, &mut expectations, &mut report, &mut silent())
    }
}

impl Certified {
    pub fn json(&self) -> Json {
        let known = &self.certification;
        json!({
            "plugin": known.version.plugin.as_str(),
            "version": known.version.date.to_string(),
            "isolation": self.isolation.as_str(),
            "deterministic": self.refusal.is_none(),
            "certification": certification_json(known),
        })
    }
}

impl FoundDoom {
    pub fn json(&self) -> Json {
        let doom = &self.doom;
        let others = self.others.iter().map(|(version, made)| match made {
            Ok((changes, tasks)) => json!({
                "version": version.to_string(), "changes": changes, "tasks": tasks,
            }),
            Err(why) => json!({ "version": version.to_string(), "fails": why }),
        });
        json!({
            "seq": doom.seq.0,
            "type": doom.event_type.as_str(),
            "version": doom.version.to_string(),
            "error": doom.error.to_string(),
            "log": doom.log.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(),
            "others": others.collect::<Vec<_>>(),
        })
    }
}

impl Dooms {
    pub fn json(&self) -> Json {
        json!({
            "events": self.events,
            "found": self.found.iter().map(FoundDoom::json).collect::<Vec<_>>(),
            "more": self.more,
        })
    }
}

impl Remedy {
    pub fn json(&self) -> Json {
        match self {
            Remedy::Skip => json!({ "skip": true }),
            Remedy::Amend(data) => json!({ "amend": json_text(data) }),
            Remedy::Pin(version) => json!({ "pin": version.to_string() }),
        }
    }
}

impl Forecast {
    pub fn json(&self) -> Json {
        json!({
            "remedy": self.remedy.json(),
            "still_doomed": self.still_doomed,
            "dooms": self.dooms,
            "events": self.events,
            "rows": self.rows,
        })
    }
}

impl Divergence {
    pub fn json(&self) -> Json {
        let differences = self.differences.iter().map(|difference| {
            let (base, candidate) = sides(difference);
            json!({ "place": place(difference), "base": base, "candidate": candidate })
        });
        json!({
            "first": self.event.seq.0,
            "type": self.event.event_type.as_str(),
            "id": self.event.id,
            "differences": differences.collect::<Vec<_>>(),
            "base": self.base.json(),
            "candidate": self.candidate.json(),
        })
    }
}

impl Saw {
    fn json(&self) -> Json {
        let rows = self.rows.iter().map(|row| {
            let members = |values: &Vec<(String, Value)>| {
                let members = values
                    .iter()
                    .map(|(name, value)| (name.clone(), json_of(value)));
                Json::Object(members.collect::<Map<_, _>>())
            };
            json!({
                "table": row.table,
                "key": row.key.iter().map(json_of).collect::<Vec<_>>(),
                "row": row.row.as_ref().map(members),
            })
        });
        json!({ "rows": rows.collect::<Vec<_>>(), "searched": self.searched })
    }
}

impl Turned {
    pub fn json(&self) -> Json {
        let command = &self.command;
        json!({
            "record": "command",
            "command": command.id,
            "type": command.command_type.as_str(),
            "position": command.position.0,
            "time": command.time,
            "data": json_text(&command.data),
            "turn": self.turn.as_str(),
            "base": self.base.json(),
            "candidate": self.candidate.json(),
        })
    }
}

impl Said {
    fn json(&self) -> Json {
        match self {
            Said::Accepted(events) => {
                let events = events.iter().map(|event| {
                    json!({
                        "type": event.event_type,
                        "subject": event.subject,
                        "data": json_text(&event.data),
                    })
                });
                json!({ "events": events.collect::<Vec<_>>() })
            }
            Said::Rejected(rejection) => json!({
                "rejected": rejection.code,
                "message": rejection.message,
                "details": rejection.details.as_deref().map(json_text),
            }),
            Said::Failed(message) => json!({ "failed": message }),
        }
    }
}

impl WhatIf {
    /// Commands that would be answered otherwise.
    pub fn turned(&self) -> u64 {
        self.turned.values().sum()
    }

    pub fn json(&self) -> Json {
        let by = self.turned.iter().map(|((name, turn), times)| {
            json!({ "command": name, "turn": turn.as_str(), "commands": times })
        });
        json!({
            "record": "summary",
            "commands": self.commands,
            "turned": self.turned(),
            "by": by.collect::<Vec<_>>(),
        })
    }
}

impl LateTask {
    pub fn json(&self) -> Json {
        json!({
            "event": self.event.0,
            "kind": self.task.kind,
            "key": self.task.key,
            "data": json_text(&self.task.data),
            "not_before": self.task.not_before,
        })
    }
}
