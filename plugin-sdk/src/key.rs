//! Keys and lists of values: one column or a tuple of columns, borrowed or owned.

use crate::column::Column;
use crate::contract::types::Value;

/// What can stand for a table's key of type `K`: the key itself, a reference to it, a `&str` for a `String`, or a tuple
/// of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand for the key `{K}`",
    label = "the table's `#[key]` columns are `{K}`"
)]
pub trait IntoKey<K> {
    /// The key's values in order.
    fn into_key(self) -> Vec<Value>
    where
        Self: Sized,
    {
        let mut values = Vec::with_capacity(Self::WIDTH);
        self.append_to(&mut values);
        values
    }

    /// How many columns the key has.
    #[doc(hidden)]
    const WIDTH: usize;

    /// Appends the key's values in order.
    #[doc(hidden)]
    fn append_to(self, values: &mut Vec<Value>);
}

impl<C: Column> IntoKey<C> for C {
    const WIDTH: usize = 1;

    fn append_to(self, values: &mut Vec<Value>) {
        values.push(self.into_value());
    }
}

impl<C: Column> IntoKey<C> for &C {
    const WIDTH: usize = 1;

    fn append_to(self, values: &mut Vec<Value>) {
        values.push(self.to_value());
    }
}

impl IntoKey<String> for &str {
    const WIDTH: usize = 1;

    fn append_to(self, values: &mut Vec<Value>) {
        values.push(Value::Text(self.to_owned()));
    }
}

// A tuple of keys' parts stands for a tuple key.
macro_rules! tuple_keys {
    ($($part:ident $key:ident),+) => {
        impl<$($part, $key),+> IntoKey<($($key,)+)> for ($($part,)+)
        where
            $($part: IntoKey<$key>),+
        {
            const WIDTH: usize = 0 $(+ $part::WIDTH)+;

            #[expect(non_snake_case, reason = "one name for the type and the value of a part")]
            fn append_to(self, values: &mut Vec<Value>) {
                let ($($part,)+) = self;
                $($part.append_to(values);)+
            }
        }
    };
}

tuple_keys!(A K1, B K2);
tuple_keys!(A K1, B K2, C K3);
tuple_keys!(A K1, B K2, C K3, D K4);
tuple_keys!(A K1, B K2, C K3, D K4, E K5);
tuple_keys!(A K1, B K2, C K3, D K4, E K5, F K6);

/// What can stand for one value: a column's type, a `&str`, or a [`Value`] itself.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot be kept in a column")]
pub trait IntoValue {
    /// The value as it is kept.
    fn into_one(self) -> Value;
}

impl<C: Column> IntoValue for C {
    fn into_one(self) -> Value {
        self.into_value()
    }
}

impl IntoValue for &str {
    fn into_one(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoValue for &String {
    fn into_one(self) -> Value {
        Value::Text(self.clone())
    }
}

impl IntoValue for Value {
    fn into_one(self) -> Value {
        self
    }
}

/// Values for the first columns of a key or index, or for the parameters of a query: `()`, one value, or a tuple.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a column's value nor a tuple of such values"
)]
pub trait Values {
    /// The values in order.
    fn into_values(self) -> Vec<Value>;
}

impl Values for () {
    fn into_values(self) -> Vec<Value> {
        Vec::new()
    }
}

impl Values for Vec<Value> {
    fn into_values(self) -> Vec<Value> {
        self
    }
}

impl<T: IntoValue> Values for T {
    fn into_values(self) -> Vec<Value> {
        vec![self.into_one()]
    }
}

macro_rules! tuple_values {
    ($($part:ident),+) => {
        impl<$($part: IntoValue),+> Values for ($($part,)+) {
            #[expect(non_snake_case, reason = "one name for the type and the value of a part")]
            fn into_values(self) -> Vec<Value> {
                let ($($part,)+) = self;
                vec![$($part.into_one()),+]
            }
        }
    };
}

tuple_values!(A);
tuple_values!(A, B);
tuple_values!(A, B, C);
tuple_values!(A, B, C, D);
tuple_values!(A, B, C, D, E);
tuple_values!(A, B, C, D, E, F);
tuple_values!(A, B, C, D, E, F, G);
tuple_values!(A, B, C, D, E, F, G, H);
