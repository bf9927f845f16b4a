// Tables in memory, under the host's rules: one row for a key, unique indexes, the order of rows.

import { NULL, type Found, type Search, type Value } from '../contract.js';
import type { Table } from '../define.js';
import { WriteProblem } from '../failure.js';
import { parse, stringify } from '../json.js';

type Cells = ReadonlyMap<string, Value>;

/** SQL's order: null, then numbers, then text by its bytes, then blobs. */
export function compare(a: Value, b: Value): number {
  if (a.tag === 'integer' && b.tag === 'integer') return a.val < b.val ? -1 : a.val > b.val ? 1 : 0;
  if (a.tag === 'real' && b.tag === 'real') return a.val - b.val;
  if (a.tag === 'text' && b.tag === 'text') return Buffer.compare(Buffer.from(a.val), Buffer.from(b.val));
  if (a.tag === 'blob' && b.tag === 'blob') return Buffer.compare(a.val, b.val);
  return RANKS.indexOf(a.tag) - RANKS.indexOf(b.tag);
}

const RANKS = ['null', 'integer', 'real', 'text', 'blob'];

function compareAll(a: readonly Value[], b: readonly Value[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compare(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** One table with its rows. It has the columns of every version that is there. */
class TableState {
  rows = new Map<string, Cells>();

  constructor(
    readonly name: string,
    /** The newest version's declaration. */
    readonly table: Table<any, any>,
    /** What a row has in a column that its writer did not know. */
    readonly fallbacks: Map<string, Value>,
  ) {}

  values(cells: Cells, columns: string[]): Value[] {
    return columns.map((column) => cells.get(column) ?? NULL);
  }

  put(key: string, cells: Cells): void {
    for (const index of this.table.indexes.filter(({ unique }) => unique)) {
      const values = this.values(cells, index.columns);
      // As in SQL, null differs from everything, itself included.
      if (values.some(({ tag }) => tag === 'null')) continue;
      for (const [other, row] of this.rows) {
        if (other !== key && compareAll(this.values(row, index.columns), values) === 0) {
          throw new WriteProblem({ code: 'unique-violated', index: index.name });
        }
      }
    }
    this.rows.set(key, cells);
  }

  find(search: Search, columns: string[]): Found {
    const searched = this.table.searched(search.index);
    const order = [...searched, ...this.table.keyColumns];
    const rest = searched.slice(search.prefix.length);
    const within = (cells: Cells): boolean => {
      if (compareAll(this.values(cells, searched.slice(0, search.prefix.length)), search.prefix) !== 0) return false;
      for (const [bound, sign] of [[search.lower, 1], [search.upper, -1]] as const) {
        if (bound === null) continue;
        const place = compareAll(this.values(cells, rest.slice(0, bound.values.length)), bound.values) * sign;
        if (place < 0 || (place === 0 && !bound.inclusive)) return false;
      }
      return true;
    };
    const sign = search.descending ? -1 : 1;
    let rows = [...this.rows.values()].filter(within);
    rows.sort((a, b) => sign * compareAll(this.values(a, order), this.values(b, order)));
    if (search.after !== null) {
      const after = readCursor(search.after);
      rows = rows.filter((row) => sign * compareAll(this.values(row, order), after) > 0);
    }
    if (search.limit !== null) rows = rows.slice(0, search.limit);
    const last = rows.length === search.limit ? rows.at(-1) : undefined;
    return {
      rows: rows.map((row) => this.values(row, columns)),
      next: last === undefined ? null : writeCursor(this.values(last, order)),
    };
  }
}

function writeCursor(values: Value[]): Uint8Array {
  return new TextEncoder().encode(stringify(values.map((value) => (value.tag === 'blob' ? { tag: 'blob', val: [...value.val] } : value))));
}

function readCursor(bytes: Uint8Array): Value[] {
  const values = parse(new TextDecoder().decode(bytes)) as unknown as { tag: string; val: unknown }[];
  return values.map(({ tag, val }) => {
    if (tag === 'integer') return { tag, val: val as number | bigint };
    if (tag === 'blob') return { tag, val: Uint8Array.from(val as number[]) };
    return { tag, val } as Value;
  });
}

function keyText(key: Value[]): string {
  return key.map((value) => `${value.tag}:${value.tag === 'blob' ? Buffer.from(value.val).toString('hex') : JSON.stringify(value.tag === 'null' ? null : String(value.val))}`).join();
}

/** All tables. */
export class State {
  private readonly tables = new Map<string, TableState>();

  /** Adds a table; the newest version's comes first. */
  declare(name: string, table: Table<any, any>): void {
    let state = this.tables.get(name);
    if (state === undefined) this.tables.set(name, (state = new TableState(name, table, new Map())));
    for (const [column, type] of Object.entries(table.columns as Table['columns'])) {
      if (state.fallbacks.has(column)) continue;
      const { nullable, fallback } = type.options;
      state.fallbacks.set(column, nullable || fallback !== undefined ? type.store(undefined, column) : NULL);
    }
  }

  get(name: string, key: Value[], columns: string[]): Value[] | null {
    const table = this.table(name);
    const cells = table.rows.get(keyText(key));
    return cells === undefined ? null : table.values(cells, columns);
  }

  find(name: string, search: Search, columns: string[]): Found {
    return this.table(name).find(search, columns);
  }

  write(how: 'insert' | 'update' | 'upsert', name: string, columns: string[], row: Value[]): void {
    const table = this.table(name);
    const given = new Map(columns.map((column, at) => [column, row[at]!]));
    const key = keyText(table.values(given, table.table.keyColumns));
    const before = table.rows.get(key);
    if (how === 'insert' && before !== undefined) throw new WriteProblem({ code: 'row-exists', index: null });
    if (how === 'update' && before === undefined) throw new WriteProblem({ code: 'row-missing', index: null });
    table.put(key, new Map([...table.fallbacks, ...(before ?? []), ...given]));
  }

  delete(name: string, key: Value[]): void {
    if (!this.table(name).rows.delete(keyText(key))) throw new WriteProblem({ code: 'row-missing', index: null });
  }

  /** What brings back the rows as they are now. */
  saved(): () => void {
    const rows = [...this.tables.values()].map((table) => [table, new Map(table.rows)] as const);
    return () => {
      for (const [table, before] of rows) table.rows = before;
    };
  }

  private table(name: string): TableState {
    const table = this.tables.get(name);
    if (table === undefined) throw new Error(`fault: there is no table ${name}: name it in the plugin's \`tables\` or \`reads\``);
    return table;
  }
}
