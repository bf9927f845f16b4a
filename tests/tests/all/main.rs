//! One binary, one module per topic: what the host promises, each promise with a test that fails without it.

mod bad_input;
mod berka;
mod cascade;
mod components;
mod crash;
mod determinism;
mod faults;
mod find;
mod hostile;
mod layers;
mod model;
mod poker;
mod serve;
mod serve_access;
mod serve_hostile;
mod worlds;
