//! Writes what each target begins with into a folder of its name: `corpora DIRECTORY`. Prints the targets' names.

use std::path::Path;
use std::process::ExitCode;

use daybook_fuzz::TARGETS;

fn main() -> ExitCode {
    if let Some(compiled) = daybook_tests::compiled_if_asked() {
        return compiled;
    }
    let folder = std::env::args().nth(1).expect("corpora DIRECTORY");
    for target in TARGETS {
        let folder = Path::new(&folder).join(target.name);
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        let all = (target.seeds)().into_iter().chain(target.found());
        for (at, bytes) in all.enumerate() {
            std::fs::write(folder.join(format!("seed-{at}")), bytes)
                .expect("a file can be written");
        }
        println!("{}", target.name);
    }
    ExitCode::SUCCESS
}
