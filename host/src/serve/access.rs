//! Who asks, and whether they may: before anything else of a request is looked at.
//!
//! A book without tokens on a loopback address asks nobody, and everybody on this machine is its operator, but for web
//! pages of other places that a browser on this machine shows. Otherwise every request carries a token.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::http::problem::Problem;
use super::options::ServeOptions;
use crate::model::error::shown;
use crate::model::{Error, PluginName, Result};
use crate::store::{BookDir, Token, TokenFile, TokenList, TokenRole, TokenStamp, TokenState};

/// Who sent a request.
#[derive(Debug, Clone)]
pub struct Caller(Option<Token>);

impl Caller {
    /// Who asks where no token is looked at.
    pub(super) fn nobody() -> Caller {
        Caller(None)
    }

    /// The name on the token, which is the actor of what it is used for. None where nobody is asked.
    pub fn actor(&self) -> Option<&str> {
        self.0.as_ref().map(|token| token.name.as_str())
    }

    /// The actor of a command: whom the client names, where nobody is asked; otherwise the token's name and no other.
    pub fn named(&self, actor: Option<String>) -> Result<Option<String>, Problem> {
        match (self.actor(), actor) {
            (Some(own), Some(other)) if own != other => Err(forbidden(format!(
                "the actor is whom the token names, '{own}', and not '{}'",
                shown(&other)
            ))),
            (Some(own), _) => Ok(Some(own.to_owned())),
            (None, other) => Ok(other),
        }
    }

    /// True where the token is for everything in the book, and where nobody is asked for one.
    pub fn is_for_all(&self) -> bool {
        self.plugins().is_empty()
    }

    /// Whether the token reaches what is a plugin's: the plugin itself, or a name with it in front (`bank.Deposit`).
    pub fn reaches(&self, name: &str) -> bool {
        let plugin = name.split_once('.').map_or(name, |(plugin, _)| plugin);
        let is_it = |allowed: &PluginName| allowed.as_str() == plugin;
        self.is_for_all() || self.plugins().iter().any(is_it)
    }

    /// Refuses what is another plugin's.
    pub fn check_plugin(&self, name: &str) -> Result<(), Problem> {
        match self.reaches(name) {
            true => Ok(()),
            false => Err(self.beyond(&format!("'{}' is not of it", shown(name)))),
        }
    }

    /// Refuses what is about all of the book, where the token is for single plugins.
    pub fn check_book(&self) -> Result<(), Problem> {
        match self.is_for_all() {
            true => Ok(()),
            false => Err(self.beyond("this is about all of the book")),
        }
    }

    fn beyond(&self, what: &str) -> Problem {
        let allowed: Vec<&str> = { self.plugins().iter() }.map(PluginName::as_str).collect();
        forbidden(format!(
            "this token is for {} alone, and {what}",
            allowed.join(", ")
        ))
    }

    fn plugins(&self) -> &[PluginName] {
        self.0.as_ref().map_or(&[], |token| &token.plugins)
    }
}

/// The tokens of a served book.
pub struct Access {
    file: TokenFile,
    /// Set for ever by the first token that is seen: a file that goes away does not open the book.
    required: AtomicBool,
    known: RwLock<Known>,
}

/// The tokens as the file had them under this stamp.
struct Known {
    stamp: Option<TokenStamp>,
    tokens: Arc<TokenList>,
}

impl Access {
    /// Refuses a book that nobody could use: one that asks for tokens and has none.
    pub fn of(book: &BookDir, options: &ServeOptions) -> Result<Access> {
        let file = TokenFile::of(book);
        let stamp = file.stamp()?;
        let tokens = file.read()?;
        let open_to_others = !options.listen.ip().is_loopback();
        let none_valid = !tokens
            .iter()
            .any(|token| token.state() == TokenState::Valid);
        if none_valid && (open_to_others || options.require_token) {
            let why = match open_to_others {
                true => format!("{} can be reached from elsewhere", options.listen),
                false => "every request needs a token".to_owned(),
            };
            return Err(
                Error::usage(format!("{why}, and the book has no valid token")).hint(format!(
                    "daybook token create {} --role operator --name NAME",
                    book.path().display()
                )),
            );
        }
        Ok(Access {
            file,
            required: AtomicBool::new(
                open_to_others || options.require_token || !tokens.is_empty(),
            ),
            known: RwLock::new(Known {
                stamp,
                tokens: Arc::new(tokens),
            }),
        })
    }

