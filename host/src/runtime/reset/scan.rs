//! A component as it is read: what its core functions, memories and instances are, and which nested components it has.

use std::collections::BTreeSet;
use std::ops::Range;

use wasmparser as wp;
use wp::types::Types;

use super::export;
use super::read::Read;

/// What a core instance is made of.
pub enum CoreInstance<'a> {
    Of {
        module: u32,
        /// Names of what it is given, and the instances.
        given: Vec<(&'a str, u32)>,
    },
    Bundle(Vec<wp::Export<'a>>),
}

/// A core function or memory, as the component knows it.
#[derive(Clone, Copy)]
pub enum Core<'a> {
    Exported {
        instance: u32,
        name: &'a str,
    },
    /// What is done for the guest, by the host or by another component.
    Lowered {
        /// An answer of it may go into memory, where the guest says.
        writes: bool,
        component_function: u32,
    },
    /// Makes a handle of a resource, or gives one up.
    Handle,
    /// Tells what a handle stands for.
    Represented,
}

/// One part of a component, as it stands in its bytes.
pub enum Part {
    Module(u32),
    Component(u32),
    CoreInstances(Range<usize>),
    Other { id: u8, range: Range<usize> },
}

pub struct Scanned<'a> {
    pub bytes: &'a [u8],
    pub parts: Vec<Part>,
    pub modules: Vec<Read<'a>>,
    pub components: Vec<Scanned<'a>>,
    pub instances: Vec<CoreInstance<'a>>,
    pub functions: Vec<Core<'a>>,
    pub memories: Vec<Core<'a>>,
    /// Instances of nested components: which component, and the instance's index.
    pub nested: Vec<(u32, u32)>,
    /// What its functions are lifted and lowered with.
    pub reallocs: BTreeSet<u32>,
    pub used_memories: BTreeSet<u32>,
    pub types: Types,
}

/// Components in components: what tools make has two or three levels.
const LEVELS_MAX: usize = 8;

const OF_OWN_KIND: &str = "it has parts of a kind that is not known here";

/// Types of a component and of those in it, in the order in which they end.
pub type AllTypes = std::vec::IntoIter<Types>;

fn text(error: wp::BinaryReaderError) -> String {
    error.to_string()
}

/// Types of all components, where the whole is valid by itself: a reference to what is added would become valid by it.
pub fn validated(bytes: &[u8]) -> Result<AllTypes, String> {
    let invalid = |error: wp::BinaryReaderError| format!("it is not valid: {error}");
    let mut validator = wp::Validator::new_with_features(wp::WasmFeatures::all());
    let mut types = Vec::new();
    let mut functions = Vec::new();
    let mut is_component = Vec::new();
    for payload in wp::Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(invalid)?;
        if let wp::Payload::Version { encoding, .. } = payload {
            is_component.push(encoding == wp::Encoding::Component);
        }
        match validator.payload(&payload).map_err(invalid)? {
            wp::ValidPayload::Func(function, body) => functions.push((function, body)),
            wp::ValidPayload::End(ended) if is_component.pop() == Some(true) => types.push(ended),
            _ => {}
        }
    }
    let mut allocations = wp::FuncValidatorAllocations::default();
    for (function, body) in functions {
        let mut validator = function.into_validator(allocations);
        validator.validate(&body).map_err(invalid)?;
        allocations = validator.into_allocations();
    }
    Ok(types.into_iter())
}

