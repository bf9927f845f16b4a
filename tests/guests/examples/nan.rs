//! Makes NaNs by arithmetic and keeps their bits, which no processor promises: all must be the canonical NaN,
//! 0x7ff8000000000000.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;
use std::hint::black_box;

/// A NaN whose payload is `payload`: bits that are put together are no result of arithmetic and stay as they are.
fn nan(payload: i64) -> f64 {
    black_box(f64::from_bits(
        0x7ff8_0000_0000_0000 | payload.cast_unsigned() & 0xffff,
    ))
}

struct Nan;

impl Plugin for Nan {
    fn manifest() -> Manifest {
        plain("nan")
    }

    /// One row for each way to make one, `id` = 10 · seq + its number.
    fn materialize(event: Event, cx: &Materialization) -> Result<(), Failure> {
        let n = n(&event.data);
        let (zero, infinity) = (black_box(0.0), black_box(f64::INFINITY));
        let made: [(&str, f64); 7] = [
            ("0 / 0", zero / black_box(0.0)),
            ("sqrt -1", black_box(-1.0_f64).sqrt()),
            ("infinity - infinity", infinity - black_box(f64::INFINITY)),
            ("nan + 1", nan(n) + black_box(1.0)),
            ("nan + nan", nan(n) + nan(n + 1)),
            ("-nan * nan", -nan(n + 1) * nan(n)),
            ("floor nan", nan(n).floor()),
        ];
        for (number, (name, value)) in (0..).zip(made) {
            let bits = black_box(value).to_bits().cast_signed();
            put(cx, 10 * id(&event) + number, bits, Some(name));
        }
        Ok(())
    }
}

export!(Nan);
