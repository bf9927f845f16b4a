// `t`: the types of payloads' fields and of tables' columns. Each is a JSON Schema, a kind of column, and a TypeScript type.

import { NULL, type Value } from './contract.js';
import { Decimal } from './decimal.js';
import { parse, stringify, type Json } from './json.js';

/** A JSON Schema. */
export type Schema = { [keyword: string]: Json };

/** How a column is kept. */
export type Kind = 'integer' | 'real' | 'text' | 'blob';

interface Spec<T> {
  /** How a column of it is kept; null: it can be no column. */
  kind: Kind | null;
  format?: string;
  schema: Schema;
  /** From JSON. */
  read(json: Json, path: string): T;
  /** To JSON. */
  write(value: T, path: string): Json;
  /** From a column. */
  load(value: Value, path: string): T;
  /** To a column. */
  store(value: T, path: string): Value;
}

interface Options {
  key: boolean;
  nullable: boolean;
  optional: boolean;
  /** What stands for a value that is left out. */
  fallback?: unknown;
  index: 'plain' | 'unique' | null;
  description?: string;
}

/** A type of a field or column: `T` in TypeScript; `F` are its marks. */
export class Type<T, F extends string = never> {
  /** Only for TypeScript. */
  declare readonly value: T;
  declare readonly marks: F;

  constructor(
    readonly spec: Spec<any>,
    readonly options: Options = { key: false, nullable: false, optional: false, index: null },
  ) {}

  private with<U, G extends string>(change: Partial<Options>): Type<U, G> {
    return new Type<U, G>(this.spec, { ...this.options, ...change });
  }

  /** A column of the primary key. */
  key(): Type<T, F | 'key'> {
    return this.with({ key: true });
  }

  /** May be null; left out, it is. */
  nullable(): Type<T | null, F | 'optional'> {
    return this.with({ nullable: true, optional: true });
  }

  /** What stands for it where it is left out: in payloads, and in rows that a version wrote which did not know the column. */
  default(value: T): Type<T, F | 'optional'> {
    return this.with({ optional: true, fallback: value });
  }

  /** A column with an index of its own, `by_` and the column's name. */
  index(options: { unique?: boolean } = {}): Type<T, F | 'index'> {
    return this.with({ index: options.unique === true ? 'unique' : 'plain' });
  }

  /** Words about it, for the schema. */
  describe(description: string): Type<T, F> {
    return this.with({ description });
  }

  /** Its JSON Schema. */
  schema(): Schema {
    const { nullable, fallback, description } = this.options;
    let schema: Schema = { ...this.spec.schema };
    if (nullable) {
      if (typeof schema['type'] === 'string' && schema['enum'] === undefined) schema = { ...schema, type: [schema['type'], 'null'] };
      else if (Object.keys(schema).length > 0) schema = { anyOf: [schema, { type: 'null' }] };
    }
    if (description !== undefined) schema = { description, ...schema };
    if (fallback !== undefined) schema['default'] = this.write(fallback as T, 'the default');
    return schema;
  }

  read(json: Json | undefined, path: string): T {
    if (json !== undefined && json !== null) return this.spec.read(json, path) as T;
    const { nullable, fallback } = this.options;
    if (json === undefined && fallback !== undefined) return fallback as T;
    if (nullable && (json === null || json === undefined)) return null as T;
    if (json === undefined) return missing(path);
    return this.spec.read(json, path) as T;
  }

  write(value: T | undefined, path: string): Json {
    const { nullable, fallback } = this.options;
    if (value === undefined && fallback !== undefined) value = fallback as T;
    if (nullable && (value === null || value === undefined)) return null;
    if (value === undefined) return missing(path);
    return this.spec.write(value, path);
  }

  load(value: Value, path: string): T {
    return value.tag === 'null' && this.options.nullable ? (null as T) : (this.spec.load(value, path) as T);
  }

