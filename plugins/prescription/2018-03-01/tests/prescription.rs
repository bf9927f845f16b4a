//! Prescriptions, told as stories: what was given, what is done, what must come of it.

use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, made_id};
use prescription_2018_03_01::words::{
    Admit, Admitted, AllergyNoted, DrugClass, Lab, NoteAllergy, Prescribe, Prescribed, Push, Test,
    Weigh,
};
use prescription_2018_03_01::{Chart, Prescription, Prescriptions};

fn with_eva() -> Scenario<Prescriptions> {
    Scenario::<Prescriptions>::new().given(Admitted {
        patient: "eva".into(),
        name: "Eva Nová".into(),
        weight_grams: 50_500,
    })
}

fn chart() -> Chart {
    Chart {
        patient: "eva".into(),
        name: "Eva Nová".into(),
        weight_grams: 50_500,
        allergy: None,
        latest_drug: None,
        daily_milligrams: 0,
    }
}

fn prescribe(drug: &str, class: DrugClass, daily_milligrams: i64) -> Prescribe {
    Prescribe {
        prescription: None,
        patient: "eva".into(),
        drug: drug.into(),
        class,
        daily_milligrams,
        doctor: "Dr. Malá".into(),
    }
}

fn allergy(allergy: Option<DrugClass>) -> NoteAllergy {
    NoteAllergy {
        patient: "eva".into(),
        allergy,
        doctor: "Dr. Malá".into(),
    }
}

#[test]
fn a_prescription_gives_the_laboratory_work_tells_the_patient_and_is_in_the_chart() {
    let prescribed = Prescribed {
        prescription: made_id(1),
        patient: "eva".into(),
        drug: "amoxicillin".into(),
        class: DrugClass::Antibiotic,
        daily_milligrams: 1_500,
        doctor: "Dr. Malá".into(),
    };
    let lab = Lab {
        prescription: made_id(1),
        patient: "eva".into(),
        test: Test::KidneyFunction,
    };
    let push = Push {
        patient: "eva".into(),
        text: "1500 mg of amoxicillin a day".into(),
    };
    with_eva()
        .when(prescribe("amoxicillin", DrugClass::Antibiotic, 1_500))
        .then_events([prescribed.about("patient/eva")])
        .then_tasks([lab.into(), push.with_key("eva")])
        .then_row(Chart {
            latest_drug: Some("amoxicillin".into()),
            daily_milligrams: 1_500,
            ..chart()
        })
        .then_rows([Prescription {
            id: made_id(1),
            patient: "eva".into(),
            drug: "amoxicillin".into(),
            class: DrugClass::Antibiotic,
            daily_milligrams: 1_500,
            doctor: "Dr. Malá".into(),
        }]);
}

#[test]
fn each_class_of_drugs_has_one_test_and_the_chart_sums_up_all_drugs() {
    use DrugClass::{Analgesic, Antibiotic, Anticoagulant};
    let mut scenario = with_eva();
    for (number, class, test) in [
        (1, Antibiotic, Test::KidneyFunction),
        (2, Anticoagulant, Test::BloodCount),
        (3, Analgesic, Test::LiverFunction),
    ] {
        let lab = Lab {
            prescription: made_id(number),
            patient: "eva".into(),
            test,
        };
        let push = Push {
            patient: "eva".into(),
            text: "10 mg of it a day".into(),
        };
        scenario = scenario
            .when(prescribe("it", class, 10))
            .then_tasks([lab.into(), push.with_key("eva")]);
    }
    scenario.then_row(Chart {
        latest_drug: Some("it".into()),
        daily_milligrams: 30,
        ..chart()
    });
}

#[test]
fn what_is_not_borne_or_is_too_much_is_refused_and_causes_nothing() {
    use DrugClass::{Analgesic, Antibiotic};
    with_eva()
        .when(allergy(Some(Antibiotic)))
        .when(prescribe("amoxicillin", Antibiotic, 1))
        .then_rejected("allergic")
        .then_no_tasks()
        // 60 mg for each of 50.5 kg.
        .when(prescribe("ibuprofen", Analgesic, 3_031))
        .then_rejected("dose-too-high")
        .then_no_tasks()
        .then_row(Chart {
            allergy: Some(Antibiotic),
            ..chart()
        })
        .then_rows::<Prescription>([])
        .when(prescribe("ibuprofen", Analgesic, 3_030))
        .when(allergy(None))
        .when(prescribe("amoxicillin", Antibiotic, 1))
        .then_row(Chart {
            latest_drug: Some("amoxicillin".into()),
            daily_milligrams: 3_031,
            ..chart()
        });
}

#[test]
fn charts_change_by_what_is_found_out_and_not_by_what_is_known() {
    let noted = AllergyNoted {
        patient: "eva".into(),
        allergy: Some(DrugClass::Analgesic),
        doctor: "Dr. Malá".into(),
    };
    with_eva()
        .when(allergy(Some(DrugClass::Analgesic)))
        .then_events([noted.about("patient/eva")])
        .when(allergy(Some(DrugClass::Analgesic)))
        .then_events([])
        .when(Weigh {
            patient: "eva".into(),
            weight_grams: 49_000,
        })
        .then_row(Chart {
            allergy: Some(DrugClass::Analgesic),
            weight_grams: 49_000,
            ..chart()
        });
}

#[test]
fn a_patient_is_admitted_once_and_nothing_is_done_for_strangers() {
    let admit = || Admit {
        patient: "eva".into(),
        name: "Eva Malá".into(),
        weight_grams: 1,
    };
    with_eva()
        .when(admit())
        .then_rejected("admitted-already")
        .then_row(chart())
        .when(Weigh {
            patient: "ivo".into(),
            weight_grams: 80_000,
        })
        .then_rejected("unknown-patient")
        .when(NoteAllergy {
            patient: "ivo".into(),
            ..allergy(None)
        })
        .then_rejected("unknown-patient")
        .when(Prescribe {
            patient: "ivo".into(),
            ..prescribe("ibuprofen", DrugClass::Analgesic, 1)
        })
        .then_rejected("unknown-patient")
        .when_event(Prescribed {
            prescription: "p".into(),
            patient: "ivo".into(),
            drug: "ibuprofen".into(),
            class: DrugClass::Analgesic,
            daily_milligrams: 1,
            doctor: "Dr. Malá".into(),
        })
        .then_failed("row-missing")
        .then_no_tasks();
}

#[test]
fn a_client_may_give_the_number_and_one_that_is_taken_is_refused() {
    let numbered = Prescribe {
        prescription: Some("rx-7".into()),
        ..prescribe("ibuprofen", DrugClass::Analgesic, 200)
    };
    with_eva()
        .when(numbered.clone())
        .then_row(Prescription {
            id: "rx-7".into(),
            patient: "eva".into(),
            drug: "ibuprofen".into(),
            class: DrugClass::Analgesic,
            daily_milligrams: 200,
            doctor: "Dr. Malá".into(),
        })
        .when(numbered)
        .then_rejected("id-taken");
}
