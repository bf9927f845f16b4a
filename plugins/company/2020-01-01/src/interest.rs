//! What a loan costs between two dates: actual days in a year of 365 (ACT/365).

use daybook_sdk::Date;

/// Microcents in a cent. Interest is kept in them, and rounded down: whole numbers all the way.
pub const MICROCENTS: i64 = 1_000_000;

/// A hundredth of a percent of one cent, in microcents.
const MICROCENTS_PER_BASIS_POINT: i128 = 100;

const DAYS_PER_YEAR: i128 = 365;

/// Microcents that a loan of so many cents costs from one date to another; nothing where the second is not later.
pub fn owed(balance: i64, rate_basis_points: i64, from: Date, to: Date) -> i64 {
    let days = to.days_since(from).max(0);
    let per_year = i128::from(balance) * i128::from(rate_basis_points) * MICROCENTS_PER_BASIS_POINT;
    let microcents = per_year * i128::from(days) / DAYS_PER_YEAR;
    i64::try_from(microcents).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days counted, found through a loan of 73.00 at 5 %, which costs 1,000,000 microcents a day.
    #[track_caller]
    fn check(from: &str, to: &str, days: i64) {
        let date = |text| Date::parse(text).expect("a date");
        let microcents = owed(7_300, 500, date(from), date(to));
        assert_eq!(microcents, days * MICROCENTS, "{from} to {to}");
    }

    #[test]
    fn every_day_counts_and_none_is_taken_back() {
        check("2020-01-01", "2020-01-01", 0);
        check("2020-01-30", "2020-01-31", 1);
        check("2020-02-28", "2020-03-01", 2);
        check("2020-01-01", "2021-01-01", 366);
        check("2020-01-31", "2020-01-01", 0);
    }

    #[test]
    fn fractions_of_a_microcent_are_dropped_and_no_sum_is_too_large() {
        let [from, to] =
            ["2020-01-01", "2020-01-02"].map(|text| Date::parse(text).expect("a date"));
        assert_eq!(owed(1, 1, from, to), 0, "0.27 microcents");
        assert_eq!(owed(1, 10_000, from, to), 2_739, "2,739.7 microcents");
        assert_eq!(owed(i64::MAX, 10_000, from, to), i64::MAX);
    }
}
