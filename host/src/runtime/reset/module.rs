//! One core module, rewritten. No index that it uses changes: everything is added at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::reencode::{Error as ReencodeError, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, Instruction as I, MemorySection,
    MemoryType, Module, RawSection, SectionId, StartSection, TableSection, TypeSection, ValType,
};
use wasmparser as wp;
use wp::Operator as O;

use super::RESERVED;
use super::functions::{self, Added, Layout, Saved};

/// What a rewritten module exports or imports beside its own.
pub mod name {
    pub const SHADOW: &str = "daybook:reset/shadow";
    pub const SNAPSHOT: &str = "daybook:reset/snapshot";
    pub const RESET: &str = "daybook:reset/reset";
    pub const GLOBALS: &str = "daybook:reset/globals";
    pub const LOOK: &str = "daybook:reset/look";
}

/// A module as it is read.
pub struct Read<'a> {
    bytes: &'a [u8],
    types: Vec<wp::FuncType>,
    imports: Vec<wp::Import<'a>>,
    /// Types of its functions, the imported ones first.
    functions: Vec<u32>,
    imported_functions: u32,
    globals: Vec<wp::GlobalType>,
    imported_globals: u32,
    memories: Vec<wp::MemoryType>,
    imported_memories: usize,
    exports: Vec<wp::Export<'a>>,
    bodies: Vec<wp::FunctionBody<'a>>,
    sections: BTreeMap<u8, Range<usize>>,
    customs: Vec<Range<usize>>,
    /// It does what is not put back.
    spoils: bool,
}

/// Where a module's export comes from.
pub enum Origin<'a> {
    /// The module's own.
    Own,
    /// From an import: module and name.
    Imported(&'a str, &'a str),
}

impl<'a> Read<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Read<'a>, String> {
        let mut it = Read {
            bytes,
            types: Vec::new(),
            imports: Vec::new(),
            functions: Vec::new(),
            imported_functions: 0,
            globals: Vec::new(),
            imported_globals: 0,
            memories: Vec::new(),
            imported_memories: 0,
            exports: Vec::new(),
            bodies: Vec::new(),
            sections: BTreeMap::new(),
            customs: Vec::new(),
            spoils: false,
        };
        for payload in wp::Parser::new(0).parse_all(bytes) {
            it.take(read(payload)?).map_err(|error| error.to_string())?;
        }
        it.check()?;
        Ok(it)
    }

    /// The file's, or the part of it that is the module.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn take(&mut self, payload: wp::Payload<'a>) -> wp::Result<()> {
        match &payload {
            wp::Payload::CustomSection(_) => {
                self.customs
                    .extend(payload.as_section().map(|(_, range)| range));
                return Ok(());
            }
            _ => self.sections.extend(payload.as_section()),
        }
        match payload {
            wp::Payload::TypeSection(reader) => {
                for ty in reader.into_iter_err_on_gc_types() {
                    self.types.push(ty?);
                }
            }
            wp::Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    let import = import?;
                    match import.ty {
                        wp::TypeRef::Func(ty) => self.functions.push(ty),
                        wp::TypeRef::Global(ty) => self.globals.push(ty),
                        wp::TypeRef::Memory(ty) => self.memories.push(ty),
                        _ => {}
                    }
                    self.imports.push(import);
                }
                self.imported_functions = self.functions.len() as u32;
                self.imported_globals = self.globals.len() as u32;
                self.imported_memories = self.memories.len();
            }
            wp::Payload::FunctionSection(reader) => {
                for ty in reader {
                    self.functions.push(ty?);
                }
            }
            wp::Payload::MemorySection(reader) => {
                for ty in reader {
                    self.memories.push(ty?);
                }
            }
            wp::Payload::GlobalSection(reader) => {
                for global in reader {
                    self.globals.push(global?.ty);
                }
            }
            wp::Payload::ExportSection(reader) => {
                for export in reader {
                    self.exports.push(export?);
                }
            }
            wp::Payload::CodeSectionEntry(body) => {
                for operator in body.get_operators_reader()? {
                    self.spoils |= spoils(&operator?);
                }
                self.bodies.push(body);
            }
            _ => {}
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let names = { self.imports.iter() }
            .flat_map(|import| [import.module, import.name])
            .chain(self.exports.iter().map(|export| export.name));
        if let Some(name) = { names.into_iter() }.find(|name| name.starts_with(RESERVED)) {
            return Err(format!("it uses the name '{name}'"));
        }
        if self.memories.len() > 1 {
            return Err("a module of it has more than one memory".into());
        }
        match self.memories.first() {
            Some(memory) if memory.memory64 || memory.shared || memory.page_size_log2.is_some() => {
                Err("its memory is shared, of 64 bits, or has pages of its own size".into())
            }
            _ => Ok(()),
        }
    }

    /// Its own memory.
    pub fn own_memory(&self) -> Option<wp::MemoryType> {
        self.memories.get(self.imported_memories).copied()
    }

    /// The names under which it imports its memory.
    pub fn imported_memory(&self) -> Option<(&'a str, &'a str)> {
        let is_memory = |import: &&wp::Import<'_>| matches!(import.ty, wp::TypeRef::Memory(_));
        let import = self.imports.iter().find(is_memory)?;
        Some((import.module, import.name))
    }

    pub fn has_memory(&self) -> bool {
        !self.memories.is_empty()
    }

    /// True where it has something of its own to put back, or to say that it cannot.
    pub fn has_state(&self) -> bool {
        self.has_memory() || self.spoils || !self.writable().is_empty()
    }

    /// Where an exported memory or function is from. None: there is no such export.
    pub fn origin(&self, kind: wp::ExternalKind, name: &str) -> Option<Origin<'a>> {
        let export = { self.exports.iter() }.find(|it| it.kind == kind && it.name == name)?;
        let imported = self.imports.iter().filter(|import| {
            matches!(
                (kind, import.ty),
                (wp::ExternalKind::Func, wp::TypeRef::Func(_))
                    | (wp::ExternalKind::Memory, wp::TypeRef::Memory(_))
            )
        });
        Some(match { imported.into_iter() }.nth(export.index as usize) {
            Some(import) => Origin::Imported(import.module, import.name),
            None => Origin::Own,
        })
    }

    /// Globals of its own that it may write to.
    fn writable(&self) -> Vec<(u32, wp::GlobalType)> {
        { self.globals.iter().copied().enumerate() }
            .skip(self.imported_globals as usize)
            .filter(|(_, global)| global.mutable)
            .map(|(at, global)| (at as u32, global))
            .collect()
    }
}

