//! Room for those who listen to a book: so many at a time, and fewer reads of the log at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use crate::model::error::Problem as Detail;
use crate::model::{Error, Result};

/// Reads of the log that run for subscribers at the same time: as many connections to it, and batches in the making,
/// however many listen.
const READS_MAX: usize = 4;

/// Time for subscribers to be told that the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Who listens.
pub struct Subscriptions {
    places: Arc<Semaphore>,
    places_max: u32,
    reads: Arc<Semaphore>,
}

impl Subscriptions {
    pub fn new(subscribers_max: usize) -> Subscriptions {
        let places_max = u32::try_from(subscribers_max).unwrap_or(u32::MAX);
        Subscriptions {
            places: Arc::new(Semaphore::new(places_max as usize)),
            places_max,
            reads: Arc::new(Semaphore::new(READS_MAX)),
        }
    }

    /// A place for one more, which is free again once it is dropped.
    pub fn place(&self) -> Result<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().map_err(|_| {
            Error::unavailable("as many subscribers listen as this server allows")
                .problem(Detail::Busy)
        })
    }

    /// Waits for room to read the log. It closes with the server only, and then nobody waits any more.
    pub async fn reading(&self) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.reads.clone().acquire_owned().await
    }

    /// Waits until all have ended, which each does by itself once the server stops; but not for ever.
    pub async fn ended(&self) {
        let all = self.places.acquire_many(self.places_max);
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}
