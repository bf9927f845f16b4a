//! What all exact types can do, written once.

/// Implements an exact type, a struct whose field `units` is an `i64`. `$places` are its decimal places, `$largest` its
/// largest number of units, `$smallest` the smallest, `$unit` what stands behind it in a text, `$format` the column's format.
macro_rules! scaled_number {
    (
        impl [$($generics:tt)*] for $type:ty {
            make($units:ident) $make:expr;
            places $places:expr;
            largest $largest:expr;
            smallest $smallest:expr;
            unit $unit:expr;
            format $format:expr;
            name $name:expr;
            payload $payload:ident;
        }
    ) => {
        impl<$($generics)*> $type {
            /// Nothing.
            pub const ZERO: Self = Self::make(0);
            /// The largest that a column holds.
            pub const MAX: Self = Self::make($largest);
            /// The smallest that a column holds.
            pub const MIN: Self = Self::make($smallest);

            const fn make($units: i64) -> Self {
                $make
            }

            /// So many units, as a column keeps them: with two places, 1250 is 12.50.
            ///
            /// # Panics
            /// Where a column of this type does not hold so many.
            #[track_caller]
            pub fn from_units(units: i64) -> Self {
                match Self::checked(units) {
                    Some(number) => number,
                    None => panic!("{}", Self::too_much(&crate::number::units::to_text(units, $places))),
                }
            }

            /// The units that a column keeps: with two places, 12.50 is 1250.
            pub const fn units(self) -> i64 {
                self.units
            }

            /// Its size, without the sign.
            ///
            /// # Panics
            /// Where a column of this type does not hold so much.
            #[must_use]
            #[track_caller]
            pub fn abs(self) -> Self {
                if self.units < 0 { -self } else { self }
            }

            /// Whether it is less than nothing.
            pub const fn is_negative(self) -> bool {
                self.units < 0
            }

            /// Whether it is nothing.
            pub const fn is_zero(self) -> bool {
                self.units == 0
            }

            /// The sum; none where a column of this type does not hold it.
            #[must_use]
            pub fn checked_add(self, other: Self) -> Option<Self> {
                Self::checked(self.units.checked_add(other.units)?)
            }

            /// The difference; none where a column of this type does not hold it.
            #[must_use]
            pub fn checked_sub(self, other: Self) -> Option<Self> {
                Self::checked(self.units.checked_sub(other.units)?)
            }

            /// The product; none where a column of this type does not hold it.
            #[must_use]
            pub fn checked_mul(self, times: i64) -> Option<Self> {
                Self::checked(self.units.checked_mul(times)?)
            }

            /// This times `numerator / denominator`, reckoned exactly and then rounded once:
            /// interest of 4 % is `balance.times_ratio(4, 100, Rounding::HalfUp)`.
            ///
            /// # Panics
            /// Where the denominator is 0, or a column of this type does not hold the result.
            #[must_use]
            #[track_caller]
            pub fn times_ratio(self, numerator: i64, denominator: i64, rounding: crate::Rounding) -> Self {
                assert!(denominator != 0, "{self} times {numerator} / 0: nothing can be divided by 0");
                let product = i128::from(self.units) * i128::from(numerator);
                let units = rounding.divide(product, i128::from(denominator));
                match i64::try_from(units).ok().and_then(Self::checked) {
                    Some(result) => result,
                    None => panic!("{}", Self::too_much(&format!("{self} times {numerator} / {denominator}"))),
                }
            }

            fn checked(units: i64) -> Option<Self> {
                (Self::MIN.units..=Self::MAX.units).contains(&units).then(|| Self::make(units))
            }

            #[cold]
            fn too_much(what: &str) -> String {
                format!("{what} does not fit {}, which holds {} to {}", $name, Self::MIN, Self::MAX)
            }

            fn number_text(self) -> String {
                crate::number::units::to_text(self.units, $places)
            }
        }

        impl<$($generics)*> Clone for $type {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($generics)*> Copy for $type {}

        impl<$($generics)*> PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.units == other.units
            }
        }

        impl<$($generics)*> Eq for $type {}

        impl<$($generics)*> PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl<$($generics)*> Ord for $type {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.units.cmp(&other.units)
            }
        }

        impl<$($generics)*> std::hash::Hash for $type {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
                self.units.hash(state);
            }
        }

        impl<$($generics)*> Default for $type {
            fn default() -> Self {
                Self::ZERO
            }
        }

        impl<$($generics)*> std::ops::Add for $type {
            type Output = Self;

            #[track_caller]
            fn add(self, other: Self) -> Self {
                match self.checked_add(other) {
                    Some(sum) => sum,
                    None => panic!("{}", Self::too_much(&format!("{self} + {other}"))),
                }
            }
        }

        impl<$($generics)*> std::ops::Sub for $type {
            type Output = Self;

            #[track_caller]
            fn sub(self, other: Self) -> Self {
                match self.checked_sub(other) {
                    Some(difference) => difference,
                    None => panic!("{}", Self::too_much(&format!("{self} - {other}"))),
                }
            }
        }

        impl<$($generics)*> std::ops::Neg for $type {
            type Output = Self;

            #[track_caller]
            fn neg(self) -> Self {
                match self.checked_mul(-1) {
                    Some(negated) => negated,
                    None => panic!("{}", Self::too_much(&format!("-({self})"))),
                }
            }
        }

        impl<$($generics)*> std::ops::Mul<i64> for $type {
            type Output = Self;

            #[track_caller]
            fn mul(self, times: i64) -> Self {
                match self.checked_mul(times) {
                    Some(product) => product,
                    None => panic!("{}", Self::too_much(&format!("{self} * {times}"))),
                }
            }
        }

        impl<$($generics)*> std::ops::AddAssign for $type {
            #[track_caller]
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl<$($generics)*> std::ops::SubAssign for $type {
            #[track_caller]
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl<$($generics)*> std::iter::Sum for $type {
            fn sum<I: Iterator<Item = Self>>(numbers: I) -> Self {
                numbers.fold(Self::ZERO, |sum, number| sum + number)
            }
        }

        impl<'a, $($generics)*> std::iter::Sum<&'a Self> for $type {
            fn sum<I: Iterator<Item = &'a Self>>(numbers: I) -> Self {
                numbers.copied().sum()
            }
        }

        /// `12.50`, and behind it the unit where there is one.
        impl<$($generics)*> std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match $unit {
                    "" => f.pad(&self.number_text()),
                    unit => f.pad(&format!("{} {unit}", self.number_text())),
                }
            }
        }

        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        /// `12.50`, `12.5` or `12`, with or without the unit. A place more than there are is refused, never rounded.
        impl<$($generics)*> std::str::FromStr for $type {
            type Err = crate::NumberError;

            fn from_str(text: &str) -> Result<Self, crate::NumberError> {
                let number = text.trim();
                let number = number.strip_suffix($unit).unwrap_or(number).trim_end();
                let number = crate::number::units::of_text(number, $places).and_then(Self::checked);
                number.ok_or_else(|| crate::NumberError::new(format!(
                    "`{text}` is not {}: it has digits, and at most {} behind a point; it goes from {} to {}",
                    $name, $places, Self::MIN, Self::MAX
                )))
            }
        }

        /// In the form in which the SDKs of other languages write it: units as a whole number, or a text without the unit.
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match crate::number::scaled::Payload::$payload {
                    crate::number::scaled::Payload::Units => serializer.serialize_i64(self.units),
                    crate::number::scaled::Payload::Text => serializer.serialize_str(&self.number_text()),
                }
            }
        }

        /// Units as a whole number where a payload has those; a text is read too, and by numbers with decimal places alone.
        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<De: serde::Deserializer<'de>>(deserializer: De) -> Result<Self, De::Error> {
                let units_or_text = crate::number::scaled::UnitsOrText {
                    expecting: || format!("{} as whole units: {} is {}", $name, Self::from_units(1), 1),
                };
                match deserializer.deserialize_any(units_or_text)? {
                    crate::number::scaled::Read::Units(_)
                        if crate::number::scaled::Payload::$payload == crate::number::scaled::Payload::Text =>
                    {
                        Err(serde::de::Error::custom(format!("{} is a text in a payload: \"{}\"", $name, Self::from_units(1))))
                    }
                    crate::number::scaled::Read::Units(units) => Self::checked(units).ok_or_else(|| {
                        serde::de::Error::custom(Self::too_much(&crate::number::units::to_text(units, $places)))
                    }),
                    crate::number::scaled::Read::Text(text) => text.parse().map_err(serde::de::Error::custom),
                }
            }
        }

        impl<$($generics)*> schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $format.into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                if crate::number::scaled::Payload::$payload == crate::number::scaled::Payload::Text {
                    return crate::number::scaled::schema_of_text(Self::MAX.units, $places);
                }
                let mut schema = schemars::json_schema!({ "type": "integer", "format": "int64" });
                if Self::MAX.units < i64::MAX {
                    schema.insert("minimum".to_owned(), Self::MIN.units.into());
                    schema.insert("maximum".to_owned(), Self::MAX.units.into());
                }
                schema
            }
        }

        impl<$($generics)*> crate::Column for $type {
            const KIND: crate::ColumnKind = crate::ColumnKind::Integer;
            const CHECKED: () = {
                let _: u32 = $places;
            };

            fn format() -> Option<String> {
                Some($format)
            }

            fn into_value(self) -> crate::Value {
                crate::Value::Integer(self.units)
            }

            fn to_value(&self) -> crate::Value {
                crate::Value::Integer(self.units)
            }

            fn from_value(value: crate::Value) -> Result<Self, crate::ColumnError> {
                match value {
                    crate::Value::Integer(units) => Self::checked(units).ok_or_else(|| {
                        crate::ColumnError::new(Self::too_much(&crate::number::units::to_text(units, $places)))
                    }),
                    other => Err(crate::column::unexpected("an integer", &other)),
                }
            }
        }
    };
}

