//! The functions that are added to a core module, in WebAssembly.

use wasm_encoder::{BlockType, Function, Ieee32, Ieee64, Instruction as I, MemArg, ValType};
use wasmparser as wp;

use super::layout::*;

/// A global that a module has of its own and may write to, and the one that holds what it was.
#[derive(Debug, Clone, Copy)]
pub struct Saved {
    pub global: u32,
    pub kept: u32,
    pub of: wp::ValType,
}

/// Indices of what is added to a module.
#[derive(Debug, Clone, Copy)]
pub struct Added {
    /// `(address, bytes)`: before a value of so many bytes is written there; 0: perhaps it is none.
    pub touch: u32,
    /// `(address, bytes)`: before a value is written there, where the place for a look at the marks would be too dear.
    pub check: u32,
    /// A module with so much code that such looks would make compiling it expensive.
    pub is_large: bool,
    /// `(address, bytes)`: before a range is written to.
    pub touch_range: u32,
    /// `(address, bytes)`: traps where the range is beyond what the guest has.
    pub within: u32,
    /// `(block)`
    pub save: u32,
    /// `(pages) -> pages`: in place of what grows memory.
    pub grow: u32,
    /// A global: something was done that is not put back.
    pub spoiled: u32,
}

fn own(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        memory_index: 0,
    }
}

/// In the second memory.
fn aside(offset: u64) -> MemArg {
    MemArg {
        offset,
        align: 0,
        memory_index: 1,
    }
}

