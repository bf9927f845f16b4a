//! What is said about patients: events, commands, and the tasks that a prescription asks for.

use daybook_sdk::prelude::*;

/// What a drug does, as far as care must be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Payload, Column)]
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
}

/// A patient was admitted.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Admitted {
    /// The patient's number.
    pub patient: String,
    /// The patient's name.
    pub name: String,
    /// In grams.
    #[schemars(range(min = 300, max = 500_000))]
    pub weight_grams: i64,
}

/// A patient was found to be allergic, or not to be.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct AllergyNoted {
    /// The patient's number.
    pub patient: String,
    /// Drugs of this class are not borne; absent: all are.
    pub allergy: Option<DrugClass>,
    /// Who found out.
    pub doctor: String,
}

/// A patient was weighed.
#[derive(Clone, Debug, PartialEq, Event)]
pub struct Weighed {
    /// The patient's number.
    pub patient: String,
    /// In grams.
    #[schemars(range(min = 300, max = 500_000))]
    pub weight_grams: i64,
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

/// Admit a patient.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Admit {
    /// The number that the patient is to have.
    #[schemars(length(min = 1, max = 20))]
    pub patient: String,
    /// The patient's name.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    /// In grams.
    #[schemars(range(min = 300, max = 500_000))]
    pub weight_grams: i64,
}

/// Note an allergy in a patient's chart.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct NoteAllergy {
    /// The patient's number.
    #[schemars(length(min = 1, max = 20))]
    pub patient: String,
    /// Drugs of this class are not borne; absent: all are.
    pub allergy: Option<DrugClass>,
    /// Who found out.
    #[schemars(length(min = 1, max = 100))]
    pub doctor: String,
}

/// Note a patient's weight.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Weigh {
    /// The patient's number.
    #[schemars(length(min = 1, max = 20))]
    pub patient: String,
    /// In grams.
    #[schemars(range(min = 300, max = 500_000))]
    pub weight_grams: i64,
}

/// Prescribe a drug.
#[derive(Clone, Debug, PartialEq, Command)]
pub struct Prescribe {
    /// The number that it is to have; absent: one is made.
    #[schemars(length(min = 1, max = 100))]
    pub prescription: Option<String>,
    /// The patient's number.
    #[schemars(length(min = 1, max = 20))]
    pub patient: String,
    /// The drug's name.
    #[schemars(length(min = 1, max = 100))]
    pub drug: String,
    /// What it does.
    pub class: DrugClass,
    /// How much a day, in milligrams.
    #[schemars(range(min = 1, max = 100_000))]
    pub daily_milligrams: i64,
    /// Who prescribes it.
    #[schemars(length(min = 1, max = 100))]
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

/// Tell the patient's telephone.
#[derive(Clone, Debug, PartialEq, Task)]
#[task(kind = "push")]
pub struct Push {
    /// The patient's number.
    pub patient: String,
    /// What it says.
    pub text: String,
}
