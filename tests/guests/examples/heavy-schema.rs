//! Has a schema whose references double forty times.

#![cfg(target_arch = "wasm32")]

use daybook_guests::plugin::*;

struct HeavySchema;

impl Plugin for HeavySchema {
    fn manifest() -> Manifest {
        let place = |at: usize| format!("{{\"$ref\":\"#/$defs/a{at}\"}}");
        let doubles: String = (0..40)
            .map(|at| format!("\"a{at}\":{{\"allOf\":[{0},{0}]}},", place(at + 1)))
            .collect();
        let mut manifest = plain("heavyschema");
        manifest.events[0].schema = format!(
            "{{\"$ref\":\"#/$defs/a0\",\"$defs\":{{{doubles}\"a40\":{{\"type\":\"object\"}}}}}}"
        );
        manifest
    }
}

export!(HeavySchema);
