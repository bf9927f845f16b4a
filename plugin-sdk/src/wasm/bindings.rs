//! Bindings of the contract, one world for each exported interface, so that a plugin exports exactly the interfaces it
//! has: the component's type is the union of the worlds whose `export!` macro was used. All share the data types of
//! `crate::contract`.

#![allow(missing_docs, reason = "generated from WIT, where it is documented")]

/// `describe`: every plugin.
pub mod describing {
    wit_bindgen::generate!({
        path: "../wit/v1",
        inline: "package daybook:sdk; world describing { export daybook:plugin/describer@1.0.0; }",
        world: "daybook:sdk/describing",
        with: {
            "daybook:plugin/types@1.0.0": crate::contract::types,
            "daybook:plugin/manifest@1.0.0": crate::contract::manifest,
        },
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}

/// `materialize`: plugins with materializers.
pub mod materializing {
    wit_bindgen::generate!({
        path: "../wit/v1",
        inline: "package daybook:sdk; world materializing { export daybook:plugin/materializer@1.0.0; }",
        world: "daybook:sdk/materializing",
        with: { "daybook:plugin/types@1.0.0": crate::contract::types },
        generate_all,
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}

/// `create`: plugins with creators.
pub mod creating {
    wit_bindgen::generate!({
        path: "../wit/v1",
        inline: "package daybook:sdk; world creating { export daybook:plugin/creator@1.0.0; }",
        world: "daybook:sdk/creating",
        with: { "daybook:plugin/types@1.0.0": crate::contract::types },
        generate_all,
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}

/// `partitions`: plugins whose events have partitions.
pub mod partitioning {
    wit_bindgen::generate!({
        path: "../wit/v1",
        inline: "package daybook:sdk; world partitioning { export daybook:plugin/partitioner@1.0.0; }",
        world: "daybook:sdk/partitioning",
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}
