// A plugin: what it declares, and which handler each event and command has.

import type { CreatingHost, MaterializingHost, RawCommand, RawEvent, RawNewEvent } from './contract.js';
import { Creation, Materialization, type Command, type Event } from './cx.js';
import { fullType, NewEvent, toRaw, type CommandType, type EventType, type Table, type TaskKind } from './define.js';
import { parse, stringify, type Json } from './json.js';
import { type Fields, type Out } from './types.js';

/** What a handler of an event looks like. */
export type Materialize<T extends Fields> = (event: Event<Out<T>>, cx: Materialization) => void;

/** What a handler of a command looks like: it answers with events, or throws a rejection. */
export type Create<T extends Fields> = (command: Command<Out<T>>, cx: Creation) => NewEvent[];

/** Which rows events may touch: see the contract's manifest. */
export interface Partitions {
  /** Field of the payload, or what follows `subject` in the event's subject. */
  events: { event: EventType<any>; field?: string; subject?: string }[];
  tables: { table: Table<any, any>; column: string }[];
}

/** What a plugin says of itself. */
export interface About {
  name: string;
  /** A day: `2024-06-01`. */
  version: string;
  /** The version that this one extends: what this one does not handle goes to it. */
  extends?: string;
  description?: string;
  /** One line for each thing that changed. */
  changes: string[];
  tables?: Table<any, any>[];
  /** Tables of other plugins. */
  reads?: Table<any, any>[];
  /** Own events that no handler of this version names. */
  events?: EventType<any>[];
  tasks?: TaskKind<any>[];
  partitions?: Partitions;
}

interface Materializer {
  of: EventType<any>;
  handler: Materialize<any>;
}

interface Creator {
  of: CommandType<any>;
  handler: Create<any>;
}

/** A plugin: made by `plugin({ .. })`, with handlers added by `materialize` and `create`. */
export class Plugin {
  readonly materializers = new Map<string, Materializer>();
  readonly creators = new Map<string, Creator>();
  readonly tableNames: ReadonlySet<string>;
  readonly taskKinds: ReadonlySet<string>;
  private materialization: { host: MaterializingHost; cx: Materialization } | null = null;

  constructor(readonly about: About) {
    const { name, version } = about;
    if (typeof name !== 'string' || !/^[a-z][a-z0-9]*$/.test(name)) {
      throw new TypeError(`the plugin's name is ${JSON.stringify(name)}, and has small letters and digits alone, a letter first: deposit`);
    }
    day('version', version);
    if (about.extends !== undefined) {
      day('extends', about.extends);
      if (about.extends >= version) throw new TypeError(`${name}@${version} extends ${about.extends}, and a version can only extend an earlier one`);
    }
    unique('tables', about.tables ?? [], ({ name }) => name);
    unique('reads', about.reads ?? [], ({ name }) => name);
    unique('events', about.events ?? [], ({ type }) => fullType(name, type));
    unique('tasks', about.tasks ?? [], ({ type }) => type);
    this.tableNames = new Set([...(about.tables ?? []), ...(about.reads ?? [])].map(({ name }) => name));
    this.taskKinds = new Set((about.tasks ?? []).map(({ type }) => type));
    for (const table of about.tables ?? []) {
      if (table.owner !== null) throw new TypeError(`table ${table.name} is another plugin's: it belongs into \`reads\``);
      if (table.keyColumns.length === 0) throw new TypeError(`table ${table.name} has no key: mark a column with .key()`);
    }
    for (const table of about.reads ?? []) {
      if (table.owner === null) throw new TypeError(`table ${table.name} in \`reads\` is not named in full: plugin.${table.name}`);
    }
  }

  get name(): string {
    return this.about.name;
  }

  /** `deposit@2020-01-01` */
  get id(): string {
    return `${this.about.name}@${this.about.version}`;
  }

  get isExtension(): boolean {
    return this.about.extends !== undefined;
  }

  /** What an event does: it runs when the event is appended, and again in every replay. */
  materialize<T extends Fields>(of: EventType<T>, handler: Materialize<T>): this {
    this.materializers.set(this.handled(this.materializers, of, 'event', handler), { of, handler });
    return this;
  }

