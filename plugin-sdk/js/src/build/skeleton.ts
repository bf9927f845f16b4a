// The skeleton of a new plugin: a folder that works as it stands.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError } from './index.js';

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const PLUGIN = `// Counters that can be raised.

import { about, command, event, plugin, reject, t, table } from '@daybook/sdk';

/** A counter as it stands. */
export const Counter = table('counter', { name: t.text().key(), value: t.int() });

const payload = { counter: t.text(), by: t.int({ minimum: 0 }) };

export const Raised = event('Raised', 'A counter was raised.', payload);
export const Raise = command('Raise', 'Raise a counter.', payload);

export default plugin({
  name: 'NAME',
  version: 'DATE',
  description: 'Counters that can be raised',
  changes: ['the first version'],
  tables: [Counter],
})
  // Event to state. It runs when the event is appended, and again in every replay.
  .materialize(Raised, ({ data: { counter, by } }, cx) => {
    const value = cx.get(Counter, counter)?.value ?? 0;
    cx.upsert(Counter, { name: counter, value: value + by });
  })
  // Command to events, or a rejection.
  .create(Raise, ({ data: { counter, by } }, cx) => {
    const value = cx.get(Counter, counter)?.value ?? 0;
    if (value + by > 100) return reject('limit-reached', \`\${counter} stands at \${value}\`);
    return [about(counter, Raised({ counter, by }))];
  });
`;

const TESTS = `import { test } from 'node:test';
import { scenario } from '@daybook/sdk/testing';
import counters, { Counter, Raise, Raised } from '../plugin.ts';

test('raises add up', () => {
  scenario(counters)
    .given(Raised({ counter: 'door', by: 3 }))
    .when(Raise({ counter: 'door', by: 4 }))
    .thenRows(Counter, [{ name: 'door', value: 7 }]);
});

test('a counter does not pass 100', () => {
  scenario(counters)
    .given(Raised({ counter: 'door', by: 98 }))
    .when(Raise({ counter: 'door', by: 3 }))
    .thenRejected('limit-reached')
    .thenRow(Counter, { name: 'door', value: 98 });
});
`;

/** Writes the skeleton and returns the names of its files. */
export function skeleton(name: string, folder: string, date: string): string[] {
  if (!/^[a-z][a-z0-9]*$/.test(name)) throw new BuildError(`a plugin's name has small letters and digits, and begins with a letter: ${name} does not`);
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new BuildError(`a version is a day, such as 2024-06-01: ${date} is none`);
  if (existsSync(join(folder, 'package.json'))) throw new BuildError(`${folder} has a package.json already: name a new folder`);
  const own = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  const sdk = relative(resolve(folder), PACKAGE).replaceAll('\\', '/');
  const files: Record<string, string> = {
    '.gitignore': 'node_modules\n',
    'package.json': `${JSON.stringify(
      {
        name: `${name}-${date}`,
        private: true,
        type: 'module',
        daybook: 'plugin.ts',
        scripts: { test: 'tsc && node --import @daybook/sdk/register --test tests/*.test.ts' },
        devDependencies: { '@daybook/sdk': `file:${sdk}`, ...own.devDependencies },
      },
      null,
      2,
    )}\n`,
    'plugin.ts': PLUGIN.replace('NAME', name).replace('DATE', date),
    'tests/plugin.test.ts': TESTS,
    'tsconfig.json': `${JSON.stringify({ extends: '@daybook/sdk/tsconfig.json', include: ['*.ts', 'tests'] }, null, 2)}\n`,
  };
  return Object.entries(files).map(([file, text]) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
}
