//! What a loan costs between two dates: months of 30 days in a year of 360 (30E/360). The 31st of a month counts as its
//! 30th.

use daybook_sdk::Date;

/// Microcents (millionths of a cent) in a cent.
pub const MICROCENTS: i64 = 1_000_000;

/// A hundredth of a percent of one cent, in microcents.
const MICROCENTS_PER_BASIS_POINT: i128 = 100;

const DAYS_PER_YEAR: i128 = 360;

/// Microcents, rounded down, that a loan of so many cents costs from one date to another; nothing where the second is
/// not later.
pub fn owed(balance: i64, rate_basis_points: i64, from: Date, to: Date) -> i64 {
    let days = (day_number(to) - day_number(from)).max(0);
    let per_year = i128::from(balance) * i128::from(rate_basis_points) * MICROCENTS_PER_BASIS_POINT;
    let microcents = per_year * i128::from(days) / DAYS_PER_YEAR;
    i64::try_from(microcents).unwrap_or(i64::MAX)
}

/// Counts days as if every month had 30.
fn day_number(date: Date) -> i64 {
    i64::from(date.year()) * 360 + i64::from(date.month()) * 30 + i64::from(date.day().min(30))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days counted, found through a loan of 72.00 at 5 %, which costs 1,000,000 microcents a day.
    #[track_caller]
    fn check(from: &str, to: &str, days: i64) {
        let date = |text| Date::parse(text).expect("a date");
        let microcents = owed(7_200, 500, date(from), date(to));
        assert_eq!(microcents, days * MICROCENTS, "{from} to {to}");
    }

    #[test]
    fn every_month_has_30_days_and_no_day_is_taken_back() {
        check("2020-01-01", "2021-01-01", 360);
        check("2020-01-30", "2020-01-31", 0);
        check("2020-01-31", "2020-02-01", 1);
        check("2020-02-29", "2020-03-01", 2);
        check("2020-01-31", "2020-03-31", 60);
        check("2020-01-31", "2020-01-01", 0);
    }

    #[test]
    fn fractions_of_a_microcent_are_dropped_and_no_sum_is_too_large() {
        let [from, to] =
            ["2020-01-01", "2020-01-02"].map(|text| Date::parse(text).expect("a date"));
        assert_eq!(owed(1, 10_000, from, to), 2_777, "2,777.8 microcents");
        assert_eq!(owed(i64::MAX, 10_000, from, to), i64::MAX);
    }
}
