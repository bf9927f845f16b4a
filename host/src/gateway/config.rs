//! How one kind of task is carried out, as an operator says it and as it is stored: JSON. Secrets are named, never held.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::driver::check_address;
use super::schedule::Backoff;
use crate::model::error::shown;
use crate::model::task::{ALARM_KIND, COMMAND_KIND, REACT_KIND, is_reserved_kind};
use crate::model::{Error, Result, Span, TypeName, limits};

/// One kind: who carries it out, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KindConfig {
    pub driver: DriverConfig,
    /// Deliveries at the same time.
    #[serde(default = "at_a_time_default")]
    #[schemars(range(min = 1, max = limits::TASKS_AT_A_TIME_MAX))]
    pub at_a_time: u32,
    /// Tasks of one key one after another, in the order of the log; those behind a failed one wait.
    #[serde(default)]
    pub ordered: bool,
    /// Deliveries that are tried before a task is dead.
    #[serde(default = "tries_default")]
    #[schemars(range(min = 1, max = limits::TASK_TRIES_MAX))]
    pub tries: u32,
    /// The first pause between them, which doubles, and the longest: `1s..10m`.
    #[serde(default = "backoff_default")]
    #[schemars(
        with = "String",
        regex(pattern = r"^[1-9][0-9]{0,6}(ms|s|m|h|d)(\.\.[1-9][0-9]{0,6}(ms|s|m|h|d))?$")
    )]
    pub backoff: Backoff,
    /// Time for one delivery.
    #[serde(default = "timeout_default")]
    #[schemars(with = "String", regex(pattern = r"^[1-9][0-9]{0,6}(ms|s|m|h|d)$"))]
    pub timeout: Span,
    /// Time after a task could first be delivered in which a delivery may begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub expires: Option<Span>,
}

fn at_a_time_default() -> u32 {
    8
}

fn tries_default() -> u32 {
    12
}

fn backoff_default() -> Backoff {
    Backoff {
        first: Span::of_ms(1_000),
        longest: Span::of_ms(600_000),
    }
}

fn timeout_default() -> Span {
    Span::of_ms(30_000)
}

/// Who carries a kind out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriverConfig {
    Webhook(WebhookConfig),
    Mail(MailConfig),
    Object(ObjectConfig),
    /// The task's data is a command of this book: `{"type": …, "data": …, "subject"?: …}`.
    Command {},
    /// A request whose answer is a command of this book.
    Fetch(FetchConfig),
    /// A line of JSON for each task; for development.
    File {
        path: PathBuf,
    },
    /// The same to the server's standard output.
    Stdout {},
}

/// Where a secret is, when it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// The name of a variable in the server's environment.
    Env(String),
    /// A file that the server can read.
    File(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    pub url: String,
    /// For signatures as Standard Webhooks has them: `whsec_` and base64, or any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// In templates `{member}` and `{member.of.it}` stand for what the task's data holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// `smtp://host:25`, `smtp://host:587?tls=required`, `smtps://user@host`
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectConfig {
    /// `file:///var/out`, `s3://bucket/prefix`
    pub url: String,
    /// An S3 server of another address than Amazon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The object's name, a template in which `{id}` is the task's.
    #[serde(default = "object_name_default")]
    pub name: String,
    /// The member of the data whose text is stored; all of the data where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// A GET. What it answers with a status of 2xx, JSON or text, becomes a command's payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchConfig {
    /// `https://…`, a template: `{member}` and `{member.of.it}` stand for what the task's data holds.
    pub url: String,
    /// Sent as `Authorization: Bearer …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The command's type: `plugin.Name`.
    pub command: String,
    /// The member of the payload that holds the answer. Absent: the answer is the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The member of the payload that holds the task's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
}

fn object_name_default() -> String {
    "{id}.json".to_owned()
}

impl DriverConfig {
    pub fn name(&self) -> &'static str {
        match self {
            DriverConfig::Webhook(_) => "webhook",
            DriverConfig::Mail(_) => "mail",
            DriverConfig::Object(_) => "object",
            DriverConfig::Command {} => "command",
            DriverConfig::Fetch(_) => "fetch",
            DriverConfig::File { .. } => "file",
            DriverConfig::Stdout {} => "stdout",
        }
    }
}

impl KindConfig {
    /// With everything else as it is when nobody says otherwise.
    pub fn of(driver: DriverConfig) -> KindConfig {
        KindConfig {
            driver,
            at_a_time: at_a_time_default(),
            ordered: false,
            tries: tries_default(),
            backoff: backoff_default(),
            timeout: timeout_default(),
            expires: None,
        }
    }

    /// How lazy reactions are carried out where nobody says otherwise.
    pub fn of_commands() -> KindConfig {
        KindConfig {
            ordered: true,
            ..KindConfig::of(DriverConfig::Command {})
        }
    }

    pub fn parse(text: &str) -> Result<KindConfig> {
        let config: KindConfig = serde_json::from_str(text).map_err(|error| {
            Error::usage(format!("this is no configuration of a kind: {error}"))
                .hint("{\"driver\": {\"webhook\": {\"url\": \"https://…\"}}, \"tries\": 12}")
        })?;
        Ok(config)
    }

