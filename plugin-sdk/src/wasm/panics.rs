//! A panic's message, for a component without a standard error stream: it goes to the plugin's log before the trap.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};

/// What writes into the log of the call that runs.
type Log = fn(&str);

/// The log of the call that runs. What an earlier call left here is never used: a call says where its log is first.
struct Current(Cell<Option<Log>>);

// SAFETY: the module is built without threads: there is one thread, and so no sharing.
unsafe impl Sync for Current {}

static CURRENT: Current = Current(Cell::new(None));

/// Sends the message of a panic during this call to the log. Nothing is allocated that would outlive the call, so that
/// the allocator can begin anew with the next one.
pub(crate) fn log_with(log: Log) {
    if CURRENT.0.replace(Some(log)).is_none() {
        panic::set_hook(Box::new(send));
    }
}

fn send(info: &PanicHookInfo<'_>) {
    if let Some(log) = CURRENT.0.get() {
        let mut words = info.to_string();
        words += way_out(&words);
        log(&words);
    }
}

/// What to do instead, where the standard library has something that a component does not have, and only says so.
fn way_out(words: &str) -> &'static str {
    if words.contains("time not implemented on this platform") {
        "; a handler has no clock: a materializer has `event.time()`, a creator `cx.now()`"
    } else if words.contains("operation not supported on this platform") {
        "; a handler has no files, no threads and no network: it asks for a task with `cx.enqueue`"
    } else {
        ""
    }
}
