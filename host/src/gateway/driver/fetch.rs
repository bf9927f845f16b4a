//! HTTP: a GET whose answer is a command of the book. Its payload is the answer, or holds it; the creator compares it with
//! what is known, so that only what has changed becomes events.

use reqwest::{Client, Url, header};
use serde::Serialize;
use serde::ser::SerializeMap as _;
use serde_json::value::RawValue;

use super::template::fill_encoded;
use super::webhook::verdict;
use super::{Folders, Verdict, beginning};
use crate::gateway::config::{FetchConfig, Secret};
use crate::gateway::schedule::retry_after;
use crate::model::clock::unix_milliseconds_now;
use crate::model::error::causes;
use crate::model::{DueTask, Error, JsonText, Result, limits};
use crate::outbound;

pub struct Fetch {
    client: Client,
    config: FetchConfig,
    folders: Folders,
}

/// The command, as the driver `command` takes it from a task.
#[derive(Serialize)]
struct CommandJson<'a> {
    #[serde(rename = "type")]
    command_type: &'a str,
    data: PayloadJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
}

/// Its payload: the answer, perhaps under a name, and the task's data beside it.
struct PayloadJson<'a> {
    config: &'a FetchConfig,
    answer: &'a JsonText<'a>,
    asked: &'a str,
}

impl Serialize for PayloadJson<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(member) = &self.config.member else {
            return self.answer.serialize(to);
        };
        let mut members = to.serialize_map(None)?;
        members.serialize_entry(member, self.answer)?;
        if let Some(asked) = &self.config.asked {
            let data: Result<&RawValue, _> = serde_json::from_str(self.asked);
            members.serialize_entry(asked, data.unwrap_or(RawValue::NULL))?;
        }
        members.end()
    }
}

impl Fetch {
    pub fn new(config: &FetchConfig, folders: &Folders) -> Result<Fetch> {
        // Without what the task fills in: whom it trusts does not hang on it.
        let bare = config.url.replace(['{', '}'], "");
        let url: Url = bare.parse().map_err(|error| {
            Error::usage(format!(
                "'{}' is no address: {error}",
                config.url.escape_debug()
            ))
        })?;
        // One that is not there is told now, not with the first task.
        if let Some(secret) = &config.secret {
            secret.read(folders)?;
        }
        Ok(Fetch {
            client: outbound::client(outbound::settings(&url, None)?)?,
            config: config.clone(),
            folders: folders.clone(),
        })
    }

    /// The command that a task comes to, as JSON; or what came of the delivery where there is none.
    pub async fn command(&self, task: &DueTask) -> Result<String, Verdict> {
        let url = fill_encoded(&self.config.url, &task.data).map_err(Verdict::Dead)?;
        let mut request = { self.client.get(&url) }
            .header(header::ACCEPT, "application/json, text/*;q=0.5")
            .header("webhook-id", &task.id);
        if let Some(secret) = &self.config.secret {
            let token = self.secret(secret)?;
            request = request.bearer_auth(token);
        }
        let failed = |error: reqwest::Error| Verdict::retry(causes(&error.without_url()));
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let asked = response.headers().get(header::RETRY_AFTER);
        let after = asked
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, unix_milliseconds_now()));
        let is_good = status.is_success();
        let most = match is_good {
            true => limits::PAYLOAD_BYTES_MAX,
            false => limits::TASK_ANSWER_BYTES_MAX,
        };
        let mut bytes = Vec::new();
        while bytes.len() <= most {
            match response.chunk().await.map_err(failed)? {
                Some(chunk) => bytes.extend_from_slice(&chunk),
                None => break,
            }
        }
        if !is_good {
            let said = format!("{} {}", status.as_u16(), beginning(&bytes));
            return Err(verdict(status, said.trim().to_owned(), after));
        }
        if bytes.len() > most {
            return Err(Verdict::Dead(format!(
                "the answer has more than the {most} bytes that a payload may have"
            )));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Verdict::Dead("the answer is not UTF-8".to_owned()))?;
        let command = CommandJson {
            command_type: &self.config.command,
            data: PayloadJson {
                config: &self.config,
                answer: &JsonText::of(text.trim()),
                asked: &task.data,
            },
            subject: task.subject.as_deref(),
        };
        serde_json::to_string(&command).map_err(Verdict::retry)
    }

    fn secret(&self, secret: &Secret) -> Result<String, Verdict> {
        secret.read(&self.folders).map_err(Verdict::retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_payload_or_stands_in_it_beside_what_was_asked() {
        let payload = |member: Option<&str>, asked: Option<&str>, answer: &str| {
            let config = FetchConfig {
                url: "https://a.example".to_owned(),
                secret: None,
                command: "a.B".to_owned(),
                member: member.map(str::to_owned),
                asked: asked.map(str::to_owned),
            };
            let payload = PayloadJson {
                config: &config,
                answer: &JsonText::of(answer),
                asked: r#"{"year":2020}"#,
            };
            serde_json::to_string(&payload).unwrap()
        };
        let sum = r#"{"sum":1.50}"#;
        assert_eq!(payload(None, None, sum), sum);
        assert_eq!(payload(Some("days"), None, "[1]"), r#"{"days":[1]}"#);
        assert_eq!(
            payload(Some("list"), Some("of"), "a,b\n"),
            r#"{"list":"a,b\n","of":{"year":2020}}"#
        );
    }
}
