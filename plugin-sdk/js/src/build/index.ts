// From an author's folder to a component: one file that a book can load.

import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { bundle } from './bundle.js';
import { engine } from './engine.js';
import { replaceType } from './wasm.js';
import type { Plugin } from '../plugin.js';
import { trace, type TraceTable } from '../trace.js';

const WIT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'wit');
const INTEGER = 'integer(s64)';
const HALVES = 'integer(tuple<s32, s32>)';
/** `tuple<s32, s32>` and `s64` as types in a component's bytes. */
const HALVES_BYTES = [0x6f, 2, 0x7a, 0x7a];
const INTEGER_BYTES = [0x78];
const TRACE = '"the build puts its table here"';

/** What was built. */
export interface Built {
  /** `deposit@2020-01-01` */
  version: string;
  bytes: Uint8Array;
  sha256: string;
}

/** Something that the author has to put right. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** Builds the plugin in a folder (its package.json has `"daybook": "plugin.ts"`), or in a file. */
export async function build(path: string): Promise<Built> {
  const entry = entryOf(path);
  const root = rootOf(entry);
  const from = `./${relative(root, entry).replaceAll('\\', '/')}`;
  const plugin = await inspect(root, from);
  const { about, materializers, creators } = plugin;
  if (materializers.size + creators.size === 0) {
    throw new BuildError(`${about.name}@${about.version} handles nothing: add .materialize(Event, ..) or .create(Command, ..)`);
  }
  const parts = { changes: materializers.size > 0, creating: creators.size > 0 };
  // The engine's bindings import whatever the world names. So SQL is in it only where an author's file could call it.
  const draft = await bundled(root, from, parts, false);
  const sql = draft.files.some((file) => /\bquery\b/.test(readFileSync(file, 'utf8')));
  const { text, trace: lines } = sql ? await bundled(root, from, parts, true) : draft;
  const bytes = await componentize(text.replace(TRACE, () => JSON.stringify(lines)), world({ ...parts, sql }), lines);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { version: `${about.name}@${about.version}`, bytes, sha256 };
}

interface Parts {
  changes: boolean;
  creating: boolean;
}

function bundled(root: string, from: string, parts: Parts, sql: boolean): ReturnType<typeof bundle> {
  const imports = [
    ['state', 'state'],
    ...(sql ? [['sql', 'state-sql']] : []),
    ...(parts.changes ? [['changes', 'changes']] : []),
    ...(parts.creating ? [['creating', 'creating']] : []),
  ];
  const lines = [
    "import '@daybook/sdk/guard-on';",
    ...imports.map(([name, from]) => `import ${name} from 'daybook:plugin/${from}@1.0.0';`),
    "import { component } from '@daybook/sdk/component';",
    "import { setTrace } from '@daybook/sdk/trace';",
    `import plugin from ${JSON.stringify(from)};`,
    `setTrace(${TRACE});`,
    `const exports = component(plugin, { ${imports.map(([name]) => name).join(', ')} });`,
    'export const describer = exports.describer;',
    ...(parts.changes ? ['export const materializer = exports.materializer;'] : []),
    ...(parts.creating ? ['export const creator = exports.creator;'] : []),
  ];
  return bundle(root, lines.join('\n'));
}

function world({ changes, creating, sql }: Parts & { sql: boolean }): string {
  const lines = ['import state;'];
  if (sql) lines.push('import state-sql;');
  if (changes) lines.push('import changes;');
  if (creating) lines.push('import creating;');
  lines.push('export describer;');
  if (changes) lines.push('export materializer;');
  if (creating) lines.push('export creator;');
  return `package daybook:plugin@1.0.0;\n\nworld built {\n  ${lines.join('\n  ')}\n}\n`;
}

async function componentize(source: string, world: string, lines: TraceTable): Promise<Uint8Array> {
  const require = createRequire(import.meta.url);
  const { componentize } = require('componentize-qjs') as typeof import('componentize-qjs');
  const wit = mkdtempSync(join(tmpdir(), 'daybook-js-'));
  try {
    cpSync(WIT, wit, { recursive: true });
    const types = readFileSync(join(wit, 'types.wit'), 'utf8');
    if (types.split(INTEGER).length !== 2) throw new Error(`types.wit has not one ${INTEGER}`);
    writeFileSync(join(wit, 'types.wit'), types.replace(INTEGER, HALVES));
    writeFileSync(join(wit, 'built.wit'), world);
    const { component } = await componentize({ witPath: wit, jsSource: source, world: 'built', runtimeBytes: engine(), stubWasi: true });
    const [bytes, times] = replaceType(component, HALVES_BYTES, INTEGER_BYTES);
    if (times === 0) throw new Error('the component has no columns of whole numbers where they were expected');
    return bytes;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    // The author's modules have run, and what they threw has its lines in the bundle.
    const [words = '', ...stack] = error.message.trim().replace(/^:\s*/, '').split('\n');
    const places = trace(stack.join('\n'), lines);
    throw new BuildError(places === null ? error.message : `${words.replace(/^Failed to .*?: (?=[A-Z]\w*Error:)|^Failed to .*module evaluation: /, '')}\n${places}`);
  } finally {
    rmSync(wit, { recursive: true });
  }
}

/** The plugin as it is in this process, to know what it has. */
async function inspect(root: string, from: string): Promise<Plugin> {
  const { text, trace: lines } = await bundle(root, `export * as author from ${JSON.stringify(from)};`);
  const module = (await import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`).catch((error: unknown) => {
    if (!(error instanceof Error)) throw new BuildError(`${join(root, from)} threw ${String(error)} while it was read`);
    // Frames of Node and of its caller are not in the bundle.
    const own = error.stack?.split('\n').filter((line) => line.includes('data:text/javascript')).join('\n');
    throw new BuildError(`${error.name}: ${error.message}\n${trace(own, lines) ?? ''}`.trimEnd());
  })) as { author: { default?: Partial<Plugin> } };
  const plugin = module.author.default;
  if (plugin === undefined || typeof plugin.describe !== 'function') {
    throw new BuildError(`${join(root, from)} has no plugin: export default plugin({ .. })`);
  }
  try {
    plugin.describe();
  } catch (error) {
    throw new BuildError((error as Error).message);
  }
  return plugin as Plugin;
}

function entryOf(path: string): string {
  const whole = resolve(path);
  if (!existsSync(whole)) throw new BuildError(`there is no ${path}`);
  if (statSync(whole).isFile()) return whole;
  const file = join(whole, 'package.json');
  if (!existsSync(file)) throw new BuildError(`${path} has no package.json`);
  const named = (JSON.parse(readFileSync(file, 'utf8')) as { daybook?: unknown }).daybook;
  if (typeof named !== 'string') throw new BuildError(`${file} does not name the plugin's file: "daybook": "plugin.ts"`);
  const entry = join(whole, named);
  if (!existsSync(entry)) throw new BuildError(`${file} names ${named} as the plugin's file, and there is none`);
  return entry;
}

/** The folder with the package.json that the file belongs to. */
function rootOf(entry: string): string {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) return dirname(entry);
  }
}
