//! What browsers do for pages that somebody else made: such requests are told by their heads, and refused.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri, header};

use super::http::problem::Problem;
use crate::model::error::shown;

/// Refuses a request that a page from elsewhere has a browser make, whatever its method. `is_open` where no token is asked
/// for: then only names are answered to that always mean this machine, since any other can be made to point here.
pub fn check_origin(request: &Parts, is_open: bool) -> Result<(), Problem> {
    let headers = &request.headers;
    if is_open {
        let mut hosts = headers.get_all(header::HOST).iter().map(text);
        let target = request.uri.authority().map(|it| it.as_str());
        if !hosts.all(is_this_machine) || !target.is_none_or(is_this_machine) {
            return Err(elsewhere("the request is for another host's name"));
        }
    }
    let site = headers.get("sec-fetch-site").map(text);
    let is_own_page = site == Some("same-origin") && !is_open;
    let own = headers.get(header::HOST).map(text);
    let mut origins = headers.get_all(header::ORIGIN).iter().map(|origin| {
        let parsed = text(origin).parse::<Uri>().ok();
        parsed.and_then(|uri| uri.authority().map(ToString::to_string))
    });
    let are_near = origins.all(|origin| {
        origin.is_some_and(|it| is_this_machine(&it) || (!is_open && Some(&*it) == own))
    });
    if !is_own_page && !are_near {
        return Err(elsewhere("the request is a page's from elsewhere"));
    }
    // Browsers that say where a page is from need not name its origin too.
    let is_foreign = matches!(site, Some("cross-site" | "same-site"));
    if is_foreign && !headers.contains_key(header::ORIGIN) && changes(&request.method) {
        return Err(elsewhere("the request is a page's from elsewhere"));
    }
    Ok(())
}

/// Refuses a request to change something whose body comes as a form's: any page can send one to anywhere. What no browser
/// sent may come as `curl -d` says it, and without a type.
pub fn check_content_type(request: &Parts, has_body: bool) -> Result<(), Problem> {
    if !changes(&request.method) {
        return Ok(());
    }
    let is_browsers = is_browsers(&request.headers);
    let refuse = |what: String| {
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            format!("{what}, which any page in a browser can have it send"),
        )
        .with("hint", "Content-Type: application/json"))
    };
    let Some(kind) = request.headers.get(header::CONTENT_TYPE) else {
        return match is_browsers {
            true => refuse("the request says no content type".to_owned()),
            false => Ok(()),
        };
    };
    let essence = text(kind).split([';', ',']).next().unwrap_or_default();
    match &*essence.trim().to_ascii_lowercase() {
        "application/x-www-form-urlencoded" if !is_browsers => Ok(()),
        "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
            if is_browsers || has_body =>
        {
            refuse(format!("the body comes as '{}'", shown(essence)))
        }
        _ => Ok(()),
    }
}

/// True for methods that may change something.
fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

/// True where the head has what browsers put there and a page cannot take away.
fn is_browsers(headers: &HeaderMap) -> bool {
    let marks = [
        "origin",
        "referer",
        "sec-fetch-site",
        "sec-fetch-mode",
        "cookie",
    ];
    let agent = headers.get(header::USER_AGENT).map(text);
    marks.iter().any(|mark| headers.contains_key(*mark))
        || agent.is_some_and(|agent| agent.starts_with("Mozilla/"))
}

fn text(value: &HeaderValue) -> &str {
    // What is not plain text is nobody's name.
    value.to_str().unwrap_or_default()
}

fn elsewhere(detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail).with(
        "hint",
        "ask for the address that the server was started with: 127.0.0.1 or localhost without tokens",
    )
}

/// True for a host, with or without its port, that is always this machine.
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// What a page may do that shows an answer: nothing.
const NOTHING: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Says with an answer what a browser must not do with it. What the answer says itself stays.
pub fn guard<B>(mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, NOTHING),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry("cross-origin-resource-policy")
        .or_insert(HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_cannot_point_elsewhere_are_this_machine() {
        let here = [
            "localhost",
            "LOCALHOST:7373",
            "127.0.0.1:80",
            "127.9.9.9",
            "[::1]:7373",
            "book.localhost:1",
        ];
        for host in here {
            assert!(is_this_machine(host), "{host}");
        }
        let elsewhere = [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "[::2]",
            "notlocalhost",
            "user@localhost.evil",
        ];
        for host in elsewhere {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
