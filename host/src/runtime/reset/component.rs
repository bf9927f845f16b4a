//! A whole component, rewritten: its modules, and one more that has them all put back what is theirs.

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

use super::layout::Layout;
use super::module::{Rewriting, name};
use super::read::{Origin, Read};
use super::{RESERVED, export};

/// What a core instance is made of.
enum CoreInstance<'a> {
    Of {
        module: u32,
        /// Names of what it is given, and the instances.
        given: Vec<(&'a str, u32)>,
    },
    Bundle(Vec<wp::Export<'a>>),
}

/// A core function or memory, as the component knows it.
#[derive(Clone, Copy)]
enum Core<'a> {
    Exported {
        instance: u32,
        name: &'a str,
    },
    /// What the host does for the guest.
    Host,
}

/// One part of a component, as it stands in its bytes.
enum Part {
    Module(u32),
    CoreInstances(Range<usize>),
    Other { id: u8, range: Range<usize> },
}

#[derive(Default)]
struct Component<'a> {
    parts: Vec<Part>,
    modules: Vec<Read<'a>>,
    instances: Vec<CoreInstance<'a>>,
    functions: Vec<Core<'a>>,
    memories: Vec<Core<'a>>,
    types: u32,
    component_functions: u32,
    /// What its functions are lifted and lowered with.
    reallocs: BTreeSet<u32>,
    used_memories: BTreeSet<u32>,
}

pub fn rewrite(bytes: &[u8]) -> Result<Vec<u8>, String> {
    Component::read(bytes)?.rewrite(bytes)
}

fn text(error: wp::BinaryReaderError) -> String {
    error.to_string()
}

const OF_OWN_KIND: &str = "it has parts of a kind that is not known here";

impl<'a> Component<'a> {
    fn read(bytes: &'a [u8]) -> Result<Component<'a>, String> {
        let mut component = Component::default();
        // Of nested components only that they have no code of their own; modules are read apart.
        let mut nested: Vec<bool> = Vec::new();
        for payload in wp::Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(text)?;
            if let wp::Payload::End(_) = payload {
                nested.pop();
                continue;
            }
            match nested.last() {
                Some(true) => continue,
                Some(false) => match payload {
                    wp::Payload::ModuleSection { .. }
                    | wp::Payload::InstanceSection(_)
                    | wp::Payload::ComponentCanonicalSection(_)
                    | wp::Payload::ComponentStartSection { .. } => {
                        return Err("a component in it has code of its own".into());
                    }
                    wp::Payload::ComponentSection { .. } => nested.push(false),
                    _ => {}
                },
                None => {
                    match &payload {
                        wp::Payload::ModuleSection { .. } => nested.push(true),
                        wp::Payload::ComponentSection { .. } => nested.push(false),
                        _ => {}
                    }
                    component.take(bytes, payload)?;
                }
            }
        }
        Ok(component)
    }

