//! The code of a module's own functions: before each write, what stands there is saved.

use std::collections::BTreeMap;

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{Function, Instruction as I, ValType};
use wasmparser as wp;
use wp::Operator as O;

use super::functions::{self, Added};
use super::module::Rewriting;
use super::read::{Read, read};

/// True for what changes something that is not put back.
pub fn spoils(operator: &O<'_>) -> bool {
    matches!(
        operator,
        O::TableSet { .. }
            | O::TableGrow { .. }
            | O::TableFill { .. }
            | O::TableCopy { .. }
            | O::TableInit { .. }
            | O::DataDrop { .. }
            | O::ElemDrop { .. }
    )
}

/// Refuses instructions of proposals that are not known here: one could write where nothing is saved.
fn known(operator: &O<'_>) -> Result<(), String> {
    macro_rules! proposal {
        ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator {
                $(O::$op { .. } => stringify!($proposal),)*
                _ => "unknown",
            }
        };
    }
    let proposal = wp::for_each_operator!(proposal);
    match proposal {
        "mvp"
        | "sign_extension"
        | "saturating_float_to_int"
        | "bulk_memory"
        | "reference_types"
        | "tail_call"
        | "simd"
        | "relaxed_simd"
        | "wide_arithmetic"
        | "function_references" => Ok(()),
        other => Err(format!("it has instructions of the proposal '{other}'")),
    }
}

/// For a store: its offset, how many bytes it writes, and the type of what is stored.
fn store(operator: &O<'_>) -> Option<((u64, u32), ValType)> {
    let (memarg, bytes, of) = match operator {
        O::I32Store8 { memarg } => (memarg, 1, ValType::I32),
        O::I32Store16 { memarg } => (memarg, 2, ValType::I32),
        O::I32Store { memarg } => (memarg, 4, ValType::I32),
        O::I64Store8 { memarg } => (memarg, 1, ValType::I64),
        O::I64Store16 { memarg } => (memarg, 2, ValType::I64),
        O::I64Store32 { memarg } => (memarg, 4, ValType::I64),
        O::I64Store { memarg } => (memarg, 8, ValType::I64),
        O::F32Store { memarg } => (memarg, 4, ValType::F32),
        O::F64Store { memarg } => (memarg, 8, ValType::F64),
        O::V128Store { memarg } => (memarg, 16, ValType::V128),
        O::V128Store8Lane { memarg, .. } => (memarg, 1, ValType::V128),
        O::V128Store16Lane { memarg, .. } => (memarg, 2, ValType::V128),
        O::V128Store32Lane { memarg, .. } => (memarg, 4, ValType::V128),
        O::V128Store64Lane { memarg, .. } => (memarg, 8, ValType::V128),
        _ => return None,
    };
    Some(((memarg.offset, bytes), of))
}

/// Copies what is there; imported functions are replaced by what calls them.
pub struct Copier {
    /// By the index of an import.
    pub replaced: BTreeMap<u32, u32>,
}

impl Reencode for Copier {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, ReencodeError<Self::Error>> {
        Ok(self.replaced.get(&function).copied().unwrap_or(function))
    }
}

impl Read<'_> {
    /// A function's body: before each write, what stands there is saved.
    pub(super) fn body(
        &self,
        copier: &mut Copier,
        body: &wp::FunctionBody<'_>,
        of: u32,
        (how, added): (&Rewriting<'_>, &Added),
    ) -> Result<Function, String> {
        let mut locals = Vec::new();
        let mut next = self.types[of as usize].params().len() as u32;
        for local in read(body.get_locals_reader())? {
            let (count, ty) = read(local)?;
            next += count;
            locals.push((count, copied(copier.val_type(ty))?));
        }
        let mut scratch = Scratch::new(next);
        let mut operators = Vec::new();
        for operator in read(body.get_operators_reader())? {
            let operator = read(operator)?;
            known(&operator)?;
            scratch.needs(&operator);
            operators.push(operator);
        }
        locals.extend(scratch.locals());
        let mut function = Function::new(locals);
        for operator in operators {
            match operator {
                O::MemorySize { .. } => {
                    let layout = how.layout.ok_or("it has no memory")?;
                    for instruction in functions::size(layout) {
                        function.instruction(&instruction);
                    }
                    continue;
                }
                O::MemoryGrow { .. } => {
                    function.instruction(&I::Call(added.grow));
                    continue;
                }
                _ => scratch.before(&mut function, &operator, added),
            }
            let spoils = spoils(&operator);
            let same = copied(copier.instruction(operator))?;
            function.instruction(&same);
            if spoils {
                function.instruction(&I::I32Const(1));
                function.instruction(&I::GlobalSet(added.spoiled));
            }
        }
        Ok(function)
    }
}

/// Locals for what stands on the stack while something is saved: as many as a function needs.
struct Scratch {
    first: u32,
    address: bool,
    bulk: bool,
    values: Vec<ValType>,
}

impl Scratch {
    fn new(first: u32) -> Scratch {
        Scratch {
            first,
            address: false,
            bulk: false,
            values: Vec::new(),
        }
    }

    fn needs(&mut self, operator: &O<'_>) {
        if let Some((_, of)) = store(operator) {
            self.address = true;
            if !self.values.contains(&of) {
                self.values.push(of);
            }
        }
        self.bulk |= is_bulk(operator);
    }

    /// In their order: an address, two more where ranges are written, and a value of each type.
    fn locals(&self) -> Vec<(u32, ValType)> {
        let mut locals = Vec::new();
        if self.address || self.bulk {
            locals.push((3, ValType::I32));
        }
        locals.extend(self.values.iter().map(|of| (1, *of)));
        locals
    }

    /// What comes before an operator: the stack is as it was.
    fn before(&self, into: &mut Function, operator: &O<'_>, added: &Added) {
        let (address, second, third) = (self.first, self.first + 1, self.first + 2);
        if let Some((what, of)) = store(operator) {
            let place = self.values.iter().position(|it| *it == of);
            let value = self.first + 3 + place.expect("it was asked for") as u32;
            into.instruction(&I::LocalSet(value));
            into.instruction(&I::LocalSet(address));
            functions::check(into, address, what, added);
            into.instruction(&I::LocalGet(address));
            into.instruction(&I::LocalGet(value));
        } else if is_bulk(operator) {
            for instruction in [
                I::LocalSet(third),
                I::LocalSet(second),
                I::LocalSet(address),
            ] {
                into.instruction(&instruction);
            }
            if let O::MemoryCopy { .. } = operator {
                into.instruction(&I::LocalGet(second));
                into.instruction(&I::LocalGet(third));
                into.instruction(&I::Call(added.within));
            }
            for instruction in [
                I::LocalGet(address),
                I::LocalGet(third),
                I::Call(added.touch_range),
                I::LocalGet(address),
                I::LocalGet(second),
                I::LocalGet(third),
            ] {
                into.instruction(&instruction);
            }
        }
    }
}

/// True for what writes a range of memory: it takes an address, something else, and a number of bytes.
fn is_bulk(operator: &O<'_>) -> bool {
    matches!(
        operator,
        O::MemoryFill { .. } | O::MemoryCopy { .. } | O::MemoryInit { .. }
    )
}

pub fn copied<T>(result: Result<T, ReencodeError<std::convert::Infallible>>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
