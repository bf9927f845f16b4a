// The command `daybook-js`.

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { build, BuildError } from './index.js';
import { skeleton } from './skeleton.js';

const USAGE = `Plugins for Daybook in TypeScript

Usage:
  daybook-js new NAME --date DATE [--dir FOLDER]   Write the skeleton of a new plugin
  daybook-js build PATH [--out FILE]               Build a plugin into a component

PATH is a folder whose package.json has "daybook": "plugin.ts", or such a file.
Without --out the component is NAME-DATE.wasm in the current folder.`;

/** Runs the command; returns the exit code. */
export async function run(words: string[]): Promise<number> {
  let parsed;
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    parsed = parseArgs({ args: words, allowPositionals: true, options: { out: text, date: text, dir: text, help: { ...flag, short: 'h' }, version: flag } });
  } catch (error) {
    return misused((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [verb, what, ...rest] = positionals;
  if (values.version === true) {
    const own = new URL('../../package.json', import.meta.url);
    console.log((JSON.parse(readFileSync(own, 'utf8')) as { version: string }).version);
    return 0;
  }
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  if (what === undefined || rest.length > 0 || (verb !== 'build' && verb !== 'new')) return misused(`\`daybook-js ${words.join(' ')}\` is not understood`);
  try {
    if (verb === 'new') {
      if (values.date === undefined) return misused('a version is a day: --date 2024-06-01');
      const folder = values.dir ?? what;
      for (const file of skeleton(what, folder, values.date)) console.log(file);
      console.log(`next: (cd ${folder} && npm install && npm test)`);
      return 0;
    }
    const { version, bytes, sha256 } = await build(what);
    const file = values.out ?? `${version.replace('@', '-')}.wasm`;
    writeFileSync(file, bytes);
    console.log(file);
    console.log(`${version}, ${bytes.length.toLocaleString('en')} bytes, sha256 ${sha256}`);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // What esbuild refuses comes with its own places; a fault of ours comes with a stack.
    const isTold = error instanceof BuildError || 'errors' in error;
    console.error(`error: ${what}: ${isTold ? error.message : (error.stack ?? error.message)}`);
    return 1;
  }
}

function misused(words: string): number {
  console.error(`error: ${words}\n\n${USAGE}`);
  return 2;
}
