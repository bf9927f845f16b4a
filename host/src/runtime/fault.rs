//! What the host lacks while a guest runs: told apart from what the guest did.

use wasmtime::PoolConcurrencyLimitError;

use crate::model::error::Problem;
use crate::model::{Error, ErrorKind, limits};

/// What the host, or the system below it, could not give. The guest has no part in it.
pub(super) fn host_fault(error: &wasmtime::Error) -> Option<Error> {
    if error.is::<PoolConcurrencyLimitError>() {
        let text = format!(
            "no instance was free for {} s: {error}",
            limits::INSTANCE_WAIT_SECONDS_MAX
        );
        return Some(
            Error::unavailable(text)
                .problem(Problem::Busy)
                .hint("nothing of the request was kept; try again in a moment"),
        );
    }
    let by_system = error.is::<std::io::Error>()
        || error.is::<rustix::io::Errno>()
        || error.is::<wasmtime::OutOfMemory>();
    by_system.then(|| {
        Error::new(ErrorKind::Io, format!("running an instance: {error:#}"))
            .hint("nothing of the request was kept; see what the machine lacks")
    })
}
