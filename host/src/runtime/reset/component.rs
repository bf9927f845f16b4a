//! A whole component, rewritten: its modules, those of the components in it, and one more for each component that has all
//! its modules put back what is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, CodeSection, ComponentAliasSection,
    ComponentExportKind, ComponentExportSection, ComponentTypeSection, ComponentValType,
    EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    InstanceSection, Instruction as I, Module, ModuleArg, PrimitiveValType, RawSection,
    TypeSection, ValType,
};
use wasmparser as wp;

use super::functions::Before;
use super::layout::Layout;
use super::module::{MemoryFrom, Rewriting, name};
use super::read::Origin;
use super::scan::{Core, CoreInstance, Part, Scanned, validated};
use super::{RESERVED, export};

/// The component with what resets it; or why it stays as it is. It need not be valid: then it stays too.
pub fn rewrite(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut types = validated(bytes)?;
    let rewritten = Scanned::read(bytes, &mut types)?.rewrite()?;
    match rewritten.parts {
        parts if parts.is_empty() => Err("it has no memory".into()),
        _ => Ok(rewritten.bytes),
    }
}

/// A component, rewritten.
struct Rewritten {
    bytes: Vec<u8>,
    /// Parts of it that are put back, each by exports of its own: it itself, and components in it. Whether each has memory.
    parts: Vec<bool>,
}

/// What stands before functions that a module imports, by module and name.
type Guarded<'a> = BTreeMap<(&'a str, &'a str), Before>;

/// Where a core function or memory is from.
enum Source<'a> {
    /// The instance whose own it is, and the name that its module exports it by.
    Module(u32, &'a str),
    Component(Core<'a>),
}

fn text(error: wp::BinaryReaderError) -> String {
    error.to_string()
}

fn of_module<'a>(source: Source<'a>) -> Result<(u32, &'a str), String> {
    match source {
        Source::Module(instance, name) => Ok((instance, name)),
        Source::Component(_) => Err("its memory, or what allocates, is not its own".into()),
    }
}

