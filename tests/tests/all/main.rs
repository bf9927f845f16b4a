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
mod serve_crash;
mod serve_describe;
mod serve_hostile;
mod serve_operate;
mod serve_queries;
mod serve_races;
mod serve_reads;
mod serve_subscribe;
mod worlds;
