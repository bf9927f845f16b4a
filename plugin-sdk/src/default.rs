//! Defaults of columns: `#[column(default = 0)]`.

use crate::column::{Column, Json};
use crate::contract::mistake;
use crate::contract::types::Value;
use crate::date::Date;
use crate::local::LocalDateTime;
use crate::number::{Currency, Decimal, Duration, Money, Percent};
use crate::payload::Payload;
use crate::time::Time;
use crate::uuid::Uuid;

/// What `#[column(default = ..)]` may say for a column of this type: a value of the type; for a newtype also what may be said
/// for the type within; and for a text, a date, a number with a point and the like also their text.
#[diagnostic::on_unimplemented(
    message = "`{D}` is no default for a column of the type `{Self}`",
    label = "this is a `{D}`",
    note = "a default is a value of the column's type, or of the type within a newtype; an Option's is `Some(..)`"
)]
pub trait ColumnDefault<D>: Column {
    /// The default as it is kept.
    fn default_value(default: D) -> Value;
}

macro_rules! own_defaults {
    ($($type:ty),* $(,)?) => {$(
        impl ColumnDefault<$type> for $type {
            fn default_value(default: $type) -> Value {
                default.into_value()
            }
        }
    )*};
}

own_defaults!(
    i64,
    i32,
    i16,
    i8,
    u64,
    u32,
    u16,
    u8,
    bool,
    f64,
    String,
    Vec<u8>,
    Date,
    Time,
    Duration,
    Uuid,
);

impl<C: Currency, const SCALE: u32> ColumnDefault<Self> for Money<C, SCALE> {
    fn default_value(default: Self) -> Value {
        default.into_value()
    }
}

impl<const PRECISION: u32, const SCALE: u32> ColumnDefault<Self> for Decimal<PRECISION, SCALE> {
    fn default_value(default: Self) -> Value {
        default.into_value()
    }
}

impl<const SCALE: u32> ColumnDefault<Self> for Percent<SCALE> {
    fn default_value(default: Self) -> Value {
        default.into_value()
    }
}

impl<T: Column> ColumnDefault<Self> for Option<T> {
    fn default_value(default: Self) -> Value {
        default.into_value()
    }
}

impl<T: Payload> ColumnDefault<Self> for Json<T> {
    fn default_value(default: Self) -> Value {
        default.into_value()
    }
}

impl ColumnDefault<&str> for String {
    fn default_value(default: &str) -> Value {
        Value::Text(default.to_owned())
    }
}

/// A default that is written as text in the source.
#[track_caller]
fn of_text<T: Column + std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Value {
    match text.parse::<T>() {
        Ok(value) => value.into_value(),
        Err(error) => {
            mistake::tell(format!("the default of a column: {error}"));
            Value::Null
        }
    }
}

macro_rules! text_defaults {
    ($([$($generics:tt)*] $type:ty,)*) => {$(
        impl<$($generics)*> ColumnDefault<&str> for $type {
            fn default_value(default: &str) -> Value {
                of_text::<Self>(default)
            }
        }
    )*};
}

text_defaults! {
    [] Date,
    [] Time,
    [] LocalDateTime,
    [] Duration,
    [] Uuid,
    [C: Currency, const SCALE: u32] Money<C, SCALE>,
    [const PRECISION: u32, const SCALE: u32] Decimal<PRECISION, SCALE>,
    [const SCALE: u32] Percent<SCALE>,
}
