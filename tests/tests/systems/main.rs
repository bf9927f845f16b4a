//! The plugins of `plugins/`, each as a client sees it: served over HTTP, asked to do what its system must do, and its
//! dated versions compared over what happened. And the pages that people follow, each carried out as it is written.

mod appointment;
mod asset;
mod author;
mod r#box;
mod catalog;
mod command;
mod company;
mod deposit;
mod export;
mod festival;
mod foo;
mod guide;
mod invitation;
mod ledger;
mod library;
mod party;
mod prescription;
mod replay_diff;
mod transcript;