  store(value: T | undefined, path: string): Value {
    if (value !== undefined && value !== null) return this.spec.store(value, path);
    const { nullable, fallback } = this.options;
    if (value === undefined && fallback !== undefined) value = fallback as T;
    if (nullable && (value === null || value === undefined)) return NULL;
    if (value === undefined) return missing(path);
    return this.spec.store(value, path);
  }
}

function missing(path: string): never {
  throw new TypeError(`${path} is missing: give it, or declare it with .nullable() or .default(..)`);
}

/** Fields of a payload, or columns of a table. */
export type Fields = Record<string, Type<any, any>>;

type Marked<T extends Fields, M extends string> = { [N in keyof T]: M extends T[N]['marks'] ? N : never }[keyof T];
type Flat<T> = { [N in keyof T]: T[N] };

/** What is read: every field is there. */
export type Out<T extends Fields> = { [N in keyof T]: T[N]['value'] };

/** What is written: fields that may be null or have a default can be left out. */
export type In<T extends Fields> = Flat<
  { [N in Exclude<keyof T, Marked<T, 'optional'>>]: T[N]['value'] } & { [N in Marked<T, 'optional'>]?: T[N]['value'] }
>;

type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never;

/** A table's key: the value of a single column, or an object of several. */
export type Key<T extends Fields> =
  IsUnion<Marked<T, 'key'>> extends true
    ? { [N in Marked<T, 'key'>]: T[N]['value'] }
    : T[Marked<T, 'key'>]['value'];

/** Names of the indexes that columns ask for. */
export type ColumnIndexes<T extends Fields> = `by_${Marked<T, 'index'> & string}`;

function wrong(path: string, expected: string, value: unknown): never {
  throw new TypeError(`${path} is ${shown(value)}, and should be ${expected}`);
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Decimal) return `the Decimal ${value}`;
  if (typeof value === 'function') return 'a function';
  if (value instanceof Date) return 'a Date';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

function loaded<K extends Value['tag']>(value: Value, tag: K, path: string): Extract<Value, { tag: K }> {
  if (value.tag !== tag) throw new TypeError(`${path} holds a value of the kind ${value.tag}, and should hold ${tag}`);
  return value as Extract<Value, { tag: K }>;
}

export const NO_BYTES = 'JSON has no bytes; t.blob() is for columns';

const SMALLEST = -(2n ** 63n);
const LARGEST = 2n ** 63n - 1n;

/** A whole number that is safe as a double. */
function asNumber(value: unknown, path: string): number {
  // Zero has one sign: -0 + 0 is 0.
  if (Number.isSafeInteger(value)) return (value as number) + 0;
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(54, value) === value) return wrong(path, `a number: ${value}, or Number(..)`, value);
    throw new RangeError(`${path} is ${value}, beyond 2^53, and t.int() would lose digits: make it t.i64()`);
  }
  if (!Number.isInteger(value)) return wrong(path, 'a whole number', value);
  throw new RangeError(`${path} is ${String(value)}, beyond 2^53, where digits are lost: make it t.i64()`);
}

/** A whole number of 64 bits. */
function asBigint(value: unknown, path: string): bigint {
  if (typeof value !== 'bigint') return wrong(path, typeof value === 'number' ? `a bigint: ${value}n, or BigInt(..)` : 'a bigint', value);
  if (value < SMALLEST || value > LARGEST) {
    throw new RangeError(`${path} is ${value}, which does not fit 64 bits: ${SMALLEST} to ${LARGEST}`);
  }
  return value;
}

function bigints(format: string | undefined, limits: Schema): Type<bigint> {
  const spec: Spec<bigint> = {
    kind: 'integer',
    schema: { type: 'integer', ...limits },
    read: (json, path) => asBigint(typeof json === 'number' && Number.isInteger(json) ? BigInt(json) : json, path),
    write: (value, path) => asBigint(value, path),
    load: (value, path) => BigInt(loaded(value, 'integer', path).val),
    store: (value, path) => whole(asBigint(value, path)),
  };
  if (format !== undefined) spec.format = format;
  return new Type<bigint>(spec);
}

