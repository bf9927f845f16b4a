//! What a balance earns between two dates: months of 30 days in a year of 360 (30E/360).
//!
//! The 31st of a month counts as its 30th, at either end of an interval; February's last day stays what it
//! is. So from 31 January to 1 March are 31 days, and from 30 to 31 January none.

use daybook_sdk::Date;

/// Microcents (millionths of a cent) in a cent.
pub const MICROCENTS: i64 = 1_000_000;

/// 3 % a year: what each cent of balance earns in a year, in microcents.
const MICROCENTS_PER_CENT_AND_YEAR: i128 = 30_000;

const DAYS_PER_YEAR: i128 = 360;

/// Microcents, rounded down, that a balance of so many cents earns from one date to another. A balance below
/// zero earns nothing, and so does a posting that is dated before the last one.
pub fn earned(balance: i64, from: Date, to: Date) -> i64 {
    let days = (day_number(to) - day_number(from)).max(0);
    let microcents = i128::from(balance.max(0)) * MICROCENTS_PER_CENT_AND_YEAR * i128::from(days)
        / DAYS_PER_YEAR;
    i64::try_from(microcents).unwrap_or(i64::MAX)
}

/// Counts days as if every month had 30.
fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 360 + i64::from(date.month()) * 30 + i64::from(date.day().min(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days counted, found through a balance that earns 1,000 microcents a day.
    #[track_caller]
    fn check(from: &str, to: &str, days: i64) {
        let date = |text| Date::parse(text).expect("a date");
        assert_eq!(
            earned(12, date(from), date(to)),
            days * 1_000,
            "{from} to {to}"
        );
    }

    #[test]
    fn every_month_has_30_days_and_the_31st_is_the_30th() {
        check("1993-01-01", "1994-01-01", 360);
        check("1993-01-30", "1993-01-31", 0);
        check("1993-01-31", "1993-02-01", 1);
        check("1993-01-31", "1993-03-31", 60);
        check("1993-01-31", "1993-03-01", 31);
    }

    #[test]
    fn the_end_of_february_is_no_30th() {
        check("1993-02-28", "1993-03-01", 3);
        check("1993-02-28", "1993-03-31", 32);
        check("1996-02-29", "1996-03-31", 31);
        check("1993-01-31", "1993-02-28", 28);
    }

    #[test]
    fn a_posting_dated_before_the_last_one_takes_nothing_back() {
        check("1993-01-31", "1993-01-01", 0);
    }

    #[test]
    fn fractions_of_a_microcent_are_dropped_and_debts_earn_nothing() {
        let (from, to) = (
            Date::new(1993, 1, 1).unwrap(),
            Date::new(1993, 1, 2).unwrap(),
        );
        assert_eq!(earned(1, from, to), 83, "83.33 microcents");
        assert_eq!(earned(0, from, to), 0);
        assert_eq!(earned(-100_000, from, to), 0);
    }
}
