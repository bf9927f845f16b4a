//! The `daybook` command, as a binary of this package so that its tests know where it is.

fn main() -> std::process::ExitCode {
    daybook::cli::main()
}
