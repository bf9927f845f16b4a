//! The plugin `prescription`, version 2019-09-01: who is to take an anticoagulant has the clotting time looked at as well.
//!
//! One more task for one class of drugs is all there is to it; everything else is done by version 2018-03-01.

use daybook_sdk::prelude::*;

/// What a drug does, as far as care must be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload)]
#[serde(rename_all = "kebab-case")]
pub enum DrugClass {
    /// Against bacteria.
    Antibiotic,
    /// Against clots of blood.
    Anticoagulant,
    /// Against pain.
    Analgesic,
}

/// What a laboratory is to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// How well the kidneys clear the blood.
    KidneyFunction,
    /// What the liver's enzymes say.
    LiverFunction,
    /// The cells of the blood, counted.
    BloodCount,
    /// How long the blood takes to clot.
    ClottingTime,
}

/// A doctor prescribed a drug.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Prescribed {
    /// The prescription's own number.
    pub prescription: String,
    /// The patient's number.
    pub patient: String,
    /// The drug's name.
    pub drug: String,
    /// What it does.
    pub class: DrugClass,
    /// How much a day, in milligrams.
    #[schemars(range(min = 1))]
    pub daily_milligrams: i64,
    /// Who prescribed it.
    pub doctor: String,
}

/// Take a patient's blood and look at it.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "lab")]
pub struct Lab {
    /// The prescription's number.
    pub prescription: String,
    /// The patient's number.
    pub patient: String,
    /// What is to be found out.
    pub test: Test,
}

/// The plugin.
pub struct Prescriptions;

#[plugin(
    name = "prescription",
    version = "2019-09-01",
    extends = "2018-03-01",
    description = "What doctors prescribe, and what follows from it",
    changes = ["who takes an anticoagulant has the clotting time looked at as well"],
    tasks = [Lab]
)]
impl Prescriptions {
    #[materialize]
    fn prescribed(event: &Event<Prescribed>, cx: &Materialization) -> Done {
        cx.previous(event)?;
        if event.data.class == DrugClass::Anticoagulant {
            cx.enqueue(Lab {
                prescription: event.data.prescription.clone(),
                patient: event.data.patient.clone(),
                test: Test::ClottingTime,
            });
        }
        Ok(())
    }
}
