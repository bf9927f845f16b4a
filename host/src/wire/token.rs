//! Tokens of a served book, without their secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store;

/// Who may ask a served book.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Who its holder is.
    pub name: String,
    /// `reader`, `writer` or `operator`
    pub role: String,
    /// `valid`, `expired` or `revoked`
    pub state: String,
    /// Commands and events of these plugins only; of all where it is empty.
    pub plugins: Vec<String>,
    /// RFC 3339, UTC, as the times after it.
    pub created: String,
    pub expires: Option<String>,
    pub revoked: Option<String>,
}

impl From<&store::Token> for Token {
    fn from(token: &store::Token) -> Token {
        Token {
            name: token.name.clone(),
            role: token.role.name().to_owned(),
            state: token.state().name().to_owned(),
            plugins: token.plugins.iter().map(ToString::to_string).collect(),
            created: token.created.clone(),
            expires: token.expires.clone(),
            revoked: token.revoked.clone(),
        }
    }
}