    fn take(&mut self, bytes: &'a [u8], payload: wp::Payload<'a>) -> Result<(), String> {
        let section = payload.as_section();
        match payload {
            wp::Payload::Version { .. } => {}
            wp::Payload::ModuleSection {
                unchecked_range, ..
            } => {
                self.parts.push(Part::Module(self.modules.len() as u32));
                self.modules.push(Read::new(&bytes[unchecked_range])?);
                return Ok(());
            }
            wp::Payload::InstanceSection(reader) => {
                let (_, range) = section.ok_or(OF_OWN_KIND)?;
                self.parts.push(Part::CoreInstances(range));
                for instance in reader {
                    self.instances.push(match instance.map_err(text)? {
                        wp::Instance::Instantiate { module_index, args } => CoreInstance::Of {
                            module: module_index,
                            given: args.iter().map(|arg| (arg.name, arg.index)).collect(),
                        },
                        wp::Instance::FromExports(exports) => {
                            CoreInstance::Bundle(exports.into_vec())
                        }
                    });
                }
                return Ok(());
            }
            wp::Payload::ComponentAliasSection(reader) => {
                for alias in reader {
                    self.alias(alias.map_err(text)?)?;
                }
            }
            wp::Payload::ComponentCanonicalSection(reader) => {
                for canonical in reader {
                    self.canonical(canonical.map_err(text)?)?;
                }
            }
            wp::Payload::ComponentTypeSection(reader) => {
                for ty in reader {
                    if let wp::ComponentType::Resource { .. } = ty.map_err(text)? {
                        return Err("it has resources of its own".into());
                    }
                    self.types += 1;
                }
            }
            wp::Payload::ComponentImportSection(reader) => {
                for import in reader {
                    match import.map_err(text)?.ty {
                        wp::ComponentTypeRef::Type(_) => self.types += 1,
                        wp::ComponentTypeRef::Func(_) => self.component_functions += 1,
                        wp::ComponentTypeRef::Instance(_) => {}
                        _ => return Err(OF_OWN_KIND.into()),
                    }
                }
            }
            wp::Payload::ComponentExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(text)?;
                    let name = export.name.name;
                    if name.starts_with(super::export::RESET) {
                        return Err(format!("it exports '{name}'"));
                    }
                    match export.kind {
                        wp::ComponentExternalKind::Type => self.types += 1,
                        wp::ComponentExternalKind::Func => self.component_functions += 1,
                        wp::ComponentExternalKind::Instance => {}
                        _ => return Err(OF_OWN_KIND.into()),
                    }
                }
            }
            wp::Payload::ComponentInstanceSection(_)
            | wp::Payload::ComponentSection { .. }
            | wp::Payload::CoreTypeSection(_)
            | wp::Payload::CustomSection(_) => {}
            _ => return Err(OF_OWN_KIND.into()),
        }
        if let Some((id, range)) = section {
            self.parts.push(Part::Other { id, range });
        }
        Ok(())
    }

    fn alias(&mut self, alias: wp::ComponentAlias<'a>) -> Result<(), String> {
        match alias {
            wp::ComponentAlias::CoreInstanceExport {
                kind,
                instance_index: instance,
                name,
            } => match kind {
                wp::ExternalKind::Func => self.functions.push(Core::Exported { instance, name }),
                wp::ExternalKind::Memory => self.memories.push(Core::Exported { instance, name }),
                _ => {}
            },
            wp::ComponentAlias::InstanceExport { kind, .. } => match kind {
                wp::ComponentExternalKind::Type => self.types += 1,
                wp::ComponentExternalKind::Func => self.component_functions += 1,
                wp::ComponentExternalKind::Instance => {}
                _ => return Err(OF_OWN_KIND.into()),
            },
            wp::ComponentAlias::Outer { kind, .. } => match kind {
                wp::ComponentOuterAliasKind::Type => self.types += 1,
                _ => return Err(OF_OWN_KIND.into()),
            },
        }
        Ok(())
    }

    fn canonical(&mut self, canonical: wp::CanonicalFunction) -> Result<(), String> {
        let options = match canonical {
            wp::CanonicalFunction::Lift { options, .. } => {
                self.component_functions += 1;
                options
            }
            wp::CanonicalFunction::Lower { options, .. } => {
                self.functions.push(Core::Host);
                options
            }
            // Of the host's: it has none of its own.
            wp::CanonicalFunction::ResourceDrop { .. } => {
                self.functions.push(Core::Host);
                return Ok(());
            }
            _ => return Err(OF_OWN_KIND.into()),
        };
        for option in options {
            match option {
                wp::CanonicalOption::Memory(memory) => {
                    self.used_memories.insert(memory);
                }
                wp::CanonicalOption::Realloc(function) => {
                    self.reallocs.insert(function);
                }
                wp::CanonicalOption::UTF8
                | wp::CanonicalOption::UTF16
                | wp::CanonicalOption::CompactUTF16
                | wp::CanonicalOption::PostReturn(_) => {}
                _ => return Err(OF_OWN_KIND.into()),
            }
        }
        Ok(())
    }

    /// The core instance whose own a function or memory is, and the name that its module exports it by.
    fn owner(
        &self,
        kind: wp::ExternalKind,
        instance: u32,
        name: &'a str,
    ) -> Result<(u32, &'a str), String> {
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
                    Core::Exported { instance, name } => self.owner(kind, instance, name),
                    Core::Host => Err(unknown()),
                }
            }
            CoreInstance::Of { module, given } => {
                let module = &self.modules[*module as usize];
                match module.origin(kind, name).ok_or_else(unknown)? {
                    Origin::Own => Ok((instance, name)),
                    Origin::Imported(from, name) => {
                        let (_, instance) = { given.iter() }
                            .find(|(known, _)| *known == from)
                            .ok_or_else(unknown)?;
                        self.owner(kind, *instance, name)
                    }
                }
            }
        }
    }

    /// The instance that owns the memory of the whole component.
    fn memory_owner(&self) -> Result<u32, String> {
        let mut owners = BTreeSet::new();
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
                owners.insert(self.owner(wp::ExternalKind::Memory, *instance, name)?.0);
            }
        }
        for memory in &self.used_memories {
            match self.memories[*memory as usize] {
                Core::Exported { instance, name } => {
                    owners.insert(self.owner(wp::ExternalKind::Memory, instance, name)?.0);
                }
                Core::Host => return Err(OF_OWN_KIND.into()),
            }
        }
        match owners.len() {
            1 => Ok(owners.into_iter().next().expect("there is one")),
            0 => Err("it has no memory".into()),
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
            let (owner, name) = self.owner(wp::ExternalKind::Func, instance, name)?;
            // Where it is passed on, it is the rewritten one that is.
            let module = self.module_of(owner).ok_or(OF_OWN_KIND)?;
            found.entry(module).or_default().insert(name);
        }
        Ok(found)
    }

    fn rewrite(&self, bytes: &[u8]) -> Result<Vec<u8>, String> {
        let owner = self.memory_owner()?;
        let owning_module = self.module_of(owner).ok_or(OF_OWN_KIND)?;
        let memory = self.modules[owning_module as usize].own_memory();
        let memory = memory.ok_or(OF_OWN_KIND)?;
        let layout = Layout::of(memory.initial, memory.maximum)
            .ok_or("its memory is too large for another of that size beside it")?;
        let allocators = self.allocators()?;
        let mut out = bytes[..8].to_vec();
        for part in &self.parts {
            match part {
                Part::Module(at) => {
                    let module = &self.modules[*at as usize];
                    if !module.has_state() {
                        raw(&mut out, 1, module.bytes());
                        continue;
                    }
                    let rewritten = module.rewrite(&Rewriting {
                        layout,
                        owns: *at == owning_module,
                        reallocs: allocators.get(at).cloned().unwrap_or_default(),
                    })?;
                    raw(&mut out, 1, &rewritten);
                }
                Part::CoreInstances(range) => {
                    section(&mut out, &self.core_instances(bytes, range, owner)?);
                }
                Part::Other { id, range } => raw(&mut out, *id, &bytes[range.clone()]),
            }
        }
        self.append(&mut out, owner);
        Ok(out)
    }

    /// The same instances; who has no memory of its own is given the one beside it.
    fn core_instances(
        &self,
        bytes: &[u8],
        range: &Range<usize>,
        owner: u32,
    ) -> Result<InstanceSection, String> {
        let mut section = InstanceSection::new();
        let reader = wp::BinaryReader::new(&bytes[range.clone()], range.start);
        for instance in wp::InstanceSectionReader::new(reader).map_err(text)? {
            match instance.map_err(text)? {
                wp::Instance::Instantiate { module_index, args } => {
                    let mut given: Vec<_> = { args.iter() }
                        .map(|arg| (arg.name, ModuleArg::Instance(arg.index)))
                        .collect();
                    let module = &self.modules[module_index as usize];
                    if module.imported_memory().is_some() {
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
    fn append(&self, out: &mut Vec<u8>, owner: u32) {
        let with_state: Vec<u32> = (0..self.instances.len() as u32)
            .filter(|at| {
                let module = self.module_of(*at);
                module.is_some_and(|module| self.modules[module as usize].has_state())
            })
            .collect();
        let module = self.modules.len() as u32;
        let instance = self.instances.len() as u32;
        raw(out, 1, &all(with_state.len() as u32));
        let mut instances = InstanceSection::new();
        let names: Vec<_> = (0..with_state.len()).map(|at| at.to_string()).collect();
        let given = names.iter().zip(&with_state);
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
        alias(ExportKind::Func, owner, name::LOOK);
        alias(ExportKind::Memory, owner, name::SHADOW);
        section(out, &aliases);
        let mut types = ComponentTypeSection::new();
        let value = ComponentValType::Primitive;
        types.defined_type().list(value(PrimitiveValType::U8));
        let bytes = ComponentValType::Type(self.types);
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
            canonicals.lift(function + at, self.types + 1 + at, []);
        }
        let memory = CanonicalOption::Memory(self.memories.len() as u32);
        canonicals.lift(function + 3, self.types + 4, [memory]);
        section(out, &canonicals);
        let mut exports = ComponentExportSection::new();
        let names = [
            export::SNAPSHOT,
            export::RESET,
            export::GLOBALS,
            export::MEMORY,
        ];
        for (name, at) in names.into_iter().zip(self.component_functions..) {
            exports.export(name, ComponentExportKind::Func, at, None);
        }
        section(out, &exports);
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