impl<'a> Scanned<'a> {
    /// `types`: those that `validated` gave of the same bytes.
    pub fn read(bytes: &'a [u8], types: &mut AllTypes) -> Result<Scanned<'a>, String> {
        Scanned::read_nested(bytes, types, 0)
    }

    fn read_nested(
        bytes: &'a [u8],
        types: &mut AllTypes,
        levels: usize,
    ) -> Result<Scanned<'a>, String> {
        // Each level is read once more for each one around it.
        if levels > LEVELS_MAX {
            return Err(format!(
                "components are nested in it more than {LEVELS_MAX} deep"
            ));
        }
        let mut payloads = Vec::new();
        let mut components = Vec::new();
        // What is nested is read apart.
        let mut depth = 0;
        for payload in wp::Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(text)?;
            match &payload {
                wp::Payload::End(_) => depth -= 1,
                wp::Payload::Version { .. } => depth += 1,
                wp::Payload::ComponentSection {
                    unchecked_range, ..
                } if depth == 1 => {
                    let inside = &bytes[unchecked_range.clone()];
                    components.push(Scanned::read_nested(inside, types, levels + 1)?);
                    payloads.push(payload);
                }
                _ if depth == 1 => payloads.push(payload),
                _ => {}
            }
        }
        let mut scanned = Scanned {
            bytes,
            parts: Vec::new(),
            modules: Vec::new(),
            components,
            instances: Vec::new(),
            functions: Vec::new(),
            memories: Vec::new(),
            nested: Vec::new(),
            reallocs: BTreeSet::new(),
            used_memories: BTreeSet::new(),
            // Those of nested components came before.
            types: types.next().ok_or(OF_OWN_KIND)?,
        };
        let (mut component, mut instance) = (0, 0);
        for payload in payloads {
            let part = scanned.take(payload, &mut component, &mut instance)?;
            scanned.parts.push(part);
        }
        Ok(scanned)
    }

    fn take(
        &mut self,
        payload: wp::Payload<'a>,
        component: &mut u32,
        component_instance: &mut u32,
    ) -> Result<Part, String> {
        let (id, range) = payload.as_section().ok_or(OF_OWN_KIND)?;
        match payload {
            wp::Payload::ModuleSection {
                unchecked_range, ..
            } => {
                self.modules.push(Read::new(&self.bytes[unchecked_range])?);
                return Ok(Part::Module(self.modules.len() as u32 - 1));
            }
            wp::Payload::ComponentSection { .. } => {
                *component += 1;
                return Ok(Part::Component(*component - 1));
            }
            wp::Payload::InstanceSection(reader) => {
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
                return Ok(Part::CoreInstances(range));
            }
            wp::Payload::ComponentInstanceSection(reader) => {
                for instance in reader {
                    if let wp::ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance.map_err(text)?
                    {
                        self.nested.push((component_index, *component_instance));
                    }
                    *component_instance += 1;
                }
            }
            wp::Payload::ComponentAliasSection(reader) => {
                for alias in reader {
                    self.alias(alias.map_err(text)?, component_instance)?;
                }
            }
            wp::Payload::ComponentCanonicalSection(reader) => {
                for canonical in reader {
                    self.canonical(canonical.map_err(text)?)?;
                }
            }
            wp::Payload::ComponentImportSection(reader) => {
                for import in reader {
                    match import.map_err(text)?.ty {
                        wp::ComponentTypeRef::Type(_) | wp::ComponentTypeRef::Func(_) => {}
                        wp::ComponentTypeRef::Instance(_) => *component_instance += 1,
                        _ => return Err(OF_OWN_KIND.into()),
                    }
                }
            }
            wp::Payload::ComponentExportSection(reader) => {
                for export in reader {
                    let export = export.map_err(text)?;
                    let name = export.name.name;
                    if name.starts_with(export::RESET) {
                        return Err(format!("it exports '{name}'"));
                    }
                    match export.kind {
                        wp::ComponentExternalKind::Type | wp::ComponentExternalKind::Func => {}
                        wp::ComponentExternalKind::Instance => *component_instance += 1,
                        _ => return Err(OF_OWN_KIND.into()),
                    }
                }
            }
            wp::Payload::ComponentTypeSection(_)
            | wp::Payload::CoreTypeSection(_)
            | wp::Payload::CustomSection(_) => {}
            _ => return Err(OF_OWN_KIND.into()),
        }
        Ok(Part::Other { id, range })
    }

    fn alias(
        &mut self,
        alias: wp::ComponentAlias<'a>,
        component_instance: &mut u32,
    ) -> Result<(), String> {
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
                wp::ComponentExternalKind::Type | wp::ComponentExternalKind::Func => {}
                wp::ComponentExternalKind::Instance => *component_instance += 1,
                _ => return Err(OF_OWN_KIND.into()),
            },
            wp::ComponentAlias::Outer { kind, .. } => match kind {
                wp::ComponentOuterAliasKind::Type => {}
                _ => return Err(OF_OWN_KIND.into()),
            },
        }
        Ok(())
    }

    fn canonical(&mut self, canonical: wp::CanonicalFunction) -> Result<(), String> {
        let options = match canonical {
            wp::CanonicalFunction::Lift {
                core_func_index,
                options,
                ..
            } => {
                self.check_exported(core_func_index)?;
                options
            }
            wp::CanonicalFunction::Lower {
                func_index,
                options,
            } => {
                let is_memory = |it: &_| matches!(it, wp::CanonicalOption::Memory(_));
                self.functions.push(Core::Lowered {
                    writes: options.iter().any(is_memory),
                    component_function: func_index,
                });
                options
            }
            wp::CanonicalFunction::ResourceNew { .. }
            | wp::CanonicalFunction::ResourceDrop { .. } => {
                self.functions.push(Core::Handle);
                return Ok(());
            }
            wp::CanonicalFunction::ResourceRep { .. } => {
                self.functions.push(Core::Represented);
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
                wp::CanonicalOption::PostReturn(function) => self.check_exported(function)?,
                wp::CanonicalOption::UTF8
                | wp::CanonicalOption::UTF16
                | wp::CanonicalOption::CompactUTF16 => {}
                _ => return Err(OF_OWN_KIND.into()),
            }
        }
        Ok(())
    }

    /// What the host calls by itself has to be a module's, which is rewritten.
    fn check_exported(&self, function: u32) -> Result<(), String> {
        match self.functions[function as usize] {
            Core::Exported { .. } => Ok(()),
            _ => Err(OF_OWN_KIND.into()),
        }
    }

    /// True where a call may leave something in the table of handles that an instance has: its type has a resource in it.
    pub fn leaves_handles(&self, function: Core<'_>) -> bool {
        let component_function = match function {
            Core::Exported { .. } | Core::Represented => return false,
            Core::Handle => return true,
            Core::Lowered {
                component_function, ..
            } => component_function,
        };
        let types = self.types.as_ref();
        let ty = &types[types.component_function_at(component_function)];
        let mut values = ty.params.iter().map(|(_, ty)| ty).chain(&ty.result);
        values.any(|value| self.has_handle(*value))
    }

    fn has_handle(&self, value: wp::component_types::ComponentValType) -> bool {
        use wp::component_types::ComponentDefinedType as T;
        let wp::component_types::ComponentValType::Type(id) = value else {
            return false;
        };
        let has = |value: &_| self.has_handle(*value);
        match &self.types[id] {
            T::Primitive(_) | T::Flags(_) | T::Enum(_) => false,
            T::Record(record) => record.fields.values().any(has),
            T::Variant(variant) => variant
                .cases
                .values()
                .any(|case| case.ty.is_some_and(|it| has(&it))),
            T::List { element, .. } | T::FixedLengthList { element, .. } => has(element),
            T::Map { key, value, .. } => has(key) || has(value),
            T::Tuple(tuple) => tuple.types.iter().any(has),
            T::Option { ty, .. } => has(ty),
            T::Result { ok, err, .. } => { ok.iter().chain(err) }.any(has),
            // Handles, and what is not known here.
            _ => true,
        }
    }
}