  /** What a command answers. */
  create<T extends Fields>(of: CommandType<T>, handler: Create<T>): this {
    this.creators.set(this.handled(this.creators, of, 'command', handler), { of, handler });
    return this;
  }

  /** The full type that a handler is for, where it can be one. */
  private handled(handlers: Map<string, unknown>, of: { what: string; type: string }, what: 'event' | 'command', handler: unknown): string {
    const verb = what === 'event' ? 'materialize' : 'create';
    if (of?.what !== what) throw new TypeError(`.${verb}(..) of ${this.id} is given ${shown(of)}, and takes a type that ${what}(..) made`);
    const type = fullType(this.about.name, of.type);
    if (what === 'command' && !type.startsWith(`${this.name}.`)) throw new TypeError(`${this.id} cannot answer ${type}, a command of the plugin ${type.slice(0, type.indexOf('.'))}: name it without a dot`);
    if (typeof handler !== 'function') throw new TypeError(`.${verb}(${of.type}, ..) of ${this.id} is given ${shown(handler)} for a handler, and takes a function`);
    // It would run without a step, or beyond its end.
    const { name } = handler.constructor;
    if (name === 'AsyncFunction') throw new TypeError(isAsync(type));
    if (name.endsWith('GeneratorFunction')) throw new TypeError(`the handler of ${type} is a generator, of which nothing would run: take the * away`);
    if (handlers.has(type)) throw new TypeError(`${type} has two handlers in ${this.id}: make them one`);
    return type;
  }

  /** The manifest, as the contract describes it. */
  manifest(): Json {
    const { about } = this;
    const full = (type: string): string => fullType(about.name, type);
    const events = new Map<string, EventType<any>>();
    for (const { of } of this.materializers.values()) if (full(of.type).startsWith(`${about.name}.`)) events.set(full(of.type), of);
    for (const of of about.events ?? []) {
      const name = full(of.type);
      if ((events.get(name) ?? of) !== of) throw new TypeError(`${name} is declared twice in ${this.id}, by its handler and in \`events\`: declare it once, as event('${of.type}', ..), and use that`);
      events.set(name, of);
    }
    const manifest: { [name: string]: Json } = {
      format: 1,
      plugin: about.name,
      version: about.version,
      changes: about.changes,
      tables: (about.tables ?? []).map(tableDocument),
      reads: (about.reads ?? []).map((table) => ({
        plugin: table.owner!,
        table: table.name.slice(table.owner!.length + 1),
        columns: Object.keys(table.columns),
      })),
      events: [...events].map(([name, of]) => ({ name, description: of.description, schema: of.schema })),
      materializes: [...this.materializers.keys()],
      commands: [...this.creators].map(([name, { of }]) => ({ name, description: of.description, schema: of.schema })),
      tasks: (about.tasks ?? []).map(({ type, description }) => ({ name: type, description })),
    };
    if (about.extends !== undefined) manifest['extends'] = about.extends;
    if (about.description !== undefined) manifest['description'] = about.description;
    if (about.partitions !== undefined) {
      manifest['partitions'] = {
        events: about.partitions.events.map(({ event, ...where }) => ({ event: full(event.type), ...where })),
        tables: about.partitions.tables.map(({ table, column }) => ({ table: table.name, column })),
      };
    }
    return manifest;
  }

  /** The manifest as JSON text. */
  describe(): string {
    return stringify(this.manifest());
  }

  /** Runs an event's handler. Whatever is wrong is thrown. */
  runMaterializer(raw: RawEvent, host: MaterializingHost): void {
    const { of, handler } = this.materializers.get(raw.eventType) ?? missing('materialize', raw.eventType);
    const event: Event<any> = {
      data: of.read(parse(raw.data)),
      seq: raw.seq,
      id: raw.id,
      source: raw.source,
      type: raw.eventType,
      subject: raw.subject,
      time: raw.time,
      version: raw.version,
      attributes: raw.attributes,
      raw,
    };
    // A component has one host for all its life.
    if (this.materialization?.host !== host) this.materialization = { host, cx: new Materialization(host, this) };
    const done: unknown = handler(event, this.materialization.cx);
    if (isPromise(done)) throw new TypeError(isAsync(raw.eventType));
  }