fn function(locals: &[(u32, ValType)], body: &[I<'_>]) -> Function {
    let mut function = Function::new(locals.iter().copied());
    for instruction in body {
        function.instruction(instruction);
    }
    function.instruction(&I::End);
    function
}

/// With an address in `address`: saves what a value of up to 16 bytes there may change. A value can reach into the next block.
pub fn check(into: &mut Function, address: u32, (offset, bytes): (u64, u32), added: &Added) {
    let effective = |into: &mut Function| {
        into.instruction(&I::LocalGet(address));
        if offset != 0 {
            // An address that wraps is beyond every memory: writing there traps.
            into.instruction(&I::I32Const(offset as u32 as i32));
            into.instruction(&I::I32Add);
        }
    };
    if added.is_large {
        effective(into);
        into.instruction(&I::I32Const(bytes as i32));
        into.instruction(&I::Call(added.check));
        return;
    }
    effective(into);
    for instruction in is_unmarked() {
        into.instruction(&instruction);
    }
    effective(into);
    into.instruction(&I::I32Const(bytes as i32));
    into.instruction(&I::Call(added.touch));
    into.instruction(&I::End);
}

/// With an address on the stack: begins what is done where its block, or the next one, was not written to yet.
fn is_unmarked() -> [I<'static>; 6] {
    [
        I::I32Const(BLOCK_SHIFT as i32),
        I::I32ShrU,
        I::I32Load16U(aside(MARKS)),
        I::I32Const(BOTH_MARKED),
        I::I32Ne,
        I::If(BlockType::Empty),
    ]
}

pub fn checking(added: &Added) -> Function {
    let mut body = vec![I::LocalGet(0)];
    body.extend(is_unmarked());
    body.extend([I::LocalGet(0), I::LocalGet(1), I::Call(added.touch), I::End]);
    function(&[], &body)
}

pub fn touch(added: &Added) -> Function {
    let (address, bytes) = (0, 1);
    let block = [
        I::LocalGet(address),
        I::I32Const(BLOCK_SHIFT as i32),
        I::I32ShrU,
    ];
    let mut body = vec![
        I::LocalGet(bytes),
        I::If(BlockType::Empty),
        I::LocalGet(address),
        I::LocalGet(bytes),
        I::Call(added.within),
        I::End,
    ];
    body.extend(block.clone());
    body.push(I::Call(added.save));
    body.extend(block);
    body.extend([I::I32Const(1), I::I32Add, I::Call(added.save)]);
    function(&[], &body)
}

/// An address, and that many bytes, as one number that does not wrap.
fn end_of(address: u32, bytes: u32) -> [I<'static>; 5] {
    [
        I::LocalGet(address),
        I::I64ExtendI32U,
        I::LocalGet(bytes),
        I::I64ExtendI32U,
        I::I64Add,
    ]
}

pub fn within(layout: Layout) -> Function {
    let mut body = end_of(0, 1).to_vec();
    body.extend(size(layout));
    body.extend([
        I::I64ExtendI32U,
        I::I64Const(16),
        I::I64Shl,
        I::I64GtU,
        I::If(BlockType::Empty),
        // The trap that it would be.
        I::I32Const(-1),
        I::I32Load(aside(0)),
        I::Drop,
        I::End,
    ]);
    function(&[], &body)
}

pub fn touch_range(added: &Added) -> Function {
    let (address, bytes, end) = (0, 1, 2);
    function(
        &[(1, ValType::I32)],
        &[
            I::LocalGet(address),
            I::LocalGet(bytes),
            I::Call(added.within),
            I::LocalGet(bytes),
            I::I32Eqz,
            I::If(BlockType::Empty),
            I::Return,
            I::End,
            // The block after the last one.
            I::LocalGet(address),
            I::LocalGet(bytes),
            I::I32Add,
            I::I32Const(1),
            I::I32Sub,
            I::I32Const(BLOCK_SHIFT as i32),
            I::I32ShrU,
            I::I32Const(1),
            I::I32Add,
            I::LocalSet(end),
            I::LocalGet(address),
            I::I32Const(BLOCK_SHIFT as i32),
            I::I32ShrU,
            I::LocalSet(address),
            I::Block(BlockType::Empty),
            I::Loop(BlockType::Empty),
            I::LocalGet(address),
            I::LocalGet(end),
            I::I32GeU,
            I::BrIf(1),
            I::LocalGet(address),
            I::Call(added.save),
            I::LocalGet(address),
            I::I32Const(1),
            I::I32Add,
            I::LocalSet(address),
            I::Br(0),
            I::End,
            I::End,
        ],
    )
}

/// Copies a block aside, if it is the first time in this call.
pub fn save(layout: Layout) -> Function {
    let (block, at) = (0, 1);
    let blocks = layout.pages() << BLOCKS_PER_PAGE_SHIFT;
    let mut body = vec![I::LocalGet(block)];
    body.extend(size(layout));
    body.extend([
        // Beyond what the guest has: what a value might reach into and does not, or what is no address.
        I::I32Const(BLOCKS_PER_PAGE_SHIFT as i32),
        I::I32Shl,
        I::I32GeU,
        I::If(BlockType::Empty),
        I::Return,
        I::End,
        I::LocalGet(block),
        I::I32Load8U(aside(MARKS)),
        I::If(BlockType::Empty),
        I::Return,
        I::End,
        I::LocalGet(block),
        I::I32Const(MARKED),
        I::I32Store8(aside(MARKS)),
        // Memory that it took since: the instance is dropped.
        I::LocalGet(block),
        I::I32Const(blocks as i32),
        I::I32GeU,
        I::If(BlockType::Empty),
        I::Return,
        I::End,
        // The list.
        I::I32Const(0),
        I::I32Load(aside(COUNT)),
        I::LocalTee(at),
        I::I32Const(2),
        I::I32Shl,
        I::LocalGet(block),
        I::I32Store(aside(LIST)),
        I::I32Const(0),
        I::LocalGet(at),
        I::I32Const(1),
        I::I32Add,
        I::I32Store(aside(COUNT)),
        I::LocalGet(block),
        I::I32Const(BLOCK_SHIFT as i32),
        I::I32Shl,
        I::LocalSet(at),
    ]);
    let image = |offset| aside(layout.images + offset);
    body.extend(copy_block(at, own, image));
    function(&[(1, ValType::I32)], &body)
}

/// With the place of a block in `at`: copies it from one memory to the other.
fn copy_block(
    at: u32,
    from: impl Fn(u64) -> MemArg,
    to: impl Fn(u64) -> MemArg,
) -> impl Iterator<Item = I<'static>> {
    let offsets = (0..BLOCK_BYTES).step_by(VECTOR_BYTES as usize);
    offsets.flat_map(move |offset| {
        [
            I::LocalGet(at),
            I::LocalGet(at),
            I::V128Load(from(offset)),
            I::V128Store(to(offset)),
        ]
    })
}

/// The size of memory, as the guest may know it.
pub fn size(layout: Layout) -> [I<'static>; 4] {
    [
        I::I32Const(0),
        I::I32Load(aside(TAKEN)),
        I::I32Const(layout.declared as i32),
        I::I32Add,
    ]
}

