// How Node loads TypeScript, and finds this package from wherever the author's files are.

import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';

interface Resolved {
  url: string;
  format?: string;
  shortCircuit?: boolean;
}

interface Loaded {
  format: string;
  source: string;
  shortCircuit: true;
}

const OWN: Record<string, string> = {
  '@daybook/sdk': './index.js',
  '@daybook/sdk/testing': './testing/index.js',
  '@daybook/sdk/build': './build/index.js',
};

export async function resolve<C extends { parentURL?: string }>(name: string, context: C, next: (name: string, context: C) => Promise<Resolved>): Promise<Resolved> {
  const own = OWN[name];
  if (own !== undefined) return { url: new URL(own, import.meta.url).href, shortCircuit: true };
  // TypeScript names files as they will be called: ./tables.js for ./tables.ts.
  if (name.startsWith('.') && name.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const source = new URL(name.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  return next(name, context);
}

export async function load<C>(url: string, context: C, next: (url: string, context: C) => Promise<Loaded>): Promise<Loaded> {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await transform(await readFile(file, 'utf8'), { loader: 'ts', format: 'esm', sourcefile: file, sourcemap: 'inline', target: 'node20' });
  return { format: 'module', source: code, shortCircuit: true };
}
