//! Rounding, which is never done unsaid.

/// Where a result goes that lies between two units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest unit; what lies in the middle goes away from zero, as merchants round.
    HalfUp,
    /// To the nearest unit; what lies in the middle goes to the even one, so that many roundings cancel out.
    HalfEven,
    /// Towards zero: what is left is cut off.
    Down,
    /// Away from zero.
    Up,
    /// Towards the smaller number.
    Floor,
    /// Towards the larger number.
    Ceiling,
}

impl Rounding {
    /// A quotient as a whole number; the divisor is not zero.
    pub(super) fn divide(self, dividend: i128, divisor: i128) -> i128 {
        let (whole, rest) = (dividend / divisor, dividend % divisor);
        if rest == 0 {
            return whole;
        }
        let sign = if (dividend < 0) == (divisor < 0) {
            1
        } else {
            -1
        };
        // Compared with what is missing, since twice the rest may be too large a number.
        let (rest, missing) = (
            rest.unsigned_abs(),
            divisor.unsigned_abs() - rest.unsigned_abs(),
        );
        let goes_away_from_zero = match self {
            Self::HalfUp => rest >= missing,
            Self::HalfEven => rest > missing || (rest == missing && whole % 2 != 0),
            Self::Down => false,
            Self::Up => true,
            Self::Floor => sign < 0,
            Self::Ceiling => sign > 0,
        };
        if goes_away_from_zero {
            whole + sign
        } else {
            whole
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rounding::{self, Ceiling, Down, Floor, HalfEven, HalfUp, Up};

    #[test]
    fn each_way_of_rounding_has_its_own_answers() {
        let halves = [-5, -3, -2, -1, 1, 2, 3, 5];
        let table: [(Rounding, [i128; 8]); 6] = [
            (HalfUp, [-3, -2, -1, -1, 1, 1, 2, 3]),
            (HalfEven, [-2, -2, -1, 0, 0, 1, 2, 2]),
            (Down, [-2, -1, -1, 0, 0, 1, 1, 2]),
            (Up, [-3, -2, -1, -1, 1, 1, 2, 3]),
            (Floor, [-3, -2, -1, -1, 0, 1, 1, 2]),
            (Ceiling, [-2, -1, -1, 0, 1, 1, 2, 3]),
        ];
        for (rounding, expected) in table {
            let got = halves.map(|half| rounding.divide(half, 2));
            assert_eq!(got, expected, "{rounding:?}");
            let got = halves.map(|half| rounding.divide(-half, -2));
            assert_eq!(got, expected, "{rounding:?}, both signs turned");
        }
        assert_eq!(HalfUp.divide(i128::MAX, i128::MAX - 1), 1);
        assert_eq!(HalfUp.divide(10, 3), 3);
        assert_eq!(HalfUp.divide(11, 3), 4);
    }
}
