// The JavaScript engine that a component holds: the one of componentize-qjs, without a clock and without randomness.
//
// The engine reads both while the component is made, and what it read is in the component: so no two builds would be alike.
// Here these functions are bound to others of their shape, which always answer the same. What they answer is never seen:
// the guard takes the clock and the dice away from authors.

import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { imports, renameImports, sections } from './wasm.js';

const INSTEAD: Record<string, [module: string, name: string]> = {
  'wasi:random/insecure-seed insecure-seed': ['wasi:cli/environment', 'get-arguments'],
  'wasi:clocks/wall-clock now': ['wasi:cli/environment', 'initial-cwd'],
  'wasi:clocks/monotonic-clock now': ['wasi:clocks/monotonic-clock', 'resolution'],
};

/** The engine as a core module. */
export function engine(): Buffer {
  const whole = readFileSync(binding());
  let best: Uint8Array | undefined;
  const magic = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0]);
  for (let at = whole.indexOf(magic); at >= 0; at = whole.indexOf(magic, at + 8)) {
    const parts = sections(whole, at, false);
    const last = parts.at(-1);
    if (last === undefined || parts.filter(({ id }) => id === 2).length !== 1) continue;
    const module = whole.subarray(at, last.end);
    const names = imports(module);
    const isEngine = names.some(({ module, name }) => module === 'local:init/module-loader' && name === 'load');
    const isAsync = names.some(({ name }) => name.startsWith('[waitable'));
    // Of the two that are left, the larger one is made for speed.
    if (isEngine && !isAsync && module.length > (best?.length ?? 0)) best = module;
  }
  if (best === undefined) {
    throw new Error('componentize-qjs has no engine that was expected: install the version that package.json of @daybook/sdk names');
  }
  const renamed = new Set<string>();
  const changed = renameImports(best, ({ module, name }) => {
    const [interfaceName, version] = module.split('@');
    const instead = INSTEAD[`${interfaceName} ${name}`];
    if (instead === undefined) return { module, name };
    renamed.add(`${interfaceName} ${name}`);
    return { module: `${instead[0]}@${version === '0.2.9' ? '0.2.0' : version}`, name: instead[1] };
  });
  if (renamed.size !== Object.keys(INSTEAD).length) {
    throw new Error(`the engine of componentize-qjs reads its clock or its dice in a way that is not known: only ${[...renamed].join(', ')}`);
  }
  return Buffer.from(changed);
}

/** The file of componentize-qjs for this machine, which has the engines in it. */
function binding(): string {
  const require = createRequire(import.meta.url);
  const scope = join(dirname(require.resolve('componentize-qjs/package.json')), '..', '@andreiltd');
  for (const folder of readdirSync(scope).filter((name) => name.startsWith('componentize-qjs-binding-'))) {
    const file = readdirSync(join(scope, folder)).find((name) => name.endsWith('.node'));
    if (file !== undefined) return join(scope, folder, file);
  }
  throw new Error('componentize-qjs has no binding for this machine: npm install componentize-qjs');
}
