// The component's exports, and the host behind its imports. Built for the component alone: see build/.
//
// In the component's own WIT an integer column is a pair of 32-bit halves, because the engine's bindings know 64 bits only as
// doubles. The halves are signed: the bindings cut off what an unsigned one has beyond 2^31.
// The build turns the pair into the contract's s64, which lies in memory just the same.

import { NULL, type CreatingHost, type Found, type MaterializingHost, type QueryResult, type RawCommand, type RawCreateError, type RawEvent, type RawNewEvent, type RawTask, type RawWriteError, type Reads, type Search, type Timestamp, type Value } from './contract.js';
import { asFailure, asRejection, Failure, Rejection, WriteProblem } from './failure.js';
import { parse } from './json.js';
import type { Plugin } from './plugin.js';

type Wire = { tag: 'null' } | { tag: 'integer'; val: [low: number, high: number] } | Exclude<Value, { tag: 'integer' }>;
type WireSearch = Omit<Search, 'prefix' | 'lower' | 'upper'> & { prefix: Wire[]; lower: WireBound | null; upper: WireBound | null };
type WireBound = { values: Wire[]; inclusive: boolean };

interface StateImport {
  get(table: string, key: Wire[]): Wire[] | null;
  find(table: string, search: WireSearch): { rows: Wire[][]; next: Uint8Array | null };
}

interface SqlImport {
  query(sql: string, parameters: Wire[]): { columns: string[]; rows: Wire[][] };
}

interface LogImport {
  log(level: string, message: string): void;
}

interface ChangesImport extends LogImport {
  insert(table: string, row: Wire[]): void;
  update(table: string, row: Wire[]): void;
  upsert(table: string, row: Wire[]): void;
  delete(table: string, key: Wire[]): void;
  enqueue(task: RawTask): void;
  previous(event: RawEvent): void;
}

interface CreatingImport extends LogImport {
  now(): Timestamp;
  makeId(): string;
  previous(command: RawCommand): RawNewEvent[];
}

/** What the component imports of the contract. */
export interface Imports {
  state: StateImport;
  sql?: SqlImport;
  changes?: ChangesImport;
  creating?: CreatingImport;
}

function toWire(value: Value): Wire {
  if (value.tag !== 'integer') return value;
  const { val } = value;
  // `| 0` takes the lowest 32 bits of a whole number, whatever its size.
  if (typeof val === 'number') return { tag: 'integer', val: [val | 0, val >= 0 && val < 0x1_0000_0000 ? 0 : Math.floor(val / 0x1_0000_0000)] };
  return { tag: 'integer', val: [Number(BigInt.asIntN(32, val)), Number(val >> 32n)] };
}

/** A row for the host. It was made for this call, so that its values change where they are. */
function toWireRow(row: Value[]): Wire[] {
  for (let at = 0; at < row.length; at++) if (row[at]!.tag === 'integer') (row as Wire[])[at] = toWire(row[at]!);
  return row as Wire[];
}

function fromWire(value: Wire): Value {
  if (value.tag === 'text') return value;
  if (value.tag === 'integer') {
    const low = value.val[0];
    const high = value.val[1];
    if (high === 0 && low >= 0) return { tag: 'integer', val: low };
    const isSafe = high >= -0x200000 && high < 0x200000;
    return { tag: 'integer', val: isSafe ? high * 0x1_0000_0000 + (low >>> 0) : (BigInt(high) << 32n) | BigInt(low >>> 0) };
  }
  if (value.tag === 'null') return NULL;
  if (value.tag === 'blob' && !(value.val instanceof Uint8Array)) return { tag: 'blob', val: Uint8Array.from(value.val) };
  return value;
}

/** A row of the host. Nobody else has it, so that its values change where they are. */
function fromWireRow(row: Wire[]): Value[] {
  for (let at = 0; at < row.length; at++) (row as Value[])[at] = fromWire(row[at]!);
  return row as Value[];
}

