//! The one engine configuration. Everything here is about two promises: the same call gives the same result on
//! every machine, and no guest can take more than its share.

use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use super::recent::Recent;
use super::state::CallState;
use super::{draft, v1, wasi};
use crate::model::{Error, Result, limits};

/// The engine and what components are linked against. One per process; cheap to share.
#[derive(Clone)]
pub struct Runtime {
    pub(super) engine: Engine,
    /// For components that import the contract alone: nearly all.
    pub(super) plain: Linker<CallState>,
    /// For components that also import WASI, which is virtual.
    pub(super) with_wasi: Linker<CallState>,
    /// What was compiled last, whichever book it was for.
    pub(super) compiled: Arc<Recent<Component>>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runtime")
    }
}

/// Major version of the engine, as `Cargo.toml` asks for it (a test compares them).
const WASMTIME: &str = "48";

/// Host, engine and contract: what a projection was made by. A change of engine asks for a new verification.
pub fn fingerprint() -> String {
    format!(
        "daybook {} wasmtime {WASMTIME} reset {} contract 1.0.0",
        env!("CARGO_PKG_VERSION"),
        super::reset::VERSION
    )
}

impl Runtime {
    pub fn new() -> Result<Runtime> {
        let failed =
            |error: wasmtime::Error| Error::internal(format!("starting the engine: {error}"));
        let engine = Engine::new(&config()).map_err(failed)?;
        let mut plain = Linker::new(&engine);
        add_contract(&mut plain).map_err(failed)?;
        let mut with_wasi = Linker::new(&engine);
        add_contract(&mut with_wasi).map_err(failed)?;
        wasi::add_to_linker(&mut with_wasi).map_err(failed)?;
        Ok(Runtime {
            engine,
            plain,
            with_wasi,
            compiled: Arc::default(),
        })
    }
}

fn add_contract(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    v1::add_to_linker(linker)?;
    draft::add_to_linker(linker)
}

/// Core instances that rewriting adds to a component: one for each of its parts.
const RESETTING_MAX: u32 = 8;

/// Linear memories and tables of all instances: address space, so not each instance may have all that it could.
const MEMORIES_MAX: u32 = limits::INSTANCES_MAX * 3;
const TABLES_MAX: u32 = limits::INSTANCES_MAX * 8;

const _: () = {
    let depth = limits::CASCADE_DEPTH_MAX as u32;
    assert!(depth <= limits::INSTANCES_MAX);
    assert!(depth * limits::MEMORIES_PER_COMPONENT_MAX * 2 <= MEMORIES_MAX);
    assert!(depth * limits::TABLES_PER_COMPONENT_MAX <= TABLES_MAX);
};

/// True while instances that only wait for their next call take no room that others need.
pub(super) fn may_keep_instances(engine: &Engine) -> bool {
    engine.pooling_allocator_metrics().is_none_or(|pool| {
        pool.component_instances() <= u64::from(limits::INSTANCES_MAX / 2)
            && pool.memories() <= (MEMORIES_MAX / 2) as usize
            && pool.tables() <= (TABLES_MAX / 2) as usize
    })
}

/// An engine that compiles for those of `Runtime`, and makes no instances: it takes no room for any.
pub(super) fn compiling_engine() -> Result<Engine> {
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    Engine::new(&config).map_err(|error| Error::internal(format!("starting the compiler: {error}")))
}

fn config() -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits::INSTANCES_MAX);
    // These are only counted, so each instance may have all that a component may have.
    pool.total_core_instances(
        limits::INSTANCES_MAX * (limits::CORE_INSTANCES_PER_COMPONENT_MAX + RESETTING_MAX),
    );
    pool.total_memories(MEMORIES_MAX);
    pool.total_tables(TABLES_MAX);
    // What is saved of a memory stands in another one beside it.
    pool.max_memories_per_component(limits::MEMORIES_PER_COMPONENT_MAX * 2);
    pool.max_memories_per_module(2);
    pool.max_tables_per_component(limits::TABLES_PER_COMPONENT_MAX);
    pool.max_core_instances_per_component(limits::CORE_INSTANCES_PER_COMPONENT_MAX + RESETTING_MAX);
    pool.max_component_instance_size(limits::INSTANCE_METADATA_BYTES_MAX);
    pool.max_core_instance_size(limits::INSTANCE_METADATA_BYTES_MAX);
    pool.max_memory_size(limits::MEMORY_BYTES_MAX);
    pool.table_elements(limits::TABLE_ELEMENTS_MAX);
    // Clearing what the last guest touched, found by page-map scanning where the kernel has it, instead of giving
    // pages back: this is where most of the time of a short-lived instance would go.
    pool.linear_memory_keep_resident(limits::MEMORY_BYTES_KEEP_RESIDENT);
    pool.table_keep_resident(64 << 10);
    pool.pagemap_scan(Enabled::Auto);

    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config.wasm_component_model(true);
    // Fuel, never wall-clock: a call that is too long ends at the same instruction everywhere.
    config.consume_fuel(true);
    config.max_wasm_stack(limits::STACK_BYTES_MAX);
    // Bits of a NaN differ between processors; relaxed SIMD differs by design.
    config.cranelift_nan_canonicalization(true);
    config.wasm_relaxed_simd(true);
    config.relaxed_simd_deterministic(true);
    config.cranelift_opt_level(OptLevel::Speed);
    config.memory_init_cow(true);
    config
}
