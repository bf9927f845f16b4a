//! An instance in its store, and those that are kept between calls, each as it was when it started.
//!
//! What a call is lent (capability, fuel, counters) is its own in either case. Who keeps instances is who runs a program on
//! one thread: they are never shared.

use std::time::Duration;

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower, TypedFunc};
use wasmtime::{PoolConcurrencyLimitError, Store};

use super::component::Code;
use super::engine::{Runtime, may_keep_instances};
use super::reset::Resets;
use super::state::{CallState, Capability};
use crate::model::clock::Stopwatch;
use crate::model::{Budget, Digest, Error, limits};

/// One instance with the function that is called in it, looked up once.
pub struct Instance<P, R> {
    pub(super) store: Store<CallState>,
    pub(super) function: TypedFunc<P, R>,
    /// None: it was not rewritten, or its start used WASI, whose side of it is not put back.
    pub(super) resets: Option<Resets>,
    digest: Digest,
    /// What starting it took. Every call is charged with it, as if it had started its own.
    start_fuel: u64,
}

impl<P, R> Instance<P, R> {
    /// After a call: the instance as it was before it, where it can be put back to that.
    pub(super) fn reset(mut self) -> Option<Self> {
        let resets = self.resets.as_ref()?;
        let is_reset = resets.reset(&mut self.store).ok()?;
        is_reset.then_some(self)
    }

    /// Makes ready for another call. What starting the instance took is taken from its fuel as well, so that a call that
    /// would run out of fuel in a fresh instance does so here.
    pub(super) fn begin(
        mut self,
        state: CallState,
        fuel_max: u64,
    ) -> Result<Self, Box<NotStarted>> {
        *self.store.data_mut() = state;
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
        write!(f, "Instance({})", self.digest.short())
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
                        ..not_started.store.into_data()
                    };
                    std::thread::sleep(PAUSE);
                }
                ended => return ended,
            }
        }
    }

    /// Compares the whole of an instance that was reset with one that is fresh.
    pub(super) fn prove_reset<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        reset: &mut Instance<P, R>,
    ) -> Result<(), Error>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let failed = |what: String| {
            Error::internal(format!(
                "an instance of {} was not put back to what it was: {what}",
                code.version
            ))
        };
        let state = CallState::new(Capability::None, Budget::WHOLE, None);
        let mut fresh = self
            .start::<P, R>(code, function, state, Budget::WHOLE.fuel)
            .map_err(|not_started| failed(not_started.error.to_string()))?;
        let (Some(one), Some(two)) = (&reset.resets, &fresh.resets) else {
            return Err(failed("a fresh one cannot be reset".into()));
        };
        match one.difference(&mut reset.store, two, &mut fresh.store) {
            Ok(None) => Ok(()),
            Ok(Some(difference)) => Err(failed(difference)),
            Err(error) => Err(failed(format!("{error:#}"))),
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
        let mut run = || -> wasmtime::Result<_> {
            store.set_fuel(fuel_max)?;
            store.set_hostcall_fuel(limits::BYTES_PER_HOST_CALL_MAX);
            let instance = code.pre.instantiate(&mut store)?;
            let start_fuel = fuel_max - store.get_fuel()?;
            let resets = match &code.resetting {
                Some(resetting) => Some(resetting.begin(&mut store, &instance)?),
                None => None,
            };
            let function = instance.get_typed_func::<P, R>(&mut store, function)?;
            Ok((function, resets, start_fuel))
        };
        match run() {
            Ok((function, resets, start_fuel)) => Ok(Instance {
                start_fuel,
                resets: resets.filter(|_| !store.data().used_wasi()),
                store,
                function,
                digest: code.digest,
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
        if !may_keep_instances(instance.store.engine()) {
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
