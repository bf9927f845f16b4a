//! A book online: who may ask what, writes, reads, subscriptions, and what operators do.

mod access;
mod background;
mod describe;
mod hostile;
mod operate;
mod promotions;
mod queries;
mod races;
mod reads;
mod requests;
mod routes;
mod studies;
mod subscribe;
mod writes;

pub(crate) use reads::encoded;
