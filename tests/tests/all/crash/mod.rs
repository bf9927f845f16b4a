//! Processes that are killed at any moment, and what they leave behind.

mod gateway;
mod process;
mod repair;
mod server;
mod versions;
