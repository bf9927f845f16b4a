//! One binary, one module per topic: what the host promises, each promise with a test that fails without it.

mod cascade;
mod components;
mod determinism;
mod hostile;
