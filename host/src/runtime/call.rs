//! One call: an instance, the capability lent to it, fuel, and what came of it.

use wasmtime::component::{
    ComponentExportIndex, ComponentNamedList, Lift, Lower, Resource, TypedFunc,
};
use wasmtime::{Store, Trap};

use super::component::{Code, Contract};
use super::draft;
use super::engine::Runtime;
use super::fault::host_fault;
use super::instance::{Instance, Kept, NotStarted};
use super::state::{CallState, Capability, CreationHandle, MaterializationHandle};
use super::v1::types::{CreateError, Failure, NewEvent};
use super::v1::{CommandRef, EventRef};
use super::wasi::{Perturbed, Wasi};
use crate::model::{
    self, Budget, Calls, Created, Creation, Error, HandlerError, Materialization, Rejection, limits,
};

/// What `materialize` is given and gives, as a kept function's type has it: for ever; a call gives it for a moment.
type MaterializeGiven = (EventRef<'static>,);
type MaterializeAnswer = (Result<(), Failure>,);
/// The same for `create`.
type CreateGiven = (CommandRef<'static>,);
type CreateAnswer = (Result<Vec<NewEvent>, CreateError>,);
/// What the draft's functions are given and give: beside the rest, the handle that their calls were lent.
type DraftMaterializeGiven = (draft::EventRef<'static>, Resource<MaterializationHandle>);
type DraftMaterializeAnswer = (Result<(), draft::types::Failure>,);
type DraftCreateGiven = (draft::CommandRef<'static>, Resource<CreationHandle>);
type DraftCreateAnswer = (Result<Vec<draft::types::NewEvent>, draft::types::CreateError>,);

/// An instance whose `materialize` is called.
pub type Materializing = Instance<MaterializeGiven, MaterializeAnswer>;
/// An instance whose `create` is called.
pub type Creating = Instance<CreateGiven, CreateAnswer>;

/// Instances that wait between calls: of one owner, on one thread. What runs a creator never runs a materializer, so
/// that commands, which are no part of a replay, leave nothing behind for events.
#[derive(Debug, Default)]
pub struct Instances {
    pub materializing: Kept<MaterializeGiven, MaterializeAnswer>,
    pub creating: Kept<CreateGiven, CreateAnswer>,
}

impl Instances {
    pub fn clear(&mut self) {
        self.materializing.clear();
        self.creating.clear();
    }
}

/// On which terms a call is made.
#[derive(Debug)]
pub struct Terms<I> {
    pub budget: Budget,
    /// An instance that was reset; none: a fresh one.
    pub instance: Option<I>,
    /// What virtual WASI shows otherwise than it should.
    pub perturbed: Perturbed,
    /// What becomes of the instance afterwards.
    pub calls: Calls,
}

impl<I> Terms<I> {
    /// A fresh instance, nothing perturbed.
    pub fn fresh(budget: Budget) -> Self {
        Terms {
            budget,
            instance: None,
            perturbed: Perturbed::default(),
            calls: Calls::Fresh,
        }
    }
}

/// What came of a call, with the capability given back.
#[derive(Debug)]
pub struct Called<C, T, I> {
    pub cx: C,
    pub result: Result<T, HandlerError>,
    /// What it used, with the versions below it, and with what starting an instance takes.
    pub used: Budget,
    /// What the guest printed through WASI.
    pub printed: Vec<u8>,
    /// The instance, as it was before the call; none where it cannot be put back to that.
    pub instance: Option<I>,
}

impl<C, T, I> Called<C, T, I> {
    /// A call without its instance, for whoever keeps instances of another type.
    fn apart<J>(self) -> Called<C, T, J> {
        Called {
            cx: self.cx,
            result: self.result,
            used: self.used,
            printed: self.printed,
            instance: None,
        }
    }

    /// A call that the host cannot make.
    pub fn impossible(cx: C, fault: Error) -> Self {
        Called {
            cx,
            result: Err(HandlerError::Host(Box::new(fault))),
            used: Budget::default(),
            printed: Vec::new(),
            instance: None,
        }
    }
}

impl Runtime {
    pub fn materialize(
        &self,
        code: &Code,
        event: &model::Event,
        cx: Box<dyn Materialization>,
        terms: Terms<Materializing>,
    ) -> Called<Box<dyn Materialization>, (), Materializing> {
        let Some(function) = &code.materialize else {
            let fault = Error::internal(format!("{} has no materializer", code.version));
            return Called::impossible(cx, fault);
        };
        let wasi = code
            .uses_wasi
            .then(|| Wasi::of(&event.time, &event.id, terms.perturbed));
        let budget = terms.budget;
        let state = CallState::new(Capability::Materialization(cx), budget, wasi);
        let give_back = |capability| match capability {
            Capability::Materialization(cx) => cx,
            _ => unreachable!("a materialization is given back as one"),
        };
        if code.contract == Contract::Draft {
            let terms = Terms::<Instance<DraftMaterializeGiven, DraftMaterializeAnswer>> {
                perturbed: terms.perturbed,
                ..Terms::fresh(budget)
            };
            let handle = Resource::<MaterializationHandle>::new_borrow(0);
            let parameters = (draft::EventRef::from(event), handle);
            let ended = self.on_terms(code, function, state, terms, |store, function| {
                invoke(store, function, parameters)
            });
            let answer = |(answer,): DraftMaterializeAnswer| {
                answer.map_err(|failure| failed(failure.into()))
            };
            return ended.into_called(answer, give_back, budget).apart();
        }
        let parameters = (EventRef::from(event),);
        let ended = self.on_terms(code, function, state, terms, |store, function| {
            invoke(store, function, parameters)
        });
        let answer =
            |(answer,): MaterializeAnswer| answer.map_err(|failure| failed(failure.into()));
        ended.into_called(answer, give_back, budget)
    }

    pub fn create(
        &self,
        code: &Code,
        command: &model::Command,
        cx: Box<dyn Creation>,
        terms: Terms<Creating>,
    ) -> Called<Box<dyn Creation>, Created, Creating> {
        let Some(function) = &code.create else {
            let fault = Error::internal(format!("{} has no creator", code.version));
            return Called::impossible(cx, fault);
        };
        let wasi = code
            .uses_wasi
            .then(|| Wasi::of(&command.time, &command.id, terms.perturbed));
        let budget = terms.budget;
        let state = CallState::new(Capability::Creation(cx), budget, wasi);
        let give_back = |capability| match capability {
            Capability::Creation(cx) => cx,
            _ => unreachable!("a creation is given back as one"),
        };
        if code.contract == Contract::Draft {
            let terms = Terms::<Instance<DraftCreateGiven, DraftCreateAnswer>> {
                perturbed: terms.perturbed,
                ..Terms::fresh(budget)
            };
            let handle = Resource::<CreationHandle>::new_borrow(0);
            let parameters = (draft::CommandRef::from(command), handle);
            let ended = self.on_terms(code, function, state, terms, |store, function| {
                invoke(store, function, parameters)
            });
            let answer = |(answer,): DraftCreateAnswer| match answer {
                Ok(events) => Ok(Ok(events.into_iter().map(Into::into).collect())),
                Err(draft::types::CreateError::Rejected(no)) => rejected(no.into()),
                Err(draft::types::CreateError::Failed(failure)) => Err(failed(failure.into())),
            };
            return ended.into_called(answer, give_back, budget).apart();
        }
        let parameters = (CommandRef::from(command),);
        let ended = self.on_terms(code, function, state, terms, |store, function| {
            invoke(store, function, parameters)
        });
        let answer = |(answer,): CreateAnswer| match answer {
            Ok(events) => Ok(Ok(events.into_iter().map(Into::into).collect())),
            Err(CreateError::Rejected(no)) => rejected(no.into()),
            Err(CreateError::Failed(failure)) => Err(failed(failure.into())),
        };
        ended.into_called(answer, give_back, budget)
    }

    /// Calls in the instance that is offered, or in a fresh one, and takes the state back whatever happened.
    fn on_terms<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        state: CallState,
        terms: Terms<Instance<P, R>>,
        call: impl FnOnce(&mut Store<CallState>, TypedFunc<P, R>) -> wasmtime::Result<R>,
    ) -> Ended<P, R>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let fuel_max = terms.budget.fuel;
        let started = match terms.instance {
            Some(kept) => kept.begin(state, fuel_max),
            None => self.start(code, function, state, fuel_max),
        };
        let mut instance = match started {
            Ok(instance) => instance,
            Err(not_started) => {
                let NotStarted { error, mut store } = *not_started;
                return Ended {
                    fuel: fuel_max - store.get_fuel().unwrap_or(fuel_max),
                    result: Err(explain(&error, store.data_mut())),
                    state: store.into_data(),
                    instance: None,
                };
            }
        };
        let result = call(&mut instance.store, instance.function);
        let fuel = fuel_max - instance.store.get_fuel().unwrap_or(fuel_max);
        let mut state = instance.store.data_mut().take();
        // A guest that trapped cannot be entered again.
        let keeps = result.is_ok() && terms.calls != Calls::Fresh && !state.used_wasi();
        let mut result = result.map_err(|error| explain(&error, &mut state));
        let mut instance = Some(instance).filter(|_| keeps).and_then(Instance::reset);
        if let (Calls::Proved, Some(reset)) = (terms.calls, &mut instance)
            && let Err(fault) = self.prove_reset(code, function, reset)
        {
            result = Err(HandlerError::Host(Box::new(fault)));
        }
        Ended {
            result,
            fuel,
            state,
            instance,
        }
    }

    /// Calls once in a fresh instance that nobody keeps.
    pub(super) fn call<P, R>(
        &self,
        code: &Code,
        function: &ComponentExportIndex,
        wasi: Option<Wasi>,
        parameters: P,
    ) -> Result<R, HandlerError>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let state = CallState::new(Capability::None, Budget::WHOLE, wasi);
        let terms = Terms::<Instance<P, R>>::fresh(Budget::WHOLE);
        let call = |store: &mut _, function| invoke(store, function, parameters);
        self.on_terms(code, function, state, terms, call).result
    }
}

/// A call that has ended, in the engine's terms.
struct Ended<P, R> {
    state: CallState,
    result: Result<R, HandlerError>,
    fuel: u64,
    instance: Option<Instance<P, R>>,
}

impl<P, R> Ended<P, R> {
    fn into_called<C, T>(
        self,
        answer: impl FnOnce(R) -> Result<T, HandlerError>,
        give_back: impl FnOnce(Capability) -> C,
        budget: Budget,
    ) -> Called<C, T, Instance<P, R>> {
        let result = self.result.and_then(answer);
        Called {
            printed: self.state.printed(),
            cx: give_back(self.state.capability),
            instance: self.instance,
            result,
            used: Budget {
                fuel: self.fuel + self.state.passing_fuel,
                host_calls: budget.host_calls - self.state.budget.host_calls,
            },
        }
    }
}

/// The call itself. A function's parameters are declared for ever and given for a moment: the engine copies them.
fn invoke<P, R>(
    store: &mut Store<CallState>,
    function: TypedFunc<P, R>,
    parameters: P,
) -> wasmtime::Result<R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    function.call(store, parameters)
}