/** The digits that a 64-bit number may have. */
const DIGITS_MAX = 19;

function decimals(format: string, precision: number, scale: number, { signed = true }: { signed?: boolean }): Type<Decimal> {
  if (!(Number.isInteger(precision) && Number.isInteger(scale) && scale >= 0 && scale < DIGITS_MAX && scale <= precision && 1 <= precision && precision <= DIGITS_MAX)) {
    throw new RangeError(`t.${format}: the digits are 1 to ${DIGITS_MAX}, and those after the point 0 to 18 and no more than all`);
  }
  const limit = 10n ** BigInt(precision);
  const fitting = (value: unknown, path: string): Decimal => {
    if (!(value instanceof Decimal)) return wrong(path, `a Decimal: Decimal.parse('12.50'), or Decimal.ofUnits(1250n, 2)`, value);
    if (value.scale === scale && -limit < value.units && value.units < limit) return value;
    let fitted: Decimal;
    try {
      fitted = value.round(scale, 'exact');
    } catch {
      throw new RangeError(`${path} is ${value}, which has more than ${scale} digits after the point: round it first, by round(${scale}, 'half-even')`);
    }
    if (fitted.units <= -limit || fitted.units >= limit) throw new RangeError(`${path} is ${value}, which has more than ${precision} digits with ${scale} after the point`);
    return fitted;
  };
  const point = scale === 0 ? '' : `(\\.[0-9]{1,${scale}})?`;
  return new Type<Decimal>({
    kind: 'integer',
    format,
    schema: { type: 'string', pattern: `^${signed ? '-?' : ''}[0-9]{1,${Math.max(1, precision - scale)}}${point}$` },
    read: (json, path) => fitting(typeof json === 'string' ? Decimal.parse(json) : wrong(path, 'a decimal number as text, "12.50"', json), path),
    write: (value, path) => fitting(value, path).toString(),
    load: (value, path) => Decimal.ofUnits(BigInt(loaded(value, 'integer', path).val), scale),
    store: (value: unknown, path) => whole(asBigint(fitting(value, path).units, path)),
  });
}

/** Whole numbers are kept as a `number` where that is safe. */
function whole(units: bigint): Value {
  const number = Number(units);
  return { tag: 'integer', val: Number.isSafeInteger(number) ? number : units };
}

function strings(format: string | undefined, schema: Schema, check?: (text: string, path: string) => void): Type<string> {
  const text = (value: unknown, path: string): string => {
    if (typeof value !== 'string') return wrong(path, value instanceof Date ? 'a text: take toISOString() of it, or the first ten letters of that' : 'a text', value);
    check?.(value, path);
    return value;
  };
  const spec: Spec<string> = {
    kind: 'text',
    schema: { type: 'string', ...schema },
    read: text,
    write: text,
    load: (value, path) => loaded(value, 'text', path).val,
    store: (value, path) => ({ tag: 'text', val: text(value, path) }),
  };
  if (format !== undefined) spec.format = format;
  return new Type<string>(spec);
}

function matching(pattern: RegExp, words: string): (text: string, path: string) => void {
  return (text, path) => {
    if (!pattern.test(text)) wrong(path, words, text);
  };
}

/** Limits of a whole number, as JSON Schema has them. */
export type Limits<N> = { minimum?: N; maximum?: N };

/** Keywords of JSON Schema for a text. */
export type TextLimits = { minLength?: number; maxLength?: number; pattern?: string };

const real: Spec<number> = {
  kind: 'real',
  schema: { type: 'number' },
  read: (json, path) => finite(typeof json === 'bigint' ? Number(json) : json, path),
  write: finite,
  load: (value, path) => loaded(value, 'real', path).val,
  store: (value, path) => ({ tag: 'real', val: finite(value, path) }),
};

