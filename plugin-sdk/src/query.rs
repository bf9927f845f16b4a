//! Rows of a read-only SQL query as Rust types.

use crate::column::Column;
use crate::contract::types::Value;
use crate::failure::Failure;

/// What one row of a query can become: a column's type, a tuple of them, or the [`Value`]s themselves.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a row of a query",
    note = "rows become a column's type, a tuple of up to eight, or `Vec<Value>`"
)]
pub trait FromRow: Sized {
    /// The row from its values.
    ///
    /// # Errors
    /// `bad-query-row` where the values are too few, too many or of another kind.
    fn from_query_row(row: Vec<Value>) -> Result<Self, Failure>;
}

impl FromRow for Vec<Value> {
    fn from_query_row(row: Vec<Value>) -> Result<Self, Failure> {
        Ok(row)
    }
}

impl<C: Column> FromRow for C {
    fn from_query_row(row: Vec<Value>) -> Result<Self, Failure> {
        let (column,) = <(C,)>::from_query_row(row)?;
        Ok(column)
    }
}

macro_rules! tuple_rows {
    ($width:literal: $($part:ident $index:literal),+) => {
        impl<$($part: Column),+> FromRow for ($($part,)+) {
            fn from_query_row(row: Vec<Value>) -> Result<Self, Failure> {
                if row.len() != $width {
                    return Err(wrong_width($width, row.len()));
                }
                let mut values = row.into_iter();
                Ok(($(next::<$part>(&mut values, $index)?,)+))
            }
        }
    };
}

tuple_rows!(1: A 1);
tuple_rows!(2: A 1, B 2);
tuple_rows!(3: A 1, B 2, C 3);
tuple_rows!(4: A 1, B 2, C 3, D 4);
tuple_rows!(5: A 1, B 2, C 3, D 4, E 5);
tuple_rows!(6: A 1, B 2, C 3, D 4, E 5, F 6);
tuple_rows!(7: A 1, B 2, C 3, D 4, E 5, F 6, G 7);
tuple_rows!(8: A 1, B 2, C 3, D 4, E 5, F 6, G 7, H 8);

fn next<C: Column>(values: &mut std::vec::IntoIter<Value>, index: usize) -> Result<C, Failure> {
    let value = values.next().unwrap_or(Value::Null);
    C::from_value(value).map_err(|error| bad_column(index, &error))
}

#[cold]
fn bad_column(index: usize, error: &crate::column::ColumnError) -> Failure {
    Failure::new("bad-query-row", format!("column {index}: {error}"))
}

#[cold]
fn wrong_width(expected: usize, got: usize) -> Failure {
    Failure::new(
        "bad-query-row",
        format!("expected {expected} columns, got {got}"),
    )
}
