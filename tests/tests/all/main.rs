//! One binary, one module per topic: what the host promises, each promise with a test that fails without it.

mod bad_input;
mod bad_versions;
mod berka;
mod cascade;
mod certify;
mod commit_log;
mod components;
mod crash;
mod determinism;
mod doom;
mod faults;
mod find;
mod gateway;
mod holes;
mod hostile;
mod layers;
mod model;
mod old_books;
mod poker;
mod previous;
mod promote;
mod repair;
mod served;
mod wire;
mod words;
mod worlds;
