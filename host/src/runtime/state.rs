//! The state of one call: the capability lent to it, its counters and limits, and its side of WASI. What a store holds.

use wasmtime::ResourceLimiter;
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::fault::host_fault;
use super::wasi::Wasi;
use crate::model::{Budget, Creation, HandlerError, Materialization, Violation, limits};

/// What the host shows a component as `materialization`. The state is in the store; the handle is a name.
pub struct MaterializationHandle;
/// What the host shows a component as `creation`.
pub struct CreationHandle;

/// The capability of the running call.
pub(super) enum Capability {
    None,
    Materialization(Box<dyn Materialization>),
    Creation(Box<dyn Creation>),
}

/// The store's data: everything of one call.
pub struct CallState {
    pub(super) capability: Capability,
    /// What is left of it. The store counts the fuel; here it stands only while a version below runs.
    pub(super) budget: Budget,
    /// Why the host stopped the guest; the trap that the engine reports is only its echo.
    pub(super) stopped: Option<HandlerError>,
    /// What it logged last as an error: before it traps, a panic says so what happened.
    pub(super) last_words: Option<String>,
    /// It was refused more memory than it may have.
    pub(super) memory_refused: bool,
    /// Fuel for what passed between it and the host; the store does not count it.
    pub(super) passing_fuel: u64,
    pub(super) wasi: Option<Wasi>,
}

impl CallState {
    pub(super) fn new(capability: Capability, budget: Budget, wasi: Option<Wasi>) -> Self {
        CallState {
            capability,
            budget,
            stopped: None,
            last_words: None,
            memory_refused: false,
            passing_fuel: 0,
            wasi,
        }
    }

    /// What a call leaves; between calls nothing is lent.
    pub(super) fn take(&mut self) -> CallState {
        let nothing = CallState::new(Capability::None, Budget::WHOLE, None);
        std::mem::replace(self, nothing)
    }

    /// True where the guest asked WASI for something: then the host has things of its instance, which has handles of them.
    pub(super) fn used_wasi(&self) -> bool {
        self.wasi.as_ref().is_some_and(Wasi::is_used)
    }

    /// What the guest wrote to its standard output and error.
    pub(super) fn printed(&self) -> Vec<u8> {
        self.wasi.as_ref().map_or_else(Vec::new, Wasi::printed)
    }

    /// Stops the guest: nothing it does with the answer can undo it.
    pub(super) fn stop(&mut self, error: impl Into<HandlerError>) -> wasmtime::Error {
        let error = error.into();
        let echo = wasmtime::Error::msg(error.to_string());
        self.stopped.get_or_insert(error);
        echo
    }

    /// Counts a call into the host, and the bytes that it passes.
    pub(super) fn count_call(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.count_bytes(bytes)?;
        match self.budget.host_calls.checked_sub(1) {
            Some(left) => {
                self.budget.host_calls = left;
                Ok(())
            }
            None => Err(self.stop(Violation(format!(
                "it called the host more than {} times",
                limits::HOST_CALLS_PER_CALL_MAX
            )))),
        }
    }
}

impl CallState {
    /// Charges bytes that pass between guest and host as fuel, of which they may take as much as the guest itself.
    pub(super) fn count_bytes(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.passing_fuel += bytes as u64 / limits::BYTES_PER_FUEL;
        match self.passing_fuel > limits::FUEL_PER_CALL_MAX {
            true => Err(self.stop(HandlerError::OutOfFuel)),
            false => Ok(()),
        }
    }
}

impl ResourceLimiter for CallState {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= limits::MEMORY_BYTES_MAX;
        self.memory_refused |= !allowed;
        Ok(allowed)
    }

    /// Beyond what its type allows, it is the guest's. What the system refused must not become the guest's answer.
    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        match host_fault(&error) {
            Some(fault) => Err(self.stop(HandlerError::Host(Box::new(fault)))),
            None => Ok(()),
        }
    }

    /// A table that the system has no room for is judged as memory is.
    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.memory_grow_failed(error)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= limits::TABLE_ELEMENTS_MAX)
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi
            .as_mut()
            .expect("only code that imports WASI is linked against it")
            .view()
    }
}
