// The author's files and the SDK as one file of JavaScript, the same wherever the folders are.

import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform, type Plugin as Extension } from 'esbuild';
import { places } from './places.js';
import type { TraceTable } from '../trace.js';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '..');
const NAMESPACE = 'daybook-sdk';
const ENTRY = 'component';
/** The modules that Node has. */
const BUILT_IN = new RegExp(`^(node:.*|(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})(/.*)?)$`);
const DYNAMIC = 'import(..) loads a file while a handler runs, and a component has no files: import it at the top';

/** The SDK's own modules by short names, so that where it is installed is not in the file. */
const sdk: Extension = {
  name: NAMESPACE,
  setup({ onResolve, onLoad, resolve }) {
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
    onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path }) => ({ contents: await small(join(DIST, path)), loader: 'js' }));
    onResolve({ filter: /.*/ }, ({ kind }) => (kind === 'dynamic-import' ? { errors: [{ text: DYNAMIC }] } : undefined));
    onResolve({ filter: /^daybook:/ }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: BUILT_IN }, async ({ path, pluginData, ...from }) => {
      if (pluginData === BUILT_IN) return undefined;
      // A package may be installed under the name of a module of Node.
      const { errors } = path.startsWith('node:') ? { errors: [path] } : await resolve(path, { kind: from.kind, resolveDir: from.resolveDir, importer: from.importer, pluginData: BUILT_IN });
      return errors.length === 0 ? undefined : ({ errors: [{ text: `${path} is not there in a component, which has neither files nor a network` }] });
    });
  },
};

/** A module of the SDK in few letters: the engine keeps the text of functions in memory, which is in the component. */
async function small(file: string): Promise<string> {
  return (await transform(readFileSync(file, 'utf8'), { minify: true, target: 'es2022', charset: 'utf8' })).code;
}

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
    logOverride: { 'unsupported-dynamic-import': 'error' },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: true } },
  }).catch((error: Error) => {
    error.message = error.message.replace(/This "import" expression will not be bundled.*/, DYNAMIC);
    throw error;
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