function fromWireRows(rows: Wire[][]): Value[][] {
  for (const row of rows) fromWireRow(row);
  return rows as Value[][];
}

/** What the engine throws where an import's result is an error. */
function payload<T>(thrown: unknown): T {
  if (typeof thrown === 'object' && thrown !== null && 'payload' in thrown) return thrown.payload as T;
  throw thrown;
}

function attempt(write: () => void): void {
  try {
    write();
  } catch (thrown) {
    throw new WriteProblem(payload<RawWriteError>(thrown));
  }
}

function failure({ code, message, details, trace }: { code: string; message: string; details: string | null; trace: string | null }): Failure {
  return new Failure(code, message, details === null ? undefined : parse(details), trace ?? undefined);
}

function reads({ state, sql }: Imports, log: LogImport): Reads {
  const bound = (of: Search['lower']): WireBound | null => of && { values: of.values.map(toWire), inclusive: of.inclusive };
  return {
    get: (table, key) => {
      const row = state.get(table, toWireRow(key));
      return row === null ? null : fromWireRow(row);
    },
    find: (table, search): Found => {
      const { rows, next } = state.find(table, { ...search, prefix: search.prefix.map(toWire), lower: bound(search.lower), upper: bound(search.upper) });
      return { rows: fromWireRows(rows), next };
    },
    query: (text, parameters): QueryResult => {
      if (sql === undefined) throw new Error('this component was built without SQL, because no file of it has the word `query`: call it as cx.query(..)');
      const { columns, rows } = sql.query(text, parameters.map(toWire));
      return { columns, rows: fromWireRows(rows) };
    },
    log: (level, message) => log.log(level, message),
  };
}

function materializingHost(imports: Imports, changes: ChangesImport): MaterializingHost {
  return {
    ...reads(imports, changes),
    insert: (table, row) => attempt(() => changes.insert(table, toWireRow(row))),
    update: (table, row) => attempt(() => changes.update(table, toWireRow(row))),
    upsert: (table, row) => attempt(() => changes.upsert(table, toWireRow(row))),
    delete: (table, key) => attempt(() => changes.delete(table, toWireRow(key))),
    enqueue: (task) => changes.enqueue(task),
    previous: (event) => {
      try {
        changes.previous(event);
      } catch (thrown) {
        throw failure(payload(thrown));
      }
    },
  };
}

function creatingHost(imports: Imports, creating: CreatingImport): CreatingHost {
  return {
    ...reads(imports, creating),
    now: () => creating.now(),
    makeId: () => creating.makeId(),
    previous: (command) => {
      try {
        return creating.previous(command);
      } catch (thrown) {
        const error = payload<RawCreateError>(thrown);
        if (error.tag === 'failed') throw failure(error.val);
        const { code, message, details } = error.val;
        throw new Rejection(code, message, details === null ? undefined : parse(details));
      }
    },
  };
}

/** The exports of a plugin's component. */
export function component(plugin: Plugin, imports: Imports): {
  describer: { describe(): string };
  materializer: { materialize(event: RawEvent): void };
  creator: { create(command: RawCommand): RawNewEvent[] };
} {
  const manifest = plugin.describe();
  const materializing = imports.changes && materializingHost(imports, imports.changes);
  const creating = imports.creating && creatingHost(imports, imports.creating);
  return {
    describer: { describe: () => manifest },
    materializer: {
      materialize: (event) => {
        try {
          plugin.runMaterializer(event, materializing!);
        } catch (thrown) {
          // The engine makes the contract's error of an object that is thrown.
          throw asFailure(thrown);
        }
      },
    },
    creator: {
      create: (command) => {
        try {
          return plugin.runCreator(command, creating!);
        } catch (thrown) {
          throw thrown instanceof Rejection ? { tag: 'rejected', val: asRejection(thrown) } : { tag: 'failed', val: asFailure(thrown) };
        }
      },
    },
  };
}
