//! Exact numbers: whole units of a last decimal place, never a double. Money, decimals, percent and spans of time are all this.

mod decimal;
mod duration;
mod money;
mod rounding;
mod scaled;
mod units;

pub use decimal::{Decimal, Percent};
pub use duration::Duration;
pub use money::{Currency, Money, currency};
pub use rounding::Rounding;
pub use units::NumberError;
