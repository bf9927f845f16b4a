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

  constructor(readonly about: About) {
    for (const table of about.tables ?? []) {
      if (table.owner !== null) throw new TypeError(`table ${table.name} is another plugin's: it belongs into \`reads\``);
      if (table.keyColumns.length === 0) throw new TypeError(`table ${table.name} has no key: mark a column with .key()`);
    }
    for (const table of about.reads ?? []) {
      if (table.owner === null) throw new TypeError(`table ${table.name} in \`reads\` is not named in full: plugin.${table.name}`);
    }
  }

  /** What an event does: it runs when the event is appended, and again in every replay. */
  materialize<T extends Fields>(of: EventType<T>, handler: Materialize<T>): this {
    this.materializers.set(once(this.materializers, fullType(this.about.name, of.type)), { of, handler });
    return this;
  }

  /** What a command answers. */
  create<T extends Fields>(of: CommandType<T>, handler: Create<T>): this {
    this.creators.set(once(this.creators, fullType(this.about.name, of.type)), { of, handler });
    return this;
  }

  /** The manifest, as the contract describes it. */
  manifest(): Json {
    const { about } = this;
    const full = (type: string): string => fullType(about.name, type);
    const events = new Map<string, EventType<any>>();
    for (const { of } of this.materializers.values()) if (full(of.type).startsWith(`${about.name}.`)) events.set(full(of.type), of);
    for (const of of about.events ?? []) events.set(full(of.type), of);
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
    const done: unknown = handler(event, new Materialization(host, this.about.name));
    if (isPromise(done)) throw new TypeError(`the handler of ${raw.eventType} is async, and a handler ends before its host goes on: take the async and await away`);
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
    const events: unknown = handler(command, new Creation(host, this.about.name));
    if (isPromise(events)) throw new TypeError(`the handler of ${raw.commandType} is async, and a handler ends before its host goes on: take the async and await away`);
    if (!Array.isArray(events) || !events.every((each) => each instanceof NewEvent)) {
      throw new TypeError(`the handler of ${raw.commandType} answered with ${Array.isArray(events) ? 'what is no event' : typeof events}, and should answer with an array of events: [Deposited({ .. })]`);
    }
    return events.map((event: NewEvent) => toRaw(this.about.name, event));
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

function once(handlers: Map<string, unknown>, type: string): string {
  if (handlers.has(type)) throw new TypeError(`${type} has two handlers`);
  return type;
}

function missing(what: string, type: string): never {
  throw new TypeError(`this version does not ${what} ${type}`);
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
