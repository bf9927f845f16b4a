// The contract's values as this SDK holds them, and what a host can do. wit/*.wit says what they mean.

/** One column of a row. A whole number is a `number` where that is safe, since a bigint costs the engine much more. */
export type Value =
  | { tag: 'null' }
  | { tag: 'integer'; val: number | bigint }
  | { tag: 'real'; val: number }
  | { tag: 'text'; val: string }
  | { tag: 'blob'; val: Uint8Array };

/** Null, as a column holds it. */
export const NULL: Value = { tag: 'null' };

/** A moment, once as it was given and once as a number. */
export interface Timestamp {
  /** RFC 3339, years 0001 to 9999. */
  text: string;
  /** Whole seconds since 1970-01-01T00:00:00Z, rounded down. */
  seconds: number;
  /** Of the second that has begun: 0 to 999,999,999. */
  nanoseconds: number;
}

/** Names with texts, in the order of their bytes. */
export type Attributes = [name: string, text: string][];

export interface RawEvent {
  seq: number;
  id: string;
  source: string;
  eventType: string;
  subject: string | null;
  time: Timestamp;
  version: string;
  attributes: Attributes;
  data: string;
}

export interface RawCommand {
  id: string;
  commandType: string;
  subject: string | null;
  time: Timestamp;
  actor: string | null;
  attributes: Attributes;
  data: string;
}

export interface RawNewEvent {
  eventType: string;
  subject: string | null;
  attributes: Attributes;
  data: string;
}

export interface RawTask {
  kind: string;
  key: string | null;
  data: string;
  notBefore: string | null;
  attributes: Attributes;
}

export interface RawFailure {
  code: string;
  message: string;
  details: string | null;
  trace: string | null;
}

export interface RawRejection {
  code: string;
  message: string;
  details: string | null;
}

export type RawCreateError = { tag: 'rejected'; val: RawRejection } | { tag: 'failed'; val: RawFailure };

export interface RawWriteError {
  code: string;
  index: string | null;
}

export interface Bound {
  values: Value[];
  inclusive: boolean;
}

export interface Search {
  index: string | null;
  columns: string[] | null;
  prefix: Value[];
  lower: Bound | null;
  upper: Bound | null;
  descending: boolean;
  limit: number | null;
  after: Uint8Array | null;
}

export interface Found {
  rows: Value[][];
  next: Uint8Array | null;
}

export interface QueryResult {
  columns: string[];
  rows: Value[][];
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

/** What every handler may ask of its host. */
export interface Reads {
  get(table: string, key: Value[]): Value[] | null;
  find(table: string, search: Search): Found;
  query(sql: string, parameters: Value[]): QueryResult;
  log(level: Level, message: string): void;
}

/** What a materializer's host does. What is not done is thrown: a `WriteProblem`, a `Failure`. */
export interface MaterializingHost extends Reads {
  insert(table: string, row: Value[]): void;
  update(table: string, row: Value[]): void;
  upsert(table: string, row: Value[]): void;
  delete(table: string, key: Value[]): void;
  enqueue(task: RawTask): void;
  previous(event: RawEvent): void;
}

/** What a creator's host does. `previous` throws a `Failure` or a `Rejection`. */
export interface CreatingHost extends Reads {
  now(): Timestamp;
  makeId(): string;
  previous(command: RawCommand): RawNewEvent[];
}
