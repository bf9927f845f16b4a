//! SMTP: one message for each task. Its Message-ID is the task's id, so that a repeated one can be told from another.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Mailboxes, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use reqwest::Url;
use serde_json::Value as Json;

use super::template::fill;
use super::{Folders, Verdict, beginning};
use crate::gateway::config::MailConfig;
use crate::model::error::causes;
use crate::model::{DueTask, Error, Result, limits};

pub struct Mail {
    config: MailConfig,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    pub fn new(config: &MailConfig, folders: &Folders) -> Result<Mail> {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::usage(format!(
                "'{}' is no mail server: {error}",
                config.url.escape_debug()
            ))
            .hint("smtp://host:25, smtp://user@host:587?tls=required, smtps://user@host")
        };
        let url: Url = config.url.parse().map_err(|error| unusable(&error))?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url)
            .map_err(|error| unusable(&error))?;
        if let Some(password) = config
            .password
            .as_ref()
            .map(|it| it.read(folders))
            .transpose()?
        {
            builder = builder.credentials(Credentials::new(url.username().to_owned(), password));
        }
        Ok(Mail {
            config: config.clone(),
            transport: builder.build(),
        })
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        // On a thread of its own: what a message costs holds nobody up, and the time for a delivery is over when it is.
        let (config, copy) = (self.config.clone(), task.clone());
        let made = tokio::task::spawn_blocking(move || message(&config, &copy)).await;
        let message = match made {
            Ok(Ok(message)) => message,
            // The same task makes the same message: nothing is gained by trying again.
            Ok(Err(said)) => return Verdict::Dead(said),
            Err(error) => return Verdict::retry(error),
        };
        match self.transport.send(message).await {
            Ok(response) => {
                let said: Vec<_> = response.message().collect();
                let said = format!("{} {}", response.code(), said.join(" "));
                Verdict::Done(Some(beginning(said.as_bytes())))
            }
            Err(error) if error.is_permanent() => Verdict::Dead(causes(&error)),
            Err(error) => Verdict::retry(causes(&error)),
        }
    }
}

/// The message that a task asks for, or why there can be none.
fn message(config: &MailConfig, task: &DueTask) -> Result<Message, String> {
    let data: Json = serde_json::from_str(&task.data).map_err(|error| error.to_string())?;
    let header = |template: &str| -> Result<String, String> {
        let text = fill(template, &data)?;
        let bytes = text.len();
        if bytes > limits::MAIL_HEADER_BYTES_MAX {
            let max = limits::MAIL_HEADER_BYTES_MAX;
            return Err(format!("a header of {bytes} bytes; {max} are possible"));
        }
        // What would begin another header.
        match text.contains(['\r', '\n']) {
            true => Err(format!("a header of more than one line: {text:?}")),
            false => Ok(text),
        }
    };
    let from = header(&config.from)?;
    let from: Mailbox = from
        .parse()
        .map_err(|error| format!("from '{from}': {error}"))?;
    let to = fill(&config.to, &data)?;
    let (recipients, max) = (to.split(',').count(), limits::MAIL_RECIPIENTS_MAX);
    if recipients > max {
        return Err(format!(
            "{recipients} recipients; a message has {max} at most"
        ));
    }
    let to = header(&config.to)?;
    let to: Mailboxes = to.parse().map_err(|error| format!("to '{to}': {error}"))?;
    let mut builder = Message::builder()
        .from(from)
        .subject(header(&config.subject)?)
        .message_id(Some(format!("<{}@daybook>", task.id)));
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(fill(&config.body, &data)?);
    builder
        .multipart(MultiPart::mixed().singlepart(text))
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::model::Place;

    use super::*;

    fn config() -> MailConfig {
        MailConfig {
            url: "smtp://127.0.0.1:25".into(),
            password: None,
            from: "Book <book@example.com>".into(),
            to: "{to}".into(),
            subject: "Address of {name}".into(),
            body: "Dear {name},\nit changed.".into(),
        }
    }

    fn task(data: &str) -> DueTask {
        DueTask {
            id: "01890a5d-ac96-8b4b-bcce-b302099a8057".into(),
            place: Place::default(),
            kind: "mail".into(),
            key: None,
            data: data.into(),
            tries: 1,
            round: 0,
            event_type: "a.B".into(),
            event_id: "e".into(),
            event_source: "/s".into(),
            event_time: "2026-01-01T00:00:00Z".into(),
            event_extensions: None,
            subject: None,
        }
    }

    #[test]
    fn a_message_is_made_of_the_tasks_members_and_named_by_its_id() {
        let task = task(r#"{"to": "Ana <ana@example.com>, b@example.com", "name": "Ana"}"#);
        let message = String::from_utf8(message(&config(), &task).unwrap().formatted()).unwrap();
        for part in [
            "Message-ID: <01890a5d-ac96-8b4b-bcce-b302099a8057@daybook>",
            "From: Book <book@example.com>",
            "Subject: Address of Ana",
            "ana@example.com",
            "b@example.com",
            "Dear Ana,",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }

    #[test]
    fn what_cannot_be_a_message_is_said() {
        for data in [
            r#"{"name": "Ana"}"#,
            r#"{"to": "nobody", "name": "Ana"}"#,
            r#"{"to": "a@example.com", "name": "Ana\r\nBcc: x@example.com"}"#,
        ] {
            assert!(message(&config(), &task(data)).is_err(), "{data}");
        }
    }

    #[test]
    fn a_message_to_too_many_is_refused_before_it_is_made() {
        let to = |count: usize| {
            let to = vec!["a@example.com"; count].join(",");
            let data = serde_json::json!({"to": to, "name": "Ana"}).to_string();
            message(&config(), &task(&data)).map(drop)
        };
        to(limits::MAIL_RECIPIENTS_MAX).unwrap();
        let refused = to(20_000).unwrap_err();
        assert_eq!(refused, "20000 recipients; a message has 100 at most");
        let name = "x".repeat(limits::MAIL_HEADER_BYTES_MAX);
        let data = serde_json::json!({"to": "a@example.com", "name": name}).to_string();
        let refused = message(&config(), &task(&data)).unwrap_err();
        assert!(refused.starts_with("a header of "), "{refused}");
    }
}
