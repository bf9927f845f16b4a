//! HTTP: the task's JSON as a POST, signed as Standard Webhooks says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Response, StatusCode, Url};
use sha2::Sha256;

use super::{Verdict, beginning, body};
use crate::gateway::config::{Secret, WebhookConfig};
use crate::gateway::schedule::retry_after;
use crate::model::clock::unix_milliseconds_now;
use crate::model::error::causes;
use crate::model::{DueTask, Error, Result, limits};
use crate::outbound;

pub struct Webhook {
    client: Client,
    url: Url,
    secret: Option<Secret>,
}

impl Webhook {
    pub fn new(config: &WebhookConfig) -> Result<Webhook> {
        let url: Url = config.url.parse().map_err(|error| {
            Error::usage(format!(
                "'{}' is no address: {error}",
                config.url.escape_debug()
            ))
        })?;
        // One that is not there is told now, not with the first task.
        if let Some(secret) = &config.secret {
            secret.read()?;
        }
        Ok(Webhook {
            client: outbound::client(outbound::settings(&url, None)?)?,
            url,
            secret: config.secret.clone(),
        })
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        let body = body(task);
        let now = unix_milliseconds_now();
        let timestamp = (now / 1_000).to_string();
        let mut request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &task.id)
            .header("webhook-timestamp", &timestamp)
            .header("idempotency-key", &task.id);
        if let Some(secret) = &self.secret {
            match secret.read() {
                Ok(secret) => {
                    let signature = signature(&key(&secret), &task.id, &timestamp, &body);
                    request = request.header("webhook-signature", signature);
                }
                Err(error) => return Verdict::retry(error),
            }
        }
        let response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) => return Verdict::retry(causes(&error)),
        };
        let status = response.status();
        let asked = response.headers().get("retry-after");
        let after = asked
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, now));
        let said = match answer(response).await {
            Ok(said) => said,
            // The status alone says what was done; the words are lost.
            Err(error) => format!("the answer ended early: {error}"),
        };
        let said = match said.is_empty() {
            true => status.as_u16().to_string(),
            false => format!("{} {said}", status.as_u16()),
        };
        verdict(status, said, after)
    }
}

fn verdict(status: StatusCode, said: String, after: Option<std::time::Duration>) -> Verdict {
    match status.as_u16() {
        200..=299 => Verdict::Done(Some(said)),
        408 | 425 | 429 | 500..=599 => Verdict::Retry { said, after },
        // A redirect is not followed: who configures the address should say the right one.
        _ => Verdict::Dead(said),
    }
}

/// The beginning of the answer's body. The rest is not read, so an endless one costs its connection alone.
async fn answer(mut response: Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while bytes.len() < limits::TASK_ANSWER_BYTES_MAX {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => return Err(causes(&error)),
        }
    }
    Ok(beginning(&bytes))
}

/// The key of a secret: `whsec_` stands before one in base64, any other text is the key itself.
fn key(secret: &str) -> Vec<u8> {
    secret
        .strip_prefix("whsec_")
        .and_then(|text| STANDARD.decode(text).ok())
        .unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64.
fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference implementations.
    #[test]
    fn the_signature_is_the_one_of_the_known_vector() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signed = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_can_be_mended_is_tried_again_and_what_cannot_is_dead_at_once() {
        let of = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            match verdict(status, String::new(), None) {
                Verdict::Done(_) => "done",
                Verdict::Retry { .. } => "retry",
                Verdict::Dead(_) => "dead",
            }
        };
        for (statuses, expected) in [
            (&[200, 202, 204][..], "done"),
            (&[408, 425, 429, 500, 502, 503, 504][..], "retry"),
            (&[301, 307, 400, 401, 404, 410, 422][..], "dead"),
        ] {
            for status in statuses {
                assert_eq!(of(*status), expected, "{status}");
            }
        }
    }
}
