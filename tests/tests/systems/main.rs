//! The plugins of `plugins/`, each as a client sees it: served over HTTP, asked to do what its system must do, and its
//! dated versions compared over what happened.

mod command;
mod deposit;
mod replay_diff;
