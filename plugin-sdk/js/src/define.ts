// What an author declares: tables, events, commands, tasks.

import type { Attributes, RawNewEvent, Value } from './contract.js';
import { parse, stringify, type Json } from './json.js';
import { NO_BYTES, objectSchema, reader, writeObject, type ColumnIndexes, type Fields, type In, type Key, type Out, type Schema, type Type } from './types.js';

/** An index of a table. */
export interface Index {
  name: string;
  columns: string[];
  unique: boolean;
}

interface Cell {
  name: string;
  type: Type<any, any>;
  path: string;
}

/** A table, with its columns `C` and the names `I` of its indexes. */
export class Table<C extends Fields = Fields, I extends string = string> {
  /** Only for TypeScript: a row as it is read. */
  declare readonly row: Out<C>;
  readonly keyColumns: string[];
  /** The columns with what errors call them: made once, since rows are many. */
  private readonly cells: Cell[];
  private readonly keyCells: Cell[];

  constructor(
    /** `account`; of another plugin `bank.account`. */
    readonly name: string,
    readonly columns: C,
    readonly indexes: Index[],
  ) {
    named('table', name, 'small letters, digits and _, and begins with a letter', /^([a-z][a-z0-9]*\.)?[a-z][a-z0-9_]*$/);
    this.cells = Object.entries(columns).map(([column, type]) => ({ name: column, type, path: `${name}.${column}` }));
    this.keyColumns = Object.keys(columns).filter((column) => columns[column]!.options.key);
    this.keyCells = this.cells.filter(({ type }) => type.options.key);
    const names = new Set<string>();
    for (const { name: index, columns: over } of indexes) {
      if (names.has(index)) throw new TypeError(`table ${name} has two indexes ${index}: name one of them otherwise`);
      names.add(index);
      const missing = over.find((column) => !Object.hasOwn(columns, column));
      if (missing !== undefined) throw new TypeError(`table ${name} has no column ${missing}, over which the index ${index} should be; it has ${Object.keys(columns).join(', ')}`);
    }
    for (const [column, { spec }] of Object.entries(columns)) {
      if (!/^[a-z][a-z0-9_]*$/.test(column)) throw new TypeError(`table ${name}, column ${column}: a column's name has small letters, digits and _, and begins with a letter`);
      if (spec.kind === null) throw new TypeError(`table ${name}, column ${column}: this type can be no column`);
    }
  }

  /** The plugin that owns it, where that is another one. */
  get owner(): string | null {
    return this.name.includes('.') ? this.name.slice(0, this.name.indexOf('.')) : null;
  }

  /** An index over several columns, which `cx.find(..).by(name)` reads by. */
  index<N extends string>(name: N, columns: (keyof C & string)[], options: { unique?: boolean } = {}): Table<C, I | N> {
    return new Table<C, I | N>(this.name, this.columns, [...this.indexes, { name, columns, unique: options.unique === true }]);
  }

  /** The columns of a search: those of an index, or of the primary key. */
  searched(index: string | null): string[] {
    if (index === null) return this.keyColumns;
    const found = this.indexes.find(({ name }) => name === index);
    if (found === undefined) throw new TypeError(`table ${this.name} has no index ${index}; ${this.indexes.length === 0 ? 'it has none: add .index() to a column' : `it has ${this.indexes.map(({ name }) => name).join(', ')}`}`);
    return found.columns;
  }

  toRow(values: In<C>): Value[] {
    const given = values as Record<string, unknown>;
    const { cells } = this;
    const row: Value[] = [];
    let known = 0;
    for (let at = 0; at < cells.length; at++) {
      const { name, type, path } = cells[at]!;
      const value = given[name];
      if (value !== undefined) known++;
      row.push(type.store(value, path));
    }
    // One look at all names costs less than one at each.
    if (Object.keys(given).length > known) {
      const unknown = Object.keys(given).find((name) => !Object.hasOwn(this.columns, name));
      if (unknown !== undefined) throw new TypeError(`table ${this.name} has no column ${unknown}; it has ${Object.keys(this.columns).join(', ')}`);
    }
    return row;
  }

  fromRow(row: Value[]): Out<C> {
    const values: Record<string, unknown> = {};
    const { cells } = this;
    for (let at = 0; at < cells.length; at++) {
      const { name, type, path } = cells[at]!;
      values[name] = type.load(row[at]!, path);
    }
    return values as Out<C>;
  }

  toKey(key: Key<C>): Value[] {
    const isWhole = typeof key === 'object' && key !== null && !(key instanceof Uint8Array);
    if (!isWhole && this.keyCells.length > 1) throw new TypeError(`the key of ${this.name} has several columns, so it is an object: { ${this.keyColumns.join(', ')} }`);
    const values: Value[] = [];
    for (const { name, type, path } of this.keyCells) values.push(type.store(isWhole ? (key as Record<string, unknown>)[name] : key, path));
    return values;
  }
}

