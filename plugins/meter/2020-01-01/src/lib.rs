//! The plugin `meter`, version 2020-01-01: meters that only count up, and what is read from them.
//!
//! The version that extends this one is in Python: a book does not tell the languages apart.

use daybook_sdk::prelude::*;

/// A meter was installed.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Installed {
    /// What is written on it.
    pub meter: String,
    /// What it counts: kWh, litres.
    pub unit: String,
    /// What it stood at.
    pub value: i64,
}

/// A meter was read.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Measured {
    /// What is written on it.
    pub meter: String,
    /// The day.
    pub day: Date,
    /// What it stood at.
    pub value: i64,
}

/// Install a meter.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Install {
    /// What is written on it.
    #[schemars(length(min = 1, max = 50))]
    pub meter: String,
    /// What it counts: kWh, litres.
    #[schemars(length(min = 1, max = 20))]
    pub unit: String,
    /// What it stands at.
    #[schemars(range(min = 0))]
    pub value: i64,
}

/// Read a meter.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Measure {
    /// What is written on it.
    pub meter: String,
    /// The day.
    pub day: Date,
    /// What it stands at.
    pub value: i64,
}

/// A meter, and what it stood at when it was last read.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Meter {
    /// What is written on it.
    #[key]
    pub name: String,
    /// What it counts.
    pub unit: String,
    /// What it stood at.
    pub value: i64,
    /// What it has counted since it was installed.
    pub used: i64,
    /// How often it was read.
    pub readings: u32,
}

/// The plugin.
pub struct Meters;

#[plugin(
    name = "meter",
    version = "2020-01-01",
    description = "Meters of water, gas or electricity, and what is read from them",
    changes = ["the first version"],
    tables = [Meter]
)]
impl Meters {
    #[materialize]
    fn installed(event: &Event<Installed>, cx: &Materialization) -> Done {
        Meter {
            name: event.data.meter.clone(),
            unit: event.data.unit.clone(),
            value: event.data.value,
            used: 0,
            readings: 0,
        }
        .insert(cx)
    }

    #[materialize]
    fn measured(event: &Event<Measured>, cx: &Materialization) -> Done {
        let Measured { meter, value, .. } = &event.data;
        let Some(mut row) = Meter::get(cx, meter)? else {
            return fail("unknown-meter", format!("there is no meter {meter}"));
        };
        if *value < row.value {
            let message = format!("{meter} stood at {}, and {value} was read", row.value);
            return fail("runs-backwards", message);
        }
        row.used += value - row.value;
        row.value = *value;
        row.readings += 1;
        row.upsert(cx)
    }

    #[create]
    fn install(command: &Command<Install>, cx: &Creation) -> Decision {
        let Install { meter, unit, value } = command.data.clone();
        if Meter::get(cx, &meter)?.is_some() {
            return reject("meter-exists", format!("there is a meter {meter} already"));
        }
        let subject = format!("meter/{meter}");
        Ok(events![Installed { meter, unit, value }.about(subject)])
    }

    #[create]
    fn measure(command: &Command<Measure>, cx: &Creation) -> Decision {
        let Measure { meter, day, value } = command.data.clone();
        let Some(row) = Meter::get(cx, &meter)? else {
            return reject("unknown-meter", format!("there is no meter {meter}"));
        };
        if value < row.value {
            let message = format!("{meter} stands at {}: it only counts up", row.value);
            return reject("runs-backwards", message);
        }
        let subject = format!("meter/{meter}");
        Ok(events![Measured { meter, day, value }.about(subject)])
    }
}
