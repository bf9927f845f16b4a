//! One call: a fresh instance from the pool, the capability lent to it, fuel, and what came of it.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower, Resource};
use wasmtime::{ResourceLimiter, Store, Trap};

use super::bindings::exports::daybook::plugin::creator::CreateError;
use super::bindings::types::{Failure, NewEvent};
use super::bindings::{CommandRef, EventRef};
use super::component::Code;
use super::engine::Runtime;
use super::wasi::Wasi;
use crate::model::{self, Creation, HandlerError, Materialization, Rejection, Violation, limits};

/// What the host shows a component as `materialization`. The state is in the store; the handle is a name.
pub struct MaterializationHandle;
/// The same for `creation`.
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
    pub(super) calls_left: u32,
    /// Why the host stopped the guest; the trap that the engine reports is only its echo.
    pub(super) stopped: Option<HandlerError>,
    memory_refused: bool,
    pub(super) wasi: Option<Box<Wasi>>,
}

impl CallState {
    fn new(capability: Capability, wasi: Option<Box<Wasi>>) -> Self {
        CallState {
            capability,
            calls_left: limits::HOST_CALLS_PER_CALL_MAX,
            stopped: None,
            memory_refused: false,
            wasi,
        }
    }

    /// Stops the guest: nothing it does with the answer can undo it.
    pub(super) fn stop(&mut self, error: impl Into<HandlerError>) -> wasmtime::Error {
        let error = error.into();
        let echo = wasmtime::Error::msg(error.to_string());
        self.stopped.get_or_insert(error);
        echo
    }

    /// Counts a call into the host.
    pub(super) fn count_call(&mut self) -> wasmtime::Result<()> {
        match self.calls_left.checked_sub(1) {
            Some(left) => {
                self.calls_left = left;
                Ok(())
            }
            None => Err(self.stop(Violation(format!(
                "it called the host more than {} times",
                limits::HOST_CALLS_PER_CALL_MAX
            )))),
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

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= limits::TABLE_ELEMENTS_MAX)
    }
}

/// What came of a call, with the capability given back.
#[derive(Debug)]
pub struct Called<C, T> {
    pub cx: C,
    pub result: Result<T, HandlerError>,
    pub fuel: u64,
    /// What the guest printed through WASI.
    pub printed: Vec<u8>,
}

impl Runtime {
    pub fn materialize(
        &self,
        code: &Code,
        event: &model::Event,
        cx: Box<dyn Materialization>,
        fuel_max: u64,
    ) -> Called<Box<dyn Materialization>, ()> {
        let Some(function) = &code.materialize else {
            let error = HandlerError::Host(format!("{} has no materializer", code.version));
            return Called {
                cx,
                result: Err(error),
                fuel: 0,
                printed: Vec::new(),
            };
        };
        let wasi = code.uses_wasi.then(|| Wasi::new(&event.time, &event.id));
        let handle = Resource::<MaterializationHandle>::new_borrow(0);
        let (state, result, fuel) = self.call::<_, (Result<(), Failure>,)>(
            code,
            function,
            Capability::Materialization(cx),
            wasi,
            fuel_max,
            (EventRef::from(event), handle),
        );
        let result = result.and_then(|(answer,)| {
            answer.map_err(|failure| HandlerError::Failed {
                code: failure.code,
                message: failure.message,
            })
        });
        let printed = printed(&state);
        match state.capability {
            Capability::Materialization(cx) => Called {
                cx,
                result,
                fuel,
                printed,
            },
            _ => unreachable!("a materialization is given back as one"),
        }
    }

    pub fn create(
        &self,
        code: &Code,
        command: &model::Command,
        cx: Box<dyn Creation>,
        fuel_max: u64,
    ) -> Called<Box<dyn Creation>, Result<Vec<model::NewEvent>, Rejection>> {
        let Some(function) = &code.create else {
            let error = HandlerError::Host(format!("{} has no creator", code.version));
            return Called {
                cx,
                result: Err(error),
                fuel: 0,
                printed: Vec::new(),
            };
        };
        let wasi = code
            .uses_wasi
            .then(|| Wasi::new(&command.time, &command.id));
        let handle = Resource::<CreationHandle>::new_borrow(0);
        let (state, result, fuel) = self.call::<_, (Result<Vec<NewEvent>, CreateError>,)>(
            code,
            function,
            Capability::Creation(cx),
            wasi,
            fuel_max,
            (CommandRef::from(command), handle),
        );
        let result = result.and_then(|(answer,)| match answer {
            Ok(events) => Ok(Ok(events.into_iter().map(new_event).collect())),
            Err(CreateError::Rejected(rejection)) => Ok(Err(Rejection {
                code: rejection.code,
                message: rejection.message,
                details: rejection.details,
            })),
            Err(CreateError::Failed(failure)) => Err(HandlerError::Failed {
                code: failure.code,
                message: failure.message,
            }),
        });
        let printed = printed(&state);
        match state.capability {
            Capability::Creation(cx) => Called {
                cx,
                result,
                fuel,
                printed,
            },
            _ => unreachable!("a creation is given back as one"),
        }
    }

    /// Instantiates, calls, and takes the state back whatever happened.
    pub(super) fn call<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        capability: Capability,
        wasi: Option<Box<Wasi>>,
        fuel_max: u64,
        parameters: P,
    ) -> (CallState, Result<R, HandlerError>, u64)
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let mut store = Store::new(&self.engine, CallState::new(capability, wasi));
        store.limiter(|state| state);
        let run = || -> wasmtime::Result<R> {
            store.set_fuel(fuel_max)?;
            let instance = code.pre.instantiate(&mut store)?;
            let function = instance.get_typed_func::<P, R>(&mut store, function)?;
            function.call(&mut store, parameters)
        };
        let result = run();
        let fuel = fuel_max - store.get_fuel().unwrap_or(fuel_max);
        let result = result.map_err(|error| explain(&error, store.data_mut(), fuel_max));
        (store.into_data(), result, fuel)
    }
}

/// What an engine error means, in words for the one who wrote the plugin.
fn explain(error: &wasmtime::Error, state: &mut CallState, fuel_max: u64) -> HandlerError {
    if let Some(stopped) = state.stopped.take() {
        return stopped;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => HandlerError::OutOfFuel { fuel_max },
        Some(_) if state.memory_refused => HandlerError::Trapped(format!(
            "out of memory: it asked for more than {} MiB",
            limits::MEMORY_BYTES_MAX >> 20
        )),
        Some(Trap::StackOverflow) => HandlerError::Trapped(format!(
            "stack overflow: its recursion needs more than {} KiB",
            limits::STACK_BYTES_MAX >> 10
        )),
        Some(trap) => HandlerError::Trapped(format!("{trap}{}", frames(error))),
        None => HandlerError::Trapped(format!("{error:#}")),
    }
}

/// The innermost named functions of a trap, where the component carries names.
fn frames(error: &wasmtime::Error) -> String {
    let Some(backtrace) = error.downcast_ref::<wasmtime::WasmBacktrace>() else {
        return String::new();
    };
    let names: Vec<_> = backtrace
        .frames()
        .iter()
        .filter_map(|frame| frame.func_name())
        .take(6)
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" in {}", names.join(" < "))
    }
}

fn new_event(event: NewEvent) -> model::NewEvent {
    model::NewEvent {
        event_type: event.event_type,
        subject: event.subject,
        data: event.data,
    }
}

fn printed(state: &CallState) -> Vec<u8> {
    state
        .wasi
        .as_ref()
        .map(|wasi| wasi.printed())
        .unwrap_or_default()
}
