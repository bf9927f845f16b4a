// The package as it is published: packed, installed into an empty folder, and used there alone.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from '@daybook/sdk/build';

const here = (path: string): string => new URL(path, import.meta.url).pathname;
const own = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as { version: string; devDependencies: Record<string, string> };

function run(folder: string, command: string, ...words: string[]): string {
  // A test runner within a test runner would report to the outer one.
  const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(command, words, { cwd: folder, encoding: 'utf8', env });
  assert.equal(status, 0, `${command} ${words.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

test('the packed package checks, tests and builds a plugin in an empty folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-js-package-'));
  try {
    // What is packed was compiled by `npm test` already.
    const [{ filename, files }] = JSON.parse(run(here('..'), 'npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder)) as [{ filename: string; files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
    assert.deepEqual(paths.filter((path) => !path.startsWith('dist/')).sort(), [
      'README.md',
      'bin/daybook-js.mjs',
      'package.json',
      ...['README.md', 'gitignore', 'package.json', 'plugin.ts', 'tests/plugin.test.ts', 'tsconfig.json'].map((name) => `template/${name}.tmpl`),
      'tsconfig.plugin.json',
      ...['creator', 'materializer', 'state', 'types', 'worlds'].map((name) => `wit/${name}.wit`),
    ]);
    assert.deepEqual(paths.filter((path) => path.startsWith('dist/') && !/\.(js|d\.ts)$/.test(path)), [], 'only what the compiler makes');
    assert.deepEqual(paths.filter((path) => path.startsWith('dist/') && !existsSync(here(`../${path.replace('dist/', 'src/').replace(/\.(d\.ts|js)$/, '.ts')}`))), [], 'nothing of a file that is gone');
    for (const part of ['index', 'testing/index', 'build/index', 'register']) assert.ok(paths.includes(`dist/${part}.js`), part);
    assert.ok(statSync(join(folder, filename)).size < 100_000, 'the package has less than 100 kB');

    const work = join(folder, 'work');
    mkdirSync(work);
    cpSync(here('deposit/plugin.ts'), join(work, 'plugin.ts'));
    cpSync(here('deposit/deposits.test.ts'), join(work, 'deposits.test.ts'));
    writeFileSync(join(work, 'tsconfig.json'), '{ "extends": "@daybook/sdk/tsconfig.json", "include": ["*.ts"] }');
    const devDependencies = { '@daybook/sdk': `file:../${filename}`, ...own.devDependencies };
    writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, type: 'module', daybook: 'plugin.ts', devDependencies }));
    run(work, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund');
    run(work, 'npx', 'tsc', '--strict');
    assert.match(run(work, process.execPath, '--import', '@daybook/sdk/register', '--test', 'deposits.test.ts'), /# pass 2\n# fail 0/);
    const printed = run(work, 'npx', 'daybook-js', 'build', '.', '--out', 'deposit.wasm');
    const { sha256 } = await build(here('deposit'));
    assert.ok(printed.includes(sha256), `the packed package builds the same bytes: ${sha256}\n${printed}`);
    assert.equal(run(work, 'npx', 'daybook-js', '--version').trim(), own.version);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
