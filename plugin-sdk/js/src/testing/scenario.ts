// Given, when, then: handlers run in this process on tables in memory, without WebAssembly and without a server.

import assert from 'node:assert/strict';
import { type CreatingHost, type MaterializingHost, type RawCommand, type RawEvent, type RawFailure, type RawNewEvent, type RawRejection, type RawTask, type Reads, type Timestamp, type Value } from '../contract.js';
import { fromRaw, fullType, NewEvent, toRaw, type NewCommand, type NewTask, type Table } from '../define.js';
import { asFailure, asRejection, Failure, Rejection } from '../failure.js';
import { guarded } from '../guard.js';
import { parse, stringify, type Json } from '../json.js';
import type { Plugin } from '../plugin.js';
import type { Fields, In, Key, Out } from '../types.js';
import { violation } from './schema.js';
import { State } from './state.js';

const NO_BOUNDS = { index: null, columns: null, prefix: [], lower: null, upper: null, descending: false, limit: null, after: null };

/** What the latest step came to. */
interface Outcome {
  step: string;
  events: NewEvent[];
  tasks: RawTask[];
  logged: string[];
  rejection: RawRejection | null;
  failure: RawFailure | null;
  /** Whether a check has named the rejection or failure. */
  isExpected: boolean;
}

/** A story of one plugin: what is given, what happens, and what then holds. */
export class Scenario {
  private readonly state = new State();
  /** The newest first. */
  private readonly versions: Plugin[];
  private time = moment('2020-01-01T00:00:00Z');
  private subject: string | null = null;
  private actor: string | null = null;
  private version: string;
  private seq = 0;
  private ids = 0;
  private outcome: Outcome = nothing('nothing yet');

  constructor(plugin: Plugin, below: Plugin[]) {
    this.versions = [plugin, ...below];
    this.version = plugin.about.version;
    for (const { about } of this.versions) {
      for (const table of about.tables ?? []) this.state.declare(`${about.name}.${table.name}`, table);
      for (const table of about.reads ?? []) this.state.declare(table.name, table);
    }
  }

  /** The time of what follows: RFC 3339, or a day. */
  at(time: string): this {
    this.time = moment(time.length === 10 ? `${time}T00:00:00Z` : time);
    return this;
  }

  /** The subject of events and commands that follow and have none. */
  about(subject: string): this {
    this.subject = subject;
    return this;
  }

  /** Who asks, in what follows. */
  by(actor: string): this {
    this.actor = actor;
    return this;
  }

  /** The version that is stamped on events that follow. */
  stamped(version: string): this {
    this.version = version;
    return this;
  }

  /** A row that is there before: of another plugin's table too. */
  withRow<C extends Fields, I extends string>(table: Table<C, I>, row: In<C>): this {
    this.state.write('insert', this.fullName(table), Object.keys(table.columns), table.toRow(row));
    return this;
  }

  /** Events that happened. One that fails, fails the test. */
  given(...events: NewEvent[]): this {
    for (const event of events) {
      this.whenEvent(event);
      this.expectWell();
    }
    return this;
  }

  /** An event as it stands in a log. */
  givenJson(type: string, data: string): this {
    return this.given(new NewEvent(type, parse(data)));
  }

  /** An event happens. */
  whenEvent(event: NewEvent): this {
    const raw = toRaw(this.name, event);
    this.outcome = nothing(raw.eventType);
    this.append([raw]);
    return this;
  }

  /** A command is run; the events it is answered with happen. */
  when(command: NewCommand): this {
    const raw: RawCommand = {
      id: this.makeId(),
      commandType: fullType(this.name, command.type),
      subject: this.subject,
      time: this.time,
      actor: this.actor,
      attributes: [],
      data: stringify(command.data),
    };
    const outcome = (this.outcome = nothing(raw.commandType));
    try {
      const events = guarded(() => this.create(raw, 0));
      outcome.events = events.map(fromRaw);
      this.append(events);
    } catch (thrown) {
      if (thrown instanceof Rejection) outcome.rejection = asRejection(thrown);
      else outcome.failure = asFailure(unlessFault(thrown));
    }
    return this;
  }

  /** The command is answered with just these events. */
  thenEvents(...events: NewEvent[]): this {
    this.expectWell();
    const shown = (event: NewEvent): unknown => ({ type: fullType(this.name, event.type), subject: event.subject, data: alike(event.data) });
    assert.deepEqual(this.outcome.events.map(shown), events.map(shown), `the events of ${this.outcome.step}`);
    return this;
  }

  /** The command is rejected with this code. */
  thenRejected(code: string): this {
    assert.equal(this.shownOutcome('rejected'), `rejected: ${code}`);
    return this;
  }

  /** The handler fails with this code. */
  thenFailed(code: string): this {
    assert.equal(this.shownOutcome('failed'), `failed: ${code}`);
    return this;
  }