/// True for what changes something that is not put back.
fn spoils(operator: &O<'_>) -> bool {
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
struct Copier {
    /// By the index of an import.
    replaced: BTreeMap<u32, u32>,
}

impl Reencode for Copier {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, ReencodeError<Self::Error>> {
        Ok(self.replaced.get(&function).copied().unwrap_or(function))
    }
}

/// How a module is rewritten.
pub struct Rewriting<'a> {
    /// Of the component's memory.
    pub layout: Layout,
    /// The module instance that it gets the second memory from: the one that owns it has none.
    pub owns: bool,
    /// Exports that the host allocates by.
    pub reallocs: BTreeSet<&'a str>,
}

impl Read<'_> {
    pub fn rewrite(&self, how: &Rewriting<'_>) -> Result<Vec<u8>, String> {
        let saved = self.saved()?;
        let has_memory = self.has_memory();
        // Types.
        let mut types = TypeSection::new();
        let mut copier = Copier {
            replaced: BTreeMap::new(),
        };
        self.copy(SectionId::Type, |reader| {
            let reader = read(wp::TypeSectionReader::new(reader))?;
            copied(copier.parse_type_section(&mut types, reader))
        })?;
        let mut next_type = self.types.len() as u32;
        let mut ty = |parameters: &[ValType], results: &[ValType]| {
            types
                .ty()
                .function(parameters.iter().copied(), results.iter().copied());
            next_type += 1;
            next_type - 1
        };
        let address = ty(&[ValType::I32], &[]);
        let range = ty(&[ValType::I32, ValType::I32], &[]);
        let plain = ty(&[], &[]);
        let verdict = ty(&[], &[ValType::I32]);
        let hash = ty(&[ValType::I64], &[ValType::I64]);
        let number = ty(&[ValType::I32], &[ValType::I32]);
        // Functions, from the first index that is free.
        let mut made: Vec<(u32, Function)> = Vec::new();
        let first = self.functions.len() as u32;
        let first_global = self.globals.len() as u32;
        let added = Added {
            save: first,
            touch: first + 1,
            touch_range: first + 2,
            grow: first + 3,
            within: first + 4,
            spoiled: first_global,
        };
        let mut exports = Vec::new();
        let mut replaced_exports = BTreeMap::new();
        if has_memory {
            made.push((address, functions::save(how.layout)));
            made.push((range, functions::touch(&added)));
            made.push((range, functions::touch_range(&added)));
            made.push((number, functions::grow(how.layout)));
            made.push((range, functions::within(how.layout)));
            for (import, &of) in (0..self.imported_functions).zip(&self.functions) {
                let parameters = self.types[of as usize].params();
                if parameters.last() == Some(&wp::ValType::I32) {
                    let calls = functions::import(import, parameters.len() as u32, &added);
                    copier.replaced.insert(import, first + made.len() as u32);
                    made.push((of, calls));
                }
            }
            for name in &how.reallocs {
                let found = self.exports.iter().find(|export| export.name == *name);
                let original = found.ok_or("an allocator is not exported")?.index;
                let of = self.functions[original as usize];
                let called = copier.replaced.get(&original).copied();
                replaced_exports.insert(*name, first + made.len() as u32);
                made.push((of, functions::realloc(called.unwrap_or(original), &added)));
            }
        } else if !how.reallocs.is_empty() {
            return Err("an allocator has no memory".into());
        }
        let layout = has_memory.then_some(how.layout).filter(|_| how.owns);
        let mut export = |name, of, function| {
            exports.push((name, first + made.len() as u32));
            made.push((of, function));
        };
        export(
            name::SNAPSHOT,
            plain,
            functions::snapshot(layout, &saved, &added),
        );
        export(
            name::RESET,
            verdict,
            functions::reset(layout, &saved, &added),
        );
        export(name::GLOBALS, hash, functions::globals(&saved));
        if let Some(layout) = layout {
            export(name::LOOK, number, functions::look(layout));
        }
        // Sections, in the order that they have to be in.
        let mut module = Module::new();
        module.section(&types);
        module.section(&self.imports(&mut copier, how)?);
        let mut functions = FunctionSection::new();
        for of in { self.functions.iter() }.skip(self.imported_functions as usize) {
            functions.function(*of);
        }
        for (of, _) in &made {
            functions.function(*of);
        }
        module.section(&functions);
        let mut tables = TableSection::new();
        self.copy(SectionId::Table, |reader| {
            let reader = read(wp::TableSectionReader::new(reader))?;
            copied(copier.parse_table_section(&mut tables, reader))
        })?;
        if !tables.is_empty() {
            module.section(&tables);
        }
        let mut memories = MemorySection::new();
        self.copy(SectionId::Memory, |reader| {
            let reader = read(wp::MemorySectionReader::new(reader))?;
            copied(copier.parse_memory_section(&mut memories, reader))
        })?;
        if layout.is_some() {
            memories = MemorySection::new();
            memories.memory(MemoryType {
                minimum: how.layout.pages(),
                maximum: self.memories[0].maximum,
                ..shadow(how.layout)
            });
            memories.memory(shadow(how.layout));
        }
        if !memories.is_empty() {
            module.section(&memories);
        }
        self.raw(SectionId::Tag, &mut module);
        module.section(&self.global_section(&mut copier, &saved)?);
        module.section(&self.export_section(&mut copier, how, &exports, &replaced_exports)?);
        self.copy(SectionId::Start, |mut reader| {
            let function = read(reader.read_var_u32())?;
            let function_index = copied(copier.function_index(function))?;
            module.section(&StartSection { function_index });
            Ok(())
        })?;
        let mut elements = ElementSection::new();
        self.copy(SectionId::Element, |reader| {
            let reader = read(wp::ElementSectionReader::new(reader))?;
            copied(copier.parse_element_section(&mut elements, reader))
        })?;
        if !elements.is_empty() {
            module.section(&elements);
        }
        self.raw(SectionId::DataCount, &mut module);
        let mut code = CodeSection::new();
        let own = { self.functions.iter() }.skip(self.imported_functions as usize);
        for (body, &of) in self.bodies.iter().zip(own) {
            code.function(&self.body(&mut copier, body, of, (how, &added))?);
        }
        for (_, function) in &made {
            code.function(function);
        }
        module.section(&code);
        self.raw(SectionId::Data, &mut module);
        for range in &self.customs {
            let data = &self.bytes[range.clone()];
            module.section(&RawSection { id: 0, data });
        }
        Ok(module.finish())
    }

    fn saved(&self) -> Result<Vec<Saved>, String> {
        // After the one that says whether it is spoiled.
        let kept = self.globals.len() as u32 + 1;
        let writable = self.writable().into_iter().zip(kept..);
        writable
            .map(
                |((global, ty), kept)| match functions::nothing(ty.content_type) {
                    Some(_) => Ok(Saved {
                        global,
                        kept,
                        of: ty.content_type,
                    }),
                    None => Err(format!("it has a global of type {}", ty.content_type)),
                },
            )
            .collect()
    }

    /// Hands the contents of a section on, where there is one.
    fn copy(
        &self,
        id: SectionId,
        what: impl FnOnce(wp::BinaryReader<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(range) = self.sections.get(&(id as u8)) else {
            return Ok(());
        };
        let reader = wp::BinaryReader::new(&self.bytes[range.clone()], range.start);
        what(reader)
    }

    fn raw(&self, id: SectionId, module: &mut Module) {
        if let Some(range) = self.sections.get(&(id as u8)) {
            module.section(&RawSection {
                id: id as u8,
                data: &self.bytes[range.clone()],
            });
        }
    }

    fn imports(&self, copier: &mut Copier, how: &Rewriting<'_>) -> Result<ImportSection, String> {
        let mut imports = ImportSection::new();
        self.copy(SectionId::Import, |reader| {
            let reader = read(wp::ImportSectionReader::new(reader))?;
            copied(copier.parse_import_section(&mut imports, reader))
        })?;
        if self.has_memory() && !how.owns {
            let ty = EntityType::Memory(shadow(how.layout));
            imports.import(RESERVED, name::SHADOW, ty);
        }
        Ok(imports)
    }

    fn global_section(
        &self,
        copier: &mut Copier,
        saved: &[Saved],
    ) -> Result<GlobalSection, String> {
        let mut globals = GlobalSection::new();
        self.copy(SectionId::Global, |reader| {
            let reader = read(wp::GlobalSectionReader::new(reader))?;
            copied(copier.parse_global_section(&mut globals, reader))
        })?;
        let mut add = |val_type, value: &ConstExpr| {
            let ty = GlobalType {
                val_type,
                mutable: true,
                shared: false,
            };
            globals.global(ty, value);
        };
        // Whether it is spoiled.
        add(ValType::I32, &ConstExpr::i32_const(0));
        for it in saved {
            let of = copied(copier.val_type(it.of))?;
            add(of, &functions::nothing(it.of).expect("looked at"));
        }
        Ok(globals)
    }

    fn export_section(
        &self,
        copier: &mut Copier,
        how: &Rewriting<'_>,
        added: &[(&str, u32)],
        replaced: &BTreeMap<&str, u32>,
    ) -> Result<ExportSection, String> {
        let mut exports = ExportSection::new();
        for it in &self.exports {
            let kind = copied(copier.export_kind(it.kind))?;
            let index = match (it.kind, replaced.get(it.name)) {
                (wp::ExternalKind::Func, Some(&other)) => other,
                (wp::ExternalKind::Func, None) => copied(copier.function_index(it.index))?,
                _ => it.index,
            };
            exports.export(it.name, kind, index);
        }
        for (name, function) in added {
            exports.export(name, ExportKind::Func, *function);
        }
        if self.has_memory() && how.owns {
            exports.export(name::SHADOW, ExportKind::Memory, 1);
        }
        Ok(exports)
    }

    /// A function's body: before each write, what stands there is saved.
    fn body(
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
                    for instruction in functions::size(how.layout) {
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

fn shadow(layout: Layout) -> MemoryType {
    MemoryType {
        minimum: layout.memory_pages(),
        maximum: Some(layout.memory_pages()),
        memory64: false,
        shared: false,
        page_size_log2: None,
    }
}

fn read<T>(result: wp::Result<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn copied<T>(result: Result<T, ReencodeError<std::convert::Infallible>>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
