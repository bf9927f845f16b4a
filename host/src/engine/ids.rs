//! Ids that are derived from others: the same in a preview, in the run after it, and in every replay.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::Event;
use crate::model::clock::unix_milliseconds;

/// An id made from another and a name. Where the first begins with a time, so does this one: ids that are near in time are
/// near in the log's index, which saves each commit a page for each of them.
pub fn beside(id: Uuid, name: &str) -> Uuid {
    let derived = Uuid::new_v5(&id, name.as_bytes());
    if !matches!(id.get_version_num(), 7 | 8) {
        return derived;
    }
    let mut bytes = derived.into_bytes();
    bytes[..6].copy_from_slice(&id.as_bytes()[..6]);
    custom(bytes)
}

/// The id of an event's task: a time, and the hash of (source, id, ordinal). The same under every version.
pub fn task_id(event: &Event, ordinal: usize) -> String {
    task_id_of(&event.source, &event.id, &event.time, ordinal)
}

/// The same of an event's source, id and time. The time that it begins with is the id's own, where it has one. An id that
/// was made from a name has none, and stands for none: it is of a command that its caller named, to try it and then to run
/// it, which gives its event another time and must not give its tasks other ids. Else it is the event's.
pub fn task_id_of(source: &str, id: &str, time: &str, ordinal: usize) -> String {
    let mut hasher = Sha256::new();
    for text in [source, id] {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update((ordinal as u64).to_be_bytes());
    let hash: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    match Uuid::parse_str(id) {
        Ok(id) if matches!(id.get_version_num(), 7 | 8) => {
            bytes[..6].copy_from_slice(&id.as_bytes()[..6]);
        }
        Ok(id) if id.get_version_num() == 5 => {}
        _ => {
            let time = unix_milliseconds(time).unwrap_or(0).max(0) as u64;
            bytes[..6].copy_from_slice(&time.to_be_bytes()[2..]);
        }
    }
    custom(bytes).to_string()
}

/// Version 8: a UUID made in a way of its own.
fn custom(mut bytes: [u8; 16]) -> Uuid {
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Seq, TypeName};

    #[test]
    fn the_ids_of_a_commands_events_are_derived_from_it_and_keep_its_time() {
        let command: Uuid = "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap();
        let ids = [beside(command, "event:0"), beside(command, "event:1")];
        assert_eq!(
            ids,
            [beside(command, "event:0"), beside(command, "event:1")]
        );
        assert_ne!(ids[0], ids[1]);
        for id in ids.into_iter().chain([beside(ids[0], "event:0")]) {
            assert_eq!(id.as_bytes()[..6], command.as_bytes()[..6]);
            assert_eq!(id.get_version_num(), 8);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        }
        let named: Uuid = "6ba7b811-9dad-51d1-80b4-00c04fd430c8".parse().unwrap();
        assert_eq!(beside(named, "event:0").get_version_num(), 5);
    }

    /// Receivers tell repetitions by it, so it may never be another.
    #[test]
    fn the_id_of_a_task_is_its_events_time_and_a_hash_and_stays_as_it_was() {
        let event = |id: &str| Event {
            seq: Seq(1),
            id: id.into(),
            source: "/tests".into(),
            event_type: TypeName::new("a.B").unwrap(),
            subject: None,
            time: "2023-06-30T00:00:00.150Z".into(),
            version: None,
            data: "{}".into(),
            extensions: None,
        };
        assert_eq!(
            task_id(&event("e"), 0),
            "01890999-7896-828b-afbd-fbb665db1a92"
        );
        let ids = [
            task_id(&event("e"), 0),
            task_id(&event("e"), 1),
            task_id(&event("f"), 0),
        ];
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
        for id in ids {
            let id: Uuid = id.parse().unwrap();
            assert_eq!(
                (id.get_version_num(), id.get_variant()),
                (8, uuid::Variant::RFC4122)
            );
            assert_eq!(id.as_bytes()[..6], 1_688_083_200_150u64.to_be_bytes()[2..]);
        }
    }

    /// A preview and its run have one command's id, and two times.
    #[test]
    fn the_tasks_of_a_commands_event_have_the_same_ids_whenever_it_is_run() {
        for command in [
            "01890a5d-ac96-774b-bcce-b302099a8057",
            "6ba7b811-9dad-51d1-80b4-00c04fd430c8",
        ] {
            let event = beside(command.parse().unwrap(), "event:0");
            let id =
                |time: &str, ordinal| task_id_of("/daybook", &event.to_string(), time, ordinal);
            let (tried, run) = ("2023-06-30T00:00:00.150Z", "2024-01-01T00:00:00Z");
            assert_eq!(id(tried, 0), id(run, 0), "{command}");
            assert_ne!(id(tried, 0), id(tried, 1), "{command}");
            let task: Uuid = id(tried, 0).parse().unwrap();
            assert_eq!(task.get_version_num(), 8);
            let has_time = event.get_version_num() == 8;
            assert_eq!(task.as_bytes()[..6] == event.as_bytes()[..6], has_time);
        }
    }
}