    /// As it is stored and shown.
    pub fn json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Refuses what could never work.
    pub fn check(&self, kind: &str) -> Result<()> {
        let refuse = |what: String| Err(Error::usage(format!("kind '{}': {what}", shown(kind))));
        if kind.is_empty() || kind.len() > limits::ENVELOPE_TEXT_BYTES_MAX {
            return refuse("a kind has a name".into());
        }
        if kind == REACT_KIND {
            return refuse("blocking reactions are carried out with their event".into());
        }
        let is_possible = match kind {
            COMMAND_KIND => self.driver == (DriverConfig::Command {}),
            ALARM_KIND => true,
            other => !is_reserved_kind(other),
        };
        if !is_possible {
            return refuse(format!(
                "of the host's own kinds '{ALARM_KIND}' is configured, and '{COMMAND_KIND}' with the driver command"
            ));
        }
        let numbers = [
            ("--at-a-time", self.at_a_time, limits::TASKS_AT_A_TIME_MAX),
            ("--tries", self.tries, limits::TASK_TRIES_MAX),
        ];
        for (name, number, max) in numbers {
            if !(1..=max).contains(&number) {
                return refuse(format!("{name} is {number}; 1 to {max} is possible"));
            }
        }
        self.driver.check(kind)
    }
}

impl DriverConfig {
    fn check(&self, kind: &str) -> Result<()> {
        let scheme = |url: &str, known: &[&str]| match known
            .iter()
            .any(|known| url.strip_prefix(known).is_some_and(|rest| !rest.is_empty()))
        {
            true => Ok(()),
            false => Err(Error::usage(format!(
                "kind '{}': '{}' is no address for the driver {}",
                shown(kind),
                shown(url),
                self.name()
            ))
            .hint(format!("it begins with {}", known.join(" or ")))),
        };
        match self {
            DriverConfig::Webhook(webhook) => {
                check_address(kind, &webhook.url)?;
                scheme(&webhook.url, &["http://", "https://"])
            }
            DriverConfig::Mail(mail) => {
                check_address(kind, &mail.url)?;
                scheme(&mail.url, &["smtp://", "smtps://"])
            }
            DriverConfig::Object(object) if !object.name.contains("{id}") => {
                Err(Error::usage(format!(
                    "kind '{}': the name '{}' has no {{id}}: a task's object would take the place of another's",
                    shown(kind),
                    shown(&object.name)
                ))
                .hint("--name 'statements/{account}/{id}.json'"))
            }
            DriverConfig::Object(object) => {
                check_address(kind, &object.url)?;
                if let Some(endpoint) = &object.endpoint {
                    check_address(kind, endpoint)?;
                }
                scheme(&object.url, &["file:///", "s3://"])
            }
            DriverConfig::Fetch(fetch) => {
                check_address(kind, &fetch.url)?;
                scheme(&fetch.url, &["http://", "https://"])?;
                TypeName::new(&fetch.command).map(drop)?;
                match (&fetch.member, &fetch.asked) {
                    (None, Some(_)) => Err(Error::usage(format!(
                        "kind '{}': the task's data stand beside the answer, so that needs a name too",
                        shown(kind)
                    ))
                    .hint("--member answer --asked-member request")),
                    (Some(one), Some(other)) if one == other => Err(Error::usage(format!(
                        "kind '{}': '{}' cannot hold both the answer and the task's data",
                        shown(kind),
                        shown(one)
                    ))),
                    _ => Ok(()),
                }
            }
            DriverConfig::File { path } if !path.is_absolute() => Err(Error::usage(format!(
                "kind '{}': '{}' is not an absolute path",
                shown(kind),
                path.display()
            ))),
            DriverConfig::File { .. } | DriverConfig::Command {} | DriverConfig::Stdout {} => {
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_stored_as_it_is_shown_and_what_is_left_out_is_filled_in() {
        let text = r#"{"driver": {"webhook": {"url": "https://a.example/hook", "secret": {"env": "HOOK"}}}, "ordered": true}"#;
        let config = KindConfig::parse(text).unwrap();
        config.check("note").unwrap();
        assert_eq!(
            config.json().to_string(),
            r#"{"at_a_time":8,"backoff":"1s..10m","driver":{"webhook":{"secret":{"env":"HOOK"},"url":"https://a.example/hook"}},"ordered":true,"timeout":"30s","tries":12}"#
        );
        assert_eq!(
            KindConfig::parse(&config.json().to_string()).unwrap(),
            config
        );
    }

    #[test]
    fn what_could_never_work_is_refused() {
        let webhook = |url: &str| {
            KindConfig::of(DriverConfig::Webhook(WebhookConfig {
                url: url.into(),
                secret: None,
            }))
        };
        assert!(webhook("https://a.example").check("note").is_ok());
        assert!(webhook("ftp://a.example").check("note").is_err());
        assert!(webhook("https://").check("note").is_err());
        assert!(
            webhook("https://a.example")
                .check("daybook.command")
                .is_err()
        );
        assert!(KindConfig::of_commands().check("daybook.command").is_ok());
        assert!(KindConfig::of_commands().check("daybook.react").is_err());
        assert!(KindConfig::of_commands().check("daybook.other").is_err());
        for (name, is_possible) in [
            ("{id}.json", true),
            ("a/{account}-{id}", true),
            ("{account}.json", false),
        ] {
            let text = format!(
                r#"{{"driver": {{"object": {{"url": "s3://bucket", "name": "{name}"}}}}}}"#
            );
            let config = KindConfig::parse(&text).unwrap();
            assert_eq!(config.check("note").is_ok(), is_possible, "{name}");
        }
        for (at_a_time, tries) in [(0, 1), (1, 0), (1_001, 1), (1, 1_000_001)] {
            let config = KindConfig {
                at_a_time,
                tries,
                ..webhook("https://a.example")
            };
            assert!(config.check("note").is_err(), "{at_a_time} {tries}");
        }
        assert!(
            KindConfig::parse(r#"{"driver": {"webhook": {"url": "x", "secret": "s3cret"}}}"#)
                .is_err()
        );
        assert!(KindConfig::parse(r#"{"driver": {"telegram": {}}}"#).is_err());
    }
}
