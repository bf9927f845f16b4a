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

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc};

mod code;
mod component;
mod functions;
mod layout;
mod module;
mod read;
mod scan;
#[cfg(test)]
mod tests;

/// Of what rewriting adds; a guest that uses such a name is not rewritten.
const RESERVED: &str = "daybook:reset/";

/// What a rewritten component exports for each of its parts, beside what it did before.
mod export {
    /// All of them begin so. Itself, `func() -> bool`: puts everything back. False: it cannot, and the instance is of no more use.
    pub const RESET: &str = "daybook-reset";
    /// `func()`: what is there now is what `reset` goes back to.
    const SNAPSHOT: &str = "daybook-reset-snapshot";
    /// `func() -> u64`: of all globals together, a hash.
    const GLOBALS: &str = "daybook-reset-globals";
    /// `func(chunk: u32) -> list<u8>`: 64 KiB of memory; nothing beyond its end.
    const MEMORY: &str = "daybook-reset-memory";

    /// The names of a part's functions, in this order: the last one where it has memory.
    pub fn names(part: usize, has_memory: bool) -> Vec<String> {
        let all = [SNAPSHOT, RESET, GLOBALS, MEMORY];
        let count = if has_memory { 4 } else { 3 };
        { all.iter().take(count) }
            .map(|name| format!("{name}{part}"))
            .collect()
    }
}

pub(super) use component::rewrite;

/// Compiles a component with what resets it; or as it is, where it is not one to be reset or does not compile so.
pub(super) fn compile<T>(
    encoded: &[u8],
    compile: impl Fn(&[u8]) -> wasmtime::Result<T>,
) -> wasmtime::Result<T> {
    let rewritten = rewrite(encoded).ok();
    match rewritten.and_then(|rewritten| compile(&rewritten).ok()) {
        Some(compiled) => Ok(compiled),
        None => compile(encoded),
    }
}

/// Goes with the form that components are compiled in.
pub(super) const VERSION: u32 = 1;

/// The functions that reset an instance of a component: those of each of its parts.
#[derive(Debug)]
pub(super) struct Resetting(Vec<Part>);

#[derive(Debug)]
struct Part {
    snapshot: ComponentExportIndex,
    reset: ComponentExportIndex,
    globals: ComponentExportIndex,
    memory: Option<ComponentExportIndex>,
}

/// Those of one instance.
pub(super) struct Resets(Vec<PartResets>);

struct PartResets {
    reset: TypedFunc<(), (bool,)>,
    globals: TypedFunc<(), (u64,)>,
    memory: Option<TypedFunc<(u32,), (Vec<u8>,)>>,
}

/// Fuel of what the host calls by itself: no guest takes it.
const FUEL: u64 = u64::MAX / 2;

impl Part {
    fn of(component: &Component, part: usize) -> Option<Part> {
        let names = export::names(part, true);
        let mut indices = { names.iter() }.map(|name| component.get_export_index(None, name));
        let mut next = || indices.next().flatten();
        Some(Part {
            snapshot: next()?,
            reset: next()?,
            globals: next()?,
            memory: next(),
        })
    }
}

impl Resetting {
    /// None: the component was not rewritten.
    pub fn of(component: &Component) -> Option<Resetting> {
        let parts: Vec<_> = (0..).map_while(|part| Part::of(component, part)).collect();
        (!parts.is_empty()).then_some(Resetting(parts))
    }

    /// For a new instance, which is put back to what it is now.
    pub fn begin<T: 'static>(
        &self,
        store: &mut Store<T>,
        instance: &Instance,
    ) -> wasmtime::Result<Resets> {
        let fuel = store.get_fuel()?;
        store.set_fuel(FUEL)?;
        let mut resets = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            let snapshot = instance.get_typed_func::<(), ()>(&mut *store, part.snapshot)?;
            snapshot.call(&mut *store, ())?;
            resets.push(PartResets {
                reset: instance.get_typed_func(&mut *store, part.reset)?,
                globals: instance.get_typed_func(&mut *store, part.globals)?,
                memory: match part.memory {
                    Some(memory) => Some(instance.get_typed_func(&mut *store, memory)?),
                    None => None,
                },
            });
        }
        store.set_fuel(fuel)?;
        Ok(Resets(resets))
    }
}

impl Resets {
    /// True where the instance is as it was at first. Its fuel is set by whoever calls it next.
    pub fn reset<T: 'static>(&self, store: &mut Store<T>) -> wasmtime::Result<bool> {
        store.set_fuel(FUEL)?;
        for part in &self.0 {
            let (is_reset,) = part.reset.call(&mut *store, ())?;
            if !is_reset {
                return Ok(false);
            }
        }
        Ok(true)
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
        for (one, two) in self.0.iter().zip(&other.0) {
            if let Some(difference) = one.difference(store, two, other_store)? {
                return Ok(Some(difference));
            }
        }
        Ok(None)
    }
}

impl PartResets {
    fn difference<T: 'static>(
        &self,
        store: &mut Store<T>,
        other: &PartResets,
        other_store: &mut Store<T>,
    ) -> wasmtime::Result<Option<String>> {
        let memories = self.memory.as_ref().zip(other.memory.as_ref());
        for (chunk, (one, two)) in (0..).zip(std::iter::repeat(memories).map_while(|it| it)) {
            let (one,) = one.call(&mut *store, (chunk,))?;
            let (two,) = two.call(&mut *other_store, (chunk,))?;
            if one != two {
                let at = one.iter().zip(&two).position(|(one, two)| one != two);
                let address = u64::from(chunk) * layout::PAGE_BYTES + at.unwrap_or(0) as u64;
                return Ok(Some(format!("memory differs at address {address:#x}")));
            }
            if one.is_empty() {
                break;
            }
        }
        let (one,) = self.globals.call(&mut *store, ())?;
        let (two,) = other.globals.call(&mut *other_store, ())?;
        Ok((one != two).then(|| "a global differs".to_owned()))
    }
}
