//! One core module, rewritten. No index that it uses changes: everything is added at the end.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::reencode::Reencode;
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module,
    RawSection, SectionId, StartSection, TableSection, TypeSection, ValType,
};
use wasmparser as wp;

use super::RESERVED;
use super::code::{Copier, copied};
use super::functions::{self, Added, Before, Saved};
use super::layout::Layout;
use super::read::{Read, read};

/// What a rewritten module exports or imports beside its own.
pub mod name {
    /// The guest's memory, for modules without.
    pub const MEMORY: &str = "daybook:reset/memory";
    pub const SHADOW: &str = "daybook:reset/shadow";
    pub const SNAPSHOT: &str = "daybook:reset/snapshot";
    pub const RESET: &str = "daybook:reset/reset";
    pub const GLOBALS: &str = "daybook:reset/globals";
    pub const LOOK: &str = "daybook:reset/look";
}

/// Of a module with much code: a language's runtime.
const LARGE_BYTES: usize = 1 << 20;

/// How a module is rewritten.
pub struct Rewriting<'a> {
    /// Of the component's memory, where it has one.
    pub layout: Option<Layout>,
    /// It owns that memory, and gets the second one.
    pub owns: bool,
    /// Exports that the host allocates by.
    pub reallocs: BTreeSet<&'a str>,
    /// What stands before imported functions, by module and name.
    pub guarded: BTreeMap<(&'a str, &'a str), Before>,
}

/// Where a rewritten module has the two memories from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryFrom {
    /// It owns them, or needs none.
    Itself,
    /// It imports the guest's, and is given the second one.
    Import,
    /// It has none, but calls what writes into it: it is given both.
    Nowhere,
}

impl Read<'_> {
    pub fn rewrite(&self, how: &Rewriting<'_>) -> Result<Vec<u8>, String> {
        let saved = self.saved()?;
        // A module with memory is in a component with memory.
        let from = self.memory_from(how);
        let has_memory = self.has_memory() || from == MemoryFrom::Nowhere;
        let memory = how.layout.filter(|_| has_memory);
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
            check: first + 5,
            is_large: self.bytes.len() > LARGE_BYTES,
            spoiled: first_global,
        };
        let mut exports = Vec::new();
        let mut replaced_exports = BTreeMap::new();
        if let Some(layout) = memory {
            made.push((address, functions::save(layout)));
            made.push((range, functions::touch(&added)));
            made.push((range, functions::touch_range(&added)));
            made.push((number, functions::grow(layout)));
            made.push((range, functions::within(layout)));
            made.push((range, functions::checking(&added)));
        }
        for ((import, name), &of) in (0..).zip(self.imported_functions()).zip(&self.functions) {
            let parameters = self.types[of as usize].params();
            let mut before = how.guarded.get(&name).copied().unwrap_or_default();
            before.check &= memory.is_some() && parameters.last() == Some(&wp::ValType::I32);
            if before.check || before.spoil {
                let calls = functions::import(import, parameters.len() as u32, before, &added);
                copier.replaced.insert(import, first + made.len() as u32);
                made.push((of, calls));
            }
        }
        if memory.is_some() {
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
        let layout = memory.filter(|_| how.owns);
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
        if let Some(layout) = layout {
            memories = MemorySection::new();
            memories.memory(MemoryType {
                minimum: layout.pages(),
                maximum: self.memories[0].maximum,
                ..shadow(layout)
            });
            memories.memory(shadow(layout));
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

    /// Where it has the memories from that it needs.
    pub fn memory_from(&self, how: &Rewriting<'_>) -> MemoryFrom {
        let is_written_to = || how.guarded.values().any(|before| before.check);
        match (self.imported_memory(), self.has_memory()) {
            (Some(_), _) => MemoryFrom::Import,
            (None, true) => MemoryFrom::Itself,
            (None, false) if is_written_to() => MemoryFrom::Nowhere,
            (None, false) => MemoryFrom::Itself,
        }
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
        let (Some(layout), from) = (how.layout, self.memory_from(how)) else {
            return Ok(imports);
        };
        let mut give = |name, ty| {
            imports.import(RESERVED, name, EntityType::Memory(ty));
        };
        if from == MemoryFrom::Nowhere {
            let any = MemoryType {
                minimum: layout.pages(),
                maximum: None,
                ..shadow(layout)
            };
            give(name::MEMORY, any);
        }
        if from != MemoryFrom::Itself {
            give(name::SHADOW, shadow(layout));
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
        if how.owns {
            exports.export(name::MEMORY, ExportKind::Memory, 0);
            exports.export(name::SHADOW, ExportKind::Memory, 1);
        }
        Ok(exports)
    }
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