/// What an engine error means, in words for the one who wrote the plugin.
fn explain(error: &wasmtime::Error, state: &mut CallState) -> HandlerError {
    if let Some(stopped) = state.stopped.take() {
        return stopped;
    }
    if let Some(fault) = host_fault(error) {
        return HandlerError::Host(Box::new(fault));
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => HandlerError::OutOfFuel,
        Some(_) if state.memory_refused => HandlerError::Trapped(format!(
            "out of memory: it asked for more than {} MiB",
            limits::MEMORY_BYTES_MAX >> 20
        )),
        Some(Trap::StackOverflow) => HandlerError::Trapped(format!(
            "stack overflow: its recursion needs more than {} KiB",
            limits::STACK_BYTES_MAX >> 10
        )),
        Some(trap) => {
            let trapped = format!("{trap}{}", frames(error));
            HandlerError::Trapped(match state.last_words.take() {
                Some(words) => format!("{words} ({trapped})"),
                None => trapped,
            })
        }
        None => {
            let text = format!("{error:#}");
            match text.contains("fuel allocated for hostcalls") {
                true => HandlerError::Violated("it passed too much to the host at once".to_owned()),
                false => HandlerError::Trapped(text),
            }
        }
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

fn failed(failure: model::Failure) -> HandlerError {
    let more = [&failure.details, &failure.trace].into_iter().flatten();
    let bytes = failure.code.len() + failure.message.len() + more.map(String::len).sum::<usize>();
    match too_long("failure", bytes) {
        Some(error) => error,
        None => HandlerError::Failed(Box::new(failure)),
    }
}

fn rejected(rejection: Rejection) -> Result<Created, HandlerError> {
    let details = rejection.details.as_ref().map_or(0, String::len);
    let bytes = rejection.code.len() + rejection.message.len() + details;
    match too_long("rejection", bytes) {
        Some(error) => Err(error),
        None => Ok(Err(rejection)),
    }
}

/// The journal keeps what a handler says for ever.
fn too_long(what: &str, bytes: usize) -> Option<HandlerError> {
    let max = limits::REASON_BYTES_MAX;
    let text = || format!("its {what} has {bytes} bytes; all its parts together may have {max}");
    (bytes > max).then(|| HandlerError::Violated(text()))
}
