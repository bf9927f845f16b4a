//! libFuzzer over the target that `DAYBOOK_FUZZ_TARGET` names.

#![no_main]

use std::sync::LazyLock;

use daybook_fuzz::{Target, target};

static TARGET: LazyLock<&'static Target> = LazyLock::new(|| {
    // The host catches what a library does with a stranger's file: only a panic that leaves a target is a finding.
    drop(std::panic::take_hook());
    let name = std::env::var("DAYBOOK_FUZZ_TARGET").expect("DAYBOOK_FUZZ_TARGET names a target");
    target(&name).unwrap_or_else(|| panic!("'{name}' is no target"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
