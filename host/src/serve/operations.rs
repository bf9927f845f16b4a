//! Operations on a book that is online, and room for them: each takes much of the machine, so there is one of a kind at a
//! time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::hosted::Hosted;
use crate::engine::give_way;
use crate::model::error::Problem as Detail;
use crate::model::{Error, Result};
use crate::study::Study;
use crate::versions::Loader;

/// What the operations of a book share.
pub struct Operations {
    loader: Loader,
    compiling: Semaphore,
    verifying: Arc<Semaphore>,
    studying: Arc<Semaphore>,
}

impl Operations {
    pub fn new(loader: Loader) -> Operations {
        Operations {
            loader,
            compiling: Semaphore::new(1),
            verifying: Arc::new(Semaphore::new(1)),
            studying: Arc::new(Semaphore::new(1)),
        }
    }

    /// What compiling for this book takes.
    pub fn loader(&self) -> &Loader {
        &self.loader
    }

    /// Waits for room to compile.
    pub async fn compiling(&self) -> Result<SemaphorePermit<'_>> {
        let closed = |_| Error::unavailable("the book is being closed");
        self.compiling.acquire().await.map_err(closed)
    }

    /// Room to verify, where nobody else does.
    pub fn verifying(&self) -> Result<OwnedSemaphorePermit> {
        room(&self.verifying, "verified")
    }

    /// Room to compare and to search beside the writer, where nobody else does.
    pub fn studying(&self) -> Result<OwnedSemaphorePermit> {
        room(&self.studying, "studied")
    }
}

fn room(of: &Arc<Semaphore>, done: &str) -> Result<OwnedSemaphorePermit> {
    of.clone().try_acquire_owned().map_err(|_| {
        Error::unavailable(format!("the book is being {done} already"))
            .problem(Detail::Busy)
            .hint("try again once that is done")
    })
}

impl Hosted {
    /// Looks at the book as it is now, while it goes on.
    pub async fn study<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Study<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.operations().studying()?;
        let onlooker = self.alone(|book| book.onlooker()).await?;
        blocking(move || {
            // Kept by the thread, not by the caller: who hangs up does not make room for another.
            let _permit = permit;
            on_a_thread_that_gives_way(|| onlooker.study(work))
        })
        .await
    }
}

/// The threads that may wait are used again, by those who should not give way.
pub fn on_a_thread_that_gives_way<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            give_way();
            work()
        });
        thread
            .join()
            .unwrap_or_else(|_| Err(Error::internal("a study panicked")))
    })
}

/// On a thread where a thing may take its time.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(format!("an operation ended early: {error}")))?
}
