//! The `daybook` command.

/// What one thread allocates another frees, all the time: the diff's events, steps and rows. The system's allocator makes
/// its threads wait for each other there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    daybook::cli::main()
}
