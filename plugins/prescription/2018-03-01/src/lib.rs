//! The plugin `prescription`, version 2018-03-01: what a doctor prescribes, and what follows from it: the laboratory has
//! work, the patient's telephone rings, and the chart says what is taken.
//!
//! All three follow from the one event, in its materializer: who asks for the event sees them under it, and a preview
//! shows them before anybody's telephone rings. What is said is in [`words`].

pub mod words;

use daybook_sdk::prelude::*;

use words::{
    Admit, Admitted, AllergyNoted, DrugClass, Lab, NoteAllergy, Prescribe, Prescribed, Push, Test,
    Weigh, Weighed,
};

/// A patient's chart: what a doctor looks at before a prescription, and what a prescription adds to.
///
/// A doctor who saw some of its columns names their hashes with the command (`Daybook-Expect`), and is told where one of
/// them changed since; so what may be looked at by itself has a column of its own.
#[derive(Clone, Debug, PartialEq, Table)]
pub struct Chart {
    /// The patient's number.
    #[key]
    pub patient: String,
    /// The patient's name.
    pub name: String,
    /// In grams.
    pub weight_grams: i64,
    /// Drugs of this class are not borne.
    pub allergy: Option<DrugClass>,
    /// The drug that was prescribed last.
    pub latest_drug: Option<String>,
    /// How much of all drugs is taken a day, in milligrams.
    pub daily_milligrams: i64,
}

/// What was prescribed.
#[derive(Clone, Debug, PartialEq, Table)]
#[table(index(by_patient = [patient, id]))]
pub struct Prescription {
    /// Its own number.
    #[key]
    pub id: String,
    /// The patient's number.
    pub patient: String,
    /// The drug's name.
    pub drug: String,
    /// What it does.
    pub class: DrugClass,
    /// How much a day, in milligrams.
    pub daily_milligrams: i64,
    /// Who prescribed it.
    pub doctor: String,
}

/// The most of one drug a day: milligrams for each kilogram of the patient.
const MILLIGRAMS_PER_KILOGRAM_MAX: i64 = 60;

/// The plugin.
pub struct Prescriptions;

#[plugin(
    name = "prescription",
    version = "2018-03-01",
    description = "What doctors prescribe, and what follows from it",
    changes = ["the first version"],
    tables = [Chart, Prescription],
    tasks = [Lab, Push]
)]
impl Prescriptions {
    #[materialize]
    fn admitted(event: &Event<Admitted>, cx: &Materialization) -> Done {
        let Admitted {
            patient,
            name,
            weight_grams,
        } = event.data.clone();
        Chart {
            patient,
            name,
            weight_grams,
            allergy: None,
            latest_drug: None,
            daily_milligrams: 0,
        }
        .insert(cx)
    }

    #[materialize]
    fn allergy_noted(event: &Event<AllergyNoted>, cx: &Materialization) -> Done {
        let allergy = event.data.allergy;
        Chart::update(cx, &event.data.patient, |chart| chart.allergy = allergy)
    }

    #[materialize]
    fn weighed(event: &Event<Weighed>, cx: &Materialization) -> Done {
        let grams = event.data.weight_grams;
        Chart::update(cx, &event.data.patient, |chart| chart.weight_grams = grams)
    }

    /// Everything that a prescription causes.
    #[materialize]
    fn prescribed(event: &Event<Prescribed>, cx: &Materialization) -> Done {
        let it = event.data.clone();
        Chart::update(cx, &it.patient, |chart| {
            chart.latest_drug = Some(it.drug.clone());
            chart.daily_milligrams = chart.daily_milligrams.saturating_add(it.daily_milligrams);
        })?;
        cx.enqueue(Lab {
            prescription: it.prescription.clone(),
            patient: it.patient.clone(),
            test: test_for(it.class),
        });
        let push = Push {
            patient: it.patient.clone(),
            text: format!("{} mg of {} a day", it.daily_milligrams, it.drug),
        };
        // A telephone gets its messages in the order in which they were written.
        cx.enqueue(push.with_key(it.patient.clone()));
        Prescription {
            id: it.prescription,
            patient: it.patient,
            drug: it.drug,
            class: it.class,
            daily_milligrams: it.daily_milligrams,
            doctor: it.doctor,
        }
        .insert(cx)
    }

    #[create]
    fn admit(command: &Command<Admit>, cx: &Creation) -> Decision {
        let Admit {
            patient,
            name,
            weight_grams,
        } = command.data.clone();
        if Chart::exists(cx, &patient) {
            let message = format!("'{patient}' is a patient already");
            return reject("admitted-already", message);
        }
        let about = subject(&patient);
        let admitted = Admitted {
            patient,
            name,
            weight_grams,
        };
        Ok(events![admitted.about(about)])
    }

    #[create]
    fn note_allergy(command: &Command<NoteAllergy>, cx: &Creation) -> Decision {
        let NoteAllergy {
            patient,
            allergy,
            doctor,
        } = command.data.clone();
        if chart_of(&patient, cx)?.allergy == allergy {
            return Ok(events![]);
        }
        let about = subject(&patient);
        let noted = AllergyNoted {
            patient,
            allergy,
            doctor,
        };
        Ok(events![noted.about(about)])
    }

    #[create]
    fn weigh(command: &Command<Weigh>, cx: &Creation) -> Decision {
        let Weigh {
            patient,
            weight_grams,
        } = command.data.clone();
        chart_of(&patient, cx)?;
        let about = subject(&patient);
        let weighed = Weighed {
            patient,
            weight_grams,
        };
        Ok(events![weighed.about(about)])
    }

    #[create]
    fn prescribe(command: &Command<Prescribe>, cx: &Creation) -> Decision {
        let Prescribe {
            prescription,
            patient,
            drug,
            class,
            daily_milligrams,
            doctor,
        } = command.data.clone();
        let chart = chart_of(&patient, cx)?;
        if chart.allergy == Some(class) {
            let message = format!("'{patient}' does not bear drugs such as {drug}");
            return reject("allergic", message);
        }
        // The weight is in grams, and the limit for a kilogram.
        let most = chart.weight_grams * MILLIGRAMS_PER_KILOGRAM_MAX / 1_000;
        if daily_milligrams > most {
            let grams = chart.weight_grams;
            let message = format!(
                "{daily_milligrams} mg of {drug} a day, where {most} mg is the most for {grams} g"
            );
            return reject("dose-too-high", message);
        }
        let prescription = prescription.unwrap_or_else(|| cx.make_id());
        if Prescription::exists(cx, &prescription) {
            let message = format!("there is a prescription '{prescription}' already");
            return reject("id-taken", message);
        }
        let about = subject(&patient);
        let prescribed = Prescribed {
            prescription,
            patient,
            drug,
            class,
            daily_milligrams,
            doctor,
        };
        Ok(events![prescribed.about(about)])
    }
}

/// What is looked at in whoever takes such a drug.
fn test_for(class: DrugClass) -> Test {
    match class {
        DrugClass::Antibiotic => Test::KidneyFunction,
        DrugClass::Anticoagulant => Test::BloodCount,
        DrugClass::Analgesic => Test::LiverFunction,
    }
}

fn subject(patient: &str) -> String {
    format!("patient/{patient}")
}

fn chart_of(patient: &str, cx: &Creation) -> Result<Chart, Refusal> {
    let found = Chart::get(cx, patient)?;
    found.map_or_else(
        || {
            reject(
                "unknown-patient",
                format!("there is no patient '{patient}'"),
            )
        },
        Ok,
    )
}
