//! The plugins of `plugins/`, each as a client sees it: served over HTTP, asked to do what its system must do, and its
//! dated versions compared over what happened.

mod author;
mod command;
mod deposit;
mod export;
mod replay_diff;
