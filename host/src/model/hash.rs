//! Digests: of components, of events (the chain), of effects (the running hashes).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::{Error, Result};
use super::event::Event;
use super::id::Seq;

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    pub const ZERO: Digest = Digest([0; 32]);

    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    pub fn from_slice(bytes: &[u8]) -> Result<Digest> {
        bytes.try_into().map(Digest).map_err(|_| {
            Error::corrupt(format!("a stored digest has {} bytes, not 32", bytes.len()))
        })
    }

    /// The first 12 hexadecimal digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = Error;
    fn from_str(text: &str) -> Result<Digest> {
        let bad = || Error::corrupt(format!("'{text}' is not a digest"));
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
        }
        Ok(Digest(bytes))
    }
}

/// SHA-256(salt ‖ payload): lets a payload be erased while the chain still verifies.
pub fn payload_hash(salt: &[u8; 16], data: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(data.as_bytes());
    Digest(hasher.finalize().into())
}

/// SHA-256(previous hash ‖ envelope ‖ payload hash). Every text goes in with its length before it, so that no two
/// envelopes have the same bytes.
pub fn chain_hash(previous: &Digest, event: &Event, payload: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(event.seq.0.to_be_bytes());
    for text in [
        event.id.as_str(),
        &event.source,
        event.event_type.as_str(),
        &event.time,
    ] {
        hasher.update((text.len() as u32).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    for text in [event.subject.as_deref(), event.extensions.as_deref()] {
        match text {
            None => hasher.update([0]),
            Some(text) => {
                hasher.update([1]);
                hasher.update((text.len() as u32).to_be_bytes());
                hasher.update(text.as_bytes());
            }
        }
    }
    hasher.update(payload.0);
    Digest(hasher.finalize().into())
}

/// A projection's running hash of changes, or of tasks, after one more event: SHA-256(before ‖ seq ‖ canonical bytes). Events without
/// changes leave it as it was, so that two projections can be compared whatever else was logged.
pub fn running_hash(before: &Digest, seq: Seq, changes: &[u8]) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(before.0);
    hasher.update(seq.0.to_be_bytes());
    hasher.update(changes);
    Digest(hasher.finalize().into())
}