/** A table: its columns, of which `t.…().key()` are the primary key. With a name like `bank.account` it is another plugin's,
 * to be read, and has just the columns that are named here. */
export function table<C extends Fields>(name: string, columns: C): Table<C, ColumnIndexes<C>> {
  const indexes: Index[] = [];
  for (const [column, { options }] of Object.entries(columns)) {
    if (options.index !== null) indexes.push({ name: `by_${column}`, columns: [column], unique: options.index === 'unique' });
  }
  return new Table<C, ColumnIndexes<C>>(name, columns, indexes);
}

/** An event to be kept. */
export class NewEvent {
  constructor(
    /** `Deposited`, or in full `deposit.Deposited`. */
    readonly type: string,
    readonly data: Json,
    readonly subject: string | null = null,
    readonly attributes: Attributes = [],
  ) {}
}

/** A command to be run. */
export class NewCommand {
  constructor(
    readonly type: string,
    readonly data: Json,
  ) {}
}

/** A side effect to be asked for. */
export class NewTask {
  constructor(
    readonly kind: string,
    readonly data: Json,
  ) {}
}

interface Definition<T extends Fields> {
  /** Its name: `Deposited`; of another plugin `deposit.Deposited`. */
  readonly type: string;
  readonly description: string;
  readonly fields: T;
  /** JSON Schema of the payload. */
  readonly schema: Schema;
  /** The payload that JSON says. */
  read(json: Json): Out<T>;
}

/** A type of event. Called with a payload it makes an event. */
export interface EventType<T extends Fields = Fields> extends Definition<T> {
  readonly what: 'event';
  (data: In<T>): NewEvent;
}

/** A type of command. Called with a payload it makes a command. */
export interface CommandType<T extends Fields = Fields> extends Definition<T> {
  readonly what: 'command';
  (data: In<T>): NewCommand;
}

/** A kind of task. Called with its data it makes a task. */
export interface TaskKind<T extends Fields = Fields> extends Definition<T> {
  readonly what: 'task';
  (data: In<T>): NewTask;
}

function named(what: string, name: unknown, words: string, pattern: RegExp): void {
  if (typeof name === 'string' && pattern.test(name)) return;
  throw new TypeError(`${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what}'s name has ${words}: ${JSON.stringify(name)} does not`);
}

function definition(what: string, type: string, description: string, fields: Fields, isClosed: boolean, make: (data: Json) => unknown): never {
  if (what !== 'task') named(what, type, 'letters and digits, and begins with a capital letter', /^([a-z][a-z0-9]*\.)?[A-Z][A-Za-z0-9]*$/);
  for (const [name, { spec }] of Object.entries(fields)) {
    if (spec.kind === 'blob') throw new TypeError(`${type}.${name}: ${NO_BYTES}`);
  }
  const call = (data: object): unknown => make(writeObject(fields, data, type));
  return Object.assign(call, {
    what,
    type,
    description,
    fields,
    schema: objectSchema(fields, isClosed),
    read: reader(fields, type),
  }) as never;
}

/** A type of event. With a name like `deposit.Deposited` it is another plugin's, which a handler can materialize too. */
export function event<T extends Fields>(type: string, description: string, fields: T): EventType<T> {
  return definition('event', type, description, fields, false, (data) => new NewEvent(type, data));
}

/** A type of command. Its schema is closed, since most members that nobody knows are misspelt; `{ open: true }` takes any. */
export function command<T extends Fields>(type: string, description: string, fields: T, options: { open?: boolean } = {}): CommandType<T> {
  return definition('command', type, description, fields, options.open !== true, (data) => new NewCommand(type, data));
}

/** A kind of task: a side effect that an event asks for. */
export function task<T extends Fields>(kind: string, description: string, fields: T): TaskKind<T> {
  return definition('task', kind, description, fields, false, (data) => new NewTask(kind, data));
}

/** The event with a subject: what it is about. */
export function about(subject: string, event: NewEvent): NewEvent {
  return new NewEvent(event.type, event.data, subject, event.attributes);
}

/** The name in full. */
export function fullType(plugin: string, type: string): string {
  return type.includes('.') ? type : `${plugin}.${type}`;
}

export function toRaw(plugin: string, event: NewEvent): RawNewEvent {
  return { eventType: fullType(plugin, event.type), subject: event.subject, attributes: event.attributes, data: stringify(event.data) };
}

export function fromRaw(raw: RawNewEvent): NewEvent {
  return new NewEvent(raw.eventType, parse(raw.data), raw.subject, raw.attributes);
}