  /** The table has this row. */
  thenRow<C extends Fields, I extends string>(table: Table<C, I>, row: In<C>): this {
    this.expectWellUnlessExpected();
    const whole = table.fromRow(table.toRow(row));
    const key = Object.fromEntries(table.keyColumns.map((name) => [name, whole[name]]));
    const single = table.keyColumns.length === 1 ? whole[table.keyColumns[0]!] : key;
    assert.deepEqual(this.row(table, single as Key<C>), whole, `the row of ${table.name}`);
    return this;
  }

  /** The table has no row with this key. */
  thenNoRow<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>): this {
    assert.deepEqual(this.row(table, key), undefined, `a row of ${table.name}`);
    return this;
  }

  /** The table has just these rows, in the order of the key. */
  thenRows<C extends Fields, I extends string>(table: Table<C, I>, rows: In<C>[]): this {
    this.expectWellUnlessExpected();
    assert.deepEqual(this.rows(table), rows.map((row) => table.fromRow(table.toRow(row))), `the rows of ${table.name}`);
    return this;
  }

  /** The latest step asks for just these tasks; with a key where one is given. */
  thenTasks(...tasks: (NewTask | { task: NewTask; key?: string; notBefore?: string })[]): this {
    const expected = tasks.map((each) => ('task' in each ? { kind: each.task.kind, key: each.key ?? null, notBefore: each.notBefore ?? null, data: alike(each.task.data) } : { kind: each.kind, key: null, notBefore: null, data: alike(each.data) }));
    const found = this.outcome.tasks.map(({ kind, key, notBefore, data }) => ({ kind, key, notBefore, data: parse(data) }));
    assert.deepEqual(found, expected, `the tasks of ${this.outcome.step}`);
    return this;
  }

  /** The latest step asks for no task. */
  thenNoTasks(): this {
    return this.thenTasks();
  }

  /** A line of the latest step's log has these words. */
  thenLogged(words: string): this {
    assert.ok(this.outcome.logged.some((line) => line.includes(words)), `${JSON.stringify(words)} is in no line of the log: ${JSON.stringify(this.outcome.logged)}`);
    return this;
  }

  /** A row, for checks of one's own. */
  row<C extends Fields, I extends string>(table: Table<C, I>, key: Key<C>): Out<C> | undefined {
    const row = this.state.get(this.fullName(table), table.toKey(key), Object.keys(table.columns));
    return row === null ? undefined : table.fromRow(row);
  }

  /** All rows in the order of the key, for checks of one's own. */
  rows<C extends Fields, I extends string>(table: Table<C, I>): Out<C>[] {
    return this.state.find(this.fullName(table), NO_BOUNDS, Object.keys(table.columns)).rows.map((row) => table.fromRow(row));
  }

  /** Why the latest step did not go well, with the code, message and trace; null: it did. */
  get failure(): RawFailure | null {
    return this.outcome.failure;
  }

  private get name(): string {
    return this.versions[0]!.about.name;
  }

  private fullName(table: Table<any, any>): string {
    return table.owner === null ? `${this.name}.${table.name}` : table.name;
  }

  private append(events: RawNewEvent[]): void {
    const restore = this.state.saved();
    const before = this.seq;
    try {
      for (const { eventType, subject, attributes, data } of events) {
        this.check('events', eventType, data);
        this.seq++;
        const event: RawEvent = { seq: this.seq, id: this.makeId(), source: '/tests', eventType, subject: subject ?? this.subject, time: this.time, version: this.version, attributes, data };
        guarded(() => this.materialize(event, 0));
      }
    } catch (thrown) {
      restore();
      this.seq = before;
      this.outcome.tasks = [];
      this.outcome.failure = asFailure(unlessFault(thrown));
    }
  }

  private materialize(event: RawEvent, from: number): void {
    const at = this.versions.findIndex((plugin, at) => at >= from && plugin.materializers.has(event.eventType));
    if (at < 0) return;
    const plugin = this.versions[at]!;
    const write = (how: 'insert' | 'update' | 'upsert') => (table: string, row: Value[]) => this.state.write(how, this.own(plugin, table), this.columns(plugin, table), row);
    const host: MaterializingHost = {
      ...this.reads(plugin),
      insert: write('insert'),
      update: write('update'),
      upsert: write('upsert'),
      delete: (table, key) => this.state.delete(this.own(plugin, table), key),
      enqueue: (task) => {
        const kinds = this.versions.flatMap(({ about }) => about.tasks ?? []).map(({ type }) => type);
        if (!kinds.includes(task.kind)) throw new Error(`fault: the plugin does not declare tasks of the kind ${task.kind}: name it in \`tasks\``);
        this.outcome.tasks.push(task);
      },
      previous: (event) => {
        const restore = this.state.saved();
        try {
          this.materialize(event, at + 1);
        } catch (thrown) {
          restore();
          throw thrown;
        }
      },
    };
    plugin.runMaterializer(event, host);
  }

  private create(command: RawCommand, from: number): RawNewEvent[] {
    const at = this.versions.findIndex((plugin, at) => at >= from && plugin.creators.has(command.commandType));
    if (at < 0) {
      if (from > 0) throw new Failure('no-creator-below', `no version below answers ${command.commandType}`);
      throw new Error(`no version answers ${command.commandType}: give it a handler by .create(..)`);
    }
    const plugin = this.versions[at]!;
    this.check('commands', command.commandType, command.data);
    const host: CreatingHost = {
      ...this.reads(plugin),
      now: () => this.time,
      makeId: () => this.makeId(),
      previous: (command) => this.create(command, at + 1),
    };
    return plugin.runCreator(command, host);
  }

  private reads(plugin: Plugin): Reads {
    const full = (table: string): string => (table.includes('.') ? table : `${plugin.about.name}.${table}`);
    return {
      get: (table, key) => this.state.get(full(table), key, this.columns(plugin, table)),
      find: (table, search) => this.state.find(full(table), search, this.columns(plugin, table)),
      query: () => {
        throw new Error('cx.query has no SQL in these tests: test what uses it with a book');
      },
      log: (level, message) => this.outcome.logged.push(`${level}: ${message}`),
    };
  }

  private own(plugin: Plugin, table: string): string {
    if (table.includes('.')) throw new Error(`fault: ${table} is another plugin's table, which can only be read`);
    return `${plugin.about.name}.${table}`;
  }

  private columns(plugin: Plugin, name: string): string[] {
    const { tables = [], reads = [] } = plugin.about;
    const table = [...tables, ...reads].find((table) => table.name === name);
    if (table === undefined) throw new Error(`fault: ${plugin.about.name}@${plugin.about.version} has no table ${name}: name it in \`tables\` or \`reads\``);
    return Object.keys(table.columns as Fields);
  }

  /** As the host does it: by the newest version that declares the type. */
  private check(of: 'events' | 'commands', type: string, data: string): void {
    for (const plugin of this.versions) {
      const declared = (plugin.manifest() as Record<string, Json>)[of] as { name: string; schema: { [keyword: string]: Json } }[];
      const found = declared.find(({ name }) => name === type);
      if (found === undefined) continue;
      const wrong = violation(found.schema, parse(data), type);
      if (wrong !== null) throw new Failure('schema', wrong);
      return;
    }
  }

  private makeId(): string {
    this.ids++;
    return `00000000-0000-8000-8000-${this.ids.toString(16).padStart(12, '0')}`;
  }

  private expectWell(): void {
    const { failure, rejection, step } = this.outcome;
    if (rejection !== null) assert.fail(`${step} was rejected: ${rejection.code}: ${rejection.message}`);
    if (failure !== null) assert.fail(`${step} failed: ${failure.code}: ${failure.message}\n${failure.trace ?? ''}`);
  }

  /** Rows are looked at after refusals too, but not after one that no check has named. */
  private expectWellUnlessExpected(): void {
    if (!this.outcome.isExpected) this.expectWell();
  }

  private shownOutcome(how: 'rejected' | 'failed'): string {
    const { rejection, failure } = this.outcome;
    this.outcome.isExpected = true;
    if (how === 'rejected' && rejection !== null) return `rejected: ${rejection.code}`;
    if (how === 'failed' && failure !== null) return `failed: ${failure.code}`;
    if (failure !== null) return `failed: ${failure.code}: ${failure.message}\n${failure.trace ?? ''}`;
    if (rejection !== null) return `rejected: ${rejection.code}: ${rejection.message}`;
    return `events: ${stringify(this.outcome.events.map(({ type, data }) => ({ type, data })))}`;
  }
}

/** A story of one plugin, with the versions that it extends: the nearest first. */
export function scenario(plugin: Plugin, ...below: Plugin[]): Scenario {
  return new Scenario(plugin, below);
}

function nothing(step: string): Outcome {
  return { step, events: [], tasks: [], logged: [], rejection: null, failure: null, isExpected: false };
}

/** JSON as it is after it was text: 5n and 5 are written alike. */
function alike(json: Json): Json {
  return parse(stringify(json));
}

/** A fault stops the plugin in a book, so a test should see it at once and whole. */
function unlessFault(thrown: unknown): unknown {
  if (thrown instanceof Error && thrown.message.startsWith('fault: ')) throw thrown;
  return thrown;
}

function moment(text: string): Timestamp {
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw new TypeError(`${JSON.stringify(text)} is no time: write 2024-06-01T12:00:00Z`);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return { text, seconds: Math.floor(milliseconds / 1000), nanoseconds: Number(fraction.padEnd(9, '0').slice(0, 9)) };
}
