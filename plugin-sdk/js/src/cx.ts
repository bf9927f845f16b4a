// What a handler may ask for: `cx`.

import { NULL, type Attributes, type CreatingHost, type Level, type MaterializingHost, type RawCommand, type RawEvent, type Reads, type Search, type Timestamp, type Value } from './contract.js';
import { fromRaw, fullType, type CommandType, type EventType, type NewCommand, type NewEvent, type NewTask, type Table } from './define.js';
import { Failure, WriteFailure, WriteProblem } from './failure.js';
import { stringify, type Json } from './json.js';
import { type Fields, type In, type Key, type Out } from './types.js';

/** Rows that `each` reads at once. */
const PAGE_ROWS = 500;

/** An event, with its payload as `D`. */
export interface Event<D = unknown> {
  readonly data: D;
  /** Its position in the log. */
  readonly seq: number;
  readonly id: string;
  readonly source: string;
  /** Full type, `deposit.Deposited`. */
  readonly type: string;
  /** What it is about. */
  readonly subject: string | null;
  /** When it happened. A materializer has no other time. */
  readonly time: Timestamp;
  /** The version of the owning plugin that was in force when it was first handled. */
  readonly version: string;
  readonly attributes: Attributes;
  /** As the host gave it. */
  readonly raw: RawEvent;
}

/** A command, with its payload as `D`. */
export interface Command<D = unknown> {
  readonly data: D;
  readonly id: string;
  /** Full type, `deposit.Deposit`. */
  readonly type: string;
  readonly subject: string | null;
  /** When it was accepted. */
  readonly time: Timestamp;
  /** Who asked, if the host knows. */
  readonly actor: string | null;
  readonly attributes: Attributes;
  /** As the host gave it. */
  readonly raw: RawCommand;
}

/** The day of a moment, in UTC: `2024-06-01`. */
export function day(of: Timestamp): string {
  return new Date(of.seconds * 1000).toISOString().slice(0, 10);
}

/** A value of SQL. */
export type SqlValue = null | number | bigint | string | boolean | Uint8Array;

type Cell<C extends Fields> = C[keyof C]['value'];

/** Rows by key or index, in a defined order. */
export class Find<C extends Fields, I extends string> {
  private search: Search = { index: null, columns: null, prefix: [], lower: null, upper: null, descending: false, limit: null, after: null };

  constructor(
    private readonly host: Reads,
    private readonly table: Table<C, I>,
  ) {}

  /** By an index, in place of the primary key. It comes first. */
  by(index: I): this {
    this.table.searched(index);
    this.search.index = index;
    return this;
  }

  /** Only rows that have these values in the first columns of the key or index. */
  prefix(...values: Cell<C>[]): this {
    this.search.prefix = this.values(values, 0);
    return this;
  }

  /** From these values on, in the columns that follow the prefix. */
  from(...values: Cell<C>[]): this {
    return this.bound('lower', values, true);
  }

  /** Behind these values. */
  after(...values: Cell<C>[]): this {
    return this.bound('lower', values, false);
  }

  /** Up to these values, and with them. */
  to(...values: Cell<C>[]): this {
    return this.bound('upper', values, true);
  }

  /** Up to these values, and without them. */
  before(...values: Cell<C>[]): this {
    return this.bound('upper', values, false);
  }

  /** Last row first. */
  descending(): this {
    this.search.descending = true;
    return this;
  }

  /** At most this many rows. */
  limit(rows: number): this {
    this.search.limit = rows;
    return this;
  }

  /** The rows. Without a limit, more rows than the host allows at once are a fault: see `each`. */
  rows(): Out<C>[] {
    return this.host.find(this.table.name, this.search).rows.map((row) => this.table.fromRow(row));
  }

  /** The first row, if there is one. */
  first(): Out<C> | undefined {
    return this.limit(1).rows()[0];
  }

  /** Every row in turn, however many there are: they are read in pages, each beginning where the one before it ended. */
  each(row: (row: Out<C>) => void): void {
    let remaining = this.search.limit ?? Infinity;
    while (remaining > 0) {
      this.search.limit = Math.min(remaining, PAGE_ROWS);
      const page = this.host.find(this.table.name, this.search);
      for (const each of page.rows) row(this.table.fromRow(each));
      if (page.next === null) return;
      remaining -= page.rows.length;
      this.search.after = page.next;
    }
  }

  private bound(end: 'lower' | 'upper', values: Cell<C>[], inclusive: boolean): this {
    this.search[end] = { values: this.values(values, this.search.prefix.length), inclusive };
    return this;
  }

  private values(values: Cell<C>[], skipped: number): Value[] {
    const columns = this.table.searched(this.search.index);
    if (skipped + values.length > columns.length) {
      throw new TypeError(`${skipped + values.length} values to find rows of ${this.table.name} over (${columns.join(', ')}): give at most ${columns.length === 1 ? 'one' : columns.length}`);
    }
    return values.map((value, at) => {
      const column = columns[skipped + at]!;
      return this.table.columns[column]!.store(value, `${this.table.name}.${column}`);
    });
  }
}

