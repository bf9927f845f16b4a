//! Who asks, and whether they may: before anything else of a request is looked at.
//!
//! Where a book has tokens, and wherever others reach its address, every request carries one. Otherwise its operator is
//! the user who serves it: whoever made a connection is known from the system, or shows the token that is in the book's
//! directory. Pages of other places that a browser shows are refused either way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::browser;
use super::http::problem::Problem;
use super::options::ServeOptions;
use super::peer::Peer;
use crate::model::error::shown;
use crate::model::{Error, PluginName, Result};
use crate::store::{
    BookDir, Catalog, LocalToken, Token, TokenFile, TokenList, TokenRole, TokenStamp, TokenState,
};

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
    /// Shown by who is on this machine, while nobody needs a token of the book.
    local: LocalToken,
    /// Nobody on this machine is asked anything.
    open_loopback: bool,
}

/// The tokens as the file had them under this stamp.
struct Known {
    stamp: Option<TokenStamp>,
    tokens: Arc<TokenList>,
}

impl Access {
    /// Refuses a book that nobody could use: one that asks for tokens and has none.
    pub fn of(book: &BookDir, log: &Catalog, options: &ServeOptions) -> Result<Access> {
        let file = TokenFile::of(book);
        let stamp = file.stamp()?;
        let tokens = file.read()?;
        let in_force = log.has_tokens()?;
        if in_force && tokens.is_empty() {
            let path = book.path().display();
            tracing::warn!(
                "{path} had tokens, and has none: nobody is let in until there are some"
            );
        }
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
                open_to_others || options.require_token || in_force || !tokens.is_empty(),
            ),
            local: LocalToken::made(book)?,
            open_loopback: options.open_loopback,
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

    /// True once the book has tokens, of which its log is to tell. Where they cannot be read, the next look shows it.
    pub fn has_tokens(&self) -> bool {
        self.tokens().is_ok_and(|tokens| !tokens.is_empty())
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

    /// Lets in who has a token of this role, or the book's owner on this machine while it has no tokens.
    pub fn admit(&self, request: &Parts, needed: TokenRole) -> Result<Caller, Refusal> {
        // Tokens that cannot be read let nobody in.
        let tokens = self.tokens().map_err(|error| Refusal {
            problem: error.into(),
            challenge: None,
        })?;
        let is_open = !self.required.load(Ordering::Relaxed);
        browser::check_origin(request, is_open)?;
        if is_open {
            return self.admit_owner(request).map(|()| Caller(None));
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

impl Access {
    fn admit_owner(&self, request: &Parts) -> Result<(), Refusal> {
        let peer = request.extensions.get::<Peer>();
        if self.open_loopback || peer.is_some_and(Peer::is_owner) {
            return Ok(());
        }
        match secret(request) {
            Ok(secret) if self.local.is(secret) => Ok(()),
            _ => {
                let problem = Problem::new(
                    StatusCode::UNAUTHORIZED,
                    "unauthorized",
                    "without tokens a book answers the user who serves it, and nobody else",
                )
                .with("hint", "create a token: daybook token create --help");
                Err(Refusal {
                    problem,
                    challenge: Some("Bearer"),
                })
            }
        }
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
