// The command `daybook-js`.

import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { build, BuildError } from './index.js';

const USAGE = `Build a plugin that is written in TypeScript into a component

Usage: daybook-js build PATH [--out FILE]

PATH is a folder whose package.json has "daybook": "plugin.ts", or such a file.
Without --out the component is NAME-DATE.wasm in this folder.`;

/** Runs the command; returns the exit code. */
export async function run(words: string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === undefined || verb === '--help' || verb === '-h' || rest.includes('--help')) {
    console.log(USAGE);
    return verb === undefined ? 2 : 0;
  }
  if (verb === '--version') {
    const own = new URL('../../package.json', import.meta.url);
    console.log((JSON.parse(readFileSync(own, 'utf8')) as { version: string }).version);
    return 0;
  }
  const at = rest.indexOf('--out');
  const out = at < 0 ? undefined : rest[at + 1];
  const paths = at < 0 ? rest : rest.toSpliced(at, 2);
  if (verb !== 'build' || paths.length !== 1 || paths[0]!.startsWith('-') || (at >= 0 && out === undefined)) {
    console.error(`error: daybook-js ${words.join(' ')} is not understood\n\n${USAGE}`);
    return 2;
  }
  try {
    const { version, bytes, sha256 } = await build(paths[0]!);
    const file = out ?? `${version.replace('@', '-')}.wasm`;
    writeFileSync(file, bytes);
    console.log(file);
    console.log(`${version}, ${bytes.length.toLocaleString('en')} bytes, sha256 ${sha256}`);
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // What esbuild refuses comes with its own places; a fault of ours comes with a stack.
    const isTold = error instanceof BuildError || 'errors' in error;
    console.error(`error: ${basename(paths[0]!)} was not built: ${isTold ? error.message : (error.stack ?? error.message)}`);
    return 1;
  }
}
