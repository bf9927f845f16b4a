//! Spans of time.

use super::scaled::scaled_number;

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// A span of time in whole nanoseconds, also backwards: 292 years at most. A column of this type says `duration`; a payload has
/// the nanoseconds as a whole number.
pub struct Duration {
    units: i64,
}

impl Duration {
    /// So many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self::make(nanos)
    }

    /// So many seconds.
    ///
    /// # Panics
    /// Beyond 292 years.
    #[track_caller]
    pub fn from_seconds(seconds: i64) -> Self {
        Self::from_nanos(NANOS_PER_SECOND) * seconds
    }

    /// So many minutes.
    ///
    /// # Panics
    /// Beyond 292 years.
    #[track_caller]
    pub fn from_minutes(minutes: i64) -> Self {
        Self::from_nanos(60 * NANOS_PER_SECOND) * minutes
    }

    /// So many hours.
    ///
    /// # Panics
    /// Beyond 292 years.
    #[track_caller]
    pub fn from_hours(hours: i64) -> Self {
        Self::from_nanos(3_600 * NANOS_PER_SECOND) * hours
    }

    /// All of it in nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.units
    }

    /// Whole seconds; what is left is cut off.
    pub const fn whole_seconds(self) -> i64 {
        self.units / NANOS_PER_SECOND
    }
}

scaled_number! {
    impl [] for Duration {
        make(units) Self { units };
        places 9;
        largest i64::MAX;
        smallest i64::MIN;
        unit "s";
        format "duration".to_owned();
        name "duration";
        payload Units;
    }
}