  /** Runs a command's handler. Whatever is wrong, and a rejection, is thrown. */
  runCreator(raw: RawCommand, host: CreatingHost): RawNewEvent[] {
    const { of, handler } = this.creators.get(raw.commandType) ?? missing('create', raw.commandType);
    const command: Command<any> = {
      data: of.read(parse(raw.data)),
      id: raw.id,
      type: raw.commandType,
      subject: raw.subject,
      time: raw.time,
      actor: raw.actor,
      attributes: raw.attributes,
      raw,
    };
    const events: unknown = handler(command, new Creation(host, this));
    if (isPromise(events)) throw new TypeError(isAsync(raw.commandType));
    if (!Array.isArray(events)) throw new TypeError(answered(raw.commandType, shown(events)));
    for (const each of events) {
      if (!(each instanceof NewEvent)) throw new TypeError(answered(raw.commandType, `an array with ${shown(each)} in it`));
      this.mayAnswer(raw.commandType, fullType(this.about.name, each.type));
    }
    return events.map((event: NewEvent) => toRaw(this.about.name, event));
  }

  private mayAnswer(command: string, event: string): void {
    if (!event.startsWith(`${this.about.name}.`)) {
      throw new TypeError(`the handler of ${command} answers with ${event}, an event of another plugin, which alone can say that it happened: run a command of that plugin, by cx.runNow(..) in a materializer`);
    }
    // A version below may declare it.
    if (this.isExtension || this.materializers.has(event)) return;
    if ((this.about.events ?? []).some(({ type }) => fullType(this.about.name, type) === event)) return;
    throw new TypeError(`the handler of ${command} answers with ${event}, which ${this.id} does not declare: give it a handler by .materialize(..), or name it in \`events\``);
  }
}

/** A plugin without handlers yet. */
export function plugin(about: About): Plugin {
  return new Plugin(about);
}

function tableDocument(table: Table): Json {
  return {
    name: table.name,
    columns: Object.entries(table.columns).map(([name, type]) => {
      const column: { [name: string]: Json } = { name, kind: type.spec.kind };
      if (type.spec.format !== undefined) column['format'] = type.spec.format;
      if (type.options.nullable) column['nullable'] = true;
      if (type.options.fallback !== undefined) {
        const value = type.store(undefined, `the default of ${table.name}.${name}`);
        if (value.tag === 'blob') column['default'] = { hex: [...value.val].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
        else if (value.tag !== 'null') column['default'] = value.val;
      }
      return column;
    }),
    primary_key: table.keyColumns,
    indexes: table.indexes.map(({ name, columns, unique }) => ({ name, columns, unique })),
  };
}

function day(what: string, text: unknown): void {
  const isDay = typeof text === 'string' && /^\d{4}-\d\d-\d\d$/.test(text);
  const milliseconds = isDay ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // The 30th of February is the 1st of March to JavaScript.
  if (!Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text as string)) return;
  throw new TypeError(`the plugin's \`${what}\` is ${JSON.stringify(text)}, and is a day of the calendar: 2024-06-01`);
}

function unique<T>(what: string, all: T[], nameOf: (of: T) => string): void {
  const names = new Set<string>();
  for (const each of all) {
    const name = nameOf(each);
    if (names.has(name)) throw new TypeError(`${name} is in \`${what}\` twice: name it once`);
    names.add(name);
  }
}

function isAsync(type: string): string {
  return `the handler of ${type} is async, and a handler ends before its host goes on: take the async and await away`;
}

function answered(command: string, what: string): string {
  return `the handler of ${command} answers with ${what}, and should answer with an array of events: return [Deposited({ .. })], or [] for none`;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof NewEvent) return `the event ${value.type}`;
  if (typeof value === 'function') return 'what' in value ? `the ${String(value.what)} ${String((value as { type?: unknown }).type)} without its payload` : 'a function';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function missing(what: string, type: string): never {
  throw new TypeError(`this version does not ${what} ${type}`);
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