/// Takes more memory: of what is there, and then of the engine.
pub fn grow(layout: Layout) -> Function {
    let (wanted, taken, there) = (0, 1, 2);
    let spare = layout.spare as i32;
    let mut body = vec![
        // More than there can be: it is refused.
        I::LocalGet(wanted),
        I::I32Const((1 << 16) + 1),
        I::I32GeU,
        I::If(BlockType::Empty),
        I::I32Const(-1),
        I::Return,
        I::End,
        I::I32Const(0),
        I::I32Load(aside(TAKEN)),
        I::LocalTee(taken),
        I::LocalGet(wanted),
        I::I32Add,
        I::I32Const(spare),
        I::I32GtU,
        I::If(BlockType::Empty),
        // What is there of those that it takes: all spare ones, or more.
        I::LocalGet(taken),
        I::I32Const(spare),
        I::LocalGet(taken),
        I::I32Const(spare),
        I::I32GtU,
        I::Select,
        I::LocalSet(there),
        I::LocalGet(taken),
        I::LocalGet(wanted),
        I::I32Add,
        I::LocalGet(there),
        I::I32Sub,
        I::MemoryGrow(0),
        I::I32Const(-1),
        I::I32Eq,
        I::If(BlockType::Empty),
        I::I32Const(-1),
        I::Return,
        I::End,
        I::End,
    ];
    body.extend(size(layout));
    body.extend([
        I::I32Const(0),
        I::LocalGet(taken),
        I::LocalGet(wanted),
        I::I32Add,
        I::I32Store(aside(TAKEN)),
    ]);
    function(&[(2, ValType::I32)], &body)
}

/// For each block that was written to: what is done with its number, which is in `block`, and its mark is taken away.
fn for_each_marked<'a>(body: &mut Vec<I<'a>>, at: u32, block: u32, what: &[I<'a>]) {
    body.extend([
        I::Block(BlockType::Empty),
        I::Loop(BlockType::Empty),
        I::LocalGet(at),
        I::I32Const(0),
        I::I32Load(aside(COUNT)),
        I::I32GeU,
        I::BrIf(1),
        I::LocalGet(at),
        I::I32Const(2),
        I::I32Shl,
        I::I32Load(aside(LIST)),
        I::LocalTee(block),
        I::I32Const(0),
        I::I32Store8(aside(MARKS)),
    ]);
    body.extend_from_slice(what);
    body.extend([
        I::LocalGet(at),
        I::I32Const(1),
        I::I32Add,
        I::LocalSet(at),
        I::Br(0),
        I::End,
        I::End,
        I::I32Const(0),
        I::I32Const(0),
        I::I32Store(aside(COUNT)),
    ]);
}

/// What is there now is what `reset` goes back to. `layout`: of a module that owns the memory.
pub fn snapshot(layout: Option<Layout>, saved: &[Saved], added: &Added) -> Function {
    let mut body = Vec::new();
    body.extend([I::I32Const(0), I::GlobalSet(added.spoiled)]);
    if let Some(layout) = layout {
        body.extend([
            I::I32Const(0),
            I::I32Const(0),
            I::I32Load(aside(TAKEN)),
            I::I32Store(aside(TAKEN_AT_START)),
            // It took more than can be saved: it is as good as spoiled.
            I::I32Const(0),
            I::I32Load(aside(TAKEN)),
            I::I32Const(layout.spare as i32),
            I::I32GtU,
            I::GlobalSet(added.spoiled),
        ]);
        for_each_marked(&mut body, 0, 1, &[]);
    }
    for it in saved {
        body.extend([I::GlobalGet(it.global), I::GlobalSet(it.kept)]);
    }
    function(&[(2, ValType::I32)], &body)
}

/// Puts everything back: 1; or says that it cannot: 0.
pub fn reset(layout: Option<Layout>, saved: &[Saved], added: &Added) -> Function {
    let no = [I::If(BlockType::Empty), I::I32Const(0), I::Return, I::End];
    let mut body = vec![I::GlobalGet(added.spoiled)];
    body.extend(no.clone());
    if let Some(layout) = layout {
        body.extend([
            I::I32Const(0),
            I::I32Load(aside(TAKEN)),
            I::I32Const(layout.spare as i32),
            I::I32GtU,
        ]);
        body.extend(no);
        body.extend([
            I::I32Const(0),
            I::I32Const(0),
            I::I32Load(aside(TAKEN_AT_START)),
            I::I32Store(aside(TAKEN)),
        ]);
        let mut back = vec![
            I::LocalGet(1),
            I::I32Const(BLOCK_SHIFT as i32),
            I::I32Shl,
            I::LocalSet(1),
        ];
        let image = |offset| aside(layout.images + offset);
        back.extend(copy_block(1, image, own));
        for_each_marked(&mut body, 0, 1, &back);
    }
    for it in saved {
        body.extend([I::GlobalGet(it.kept), I::GlobalSet(it.global)]);
    }
    body.push(I::I32Const(1));
    function(&[(2, ValType::I32)], &body)
}