    /// The tokens as they are now: what was revoked a moment ago is seen. Costs a look at the file's attributes.
    fn tokens(&self) -> Result<Arc<TokenList>> {
        let stamp = self.file.stamp()?;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.stamp == stamp {
                return Ok(known.tokens.clone());
            }
        }
        // The stamp is older than what is read under it, so that a change in between is noticed the next time.
        let tokens = Arc::new(self.file.read()?);
        if !tokens.is_empty() {
            self.required.store(true, Ordering::Relaxed);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Known {
            stamp,
            tokens: tokens.clone(),
        };
        Ok(tokens)
    }

    /// Whether somebody who was let in would be let in still; what goes on for long should ask now and then.
    pub fn still_admits(&self, caller: &Caller) -> bool {
        let Ok(tokens) = self.tokens() else {
            return false;
        };
        match &caller.0 {
            None => !self.required.load(Ordering::Relaxed),
            Some(token) => {
                token.state() == TokenState::Valid && tokens.iter().any(|known| known == token)
            }
        }
    }

    /// Lets in who has a token of this role, or everybody on this machine where nobody is asked for one.
    pub fn admit(&self, request: &Parts, needed: TokenRole) -> Result<Caller, Refusal> {
        // Tokens that cannot be read let nobody in.
        let tokens = self.tokens().map_err(|error| Refusal {
            problem: error.into(),
            challenge: None,
        })?;
        if !self.required.load(Ordering::Relaxed) {
            return check_origin(request).map(|()| Caller(None));
        }
        let wrong = |what| unknown(what, "Bearer error=\"invalid_token\"");
        let token = tokens
            .find(secret(request)?)
            .ok_or_else(|| wrong("no token of this book"))?;
        match token.state() {
            TokenState::Valid => {}
            TokenState::Expired => return Err(wrong("the token has expired")),
            TokenState::Revoked => return Err(wrong("the token was revoked")),
        }
        if token.role < needed {
            return Err(Refusal {
                problem: forbidden(format!(
                    "this takes the role {}, and the token's is {}",
                    needed.name(),
                    token.role.name()
                )),
                challenge: Some("Bearer error=\"insufficient_scope\""),
            });
        }
        Ok(Caller(Some(token.clone())))
    }
}

/// Why a request is not let in, and what would let it in.
pub struct Refusal {
    problem: Problem,
    challenge: Option<&'static str>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge);
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal {
            problem,
            challenge: None,
        }
    }
}

/// The bearer's secret.
fn secret(request: &Parts) -> Result<&str, Refusal> {
    let malformed = |what| unknown(what, "Bearer error=\"invalid_request\"");
    let mut values = request.headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(unknown("this book asks for a token", "Bearer")),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(malformed("Authorization comes twice")),
    };
    let value = value
        .to_str()
        .map_err(|_| malformed("Authorization is not plain text"))?;
    match value.split_once(' ') {
        Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => Ok(secret.trim()),
        _ => Err(malformed("Authorization is not 'Bearer dbk_…'")),
    }
}

/// Where nobody is asked for a token, a page from elsewhere in a browser on this machine must not act for its user: such
/// a request names another origin, or, once that page's name was made to point here, another host.
fn check_origin(request: &Parts) -> Result<(), Refusal> {
    let headers = &request.headers;
    let hosts = headers
        .get_all(header::HOST)
        .iter()
        .map(HeaderValue::to_str);
    let hosts_local = hosts
        .into_iter()
        .all(|host| host.is_ok_and(is_this_machine));
    let target_local = request
        .uri
        .authority()
        .is_none_or(|authority| is_this_machine(authority.as_str()));
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origins_local = origins.all(|origin| {
        let origin = origin
            .to_str()
            .ok()
            .and_then(|text| text.parse::<Uri>().ok());
        origin
            .as_ref()
            .and_then(Uri::authority)
            .is_some_and(|authority| is_this_machine(authority.as_str()))
    });
    if hosts_local && target_local && origins_local {
        return Ok(());
    }
    let problem =
        forbidden("without tokens only this machine's own programs and pages are answered").with(
            "hint",
            "ask for 127.0.0.1 or localhost, or create a token: daybook token create --help",
        );
    Err(Refusal {
        problem,
        challenge: None,
    })
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

fn forbidden(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

fn unknown(detail: &'static str, challenge: &'static str) -> Refusal {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .with("hint", "Authorization: Bearer dbk_…");
    Refusal {
        problem,
        challenge: Some(challenge),
    }
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
