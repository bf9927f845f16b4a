// Where an exception came about, in the author's own files. The build puts a table of lines into the component.

/** Places in the built file where the author's file or line changes: line and column there, number of the file, line in it. */
export interface TraceTable {
  sources: string[];
  places: [line: number, column: number, source: number, sourceLine: number][];
}

let table: TraceTable | null = null;

/** Says how lines of the built file are lines of the author's. */
export function setTrace(of: TraceTable): void {
  table = of;
}

const FRAME = /^\s*at (?:(.*?) \()?[^()]*?:(\d+):(\d+)\)?\s*$/;

/** The stack of an exception, innermost first, as files and lines of the author's. */
export function trace(stack: string | undefined, of: TraceTable | null = table): string | null {
  if (stack === undefined) return null;
  if (of === null) return stack;
  const frames: string[] = [];
  for (const line of stack.split('\n')) {
    const [, name, at, column] = FRAME.exec(line) ?? [];
    const place = at === undefined ? null : find(of, Number(at), Number(column));
    if (place !== null) frames.push(`at ${name === undefined || name === '' ? '<anonymous>' : name} (${place})`);
  }
  return frames.length === 0 ? null : frames.join('\n');
}

function find({ sources, places }: TraceTable, line: number, column: number): string | null {
  let best: TraceTable['places'][number] | null = null;
  for (const place of places) {
    if (place[0] > line || (place[0] === line && place[1] > column - 1)) break;
    best = place;
  }
  // A place without a file begins what is not the author's.
  if (best === null || best[2] < 0) return null;
  return `${sources[best[2]]}:${best[3]}`;
}
