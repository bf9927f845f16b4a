//! What is read from meters.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::Scenario;
use meter_2020_01_01::{Install, Measure, Measured, Meter, Meters};

fn install() -> Install {
    Install {
        meter: "cellar".to_owned(),
        unit: "kWh".to_owned(),
        value: 100,
    }
}

fn measure(value: i64) -> Measure {
    let day = Date::new(2020, 1, 31).unwrap();
    let meter = "cellar".to_owned();
    Measure { meter, day, value }
}

#[test]
fn what_a_meter_counted_is_the_difference_of_what_it_stood_at() {
    Scenario::<Meters>::new()
        .when(install())
        .when(measure(130))
        .when(measure(190))
        .then_rows([Meter {
            name: "cellar".to_owned(),
            unit: "kWh".to_owned(),
            value: 190,
            used: 90,
            readings: 2,
        }]);
}

#[test]
fn a_meter_has_to_be_there_and_only_counts_up() {
    let Measure { meter, day, value } = measure(99);
    Scenario::<Meters>::new()
        .when(measure(130))
        .then_rejected("unknown-meter")
        .when(install())
        .when(install())
        .then_rejected("meter-exists")
        .when(measure(99))
        .then_rejected("runs-backwards")
        .when_event(Measured { meter, day, value })
        .then_failed("runs-backwards");
}
