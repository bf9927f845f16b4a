//! What a projection's file says of itself, for whoever need not know its tables.

use std::path::Path;

use super::{Projection, ProjectionHead};
use crate::model::{Digest, Error, ErrorKind, Result};
use crate::store::{connect, schema, sqlite};

/// What a projection's file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glance {
    pub head: ProjectionHead,
    /// Which history it is of; none where it does not say.
    pub origin: Option<Digest>,
    /// What its owner noted.
    pub note: Option<String>,
}

impl Projection {
    /// What a projection's file says of itself, without knowing its tables.
    pub fn glance(path: &Path) -> Result<Glance> {
        let failed = |error| sqlite(&format!("opening {}", path.display()), error);
        let connection = connect::open(path).map_err(failed)?;
        // Not a database, a torn file, another program's: all of them are "cannot be used", not a refusal.
        let read = || -> Result<Glance> {
            schema::check_projection(&connection, path)?;
            // Of one moment, whoever writes it meanwhile.
            let moment = connection.unchecked_transaction().map_err(failed)?;
            Ok(Glance {
                head: schema::projection_head(&moment)?,
                origin: schema::projection_origin(&moment)?,
                note: schema::projection_note(&moment)?,
            })
        };
        match read() {
            Ok(glance) => Ok(glance),
            Err(error) if error.kind == ErrorKind::Unavailable && error.hint.is_none() => {
                Err(Error::corrupt(error.message))
            }
            Err(error) => Err(error),
        }
    }
}