/** What a plugin declares, so that a handler hears of what is not there in the author's own words. */
export interface Declared {
  /** `deposit@2020-01-01` */
  readonly id: string;
  readonly name: string;
  readonly isExtension: boolean;
  /** Its tables, and those of other plugins that it reads. */
  readonly tableNames: ReadonlySet<string>;
  readonly taskKinds: ReadonlySet<string>;
}

/** What materializers and creators may do. */
export abstract class Context<H extends Reads = Reads> {
  constructor(
    protected readonly host: H,
    protected readonly plugin: Declared,
  ) {}

  /** The row with this key, if there is one. */
  get<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>): Out<C> | undefined {
    this.declared(table);
    const row = this.host.get(table.name, table.toKey(key));
    return row === null ? undefined : table.fromRow(row);
  }

  /** The row with this key; where there is none, the handler fails with `row-missing`. */
  require<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>): Out<C> {
    const row = this.get(table, key);
    if (row === undefined) throw new Failure('row-missing', `${table.name} has no row ${shownKey(key)}: cx.get(..) tells whether there is one`);
    return row;
  }

  /** Rows by key or index: `cx.find(Account).by('by_owner').prefix('Ada').limit(9).rows()`. */
  find<C extends Fields, I extends string>(table: Table<C, I>): Find<C, I> {
    this.declared(table);
    return new Find(this.host, table);
  }

  /** One SELECT in SQLite's dialect; tables are `plugin_table`. Whole numbers come as bigint. */
  query(sql: string, ...parameters: SqlValue[]): Record<string, null | bigint | number | string | Uint8Array>[] {
    const { columns, rows } = this.host.query(sql, parameters.map(sqlValue));
    return rows.map((row) => Object.fromEntries(row.map((value, at) => [columns[at]!, value.tag === 'null' ? null : value.tag === 'integer' ? BigInt(value.val) : value.val])));
  }

  /** A line for the plugin's log. It is no effect: no comparison sees it. */
  log(level: Level, message: string): void {
    this.host.log(level, message);
  }

  debug(message: string): void {
    this.log('debug', message);
  }

  info(message: string): void {
    this.log('info', message);
  }

  warn(message: string): void {
    this.log('warn', message);
  }

  protected declared(table: Table<any, any>): void {
    if (this.plugin.tableNames.has(table.name)) return;
    throw new TypeError(`${this.plugin.id} does not declare the table ${table.name}: name it in \`${table.owner === null ? 'tables' : 'reads'}\``);
  }

  /** `previous` of a version that extends none would do nothing, without a word. */
  protected extended(type: string): void {
    if (!this.plugin.isExtension) throw new TypeError(`${this.plugin.id} extends no version, so that cx.previous has none to run on ${type}: name one in \`extends\``);
  }
}

/** When and in what order a task is carried out. */
export interface TaskOptions {
  /** Tasks of one kind with the same key are carried out in order. */
  key?: string;
  /** RFC 3339: not before this time. */
  notBefore?: string;
}

/** What a materializer may do. */
export class Materialization extends Context<MaterializingHost> {
  /** Adds a row. Throws a `WriteFailure` with the code `row-exists` or `unique-violated`. */
  insert<C extends Fields, I extends string>(table: Table<C, I>, row: In<C>): void {
    this.write(table, row, () => this.host.insert(table.name, table.toRow(row)));
  }

  /** Replaces the row that has this row's key, or adds it. */
  upsert<C extends Fields, I extends string>(table: Table<C, I>, row: In<C>): void {
    this.write(table, row, () => this.host.upsert(table.name, table.toRow(row)));
  }

  /** Replaces the row that has this row's key. Throws a `WriteFailure` with the code `row-missing` where there is none. */
  replace<C extends Fields, I extends string>(table: Table<C, I>, row: In<C>): void {
    this.write(table, row, () => this.host.update(table.name, table.toRow(row)));
  }

