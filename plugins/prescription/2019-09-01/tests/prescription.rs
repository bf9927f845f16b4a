//! What version 2019-09-01 asks for beyond 2018-03-01, and that it does nothing else otherwise.

use daybook_sdk::Plugin;
use daybook_sdk::prelude::*;
use daybook_sdk::testing::{Scenario, declared_alike, made_id};
use prescription_2018_03_01::words as first;
use prescription_2018_03_01::{Chart, Prescription, Prescriptions as Prescriptions2018};
use prescription_2019_09_01::{Lab, Prescriptions, Test};

fn with_eva<V: Plugin>(scenario: Scenario<V>) -> Scenario<V> {
    scenario.given(first::Admitted {
        patient: "eva".into(),
        name: "Eva Nová".into(),
        weight_grams: 50_500,
    })
}

fn under_2019() -> Scenario<Prescriptions> {
    with_eva(Scenario::<Prescriptions>::new().previous::<Prescriptions2018>())
}

fn prescribe(class: first::DrugClass) -> first::Prescribe {
    first::Prescribe {
        prescription: None,
        patient: "eva".into(),
        drug: "it".into(),
        class,
        daily_milligrams: 5,
        doctor: "Dr. Malá".into(),
    }
}

fn lab(number: u32, test: Test) -> NewTask {
    let lab = Lab {
        prescription: made_id(number),
        patient: "eva".into(),
        test,
    };
    lab.into()
}

fn push() -> NewTask {
    let push = first::Push {
        patient: "eva".into(),
        text: "5 mg of it a day".into(),
    };
    push.with_key("eva")
}

#[test]
fn an_anticoagulant_asks_for_the_clotting_time_after_all_that_was_asked_before() {
    let [count, clotting] = [Test::BloodCount, Test::ClottingTime].map(|test| lab(1, test));
    under_2019()
        .when(prescribe(first::DrugClass::Anticoagulant))
        .then_tasks([count, push(), clotting]);
}

#[test]
fn other_drugs_ask_for_what_they_asked_before() {
    under_2019()
        .when(prescribe(first::DrugClass::Antibiotic))
        .then_tasks([lab(1, Test::KidneyFunction), push()])
        .when(prescribe(first::DrugClass::Analgesic))
        .then_tasks([lab(2, Test::LiverFunction), push()]);
}

#[test]
fn the_state_is_the_version_befores_and_so_are_refusals() {
    fn story<V: Plugin>(scenario: Scenario<V>) -> (Vec<Chart>, Vec<Prescription>) {
        let scenario = with_eva(scenario)
            .when(prescribe(first::DrugClass::Anticoagulant))
            .when(first::Prescribe {
                daily_milligrams: 100_000,
                ..prescribe(first::DrugClass::Anticoagulant)
            })
            .then_rejected("dose-too-high")
            .then_no_tasks();
        (scenario.rows(), scenario.rows())
    }
    let new = story(Scenario::<Prescriptions>::new().previous::<Prescriptions2018>());
    assert_eq!((new.0.len(), new.1.len()), (1, 1));
    assert_eq!(new, story(Scenario::<Prescriptions2018>::new()));
}

#[test]
fn what_fails_in_the_version_before_asks_for_nothing_here() {
    under_2019()
        .when_json(
            "prescription.Prescribed",
            r#"{"prescription": "p", "patient": "ivo", "drug": "it", "class": "anticoagulant",
                "daily_milligrams": 5, "doctor": "Dr. Malá"}"#,
        )
        .then_failed("row-missing")
        .then_no_tasks();
}

#[test]
fn what_both_versions_declare_they_declare_alike() {
    assert_eq!(
        declared_alike::<Prescriptions, Prescriptions2018>(),
        ["prescription.Prescribed"]
    );
}
