//! Media types of requests' bodies: names are compared without case and without parameters, and what is not JSON is not
//! taken for it.

use axum::http::{HeaderMap, StatusCode};

use super::guards;
use super::problem::Problem;
use crate::model::error::shown;

/// What `curl -d` says of any body where nothing else is said.
const SAID_BY_DEFAULT: &str = "application/x-www-form-urlencoded";

/// The type and subtype of a `Content-Type`, in small letters; none where it is absent. Text is UTF-8, whatever it is of.
pub fn essence(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(kind) = guards::text(headers, "content-type")? else {
        return Ok(None);
    };
    let mut parts = kind.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        if name.trim().eq_ignore_ascii_case("charset")
            && !matches!(&*value, "utf-8" | "utf8" | "us-ascii")
        {
            return Err(unsupported(kind, "bodies are UTF-8"));
        }
    }
    Ok(Some(essence))
}

/// True for JSON, in its own name or in that of a format made of it.
pub fn is_json(essence: &str) -> bool {
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Refuses a body that says of itself that it is not JSON.
pub fn check_json(headers: &HeaderMap) -> Result<(), Problem> {
    match essence(headers)? {
        Some(essence) if !is_json(&essence) && essence != SAID_BY_DEFAULT => {
            Err(unsupported(&essence, "Content-Type: application/json"))
        }
        _ => Ok(()),
    }
}

pub fn unsupported(kind: &str, hint: &str) -> Problem {
    let text = format!("'{}' is not how this comes", shown(kind));
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", text).with("hint", hint)
}
