//! A core module as it is read.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser as wp;

use super::RESERVED;
use super::code::spoils;

/// A module as it is read.
pub struct Read<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) types: Vec<wp::FuncType>,
    pub(super) imports: Vec<wp::Import<'a>>,
    /// Types of its functions, the imported ones first.
    pub(super) functions: Vec<u32>,
    pub(super) imported_functions: u32,
    pub(super) globals: Vec<wp::GlobalType>,
    pub(super) imported_globals: u32,
    pub(super) memories: Vec<wp::MemoryType>,
    pub(super) imported_memories: usize,
    pub(super) exports: Vec<wp::Export<'a>>,
    pub(super) bodies: Vec<wp::FunctionBody<'a>>,
    pub(super) sections: BTreeMap<u8, Range<usize>>,
    pub(super) customs: Vec<Range<usize>>,
    /// It does what is not put back.
    pub(super) spoils: bool,
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

    /// The modules and names of the functions that it imports, in order.
    pub fn imported_functions(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        { self.imports.iter() }
            .filter(|import| matches!(import.ty, wp::TypeRef::Func(_)))
            .map(|import| (import.module, import.name))
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
    pub(super) fn writable(&self) -> Vec<(u32, wp::GlobalType)> {
        { self.globals.iter().copied().enumerate() }
            .skip(self.imported_globals as usize)
            .filter(|(_, global)| global.mutable)
            .map(|(at, global)| (at as u32, global))
            .collect()
    }
}

pub fn read<T>(result: wp::Result<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
