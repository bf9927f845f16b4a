//! A panic's message, for a component without a standard error stream: it goes to the plugin's log before the trap.

use std::panic;

use crate::contract::types::Level;

/// Sends the message of a panic during this call to the log.
pub(crate) fn log_with<H: Send + Sync + 'static>(host: H, log: fn(&H, Level, &str)) {
    panic::set_hook(Box::new(move |info| {
        log(&host, Level::Error, &info.to_string())
    }));
}
