//! What a balance earns between two dates: actual days in a year of 365 (ACT/365).
//!
//! Interest is kept in microcents, millionths of a cent, and always rounded down: whole numbers all the way,
//! so that every machine finds the same sum.

use daybook_sdk::Date;

/// Microcents in a cent.
pub const MICROCENTS: i64 = 1_000_000;

/// 3 % a year: what each cent of balance earns in a year, in microcents.
const MICROCENTS_PER_CENT_AND_YEAR: i128 = 30_000;

const DAYS_PER_YEAR: i128 = 365;

/// Microcents that a balance of so many cents earns from one date to another. A balance below zero earns
/// nothing, and so does a posting that is dated before the last one: interest once earned is not taken back.
pub fn earned(balance: i64, from: Date, to: Date) -> i64 {
    let days = to.days_since(from).max(0);
    let microcents = i128::from(balance.max(0)) * MICROCENTS_PER_CENT_AND_YEAR * i128::from(days)
        / DAYS_PER_YEAR;
    i64::try_from(microcents).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days counted, found through a balance that earns 6,000 microcents a day.
    #[track_caller]
    fn check(from: &str, to: &str, days: i64) {
        let date = |text| Date::parse(text).expect("a date");
        assert_eq!(
            earned(73, date(from), date(to)),
            days * 6_000,
            "{from} to {to}"
        );
    }

    #[test]
    fn every_day_counts() {
        check("1993-01-01", "1993-01-01", 0);
        check("1993-01-30", "1993-01-31", 1);
        check("1993-02-28", "1993-03-01", 1);
        check("1996-02-28", "1996-03-01", 2);
        check("1993-01-01", "1994-01-01", 365);
        check("1996-01-01", "1997-01-01", 366);
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
        assert_eq!(earned(1, from, to), 82, "82.19 microcents");
        assert_eq!(earned(0, from, to), 0);
        assert_eq!(earned(-100_000, from, to), 0);
        assert_eq!(
            earned(i64::MAX, from, to),
            i64::MAX,
            "as much as can be counted"
        );
    }
}
