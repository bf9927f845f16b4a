//! Bindings of the contract, one world for each exported interface, so that a plugin exports exactly the interfaces it
//! has: the component's type is the union of the worlds whose `export!` macro was used. All share the data types of
//! `crate::contract`.

#![allow(missing_docs, reason = "generated from WIT, where it is documented")]

/// `describe`: every plugin.
pub mod describing {
    wit_bindgen::generate!({
        path: "wit",
        inline: "package daybook:sdk; world describing { export daybook:plugin/describer@1.0.0; }",
        world: "daybook:sdk/describing",
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}

/// `materialize`: plugins with materializers.
pub mod materializing {
    wit_bindgen::generate!({
        path: "wit",
        inline: "package daybook:sdk; world materializing {
            import daybook:plugin/state@1.0.0;
            import daybook:plugin/state-sql@1.0.0;
            import daybook:plugin/changes@1.0.0;
            export daybook:plugin/materializer@1.0.0;
        }",
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
        path: "wit",
        inline: "package daybook:sdk; world creating {
            import daybook:plugin/state@1.0.0;
            import daybook:plugin/state-sql@1.0.0;
            import daybook:plugin/creating@1.0.0;
            export daybook:plugin/creator@1.0.0;
        }",
        world: "daybook:sdk/creating",
        with: { "daybook:plugin/types@1.0.0": crate::contract::types },
        generate_all,
        pub_export_macro: true,
        disable_run_ctors_once_workaround: true,
    });
}
