//! One binary, one module per topic: what the host promises, each promise with a test that fails without it.

mod berka;
mod cascade;
mod components;
mod determinism;
mod hostile;
mod poker;
