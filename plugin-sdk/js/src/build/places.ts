// A source map, read once at build time into the small table that traces need.

import type { TraceTable } from '../trace.js';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The places of `text`, by its source map, where file or line change. `shown` is what a file is called; null: it is not the author's. */
export function places(map: { sources: string[]; mappings: string }, text: string, shown: (source: string) => string | null): TraceTable {
  const lines = text.split('\n');
  const sources: string[] = [];
  const numbers = map.sources.map((source) => {
    const name = shown(source);
    return name === null ? -1 : sources.push(name) - 1;
  });
  const found: TraceTable['places'] = [];
  let source = 0;
  let sourceLine = 0;
  let last: [number, number] = [-2, 0];
  map.mappings.split(';').forEach((segments, line) => {
    let column = 0;
    const indent = lines[line]!.search(/\S|$/);
    for (const segment of segments === '' ? [] : segments.split(',')) {
      const [columns = 0, sourceBy, lineBy] = vlq(segment);
      column += columns;
      if (sourceBy === undefined || lineBy === undefined) continue;
      source += sourceBy;
      sourceLine += lineBy;
      const number = numbers[source]!;
      const at: [number, number] = number < 0 ? [-1, 0] : [number, sourceLine + 1];
      if (at[0] === last[0] && at[1] === last[1]) continue;
      last = at;
      // The engine names a column in the blank before a line's first word too.
      found.push([line + 1, column === indent ? 0 : column, ...at]);
    }
  });
  return { sources, places: found };
}

function vlq(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const digit of segment) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}
