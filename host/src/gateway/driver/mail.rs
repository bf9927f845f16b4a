//! SMTP: one message for each task. Its Message-ID is the task's id, so that a repeated one can be told from another.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use reqwest::Url;

use super::template::{fill, list};
use super::{Verdict, beginning};
use crate::gateway::config::{MailConfig, Secret};
use crate::model::error::causes;
use crate::model::{DueTask, Error, Result};

pub struct Mail {
    config: MailConfig,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Mail {
    pub fn new(config: &MailConfig) -> Result<Mail> {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::usage(format!(
                "'{}' is no mail server: {error}",
                config.url.escape_debug()
            ))
            .hint("smtp://host:25, smtp://user@host:587?tls=required, smtps://user@host")
        };
        let url: Url = config.url.parse().map_err(|error| unusable(&error))?;
        if url.password().is_some() {
            return Err(Error::usage("a password does not belong into the address")
                .hint("--secret-env NAME or --secret-file FILE"));
        }
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&config.url)
            .map_err(|error| unusable(&error))?;
        if let Some(password) = config.password.as_ref().map(Secret::read).transpose()? {
            builder = builder.credentials(Credentials::new(url.username().to_owned(), password));
        }
        Ok(Mail {
            config: config.clone(),
            transport: builder.build(),
        })
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        let message = match message(&self.config, task) {
            Ok(message) => message,
            // The same task makes the same message: nothing is gained by trying again.
            Err(said) => return Verdict::Dead(said),
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
    let header = |template: &str| fill(template, &task.data, None).and_then(one_line);
    let from = header(&config.from)?;
    let from: Mailbox = from
        .parse()
        .map_err(|error| format!("from '{from}': {error}"))?;
    let to = recipients(&config.to, &task.data)?;
    let mut builder = Message::builder()
        .from(from)
        .subject(header(&config.subject)?)
        .message_id(Some(format!("<{}@daybook>", task.id)));
    for mailbox in to {
        builder = builder.to(mailbox);
    }
    let text = SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(fill(&config.body, &task.data, None)?);
    builder
        .multipart(MultiPart::mixed().singlepart(text))
        .map_err(|error| error.to_string())
}

/// The addresses between the template's commas. What a task fills in is one address, whatever it holds; only a member that is
/// a list may be several.
fn recipients(template: &str, data: &str) -> Result<Vec<Mailbox>, String> {
    let mut all = Vec::new();
    let mut is_quoted = false;
    let parts = template.split(|letter| {
        is_quoted ^= letter == '"';
        letter == ',' && !is_quoted
    });
    for part in parts.map(str::trim) {
        let path = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        let listed = path.and_then(|path| list(data, path));
        let addresses = match listed {
            Some(addresses) => addresses,
            None => vec![fill(part, data, None)?],
        };
        for address in addresses {
            let address = one_line(address)?;
            let mailbox = address.parse();
            all.push(
                mailbox.map_err(|error| {
                    format!("to '{address}', which is to be one address: {error}")
                })?,
            );
        }
    }
    match all.is_empty() {
        true => Err("it is to nobody".to_owned()),
        false => Ok(all),
    }
}

/// Refuses what would begin another header.
fn one_line(text: String) -> Result<String, String> {
    match text.contains(['\r', '\n']) {
        true => Err(format!("a header of more than one line: {text:?}")),
        false => Ok(text),
    }
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
        let task = task(r#"{"to": ["Ana <ana@example.com>", "b@example.com"], "name": "Ana"}"#);
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
            // A comma in a value makes no second recipient.
            r#"{"to": "a@example.com, b@example.com", "name": "Ana"}"#,
            r#"{"to": [], "name": "Ana"}"#,
            r#"{"to": "a@example.com", "name": "Ana\r\nBcc: x@example.com"}"#,
        ] {
            assert!(message(&config(), &task(data)).is_err(), "{data}");
        }
    }
}
