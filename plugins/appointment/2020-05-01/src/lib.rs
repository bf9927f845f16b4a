//! The plugin `appointment`, version 2020-05-01: holidays are fetched from whoever keeps their list.
//!
//! Teaches how a list outside is polled, and only what has changed becomes an event. A schedule runs `AskForHolidays`; its event asks for
//! the task `holidays`; the gateway's driver `fetch` gets the year's list, and its answer is the command `TakeYear`, which is run once for
//! the task. Its creator compares the list with the days that are known. So a handler asks nobody outside: what the list said is in the
//! command, and a replay asks nobody.
//!
//!     daybook gateway set BOOK holidays fetch --address 'https://example.com/holidays/{year}.json' \
//!         --command appointment.TakeYear --member holidays --asked-member asked
//!     daybook schedule set BOOK holidays --every 6h appointment.AskForHolidays '{}'

pub mod words;

use std::collections::BTreeMap;

use daybook_sdk::prelude::*;

use words::{
    AskForHolidays, Holiday, HolidayAdded, HolidayRemoved, HolidayRenamed, HolidaysAsked, List,
    TakeYear,
};

/// The plugin.
pub struct Appointments;

#[plugin(
    name = "appointment",
    version = "2020-05-01",
    extends = "2020-03-01",
    description = "Appointments in rooms, and the holidays on which there are none",
    changes = ["a year's holidays are fetched from whoever keeps their list"],
    tables = [Holiday],
    events = [HolidayAdded, HolidayRenamed, HolidayRemoved],
    tasks = [List]
)]
impl Appointments {
    /// Keeps nothing: that it was asked is what there is to know.
    #[materialize]
    fn holidays_asked(event: &Event<HolidaysAsked>, cx: &Materialization) -> Done {
        let HolidaysAsked { year } = event.data;
        // Of one year's lists, the one that was asked for later is taken later.
        cx.enqueue(List { year }.with_key(year.to_string()));
        Ok(())
    }

    #[create]
    fn ask_for_holidays(command: &Command<AskForHolidays>, cx: &Creation) -> Decision {
        let year = command.data.year.unwrap_or_else(|| cx.today().year());
        Ok(events![HolidaysAsked { year }])
    }

    #[create]
    fn take_year(command: &Command<TakeYear>, cx: &Creation) -> Decision {
        let year = command.data.asked.year;
        let mut listed = BTreeMap::new();
        for day in &command.data.holidays {
            if day.date.year() != year {
                let message = format!("the list of {year} has {}", day.date);
                return reject("another-year", message);
            }
            if let Some(name) = listed.insert(day.date, &day.name) {
                let message = format!("{} is listed as '{name}' and as '{}'", day.date, day.name);
                return reject("listed-twice", message);
            }
        }
        // What is left of the list once everything known is taken out of it is new.
        let mut events = events![];
        for known in Holiday::all(cx)? {
            let date = known.date;
            if date.year() != year {
                continue;
            }
            match listed.remove(&date) {
                None => events.push(HolidayRemoved { date }.into()),
                Some(name) if *name != known.name => {
                    let name = name.clone();
                    events.push(HolidayRenamed { date, name }.into());
                }
                Some(_) => {}
            }
        }
        for (date, name) in listed {
            let name = name.clone();
            events.push(HolidayAdded { date, name }.into());
        }
        Ok(events)
    }
}
