//! Instances that are reset instead of dropped: a component is rewritten, before it is compiled, so that it can put back
//! what a call changed. Then every call meets the memory of a fresh instance, for a fraction of what one costs.
//!
//! A second memory is added that the guest cannot name. Before a block of the guest's memory is written to for the first time in a
//! call, it is copied there; `reset` copies those blocks back, and puts back the globals. All of it is WebAssembly: it runs
//! where the guest runs, and may do no more than it.
//!
//! What a call does to a table, to a segment or to the size of a memory is not put back: `reset` says so, and the instance
//! is dropped. A component that is built in another way than is known here stays as it is, and each of its calls has a fresh
//! instance.

use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc};
use wasmtime::{AsContextMut, Store};

mod code;
mod component;
mod functions;
mod layout;
mod module;
mod read;
#[cfg(test)]
mod tests;

/// Of what rewriting adds; a guest that uses such a name is not rewritten.
const RESERVED: &str = "daybook:reset/";

/// What a rewritten component exports, beside what it did before.
mod export {
    /// `func()`: what is there now is what `reset` goes back to.
    pub const SNAPSHOT: &str = "daybook-reset-snapshot";
    /// `func() -> bool`: puts everything back. False: it cannot, and the instance is of no more use.
    pub const RESET: &str = "daybook-reset";
    /// `func(chunk: u32) -> list<u8>`: 64 KiB of memory; nothing beyond its end.
    pub const MEMORY: &str = "daybook-reset-memory";
    /// `func() -> u64`: of all globals together, a hash.
    pub const GLOBALS: &str = "daybook-reset-globals";
}

/// The component with what resets it; or why it stays as it is. `encoded` need not be valid: then it stays too.
pub(super) fn rewrite(encoded: &[u8]) -> Result<Vec<u8>, String> {
    // Only what is valid by itself: a reference to what is added would become valid by it.
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(encoded)
        .map_err(|error| format!("it is not valid: {error}"))?;
    component::rewrite(encoded)
}

/// Goes with the form that components are compiled in.
pub(super) const VERSION: u32 = 1;

/// The functions that reset an instance of a component.
#[derive(Debug)]
pub(super) struct Resetting {
    snapshot: ComponentExportIndex,
    reset: ComponentExportIndex,
    memory: ComponentExportIndex,
    globals: ComponentExportIndex,
}

/// Those of one instance.
pub(super) struct Resets {
    reset: TypedFunc<(), (bool,)>,
    memory: TypedFunc<(u32,), (Vec<u8>,)>,
    globals: TypedFunc<(), (u64,)>,
}

/// Fuel of what the host calls by itself: no guest takes it.
const FUEL: u64 = u64::MAX / 2;

impl Resetting {
    /// None: the component was not rewritten.
    pub fn of(component: &Component) -> Option<Resetting> {
        let index = |name| component.get_export_index(None, name);
        Some(Resetting {
            snapshot: index(export::SNAPSHOT)?,
            reset: index(export::RESET)?,
            memory: index(export::MEMORY)?,
            globals: index(export::GLOBALS)?,
        })
    }

    /// For a new instance, which is put back to what it is now.
    pub fn begin<T: 'static>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
    ) -> wasmtime::Result<Resets> {
        let fuel = store.get_fuel()?;
        store.set_fuel(FUEL)?;
        let snapshot = instance.get_typed_func::<(), ()>(&mut *store, self.snapshot)?;
        snapshot.call(&mut *store, ())?;
        store.set_fuel(fuel)?;
        Ok(Resets {
            reset: instance.get_typed_func(&mut *store, self.reset)?,
            memory: instance.get_typed_func(&mut *store, self.memory)?,
            globals: instance.get_typed_func(&mut *store, self.globals)?,
        })
    }
}

impl Resets {
    /// True where the instance is as it was at first. Its fuel is set by whoever calls it next.
    pub fn reset<T: 'static>(&self, store: &mut Store<T>) -> wasmtime::Result<bool> {
        store.set_fuel(FUEL)?;
        let (is_reset,) = self.reset.call(store, ())?;
        Ok(is_reset)
    }

    /// In what an instance differs from another one of the same component; nothing where both have the same memory and globals.
    pub fn difference<T: 'static>(
        &self,
        store: &mut Store<T>,
        other: &Resets,
        other_store: &mut Store<T>,
    ) -> wasmtime::Result<Option<String>> {
        for store in [&mut *store, &mut *other_store] {
            store.set_fuel(FUEL)?;
        }
        for chunk in 0.. {
            let (one,) = self.memory.call(store.as_context_mut(), (chunk,))?;
            let (two,) = other.memory.call(other_store.as_context_mut(), (chunk,))?;
            if one != two {
                let at = one.iter().zip(&two).position(|(one, two)| one != two);
                let address = u64::from(chunk) * layout::PAGE_BYTES + at.unwrap_or(0) as u64;
                return Ok(Some(format!("memory differs at address {address:#x}")));
            }
            if one.is_empty() {
                break;
            }
        }
        let (one,) = self.globals.call(store.as_context_mut(), ())?;
        let (two,) = other.globals.call(other_store.as_context_mut(), ())?;
        Ok((one != two).then(|| "a global differs".to_owned()))
    }
}
