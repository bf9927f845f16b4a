// Just enough of the WebAssembly binary format to rename imports of a core module and to replace types of a component.

/** A section: its id, where it begins, where its contents begin, and where it ends. */
export interface Section {
  id: number;
  start: number;
  body: number;
  end: number;
}

/** An unsigned number in LEB128, and where it ends. */
export function readLeb(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    if (byte === undefined) throw new Error('the WebAssembly file ends in the middle of a number');
    value += (byte & 127) * scale;
    if (byte < 128) return [value, at];
  }
}

/** An unsigned number as LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  bytes.push(value);
  return bytes;
}

/** The sections of a module or component, up to the first byte that begins none. */
export function sections(bytes: Uint8Array, start: number, isComponent: boolean): Section[] {
  const found: Section[] = [];
  let at = start + 8;
  while (at < bytes.length && bytes[at]! <= (isComponent ? 12 : 13)) {
    // The next module in the same file begins like a section.
    if (bytes[at] === 0 && bytes[at + 1] === 0x61 && bytes[at + 2] === 0x73 && bytes[at + 3] === 0x6d) break;
    const [length, body] = readLeb(bytes, at + 1);
    if (body + length > bytes.length) break;
    found.push({ id: bytes[at]!, start: at, body, end: body + length });
    at = body + length;
  }
  return found;
}

/** A function that a core module imports. */
export interface Import {
  module: string;
  name: string;
}

const SECTION_IMPORT = 2;

/** A core module with functions' imports renamed. */
export function renameImports(bytes: Uint8Array, rename: (of: Import) => Import): Uint8Array {
  const section = sections(bytes, 0, false).find(({ id }) => id === SECTION_IMPORT);
  if (section === undefined) return bytes;
  const out: number[] = [];
  const [count, first] = readLeb(bytes, section.body);
  let at = first;
  const text = (): string => {
    const [length, begin] = readLeb(bytes, at);
    at = begin + length;
    return new TextDecoder().decode(bytes.subarray(begin, at));
  };
  const write = (words: string): void => {
    const encoded = new TextEncoder().encode(words);
    out.push(...leb(encoded.length), ...encoded);
  };
  const limits = (): void => {
    const flags = bytes[at++]!;
    [, at] = readLeb(bytes, at);
    if (flags & 1) [, at] = readLeb(bytes, at);
  };
  out.push(...leb(count));
  for (let each = 0; each < count; each++) {
    const old = { module: text(), name: text() };
    const begin = at;
    const kind = bytes[at++];
    if (kind === 0) [, at] = readLeb(bytes, at);
    else if (kind === 1) (at++, limits());
    else if (kind === 2) limits();
    else if (kind === 3) at += 2;
    else if (kind === 4) (at++, ([, at] = readLeb(bytes, at)));
    else throw new Error(`the module imports ${old.module} ${old.name}, of the unknown kind ${kind}`);
    const { module, name } = kind === 0 ? rename(old) : old;
    write(module);
    write(name);
    out.push(...bytes.subarray(begin, at));
  }
  return join([
    bytes.subarray(0, section.start),
    Uint8Array.from([SECTION_IMPORT, ...leb(out.length), ...out]),
    bytes.subarray(section.end),
  ]);
}

/** The functions that a core module imports. */
export function imports(bytes: Uint8Array): Import[] {
  const found: Import[] = [];
  renameImports(bytes, (of) => {
    found.push(of);
    return of;
  });
  return found;
}

const SECTION_COMPONENT = 4;
const SECTION_TYPE = 7;

/** A component with one type's bytes replaced by another's, in it and in the components within it; and how often that was. */
export function replaceType(bytes: Uint8Array, from: number[], to: number[]): [Uint8Array, times: number] {
  let times = 0;
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  for (const section of sections(bytes, 0, true)) {
    const body = bytes.subarray(section.body, section.end);
    let changed: Uint8Array;
    if (section.id === SECTION_COMPONENT) {
      const [inner, more] = replaceType(body, from, to);
      changed = inner;
      times += more;
    } else if (section.id === SECTION_TYPE) {
      const [inner, more] = replaceBytes(body, from, to);
      changed = inner;
      times += more;
    } else {
      parts.push(bytes.subarray(section.start, section.end));
      continue;
    }
    parts.push(Uint8Array.from([section.id, ...leb(changed.length)]), changed);
  }
  return [join(parts), times];
}

function replaceBytes(bytes: Uint8Array, from: number[], to: number[]): [Uint8Array, number] {
  let times = 0;
  const out: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (from.every((byte, each) => bytes[at + each] === byte)) {
      out.push(...to);
      at += from.length;
      times++;
    } else out.push(bytes[at++]!);
  }
  return [Uint8Array.from(out), times];
}

/** One array of many. */
export function join(parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
