//! How kinds of tasks are carried out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::gateway::KindConfig;
use crate::tasks;

/// How every kind of task is carried out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GatewayKinds {
    /// This server carries tasks out.
    pub gateway: bool,
    pub kinds: Vec<GatewayKind>,
}

/// How a kind of task is carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GatewayKind {
    pub kind: String,
    /// Null: nobody carries it out, and its tasks wait.
    pub config: Option<KindConfig>,
    /// RFC 3339, UTC; null where nobody said so and it is the host's own way.
    pub changed_at: Option<String>,
    /// Who said so.
    pub actor: Option<String>,
}

impl From<&tasks::GatewayKind> for GatewayKind {
    fn from(kind: &tasks::GatewayKind) -> GatewayKind {
        GatewayKind {
            kind: kind.kind.clone(),
            config: kind.config.clone(),
            changed_at: kind.changed_at.clone(),
            actor: kind.actor.clone(),
        }
    }
}

/// A kind that nobody carries out any more.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UnsetKind {
    /// The kind.
    pub unset: String,
}
