//! Prints. That must work, reach the plugin's log, and be no part of the event's effects.

#![cfg(target_os = "wasi")]

use daybook_guests::plugin::*;

struct Stdout;

impl Plugin for Stdout {
    fn manifest() -> Manifest {
        plain("stdout")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        println!("printed to stdout by event {}", event.seq);
        eprintln!("printed to stderr by event {}", event.seq);
        cx.log(Level::Info, "logged");
        put(cx, id(&event), n(&event.data), None);
        Ok(())
    }
}

export!(Stdout);
