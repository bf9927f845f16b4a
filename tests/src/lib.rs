//! Owns what the tests of the whole host share: books in temporary folders, components built once per process, real data
//! where it is to be found, and random choices that can be repeated. The tests themselves are in `tests/all`, and those of the plugins in
//! `tests/systems`.

pub mod berka;
pub mod collected;
pub mod components;
pub mod data;
pub mod http;
pub mod no_rows;
pub mod not_run;
pub mod oracle;
pub mod outside;
pub mod pair;
pub mod process;
pub mod race;
pub mod random;
pub mod repair;
pub mod server;
pub mod small_disk;
pub mod subscriber;
pub mod test_book;
pub mod workspace;

pub use collected::{Collected, diff};
pub use components::{guest, plugin, redated, redated_guest};
pub use http::{Answer, Http};
pub use no_rows::NoRows;
pub use not_run::{lacks, not_run};
pub use outside::Outside;
pub use pair::check_pair;
pub use process::started;
pub use race::race;
pub use random::Random;
pub use server::{Server, done, refused};
pub use small_disk::SmallDisk;
pub use subscriber::{Heard, Sse, Ws};
pub use test_book::{
    Mark, TestBook, accepted, compiled_if_asked, copy_folder, event, event_at, open, runtime,
    version,
};
