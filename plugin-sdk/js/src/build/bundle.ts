// The author's files and the SDK as one file of JavaScript, the same wherever the folders are.

import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin as Extension } from 'esbuild';
import { places } from './places.js';
import type { TraceTable } from '../trace.js';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '..');
const NAMESPACE = 'daybook-sdk';
const ENTRY = 'component';

/** The SDK's own modules by short names, so that where it is installed is not in the file. */
const sdk: Extension = {
  name: NAMESPACE,
  setup({ onResolve, onLoad }) {
    const modules: Record<string, string> = {
      '@daybook/sdk': 'index.js',
      '@daybook/sdk/component': 'component.js',
      '@daybook/sdk/guard': 'guard.js',
      '@daybook/sdk/guard-on': 'guard-on.js',
      '@daybook/sdk/trace': 'trace.js',
    };
    onResolve({ filter: /^@daybook\/sdk/ }, ({ path }) => {
      const file = modules[path];
      if (file === undefined) return { errors: [{ text: `${path} is not for components: a plugin's files import '@daybook/sdk' alone` }] };
      return { path: file, namespace: NAMESPACE };
    });
    onResolve({ filter: /^\.\//, namespace: NAMESPACE }, ({ path }) => ({ path: path.slice(2), namespace: NAMESPACE }));
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: readFileSync(join(DIST, path), 'utf8'), loader: 'js' }));
    onResolve({ filter: /^daybook:/ }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: /^node:/ }, ({ path }) => ({ errors: [{ text: `${path} is not there in a component, which has neither files nor a network` }] }));
  },
};

/** A bundle, the author's files in it, and its lines' places in them. */
export interface Bundle {
  text: string;
  files: string[];
  trace: TraceTable;
}

/** Bundles `contents`, a module that stands in the author's folder `root`. */
export async function bundle(root: string, contents: string): Promise<Bundle> {
  const made = await build({
    stdin: { contents, resolveDir: root, sourcefile: ENTRY, loader: 'js' },
    absWorkingDir: root,
    plugins: [sdk],
    bundle: true,
    write: false,
    outfile: join(root, 'component.js'),
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: true } },
  });
  const text = made.outputFiles.find(({ path }) => path.endsWith('.js'))!.text;
  const map = JSON.parse(made.outputFiles.find(({ path }) => path.endsWith('.map'))!.text) as { sources: string[]; mappings: string };
  const isOwn = (path: string): boolean => !path.startsWith(`${NAMESPACE}:`) && path !== ENTRY;
  return {
    text,
    files: Object.keys(made.metafile.inputs).filter(isOwn).map((path) => join(root, path)),
    trace: places(map, text, (source) => (isOwn(source) ? relative('', source) : null)),
  };
}