/// Goes on with a hash by the globals. Of a reference there is only whether it is one.
pub fn globals(saved: &[Saved]) -> Function {
    const MULTIPLIER: i64 = 0x9e37_79b9_7f4a_7c15_u64 as i64;
    let mut body = Vec::new();
    let mut mix = |value: &[I<'static>]| {
        body.push(I::LocalGet(0));
        body.extend_from_slice(value);
        body.extend([
            I::I64Xor,
            I::I64Const(MULTIPLIER),
            I::I64Mul,
            I::I64Const(29),
            I::I64Rotl,
            I::LocalSet(0),
        ]);
    };
    for it in saved {
        let get = I::GlobalGet(it.global);
        match it.of {
            wp::ValType::I32 => mix(&[get, I::I64ExtendI32U]),
            wp::ValType::I64 => mix(&[get]),
            wp::ValType::F32 => mix(&[get, I::I32ReinterpretF32, I::I64ExtendI32U]),
            wp::ValType::F64 => mix(&[get, I::I64ReinterpretF64]),
            wp::ValType::V128 => {
                mix(&[get.clone(), I::I64x2ExtractLane(0)]);
                mix(&[get, I::I64x2ExtractLane(1)]);
            }
            wp::ValType::Ref(_) => mix(&[get, I::RefIsNull, I::I64ExtendI32U]),
        }
    }
    body.push(I::LocalGet(0));
    function(&[], &body)
}

/// Copies a page of memory to where the host can read it.
pub fn look(layout: Layout) -> Function {
    let chunk = 0;
    function(
        &[],
        &[
            I::I32Const(ANSWER as i32),
            I::I32Const(layout.look as i32),
            I::I32Store(aside(0)),
            I::I32Const(ANSWER as i32),
            I::I32Const(0),
            I::I32Store(aside(4)),
            I::LocalGet(chunk),
            I::MemorySize(0),
            I::I32LtU,
            I::If(BlockType::Empty),
            I::I32Const(layout.look as i32),
            I::LocalGet(chunk),
            I::I32Const(16),
            I::I32Shl,
            I::I32Const(PAGE_BYTES as i32),
            I::MemoryCopy {
                src_mem: 0,
                dst_mem: 1,
            },
            I::I32Const(ANSWER as i32),
            I::I32Const(PAGE_BYTES as i32),
            I::I32Store(aside(4)),
            I::End,
            I::I32Const(ANSWER as i32),
        ],
    )
}

/// What stands before an imported function.
#[derive(Debug, Clone, Copy, Default)]
pub struct Before {
    /// Its last parameter may be where the host leaves its answer.
    pub check: bool,
    /// It leaves a handle, which is not put back.
    pub spoil: bool,
}

impl Before {
    /// For a module with several instances, which are given different functions.
    pub fn add(&mut self, other: Before) {
        self.check |= other.check;
        self.spoil |= other.spoil;
    }
}

/// An imported function, with what stands before it.
pub fn import(import: u32, parameters: u32, before: Before, added: &Added) -> Function {
    let mut function = Function::new([]);
    if before.spoil {
        function.instruction(&I::I32Const(1));
        function.instruction(&I::GlobalSet(added.spoiled));
    }
    if before.check {
        // It may as well be any number, which the marks have no place for.
        function.instruction(&I::LocalGet(parameters - 1));
        function.instruction(&I::I32Const(0));
        function.instruction(&I::Call(added.touch));
    }
    for parameter in 0..parameters {
        function.instruction(&I::LocalGet(parameter));
    }
    function.instruction(&I::Call(import));
    function.instruction(&I::End);
    function
}

/// An allocation that the host asks for, and writes to.
pub fn realloc(original: u32, added: &Added) -> Function {
    let (bytes, given) = (3, 4);
    let mut body: Vec<_> = (0..4).map(I::LocalGet).collect();
    body.extend([
        I::Call(original),
        I::LocalTee(given),
        I::LocalGet(bytes),
        I::Call(added.touch_range),
        I::LocalGet(given),
    ]);
    function(&[(1, ValType::I32)], &body)
}

/// What a new global begins with; none where there is no value that says nothing.
pub fn nothing(of: wp::ValType) -> Option<wasm_encoder::ConstExpr> {
    use wasm_encoder::ConstExpr as C;
    Some(match of {
        wp::ValType::I32 => C::i32_const(0),
        wp::ValType::I64 => C::i64_const(0),
        wp::ValType::F32 => C::f32_const(Ieee32::new(0)),
        wp::ValType::F64 => C::f64_const(Ieee64::new(0)),
        wp::ValType::V128 => C::v128_const(0),
        wp::ValType::Ref(it) if it == wp::RefType::FUNCREF => {
            C::ref_null(wasm_encoder::HeapType::FUNC)
        }
        wp::ValType::Ref(it) if it == wp::RefType::EXTERNREF => {
            C::ref_null(wasm_encoder::HeapType::EXTERN)
        }
        wp::ValType::Ref(_) => return None,
    })
}
