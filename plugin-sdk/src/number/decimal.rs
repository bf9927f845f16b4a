//! Decimal numbers and percentages.

use super::money::{Currency, Money};
use super::rounding::Rounding;
use super::scaled::scaled_number;

/// A decimal number of at most `PRECISION` digits, `SCALE` of them behind the point: `Decimal<12, 4>` is a rate such as 24.3500.
///
/// A column keeps units of the last place as a whole number and says what they are: `decimal(12,4)`. A payload has a text:
/// `"24.3500"`.
pub struct Decimal<const PRECISION: u32, const SCALE: u32> {
    units: i64,
}

impl<const PRECISION: u32, const SCALE: u32> Decimal<PRECISION, SCALE> {
    const PLACES: u32 = {
        assert!(SCALE <= 18, "a 64-bit number has at most 18 decimal places");
        assert!(
            PRECISION >= 1 && PRECISION <= 19,
            "a 64-bit number has 1 to 19 digits"
        );
        assert!(
            SCALE <= PRECISION,
            "a decimal has at most as many digits behind the point as it has digits"
        );
        SCALE
    };

    /// The largest number of so many digits, or of 64 bits.
    const LARGEST: i64 = match 10_i64.checked_pow(PRECISION) {
        Some(first_too_large) => first_too_large - 1,
        None => i64::MAX,
    };

    /// The smallest, likewise.
    const SMALLEST: i64 = match 10_i64.checked_pow(PRECISION) {
        Some(first_too_large) => 1 - first_too_large,
        None => i64::MIN,
    };
}

scaled_number! {
    impl [const PRECISION: u32, const SCALE: u32] for Decimal<PRECISION, SCALE> {
        make(units) Self { units };
        places Self::PLACES;
        largest Self::LARGEST;
        smallest Self::SMALLEST;
        unit "";
        format format!("decimal({PRECISION},{})", Self::PLACES);
        name format!("decimal({PRECISION},{})", Self::PLACES);
        payload Text;
    }
}

/// Percent with `SCALE` decimal places: `Percent<2>` holds 4.25 %.
///
/// A column keeps units of the last place as a whole number and says what they are: `percent(2)`. A payload has a text: `"4.25"`.
pub struct Percent<const SCALE: u32> {
    units: i64,
}

impl<const SCALE: u32> Percent<SCALE> {
    const PLACES: u32 = {
        // So that a hundred percent fit too.
        assert!(SCALE <= 16, "percent have at most 16 decimal places");
        SCALE
    };

    /// So much of an amount, reckoned exactly and rounded once.
    ///
    /// # Panics
    /// Where the amount's type does not hold the result.
    #[must_use]
    #[track_caller]
    pub fn of<C: Currency, const PLACES: u32>(
        self,
        amount: Money<C, PLACES>,
        rounding: Rounding,
    ) -> Money<C, PLACES> {
        amount.times_ratio(self.units, 100 * 10_i64.pow(Self::PLACES), rounding)
    }
}

scaled_number! {
    impl [const SCALE: u32] for Percent<SCALE> {
        make(units) Self { units };
        places Self::PLACES;
        largest i64::MAX;
        smallest i64::MIN;
        unit "%";
        format format!("percent({})", Self::PLACES);
        name format!("percent({})", Self::PLACES);
        payload Text;
    }
}
