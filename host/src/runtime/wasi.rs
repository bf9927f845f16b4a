//! Virtual WASI: no files, no network, no environment. The wall clock is the event's or command's time, random bytes
//! come from its id, output goes to the plugin's log, and sleeping takes no time.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::component::{Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{
    Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView,
    WasiView,
};

use crate::model::{clock, limits};

/// The WASI side of one call. Most calls ask nothing of it, so it is made when one does.
pub struct Wasi {
    nanoseconds: u64,
    id: String,
    perturbed: Perturbed,
    made: Option<Box<Made>>,
}

struct Made {
    context: WasiCtx,
    table: ResourceTable,
    output: MemoryOutputPipe,
}

/// What a certification shows otherwise than it should, because it must not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Perturbed {
    /// Both clocks are late.
    pub clock: bool,
    /// Random bytes are others.
    pub seed: bool,
}

/// How late perturbed clocks are: some days and a part of one, so that neither the date nor the time of day holds.
const LATE_NANOSECONDS: u64 = 3 * 86_400_000_000_000 + 12_345_678_901_234;

impl Wasi {
    /// `time` is RFC 3339; `id` seeds the random bytes.
    pub(super) fn of(time: &str, id: &str, perturbed: Perturbed) -> Wasi {
        Wasi {
            nanoseconds: clock::unix_nanoseconds(time),
            id: id.to_owned(),
            perturbed,
            made: None,
        }
    }

    pub(super) fn is_used(&self) -> bool {
        self.made.is_some()
    }

    pub(super) fn view(&mut self) -> WasiCtxView<'_> {
        let made = self
            .made
            .get_or_insert_with(|| Made::new(self.nanoseconds, &self.id, self.perturbed));
        WasiCtxView {
            ctx: &mut made.context,
            table: &mut made.table,
        }
    }

    /// What was written to stdout and stderr.
    pub(super) fn printed(&self) -> Vec<u8> {
        { self.made.as_ref() }.map_or_else(Vec::new, |made| made.output.contents().to_vec())
    }
}

impl Made {
    fn new(nanoseconds: u64, id: &str, perturbed: Perturbed) -> Box<Made> {
        let late = if perturbed.clock { LATE_NANOSECONDS } else { 0 };
        let nanoseconds = nanoseconds.saturating_add(late);
        let other_id = perturbed.seed.then(|| format!("{id} perturbed"));
        let id = other_id.as_deref().unwrap_or(id);
        let output = MemoryOutputPipe::new(limits::LOG_BYTES_PER_CALL_MAX);
        let mut builder = WasiCtxBuilder::new();
        builder
            .wall_clock(FixedClock(nanoseconds))
            .monotonic_clock(FixedClock(late))
            .secure_random(Deterministic::new(seeded("secure", id)))
            .insecure_random(Deterministic::new(seeded("insecure", id)))
            .insecure_random_seed(u128::from_be_bytes(
                seeded("seed", id)[..16]
                    .try_into()
                    .expect("16 of 256 bytes"),
            ))
            .stdout(output.clone())
            .stderr(output.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        Box::new(Made {
            context: builder.build(),
            table: ResourceTable::new(),
            output,
        })
    }
}

pub(super) fn add_to_linker<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // A guest that sleeps would hold the host's thread: time stands still within a call, so waiting is over at once.
    linker.allow_shadowing(true);
    let mut clock = linker.instance("wasi:clocks/monotonic-clock@0.2.12")?;
    for name in ["subscribe-duration", "subscribe-instant"] {
        clock.func_wrap(
            name,
            |mut store: wasmtime::StoreContextMut<'_, T>,
             (_until,): (u64,)|
             -> wasmtime::Result<(Resource<DynPollable>,)> {
                let view = store.data_mut().ctx();
                let ready = view.table.push(Ready)?;
                Ok((wasmtime_wasi::p2::subscribe(view.table, ready)?,))
            },
        )?;
    }
    linker.allow_shadowing(false);
    Ok(())
}

/// A pollable that is ready.
struct Ready;

#[wasmtime_wasi::async_trait]
impl wasmtime_wasi::p2::Pollable for Ready {
    async fn ready(&mut self) {}
}

struct FixedClock(u64);

impl HostWallClock for FixedClock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

impl HostMonotonicClock for FixedClock {
    fn resolution(&self) -> u64 {
        1
    }
    fn now(&self) -> u64 {
        self.0
    }
}

/// 256 bytes from a purpose and an id, repeated for ever: the same for the same event on every machine.
fn seeded(purpose: &str, id: &str) -> Vec<u8> {
    (0..8u8)
        .flat_map(|block| {
            Sha256::new_with_prefix([block])
                .chain_update(purpose)
                .chain_update([0])
                .chain_update(id)
                .finalize()
        })
        .collect()
}
