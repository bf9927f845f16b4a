//! HTTP: the task's JSON as a POST, signed as Standard Webhooks says.

use std::ops::RangeInclusive;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Response, StatusCode, Url};
use sha2::Sha256;
use tokio::time::timeout;

use super::{Folders, LAST_WORDS, Verdict, beginning, body, late};
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
    folders: Folders,
}

/// Bytes of a key that is given in base64, as Standard Webhooks has it.
const KEY_BYTES: RangeInclusive<usize> = 24..=64;

impl Webhook {
    pub fn new(config: &WebhookConfig, folders: &Folders) -> Result<Webhook> {
        let url: Url = config.url.parse().map_err(|error| {
            Error::usage(format!(
                "'{}' is no address: {error}",
                config.url.escape_debug()
            ))
        })?;
        // One that is not there is told now, not with the first task.
        if let Some(secret) = &config.secret {
            key(&secret.read(folders)?)?;
        }
        Ok(Webhook {
            client: outbound::client(outbound::settings(&url, None)?)?,
            url,
            secret: config.secret.clone(),
            folders: folders.clone(),
        })
    }

    /// The head of the answer has to come within `limit`, and says what was done.
    pub async fn deliver(&self, task: &DueTask, limit: Duration) -> Verdict {
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
            match secret.read(&self.folders).and_then(|text| key(&text)) {
                Ok(key) => {
                    let signature = signature(&key, &task.id, &timestamp, &body);
                    request = request.header("webhook-signature", signature);
                }
                Err(error) => return Verdict::retry(error),
            }
        }
        let response = match timeout(limit, request.body(body).send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Verdict::retry(causes(&error.without_url())),
            Err(_) => return late(limit),
        };
        let status = response.status();
        let asked = response.headers().get("retry-after");
        let after = asked
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, now));
        let said = answer(response).await;
        let said = match said.is_empty() {
            true => status.as_u16().to_string(),
            false => format!("{} {said}", status.as_u16()),
        };
        verdict(status, said, after)
    }
}

pub(super) fn verdict(
    status: StatusCode,
    said: String,
    after: Option<std::time::Duration>,
) -> Verdict {
    match status.as_u16() {
        200..=299 => Verdict::Done(Some(said)),
        408 | 425 | 429 | 500..=599 => Verdict::Retry { said, after },
        // A redirect is not followed: who configures the address should say the right one.
        _ => Verdict::Dead(said),
    }
}

/// The beginning of the answer's body, as far as it comes soon: the status alone says what was done. The rest is not read,
/// so an endless one costs its connection alone.
async fn answer(mut response: Response) -> String {
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < limits::TASK_ANSWER_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => return None,
                Err(error) => return Some(causes(&error.without_url())),
            }
        }
        None
    };
    let broken = timeout(LAST_WORDS.mul_f32(0.8), read).await;
    match broken {
        Ok(Some(error)) => format!("the answer ended early: {error}"),
        Ok(None) | Err(_) => beginning(&bytes),
    }
}

/// The key of a secret: `whsec_` stands before one in base64, any other text is the key itself.
pub fn key(secret: &str) -> Result<Vec<u8>> {
    let Some(text) = secret.strip_prefix("whsec_") else {
        return Ok(secret.as_bytes().to_vec());
    };
    let (least, most) = (KEY_BYTES.start(), KEY_BYTES.end());
    let refuse = |what: String| {
        Err(Error::usage(format!(
            "the secret begins with whsec_, and what follows {what}"
        ))
        .hint(format!(
            "whsec_ and {least} to {most} random bytes in base64: openssl rand -base64 32"
        )))
    };
    match STANDARD.decode(text) {
        Ok(key) if KEY_BYTES.contains(&key.len()) => Ok(key),
        Ok(key) => refuse(format!(
            "is {} bytes; {least} to {most} make a key",
            key.len()
        )),
        Err(_) => refuse("is not base64".to_owned()),
    }
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
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_that_is_not_what_it_says_is_no_key() {
        let bytes = |count| format!("whsec_{}", STANDARD.encode(vec![7_u8; count]));
        for good in ["any text", "WHSEC_x", &bytes(24), &bytes(64)] {
            assert!(key(good).is_ok(), "{good}");
        }
        for bad in [
            "whsec_",
            "whsec_!!!",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAA",
            "whsec_-_8-_8-_8-_8-_8-_8-_8-_8-_8-_8-_8-_8",
            &bytes(23),
            &bytes(65),
        ] {
            let error = key(bad).expect_err(bad);
            assert!(
                !error.message.contains(&bad[6..]) || bad.len() == 6,
                "{error}"
            );
        }
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
