//! An instance in its store, and those that are kept between calls for versions whose isolation is `batch`.
//!
//! What a call is lent (capability, fuel, counters) is its own in either case; only the guest's memory may be older
//! than the call. Who keeps instances is who runs a program on one thread: they are never shared.

use std::time::Duration;

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime::{PoolConcurrencyLimitError, Store};

use super::component::Code;
use super::engine::{Runtime, may_keep_instances};
use super::state::CallState;
use crate::model::clock::Stopwatch;
use crate::model::{Digest, limits};

/// One instance with the function that is called in it, looked up once.
pub struct Instance<P, R> {
    pub(super) store: Store<CallState>,
    pub(super) function: TypedFunc<P, R>,
    digest: Digest,
    calls: u32,
    /// What starting it took. Every call is charged with it, as if it had started its own.
    start_fuel: u64,
    start_bytes: usize,
}

impl<P, R> Instance<P, R> {
    /// True where it may see another call: it did not live too long, and its memory did not grow too much.
    fn is_young(&self) -> bool {
        self.calls < limits::CALLS_PER_INSTANCE_MAX
            && self.grown_bytes() <= limits::INSTANCE_GROWTH_BYTES_MAX
    }

    /// Bytes that its memories have grown by since it started.
    pub fn grown_bytes(&self) -> usize {
        self.store.data().memory_bytes - self.start_bytes
    }

    /// Calls that it has seen.
    pub fn calls(&self) -> u32 {
        self.calls
    }

    /// After a call that went well.
    pub(super) fn older(mut self) -> Self {
        self.calls += 1;
        self
    }

    /// Makes ready for another call. What starting the instance took is taken from its fuel as well, so that a call that
    /// would run out of fuel in a fresh instance does so here.
    pub(super) fn begin(
        mut self,
        state: CallState,
        fuel_max: u64,
    ) -> Result<Self, Box<NotStarted>> {
        self.store.data_mut().renew(state);
        match self
            .store
            .set_fuel(fuel_max.saturating_sub(self.start_fuel))
        {
            Ok(()) => Ok(self),
            Err(error) => Err(Box::new(NotStarted {
                store: self.store,
                error,
            })),
        }
    }
}

impl<P, R> std::fmt::Debug for Instance<P, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Instance({}, {} calls)", self.digest.short(), self.calls)
    }
}

/// An instance that did not come to its call, and the store that has what was lent.
pub(super) struct NotStarted {
    pub store: Store<CallState>,
    pub error: wasmtime::Error,
}

impl Runtime {
    /// A fresh instance, in a store of its own; where all are taken it waits a little for one. The state comes back where
    /// it cannot start.
    pub(super) fn start<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        mut state: CallState,
        fuel_max: u64,
    ) -> Result<Instance<P, R>, Box<NotStarted>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        const PAUSE: Duration = Duration::from_millis(2);
        let waiting = Stopwatch::start();
        loop {
            let budget = state.budget;
            match self.try_start(code, function, state, fuel_max) {
                Err(not_started)
                    if not_started.error.is::<PoolConcurrencyLimitError>()
                        && waiting.seconds() < limits::INSTANCE_WAIT_SECONDS_MAX =>
                {
                    // Its store goes with what part of it had started.
                    state = CallState {
                        budget,
                        memory_bytes: 0,
                        ..not_started.store.into_data()
                    };
                    std::thread::sleep(PAUSE);
                }
                ended => return ended,
            }
        }
    }

    fn try_start<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        state: CallState,
        fuel_max: u64,
    ) -> Result<Instance<P, R>, Box<NotStarted>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| state);
        let mut run = || -> wasmtime::Result<TypedFunc<P, R>> {
            store.set_fuel(fuel_max)?;
            store.set_hostcall_fuel(limits::BYTES_PER_HOST_CALL_MAX);
            let instance = code.pre.instantiate(&mut store)?;
            instance.get_typed_func::<P, R>(&mut store, function)
        };
        match run() {
            Ok(function) => Ok(Instance {
                start_fuel: fuel_max - store.get_fuel().unwrap_or(fuel_max),
                start_bytes: store.data().memory_bytes,
                store,
                function,
                digest: code.digest,
                calls: 0,
            }),
            Err(error) => Err(Box::new(NotStarted { store, error })),
        }
    }
}

/// Instances of one kind of call that wait for their next one, by the digest of their code.
pub struct Kept<P, R>(Vec<Instance<P, R>>);

impl<P, R> Default for Kept<P, R> {
    fn default() -> Self {
        Kept(Vec::new())
    }
}

impl<P, R> Kept<P, R> {
    /// The waiting instance of a code. It is not here while it runs, so a nested call of the same code gets another.
    pub fn take(&mut self, code: &Code) -> Option<Instance<P, R>> {
        let at = self
            .0
            .iter()
            .position(|instance| instance.digest == code.digest)?;
        Some(self.0.remove(at))
    }

    /// Keeps an instance for the next call; the one that waited longest goes where there are too many.
    pub fn put(&mut self, instance: Instance<P, R>) {
        if !instance.is_young() || !may_keep_instances(instance.store.engine()) {
            return;
        }
        if self.0.len() == limits::INSTANCES_KEPT_MAX {
            self.0.remove(0);
        }
        self.0.push(instance);
    }

    /// Those that wait.
    pub fn iter(&self) -> impl Iterator<Item = &Instance<P, R>> {
        self.0.iter()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<P, R> std::fmt::Debug for Kept<P, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({})", self.0.len())
    }
}
