//! Bars with rate and time left, on stderr, only where stderr is a terminal.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::thousands;
use crate::history::Progress;
use crate::model::clock::Stopwatch;

/// One long piece of work. Gone from the screen when it is dropped.
pub struct Bar {
    bar: ProgressBar,
    clock: Stopwatch,
}

const TEMPLATE: &str = "{msg} [{wide_bar}] {percent:>3} %, {eta} left";
const TEMPLATE_OPEN: &str = "{spinner} {msg}  {elapsed_precise}";

impl Bar {
    pub fn new(what: &str) -> Bar {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target).with_message(what.to_owned());
        bar.set_style(style(TEMPLATE_OPEN));
        Bar {
            bar,
            clock: Stopwatch::start(),
        }
    }

    /// Events done of how many there are: `replay: 30,000 of 50,000 events, 41,000/s`.
    pub fn events(&mut self, what: &str) -> impl FnMut(Progress) {
        let what = what.to_owned();
        let clock = Stopwatch::start();
        move |progress: Progress| {
            let rate = rate(progress.done, clock);
            let (done, total) = (thousands(progress.done), thousands(progress.total));
            self.part(
                progress.done,
                progress.total,
                format!("{what}: {done} of {total} events, {rate}/s"),
            );
        }
    }

    /// Events done, where only the bytes tell how much is left (none: nothing tells).
    pub fn bytes(&mut self, events: u64, bytes: u64, bytes_total: Option<u64>) {
        let message = format!(
            "{} events, {}/s",
            thousands(events),
            rate(events, self.clock)
        );
        match bytes_total {
            Some(total) => self.part(bytes, total, message),
            None => {
                self.bar.set_message(message);
                self.bar.tick();
            }
        }
    }

    fn part(&mut self, done: u64, total: u64, message: String) {
        if self.bar.length().is_none() {
            self.bar.set_style(style(TEMPLATE));
            self.bar.enable_steady_tick(Duration::from_millis(250));
        }
        self.bar.set_length(total.max(1));
        self.bar.set_message(message);
        self.bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constant and well-formed")
        .progress_chars("=> ")
}

fn rate(events: u64, clock: Stopwatch) -> String {
    let seconds = clock.seconds();
    if seconds < 0.05 {
        "–".to_owned()
    } else {
        thousands((events as f64 / seconds) as u64)
    }
}
