//! SMTP: one message for each task. Its Message-ID is the task's id, so that a repeated one can be told from another.

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use reqwest::Url;

use super::template::{fill, list};
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
        let (count, max) = (all.len() + addresses.len(), limits::MAIL_RECIPIENTS_MAX);
        if count > max {
            return Err(format!("{count} recipients; a message has {max} at most"));
        }
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

/// Refuses what would begin another header, and what is too long for one.
fn one_line(text: String) -> Result<String, String> {
    let (bytes, max) = (text.len(), limits::MAIL_HEADER_BYTES_MAX);
    if bytes > max {
        return Err(format!("a header of {bytes} bytes; {max} are possible"));
    }
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

    #[test]
    fn a_message_to_too_many_is_refused_before_it_is_made() {
        let to = |count: usize| {
            let to = vec!["a@example.com"; count];
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
