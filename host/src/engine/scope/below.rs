//! What a version asks of the one below it (`previous`): another handler on the event state of the call that asks, out of its
//! budget.

use std::sync::{Mutex, PoisonError};

use super::super::program::{Handler, Link};
use super::{Scope, give_back};
use crate::model::{
    Budget, Command, Created, Creation, Error, Event, HandlerError, Materialization, Violation,
    limits,
};
use crate::runtime::Called;

/// The code of the failure that says that no version below answers such commands. It is part of the contract.
const NO_CREATOR_BELOW: &str = "no-creator-below";

impl Scope {
    pub(super) fn materialize_below(
        &mut self,
        event: &Event,
        budget: &mut Budget,
    ) -> Result<(), HandlerError> {
        self.event_state();
        let name = event.event_type.as_str();
        let Some(below) = self.program.below(self.handler, name) else {
            return Ok(());
        };
        match self.present().pass_on(below, event, budget) {
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(error) => return Err(self.blame(error).into()),
        }
        let (program, runtime) = (self.program.clone(), self.runtime.clone());
        let link = program.link(below);
        let mut lent = self.lend(below);
        let event_state = lent.present();
        let (mark, tasks) = (event_state.overlay.mark(), event_state.tasks.len());
        let terms = event_state.terms_to_materialize(link, *budget);
        let called = with_stack(lent.depth, |stack| match stack {
            Ok(()) => runtime.materialize(&link.code, event, lent, terms),
            Err(fault) => Called::impossible(lent as Box<dyn Materialization>, fault),
        });
        let mut lent = give_back(called.cx.into_any());
        let event_state = lent.present();
        event_state.after_materialize(link, called.instance);
        event_state.add_printed(&called.printed);
        if called.result.is_err() {
            event_state.overlay.undo_to(mark);
            event_state.tasks.truncate(tasks);
        }
        self.take_back(*lent);
        budget.spend(called.used);
        called.result.map_err(|error| seen_from_above(link, error))
    }

    pub(super) fn create_below(
        &mut self,
        command: &Command,
        budget: &mut Budget,
    ) -> Result<Created, HandlerError> {
        self.event_state();
        let (program, runtime) = (self.program.clone(), self.runtime.clone());
        let name = command.command_type.as_str();
        let Some((below, schema)) = program.creator_below(self.handler, name) else {
            let own = &self.view.version;
            return Err(HandlerError::failed(
                NO_CREATOR_BELOW,
                format!("{own} extends no version that answers '{name}'"),
            ));
        };
        let link = program.link(below);
        let version = &link.code.version;
        schema
            .check_open(&command.data)
            .map_err(|error| Violation(format!("it cannot ask {version}: {}", error.message)))?;
        let mut lent = self.lend(below);
        let terms = lent.present().terms_to_create(link, *budget);
        let called = with_stack(lent.depth, |stack| match stack {
            Ok(()) => runtime.create(&link.code, command, lent, terms),
            Err(fault) => Called::impossible(lent as Box<dyn Creation>, fault),
        });
        let mut lent = give_back(called.cx.into_any());
        let event_state = lent.present();
        event_state.after_create(link, called.instance);
        event_state.add_printed(&called.printed);
        self.take_back(*lent);
        budget.spend(called.used);
        let created = called
            .result
            .map_err(|error| seen_from_above(link, error))?;
        if let Ok(events) = &created {
            let checked = program.check_asked(below, events);
            checked.map_err(|what| seen_from_above(link, Violation(what).into()))?;
        }
        Ok(created)
    }

    /// What this call has, for one of the version below. Until it is given back, nothing is asked of this one.
    fn lend(&mut self, below: Handler) -> Box<Scope> {
        let event_state = self.event_state.take();
        let mut lent = Scope::new(
            event_state.expect("the event state is here while a handler runs"),
            self.program.clone(),
            self.runtime.clone(),
            below,
            self.command.take(),
        );
        lent.depth = self.depth + 1;
        lent
    }

    fn take_back(&mut self, lent: Scope) {
        self.event_state = lent.event_state;
        self.command = lent.command;
    }
}

/// Makes a call with so many above it, on a stack that is left to it; or tells it that the system gives none.
fn with_stack<T: Send>(depth: usize, call: impl FnOnce(crate::model::Result<()>) -> T + Send) -> T {
    if depth != limits::CASCADE_ON_THREAD_MAX {
        return call(Ok(()));
    }
    // The thread that cannot be made takes what it was given with it.
    let call = Mutex::new(Some(call));
    let take = || {
        { call.lock() }
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    };
    std::thread::scope(|threads| {
        let thread = std::thread::Builder::new()
            .name("cascade".into())
            .stack_size(limits::CASCADE_STACK_BYTES)
            .spawn_scoped(threads, || take().map(|call| call(Ok(()))));
        let done = match thread {
            Ok(thread) => {
                { thread.join() }.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Err(error) => {
                let fault = Error::io("starting the thread of a cascade", error);
                take().map(|call| call(Err(fault)))
            }
        };
        done.expect("the call is made once")
    })
}

/// A failure is the caller's to handle as it is; whatever else stopped the version below names it.
fn seen_from_above(link: &Link, error: HandlerError) -> HandlerError {
    match error {
        failed @ HandlerError::Failed(_) => failed,
        other => HandlerError::Below {
            version: link.code.version.clone(),
            error: Box::new(other),
        },
    }
}