function finite(value: unknown, path: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : wrong(path, 'a finite number', value);
}

/** The types of payloads' fields and of tables' columns. */
export const t = {
  /** A whole number as a `number`. Beyond 2^53, where digits would be lost, it throws. */
  int(limits: Limits<number> = {}): Type<number> {
    return new Type<number>({
      kind: 'integer',
      schema: { type: 'integer', ...limits },
      read: asNumber,
      write: asNumber,
      // The host's side gives a number where it is safe.
      load: (value, path) => (value.tag === 'integer' && typeof value.val === 'number' ? value.val : asNumber(loaded(value, 'integer', path).val, path)),
      store: (value: number, path) => ({ tag: 'integer', val: asNumber(value, path) }),
    });
  },

  /** A whole number of 64 bits, as a `bigint`. */
  i64: (limits: Limits<bigint> = {}): Type<bigint> => bigints(undefined, limits),

  /** Money in its smallest unit, as a `bigint`: `t.money('CZK', 2)` counts cents. */
  money: (currency: string, scale: number, limits: Limits<bigint> = {}): Type<bigint> => bigints(`money(${currency},${scale})`, limits),

  /** An exact `Decimal` of so many digits, `scale` of them after the point. A column holds its units, a payload its text,
   * `"12.50"`. A digit more is refused, never rounded. `{ signed: false }` takes none below 0. */
  decimal: (precision: number, scale: number, options: { signed?: boolean } = {}): Type<Decimal> => decimals(`decimal(${precision},${scale})`, precision, scale, options),

  /** Percent as a `Decimal`: a column holds its units, a payload its text, `"12.5"` for 12.5 %. */
  percent: (scale: number, options: { signed?: boolean } = {}): Type<Decimal> => decimals(`percent(${scale})`, 18, scale, options),

  /** A span of time in nanoseconds, as a `bigint`. */
  duration: (): Type<bigint> => bigints('duration', {}),

  /** True or false. */
  bool(): Type<boolean> {
    const bool = (value: unknown, path: string): boolean => (typeof value === 'boolean' ? value : wrong(path, 'true or false', value));
    return new Type<boolean>({
      kind: 'integer',
      format: 'bool',
      schema: { type: 'boolean' },
      read: bool,
      write: bool,
      load: (value, path) => Number(loaded(value, 'integer', path).val) !== 0,
      store: (value: boolean, path) => ({ tag: 'integer', val: bool(value, path) ? 1 : 0 }),
    });
  },

  /** A text. */
  text: (limits: TextLimits = {}): Type<string> => strings(undefined, limits),

  /** One of a few texts. */
  oneOf<const T extends readonly string[]>(...texts: T): Type<T[number]> {
    const check = (text: string, path: string): void => {
      if (!texts.includes(text)) wrong(path, `one of ${texts.join(', ')}`, text);
    };
    return strings(undefined, { enum: [...texts] }, check) as unknown as Type<T[number]>;
  },

  /** A finite floating-point number. Money has no such type. */
  real: (): Type<number> => new Type<number>(real),

  /** A day, `2024-06-01`. */
  date: (): Type<string> => strings('date', { format: 'date' }, matching(/^\d{4}-\d\d-\d\d$/, 'a day as 2024-06-01')),

  /** A moment in RFC 3339, `2024-06-01T12:00:00Z`. */
  instant: (): Type<string> =>
    strings('instant', { format: 'date-time' }, matching(/^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/, 'a moment as 2024-06-01T12:00:00Z')),

  /** A UUID in text form. */
  uuid: (): Type<string> =>
    strings('uuid', { format: 'uuid' }, matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a UUID')),

  /** Anything JSON can say; in a column as JSON text. Whole numbers beyond 2^53 are bigint. */
  json(): Type<Json> {
    return new Type<Json>({
      kind: 'text',
      format: 'json',
      schema: {},
      read: (json) => json,
      write: (value: Json) => value,
      load: (value, path) => parse(loaded(value, 'text', path).val),
      store: (value: Json) => ({ tag: 'text', val: stringify(value) }),
    });
  },

  /** Bytes. Only columns can hold them. */
  blob(): Type<Uint8Array> {
    const none = (path: string): never => {
      throw new TypeError(`${path}: ${NO_BYTES}`);
    };
    return new Type<Uint8Array>({
      kind: 'blob',
      schema: {},
      read: (_, path) => none(path),
      write: (_, path) => none(path),
      load: (value, path) => loaded(value, 'blob', path).val,
      store: (value: unknown, path) => (value instanceof Uint8Array ? { tag: 'blob', val: value } : wrong(path, 'a Uint8Array', value)),
    });
  },

  /** Many of one type; in a column as JSON text. */
  array<T>(of: Type<T, any>): Type<T[]> {
    if (of.spec.kind === 'blob') throw new TypeError(NO_BYTES);
    return composite<T[]>(
      { type: 'array', items: of.schema() },
      (json, path) => (Array.isArray(json) ? json.map((each, at) => of.read(each, `${path}[${at}]`)) : wrong(path, 'an array', json)),
      (value, path) => value.map((each, at) => of.write(each, `${path}[${at}]`)),
    );
  },

  /** An object with fields of its own; in a column as JSON text. */
  object<T extends Fields>(fields: T): Type<Out<T>> {
    return composite<Out<T>>(
      objectSchema(fields, true),
      (json, path) => reader(fields, path)(json),
      (value, path) => writeObject(fields, value, path),
    );
  },
};

function composite<T>(schema: Schema, read: Spec<T>['read'], write: Spec<T>['write']): Type<T> {
  return new Type<T>({
    kind: 'text',
    format: 'json',
    schema,
    read,
    write,
    load: (value, path) => read(parse(loaded(value, 'text', path).val), path),
    store: (value: T, path) => ({ tag: 'text', val: stringify(write(value, path)) }),
  });
}

/** The schema of an object. A closed one refuses members that it does not name. */
export function objectSchema(fields: Fields, isClosed: boolean): Schema {
  const properties: Schema = {};
  const required: string[] = [];
  for (const [name, type] of Object.entries(fields)) {
    properties[name] = type.schema();
    if (!type.options.optional) required.push(name);
  }
  const schema: Schema = { type: 'object', properties };
  if (required.length > 0) schema['required'] = required;
  if (isClosed) schema['additionalProperties'] = false;
  return schema;
}

/** The fields of an object at this path, made ready once, since payloads are many. Members that nobody named are left where
 * they are. */
export function reader<T extends Fields>(fields: T, path: string): (json: Json) => Out<T> {
  // Every object has a `toString`: whether JSON has one is to be asked for.
  const cells = Object.entries(fields).map(([name, type]) => ({ name, type, path: `${path}.${name}`, isInherited: name in Object.prototype }));
  return (json) => {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) return wrong(path, 'an object', json);
    const values: Record<string, unknown> = {};
    for (let at = 0; at < cells.length; at++) {
      const { name, type, path, isInherited } = cells[at]!;
      values[name] = type.read(isInherited && !Object.hasOwn(json, name) ? undefined : json[name], path);
    }
    return values as Out<T>;
  };
}

/** An object's fields as JSON. */
export function writeObject(fields: Fields, value: object, path: string): Json {
  const members: { [name: string]: Json } = {};
  const given = value as Record<string, unknown>;
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) throw new TypeError(`${path}.${name}: there is no such field; there are ${Object.keys(fields).join(', ')}`);
  }
  for (const [name, type] of Object.entries(fields)) {
    // What is null and may be left out is left out: it says the same with fewer words.
    if (given[name] === undefined && type.options.optional && type.options.fallback === undefined) continue;
    members[name] = type.write(given[name], `${path}.${name}`);
  }
  return members;
}