impl<'a> Scanned<'a> {
    fn source(
        &self,
        kind: wp::ExternalKind,
        instance: u32,
        name: &'a str,
    ) -> Result<Source<'a>, String> {
        let unknown = || format!("'{name}' of it comes from where it is not known");
        match &self.instances[instance as usize] {
            CoreInstance::Bundle(exports) => {
                let export = { exports.iter() }
                    .find(|it| it.kind == kind && it.name == name)
                    .ok_or_else(unknown)?;
                let of = match kind {
                    wp::ExternalKind::Memory => &self.memories,
                    _ => &self.functions,
                };
                match of[export.index as usize] {
                    Core::Exported { instance, name } => self.source(kind, instance, name),
                    other => Ok(Source::Component(other)),
                }
            }
            CoreInstance::Of { module, given } => {
                let module = &self.modules[*module as usize];
                match module.origin(kind, name).ok_or_else(unknown)? {
                    Origin::Own => Ok(Source::Module(instance, name)),
                    Origin::Imported(from, name) => {
                        let (_, instance) = { given.iter() }
                            .find(|(known, _)| *known == from)
                            .ok_or_else(unknown)?;
                        self.source(kind, *instance, name)
                    }
                }
            }
        }
    }

    /// The instance that owns the memory of all modules; none: there is no memory.
    fn memory_owner(&self) -> Result<Option<u32>, String> {
        let mut owners = BTreeSet::new();
        let owner = |instance, name| {
            let source = self.source(wp::ExternalKind::Memory, instance, name)?;
            Ok::<_, String>(of_module(source)?.0)
        };
        for (at, instance) in (0..).zip(&self.instances) {
            let CoreInstance::Of { module, given } = instance else {
                continue;
            };
            let module = &self.modules[*module as usize];
            if module.own_memory().is_some() {
                owners.insert(at);
            }
            if let Some((from, name)) = module.imported_memory() {
                let given = { given.iter() }.find(|(known, _)| *known == from);
                let (_, instance) = given.ok_or("a memory of it comes from nowhere")?;
                owners.insert(owner(*instance, name)?);
            }
        }
        for memory in &self.used_memories {
            if let Core::Exported { instance, name } = self.memories[*memory as usize] {
                owners.insert(owner(instance, name)?);
            }
        }
        match owners.len() {
            0 | 1 => Ok(owners.into_iter().next()),
            more => Err(format!("it has {more} memories")),
        }
    }

    fn module_of(&self, instance: u32) -> Option<u32> {
        match &self.instances[instance as usize] {
            CoreInstance::Of { module, .. } => Some(*module),
            CoreInstance::Bundle(_) => None,
        }
    }

    /// By module: the exports that the host allocates by.
    fn allocators(&self) -> Result<BTreeMap<u32, BTreeSet<&'a str>>, String> {
        let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for function in &self.reallocs {
            let Core::Exported { instance, name } = self.functions[*function as usize] else {
                return Err("the host allocates by a function of its own".into());
            };
            // Where it is passed on, it is the rewritten one that is.
            let source = self.source(wp::ExternalKind::Func, instance, name)?;
            let (owner, name) = of_module(source)?;
            if let Some(module) = self.module_of(owner) {
                found.entry(module).or_default().insert(name);
            }
        }
        Ok(found)
    }

    /// By module: what it imports that is done for it, and that writes to memory or leaves a handle. However many modules
    /// pass it on, one imports it at first.
    fn guarded(&self) -> Result<BTreeMap<u32, Guarded<'a>>, String> {
        let mut found: BTreeMap<_, Guarded<'a>> = BTreeMap::new();
        for instance in &self.instances {
            let CoreInstance::Of { module, given } = instance else {
                continue;
            };
            for (from, name) in self.modules[*module as usize].imported_functions() {
                let given = { given.iter() }.find(|(known, _)| *known == from);
                let (_, instance) = given.ok_or("a function of it comes from nowhere")?;
                let source = self.source(wp::ExternalKind::Func, *instance, name)?;
                let Source::Component(function) = source else {
                    continue;
                };
                let before = Before {
                    check: matches!(function, Core::Lowered { writes: true, .. }),
                    spoil: self.leaves_handles(function),
                };
                if before.check || before.spoil {
                    let known = found.entry(*module).or_default();
                    known.entry((from, name)).or_default().add(before);
                }
            }
        }
        Ok(found)
    }

    fn rewrite(&self) -> Result<Rewritten, String> {
        let components = { self.components.iter() }.map(Scanned::rewrite);
        let components = components.collect::<Result<Vec<_>, _>>()?;
        let owner = self.memory_owner()?;
        let owning_module = owner.and_then(|owner| self.module_of(owner));
        let memory = owning_module.and_then(|at| self.modules[at as usize].own_memory());
        let layout = memory.map(|memory| {
            Layout::of(memory.initial, memory.maximum)
                .ok_or("its memory is too large for another of that size beside it")
        });
        let layout = layout.transpose()?;
        let (allocators, guarded) = (self.allocators()?, self.guarded()?);
        let with_state =
            |at: u32| self.modules[at as usize].has_state() || guarded.contains_key(&at);
        let mut borrowing = BTreeSet::new();
        let mut out = self.bytes[..8].to_vec();
        for part in &self.parts {
            match part {
                Part::Module(at) if with_state(*at) => {
                    let module = &self.modules[*at as usize];
                    let how = Rewriting {
                        layout,
                        owns: Some(*at) == owning_module,
                        reallocs: allocators.get(at).cloned().unwrap_or_default(),
                        guarded: guarded.get(at).cloned().unwrap_or_default(),
                    };
                    if module.memory_from(&how) != MemoryFrom::Itself {
                        borrowing.insert(*at);
                    }
                    raw(&mut out, 1, &module.rewrite(&how)?);
                }
                Part::Module(at) => raw(&mut out, 1, self.modules[*at as usize].bytes),
                Part::Component(at) => raw(&mut out, 4, &components[*at as usize].bytes),
                Part::CoreInstances(range) => {
                    section(&mut out, &self.core_instances(range, owner, &borrowing)?);
                }
                Part::Other { id, range } => raw(&mut out, *id, &self.bytes[range.clone()]),
            }
        }
        let own: Vec<u32> = (0..self.instances.len() as u32)
            .filter(|at| self.module_of(*at).is_some_and(with_state))
            .collect();
        let mut lifted = Lifted {
            functions: self.types.component_function_count(),
            exports: ComponentExportSection::new(),
            parts: Vec::new(),
        };
        if !own.is_empty() {
            self.append(&mut out, &own, owner);
            lifted.export(owner.is_some());
        }
        for (component, instance) in &self.nested {
            let parts = &components[*component as usize].parts;
            for (part, has_memory) in parts.iter().enumerate() {
                let mut aliases = ComponentAliasSection::new();
                for name in export::names(part, *has_memory) {
                    aliases.alias(Alias::InstanceExport {
                        instance: *instance,
                        kind: ComponentExportKind::Func,
                        name: &name,
                    });
                }
                section(&mut out, &aliases);
                lifted.export(*has_memory);
            }
        }
        if !lifted.parts.is_empty() {
            section(&mut out, &lifted.exports);
        }
        Ok(Rewritten {
            bytes: out,
            parts: lifted.parts,
        })
    }

    /// The instances as they are; a module that does not own the memory is given what stands beside it.
    fn core_instances(
        &self,
        range: &Range<usize>,
        owner: Option<u32>,
        borrowing: &BTreeSet<u32>,
    ) -> Result<InstanceSection, String> {
        let mut section = InstanceSection::new();
        let reader = wp::BinaryReader::new(&self.bytes[range.clone()], range.start);
        for instance in wp::InstanceSectionReader::new(reader).map_err(text)? {
            match instance.map_err(text)? {
                wp::Instance::Instantiate { module_index, args } => {
                    let mut given: Vec<_> = { args.iter() }
                        .map(|arg| (arg.name, ModuleArg::Instance(arg.index)))
                        .collect();
                    if let Some(owner) = owner.filter(|_| borrowing.contains(&module_index)) {
                        given.push((RESERVED, ModuleArg::Instance(owner)));
                    }
                    section.instantiate(module_index, given);
                }
                wp::Instance::FromExports(exports) => {
                    section.export_items({ exports.iter() }.map(|it| {
                        let kind = match it.kind {
                            wp::ExternalKind::Table => ExportKind::Table,
                            wp::ExternalKind::Memory => ExportKind::Memory,
                            wp::ExternalKind::Global => ExportKind::Global,
                            wp::ExternalKind::Tag => ExportKind::Tag,
                            wp::ExternalKind::Func | wp::ExternalKind::FuncExact => {
                                ExportKind::Func
                            }
                        };
                        (it.name, kind, it.index)
                    }));
                }
            }
        }
        Ok(section)
    }

    /// The module that calls those of all instances, and what is lifted of it.
    fn append(&self, out: &mut Vec<u8>, own: &[u32], owner: Option<u32>) {
        let module = self.modules.len() as u32;
        let instance = self.instances.len() as u32;
        raw(out, 1, &all(own.len() as u32));
        let mut instances = InstanceSection::new();
        let names: Vec<_> = (0..own.len()).map(|at| at.to_string()).collect();
        let given = names.iter().zip(own);
        instances.instantiate(
            module,
            given.map(|(name, at)| (name.as_str(), ModuleArg::Instance(*at))),
        );
        section(out, &instances);
        let mut aliases = ComponentAliasSection::new();
        let mut alias = |kind, instance, name| {
            aliases.alias(Alias::CoreInstanceExport {
                instance,
                kind,
                name,
            });
        };
        let all_of = [name::SNAPSHOT, name::RESET, name::GLOBALS];
        for name in all_of {
            alias(ExportKind::Func, instance, name);
        }
        if let Some(owner) = owner {
            alias(ExportKind::Func, owner, name::LOOK);
            alias(ExportKind::Memory, owner, name::SHADOW);
        }
        section(out, &aliases);
        let first_type = self.types.as_ref().component_type_count();
        let mut types = ComponentTypeSection::new();
        let value = ComponentValType::Primitive;
        types.defined_type().list(value(PrimitiveValType::U8));
        let bytes = ComponentValType::Type(first_type);
        let chunk = [("chunk", value(PrimitiveValType::U32))];
        let none: [(&str, ComponentValType); 0] = [];
        types.function().params(none).result(None);
        for result in [PrimitiveValType::Bool, PrimitiveValType::U64] {
            types.function().params(none).result(Some(value(result)));
        }
        types.function().params(chunk).result(Some(bytes));
        section(out, &types);
        let mut canonicals = CanonicalFunctionSection::new();
        let function = self.functions.len() as u32;
        for at in 0..3 {
            canonicals.lift(function + at, first_type + 1 + at, []);
        }
        if owner.is_some() {
            let memory = CanonicalOption::Memory(self.memories.len() as u32);
            canonicals.lift(function + 3, first_type + 4, [memory]);
        }
        section(out, &canonicals);
    }
}

