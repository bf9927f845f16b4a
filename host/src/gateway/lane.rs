//! The thread on which one kind of task is carried out: what holds one kind up holds up no other.

use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

use super::config::KindConfig;
use super::driver::{Driver, Outside};
use crate::model::{Error, Result};

/// A runtime of its own, and the driver that works on it.
pub struct Lane {
    /// There until the drop; not at all where somebody else carries everything out.
    tokio: Option<Runtime>,
    /// Or why there is none.
    driver: Result<Arc<Driver>>,
}

impl Lane {
    pub fn new(outside: &Outside) -> Result<Lane> {
        let tokio = || {
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("daybook-deliver")
                .enable_all()
                .build()
                .map_err(|error| Error::io("starting a thread for deliveries", error))
        };
        Ok(Lane {
            tokio: match outside.carrier {
                Some(_) => None,
                None => Some(tokio()?),
            },
            driver: Err(Error::unavailable("the kind is not carried out yet")),
        })
    }

    pub fn driver(&self) -> &Result<Arc<Driver>> {
        &self.driver
    }

    /// Delivers by a configuration from now on.
    pub fn configure(&mut self, kind: &str, config: &KindConfig, outside: &Outside) {
        // Pools of connections are made, and given up, where their runtime is the current one.
        let _inside = self.tokio.as_ref().map(Runtime::enter);
        // What was stored by an earlier version may hold what is refused now.
        let driver = { config.check(kind) }.and_then(|()| Driver::new(&config.driver, outside));
        if let Err(error) = &driver {
            tracing::error!(kind, %error, "tasks of this kind cannot be delivered");
        }
        self.driver = driver.map(Arc::new);
    }

    /// Delivers nothing more.
    pub fn give_up(&mut self) {
        let _inside = self.tokio.as_ref().map(Runtime::enter);
        self.driver = Err(Error::unavailable("the kind is carried out no more"));
    }

    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(tokio) = &self.tokio {
            tokio.spawn(work);
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.give_up();
        if let Some(tokio) = self.tokio.take() {
            // What is on its way is given up; the next process begins it again.
            tokio.shutdown_background();
        }
    }
}
