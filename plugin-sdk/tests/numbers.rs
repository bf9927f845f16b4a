//! Numbers through payloads and columns: what was written is read to the last bit.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;

/// Something was measured.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Measured {
    id: u64,
    value: f64,
    small: f32,
    count: i64,
}

#[derive(Clone, Debug, PartialEq, Table)]
pub struct Reading {
    #[key]
    id: u64,
    value: f64,
    count: i64,
    all: Json<Vec<f64>>,
}

pub struct Meter;

/// Measurements.
#[plugin(version = "2024-01-01", tables = [Reading])]
impl Meter {
    #[materialize]
    fn measured(event: &Event<Measured>, cx: &Materialization) -> Done {
        let data = &event.data;
        Reading {
            id: data.id,
            value: data.value,
            count: data.count,
            all: Json(vec![data.value, f64::from(data.small)]),
        }
        .insert(cx)
    }
}

/// Doubles of all sizes.
fn doubles() -> impl Iterator<Item = f64> {
    let mut state = 7_u64;
    let random = std::iter::from_fn(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Some(f64::from_bits(state ^ (state >> 29)))
    });
    [0.424_519_189_142_513_96, 5e-324, f64::MAX, 1e16, 0.1 + 0.2]
        .into_iter()
        .chain(random.filter(|number| number.is_finite()))
}

#[test]
fn a_double_is_read_as_the_nearest_one_however_it_is_written() {
    for value in doubles().take(20_000) {
        for text in [
            format!("{value:?}"),
            format!("{value:e}"),
            format!("{value:.17e}"),
        ] {
            let data = format!(r#"{{"id":1,"value":{text},"small":0.1,"count":1}}"#);
            let event: Measured = serde_json::from_str(&data).unwrap();
            assert_eq!(event.value.to_bits(), value.to_bits(), "{text}");
            let again = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Measured>(&again).unwrap(), event);
        }
    }
}

#[test]
fn rows_hold_what_events_said() {
    for (value, count) in doubles()
        .take(200)
        .zip([i64::MIN, i64::MAX, (1 << 53) + 1].repeat(100))
    {
        let value = value + 0.0;
        Scenario::<Meter>::new()
            .given(Measured {
                id: (1 << 53) + 1,
                value,
                small: 0.1,
                count,
            })
            .then_row(Reading {
                id: (1 << 53) + 1,
                value,
                count,
                all: Json(vec![value, f64::from(0.1_f32)]),
            });
    }
}

/// Something is weighed, perhaps.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Weighed {
    weights: Vec<Option<f64>>,
    note: Option<String>,
}

#[test]
fn a_number_that_json_does_not_have_is_never_written_as_null() {
    let weighed = |weight: Option<f64>| Weighed {
        weights: vec![None, weight],
        note: None,
    };
    let fine = NewEvent::from(weighed(Some(0.5)));
    assert_eq!(fine.payload::<Weighed>().unwrap(), Some(weighed(Some(0.5))));
    for number in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        let panic = std::panic::catch_unwind(|| NewEvent::from(weighed(Some(number)))).unwrap_err();
        let words = panic.downcast_ref::<String>().unwrap();
        assert!(words.contains("JSON has no number"), "{words}");
    }
}
