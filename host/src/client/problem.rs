//! A server's problem details, back as the error that they were made from.

use crate::model::error::Problem as Detail;
use crate::model::{Error, ErrorKind};
use crate::wire::Problem;

/// The error behind an answer that is not a good one.
pub fn error(status: u16, body: &[u8]) -> Error {
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else {
        return Error::unavailable(format!(
            "it was answered {status}, and not in the words of a book's server"
        ))
        .hint("is it a book that is served there, and nothing between that refuses?");
    };
    let kind = problem.kind.as_deref().and_then(ErrorKind::of_name);
    let error = Error::new(kind.unwrap_or_else(|| kind_of(status)), problem.detail);
    let hint = match status {
        401 => Some("--token dbk_…, or DAYBOOK_TOKEN in the environment".to_owned()),
        413 => Some("serve the book with a larger --body-max, or send less at once".to_owned()),
        _ => problem.hint,
    };
    // What is too much at once can be sent in parts.
    let error = match problem.problem.as_str() {
        "/problems/limit" => error.problem(Detail::Limit),
        _ => error,
    };
    Error { hint, ..error }
}

/// What a refusal by the server itself means to who called.
fn kind_of(status: u16) -> ErrorKind {
    match status {
        401 | 403 | 408 | 429 | 502..=504 => ErrorKind::Unavailable,
        404 | 405 => ErrorKind::Usage,
        409 | 412 => ErrorKind::Conflict,
        400..=499 => ErrorKind::Refused,
        _ => ErrorKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_the_error_it_was_made_from() {
        let cases = [
            (
                404,
                r#"{"detail": "no", "kind": "usage", "hint": "h"}"#,
                ErrorKind::Usage,
                Some("h"),
            ),
            (
                400,
                r#"{"detail": "no", "kind": "refused"}"#,
                ErrorKind::Refused,
                None,
            ),
            (
                422,
                r#"{"detail": "no", "kind": "plugin"}"#,
                ErrorKind::Plugin,
                None,
            ),
            (400, r#"{"detail": "no"}"#, ErrorKind::Refused, None),
            (403, r#"{"detail": "no"}"#, ErrorKind::Unavailable, None),
            (412, r#"{"detail": "no"}"#, ErrorKind::Conflict, None),
            (
                500,
                r#"{"detail": "no", "kind": "corrupt"}"#,
                ErrorKind::Corrupt,
                None,
            ),
        ];
        for (status, body, kind, hint) in cases {
            let members = body.trim_start_matches('{');
            let body =
                format!(r#"{{"type": "/problems/p", "title": "t", "status": {status}, {members}"#);
            let error = error(status, body.as_bytes());
            assert_eq!((error.kind, error.hint.as_deref()), (kind, hint), "{body}");
            assert_eq!(error.message, "no");
        }
        let error = error(502, b"<html>Bad Gateway</html>");
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(error.message.contains("502"), "{error}");
    }
}
