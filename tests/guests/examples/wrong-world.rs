//! A component in good order that is no plugin: it exports a world of another package.

#![cfg(target_arch = "wasm32")]

use exports::acme::clockwork::wheel::Guest;

wit_bindgen::generate!({ path: "wit/wrong-world" });

struct Wheel;

impl Guest for Wheel {
    fn turn(teeth: u32) -> u32 {
        teeth.wrapping_add(1)
    }
}

export!(Wheel);
