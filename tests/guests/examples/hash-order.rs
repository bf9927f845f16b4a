//! Keeps the order in which a hash map yields its keys: the map's seed must be a function of the event.

#![cfg(target_os = "wasi")]

use daybook_guests::plugin::*;
use std::collections::HashMap;

struct HashOrder;

impl Plugin for HashOrder {
    fn manifest() -> Manifest {
        plain("hashorder")
    }

    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let map: HashMap<u8, ()> = (0..10).map(|key| (key, ())).collect();
        let order: Vec<_> = map.keys().map(u8::to_string).collect();
        put(cx, id(&event), n(&event.data), Some(&order.join(" ")));
        Ok(())
    }
}

export!(HashOrder);
