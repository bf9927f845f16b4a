//! Threads that give way: what works beside a served book takes the processor only as far as its requests leave it.

/// Lets every other thread go first, from now on. Where the system does not know how, the thread stays as it is.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    {
        const NICENESS: libc::c_int = 10;
        // SAFETY: the call takes numbers alone. On Linux 0 stands for the calling thread, not for its process.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS) };
    }
}