  /** Reads a row, lets it be changed, and writes it. Fails with `row-missing` where there is none. */
  update<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>, change: (row: Out<C>) => void): void {
    const row = this.require(table, key);
    change(row);
    this.replace(table, row as unknown as In<C>);
  }

  /** Removes a row. Throws a `WriteFailure` with the code `row-missing` where there is none. */
  delete<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>): void {
    this.write(table, key, () => this.host.delete(table.name, table.toKey(key)));
  }

  /** Asks for a side effect: delivered after the commit at least once, always with the same id, and never on replay. */
  enqueue(task: NewTask, options: TaskOptions = {}): void {
    this.enqueued(task.kind);
    this.host.enqueue({ kind: task.kind, key: options.key ?? null, data: stringify(task.data), notBefore: options.notBefore ?? null, attributes: [] });
  }

  /** A command of this book, in the event's own transaction: if it is rejected, so is everything with it. Declared as
   * `tasks: [RunNow]`. */
  runNow(command: NewCommand): void {
    this.run('daybook.react', command, {});
  }

  /** A command of this book, after the commit, once. Declared as `tasks: [RunLater]`. */
  runLater(command: NewCommand, options: TaskOptions = {}): void {
    this.run('daybook.command', command, options);
  }

  /** Runs the version below on an event: usually the one at hand, perhaps with another payload. */
  previous<T extends Fields>(event: Event, payload?: { of: EventType<T>; data: In<T> }): void {
    this.extended(event.type);
    const raw = payload === undefined ? event.raw : { ...event.raw, eventType: fullType(this.plugin.name, payload.of.type), data: stringify(payload.of(payload.data).data) };
    this.host.previous(raw);
  }

  private enqueued(kind: string): void {
    if (this.plugin.taskKinds.has(kind)) return;
    const names: Record<string, string> = { 'daybook.react': 'RunNow', 'daybook.command': 'RunLater' };
    throw new TypeError(`${this.plugin.id} does not declare tasks of the kind ${kind}: name ${names[kind] ?? 'it'} in \`tasks\``);
  }

  private run(kind: string, command: NewCommand, options: TaskOptions): void {
    this.enqueued(kind);
    const data: Json = { type: fullType(this.plugin.name, command.type), data: command.data };
    this.host.enqueue({ kind, key: options.key ?? null, data: stringify(data), notBefore: options.notBefore ?? null, attributes: [] });
  }

  private write<C extends Fields, I extends string>(table: Table<C, I>, what: unknown, write: () => void): void {
    if (table.owner !== null) throw new TypeError(`${table.name} is a table of the plugin ${table.owner}, which alone writes it: ${this.plugin.id} can have it in \`reads\`, and run that plugin's commands by cx.runNow(..)`);
    this.declared(table);
    try {
      write();
    } catch (problem) {
      if (!(problem instanceof WriteProblem)) throw problem;
      const { code, index } = problem.raw;
      const key = typeof what === 'object' && what !== null ? Object.fromEntries(table.keyColumns.map((name) => [name, (what as Record<string, Json>)[name]])) : what;
      const words: Record<string, string> = {
        'row-exists': `${table.name} already has a row ${shownKey(key)}: cx.upsert(..) would replace it`,
        'row-missing': `${table.name} has no row ${shownKey(key)}: cx.get(..) tells whether there is one`,
        'unique-violated': `another row of ${table.name} has the values of ${shownKey(key)} in its unique index ${index}`,
      };
      throw new WriteFailure(code, words[code] ?? `${table.name} ${shownKey(key)} was not written: ${code}`, index);
    }
  }
}

/** What a creator may do. Nothing can be written. */
export class Creation extends Context<CreatingHost> {
  /** The command's accepted time: the same in every run of the command. */
  now(): Timestamp {
    return this.host.now();
  }

  /** The day of `now()`, in UTC. */
  today(): string {
    return day(this.now());
  }

  /** A new UUID, the same in every run of the command. */
  makeId(): string {
    return this.host.makeId();
  }

  /** What the version below answers to a command: its events. Its rejection or failure is thrown. */
  previous<T extends Fields>(command: Command, payload?: { of: CommandType<T>; data: In<T> }): NewEvent[] {
    this.extended(command.type);
    const raw = payload === undefined ? command.raw : { ...command.raw, commandType: fullType(this.plugin.name, payload.of.type), data: stringify(payload.of(payload.data).data) };
    return this.host.previous(raw).map(fromRaw);
  }
}

/** What the other kind of handler may do. TypeScript tells of it; who has no types hears it here. */
function forbid(of: object, names: string[], words: (name: string) => string): void {
  for (const name of names) {
    Object.defineProperty(of, name, {
      value: () => {
        throw new TypeError(words(name));
      },
    });
  }
}

forbid(Creation.prototype, ['insert', 'upsert', 'replace', 'update', 'delete', 'enqueue', 'runNow', 'runLater'], (name) => `cx.${name} is not there for the handler of a command, which changes nothing itself: answer with an event, and do it in the event's handler`);
forbid(Materialization.prototype, ['now', 'today', 'makeId'], (name) => `cx.${name} is not there for the handler of an event, which gives the same in every replay: take event.time or event.id, or have the command's handler put it into the payload`);

function sqlValue(value: SqlValue): Value {
  switch (typeof value) {
    case 'bigint':
      return { tag: 'integer', val: value };
    case 'number':
      return Number.isSafeInteger(value) ? { tag: 'integer', val: value } : { tag: 'real', val: value };
    case 'boolean':
      return { tag: 'integer', val: value ? 1 : 0 };
    case 'string':
      return { tag: 'text', val: value };
    default:
      return value === null ? NULL : { tag: 'blob', val: value };
  }
}

function shownKey(key: unknown): string {
  return key instanceof Uint8Array ? `(${key.length} bytes)` : stringify(key);
}
