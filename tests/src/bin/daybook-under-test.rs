//! The `daybook` command, as a binary of this package so that its tests know where it is.

/// As in the host's own program: limits on memory depend on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    daybook::cli::main()
}