pub(super) use scaled_number;

/// What the payload of a type's values is: one form, so that no number can be meant in two ways.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload {
    /// Of money and spans of time: `1250`.
    Units,
    /// Of numbers with decimal places: `"12.50"`.
    Text,
}

/// JSON Schema of a text with at most so many places, and as many digits before them as the largest has.
pub(super) fn schema_of_text(largest: i64, places: u32) -> schemars::Schema {
    let whole = (largest / 10_i64.pow(places)).to_string().len();
    let point = match places {
        0 => String::new(),
        places => format!("(\\.[0-9]{{1,{places}}})?"),
    };
    schemars::json_schema!({ "type": "string", "pattern": format!("^-?[0-9]{{1,{whole}}}{point}$") })
}

/// What a payload has in the place of an exact number.
pub(super) enum Read {
    Units(i64),
    Text(String),
}

/// Reads either.
pub(super) struct UnitsOrText {
    pub(super) expecting: fn() -> String,
}

impl serde::de::Visitor<'_> for UnitsOrText {
    type Value = Read;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&(self.expecting)())
    }

    fn visit_i64<E: serde::de::Error>(self, units: i64) -> Result<Read, E> {
        Ok(Read::Units(units))
    }

    fn visit_u64<E: serde::de::Error>(self, units: u64) -> Result<Read, E> {
        match i64::try_from(units) {
            Ok(units) => Ok(Read::Units(units)),
            Err(_) => Err(E::invalid_value(
                serde::de::Unexpected::Unsigned(units),
                &self,
            )),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Read, E> {
        Ok(Read::Text(text.to_owned()))
    }
}
