//! Every target on what it begins with, on what found something once, and on random changes of both.

use std::process::ExitCode;
use std::time::Instant;

use daybook_fuzz::{TARGETS, Target};
use daybook_tests::Random;

/// One to four changes: bytes that become others, are lost, doubled, or come from another input.
fn changed(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = random.pick(inputs).clone();
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len() as u64 + 1) as usize;
        let end = (at + 1 + random.below(16) as usize).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.next() as u8,
            2 if at < end => drop(bytes.drain(at..end)),
            3 if at < end => {
                let twice = bytes[at..end].to_vec();
                bytes.splice(at..at, twice);
            }
            _ => {
                let other = random.pick(inputs);
                let from = random.below(other.len() as u64 + 1) as usize;
                let to = (from + random.below(64) as usize).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

fn tried(target: &Target) {
    let begun = Instant::now();
    let mut random = Random::announced(target.name);
    let mut inputs = (target.seeds)();
    inputs.extend(target.found());
    for bytes in &inputs {
        (target.run)(bytes);
    }
    for _ in 0..target.tries {
        (target.run)(&changed(&mut random, &inputs));
    }
    println!("{}: {:.1} s", target.name, begun.elapsed().as_secs_f64());
}

/// Nothing that is parsed does worse than refuse.
fn main() -> ExitCode {
    if let Some(compiled) = daybook_tests::compiled_if_asked() {
        return compiled;
    }
    TARGETS.iter().for_each(tried);
    ExitCode::SUCCESS
}