/// The functions that a component exports for its parts, one after the other.
struct Lifted {
    /// Functions of the component so far.
    functions: u32,
    exports: ComponentExportSection,
    parts: Vec<bool>,
}

impl Lifted {
    /// Exports the functions that were just made or aliased for a part.
    fn export(&mut self, has_memory: bool) {
        for name in export::names(self.parts.len(), has_memory) {
            let function = self.functions;
            self.exports
                .export(&name, ComponentExportKind::Func, function, None);
            self.functions += 1;
        }
        self.parts.push(has_memory);
    }
}

/// A module that calls the same function of so many instances: to snapshot and to reset them, and for a hash of all globals.
fn all(instances: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    types.ty().function([], [ValType::I32]);
    types.ty().function([], [ValType::I64]);
    types.ty().function([ValType::I64], [ValType::I64]);
    let mut imports = ImportSection::new();
    for at in 0..instances {
        let module = at.to_string();
        imports.import(&module, name::SNAPSHOT, EntityType::Function(0));
        imports.import(&module, name::RESET, EntityType::Function(1));
        imports.import(&module, name::GLOBALS, EntityType::Function(3));
    }
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    let mut code = CodeSection::new();
    let names = [name::SNAPSHOT, name::RESET, name::GLOBALS];
    for (place, name) in (0..).zip(names) {
        functions.function(place);
        exports.export(name, ExportKind::Func, 3 * instances + place);
        let mut function = Function::new([]);
        match place {
            1 => function.instruction(&I::I32Const(1)),
            2 => function.instruction(&I::I64Const(0)),
            _ => &mut function,
        };
        for at in 0..instances {
            function.instruction(&I::Call(3 * at + place));
            if place == 1 {
                function.instruction(&I::I32And);
            }
        }
        function.instruction(&I::End);
        code.function(&function);
    }
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&exports)
        .section(&code);
    module.finish()
}

fn section(out: &mut Vec<u8>, section: &impl wasm_encoder::ComponentSection) {
    section.append_to_component(out);
}

fn raw(out: &mut Vec<u8>, id: u8, data: &[u8]) {
    section(out, &RawSection { id, data });
}
