// Mistakes that TypeScript finds before anything runs, and its words.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const here = (path: string): string => new URL(path, import.meta.url).pathname;

/** What every snippet begins with. */
const GOOD = `import { about, command, event, plugin, reject, t, table, task } from '@daybook/sdk';
const Thing = table('thing', { id: t.text().key(), count: t.int(), price: t.money('CZK', 2), weight: t.real().nullable() }).index('by_count', ['count']);
const Day = table('day', { currency: t.text().key(), day: t.date().key(), rate: t.i64() });
const Made = event('Made', 'It was made.', { what: t.text(), n: t.int() });
const Make = command('Make', 'Make it.', { what: t.text() });
const Mail = task('mail', 'A letter', { to: t.text() });
const base = plugin({ name: 'mistakes', version: '2024-01-01', changes: [] });
const row = { id: 'a', count: 1, price: 5n };
`;

const inMaterializer = (code: string): string => `base.materialize(Made, ({ data }, cx) => { ${code} });`;
const inCreator = (code: string): string => `base.create(Make, ({ data }, cx) => { ${code} });`;

const ROWS: [mistake: string, code: string, words: RegExp][] = [
  ['a column of the wrong type', inMaterializer(`cx.insert(Thing, { ...row, count: '1' });`), /Type 'string' is not assignable to type 'number'/],
  ['a number for money', inMaterializer('cx.insert(Thing, { ...row, price: 5 });'), /Type 'number' is not assignable to type 'bigint'/],
  ['a column left out', inMaterializer(`cx.insert(Thing, { id: 'a', count: 1 });`), /Property 'price' is missing/],
  ['a column that is not there', inMaterializer(`cx.insert(Thing, { ...row, colour: 'red' });`), /'colour' does not exist in type/],
  ['a column that is not there, read', inMaterializer(`cx.get(Thing, 'a')?.colour;`), /Property 'colour' does not exist/],
  ['a row that may not be there', inMaterializer(`cx.get(Thing, 'a').count;`), /Object is possibly 'undefined'/],
  ['a null for a column that has none', inMaterializer('cx.insert(Thing, { ...row, count: null });'), /Type 'null' is not assignable to type 'number'/],
  ['a table by its name alone', inMaterializer(`cx.get('thing', 'a');`), /Argument of type 'string' is not assignable to parameter of type 'Table</],
  ['an index that is not there', inMaterializer(`cx.find(Thing).by('by_colour');`), /Argument of type '"by_colour"' is not assignable to parameter of type '"by_count"'/],
  ['an index over a column that is not there', `Thing.index('by_colour', ['colour']);`, /Type '"colour"' is not assignable/],
  ['a key of the wrong type', inMaterializer('cx.get(Thing, 5);'), /Argument of type 'number' is not assignable to parameter of type 'string'/],
  ['a column of the key left out', inMaterializer(`cx.get(Day, { currency: 'EUR' });`), /Property 'day' is missing/],
  ['a single value for a key of two', inMaterializer(`cx.get(Day, 'EUR');`), /Argument of type 'string' is not assignable/],
  ['a payload with a field left out', `Made({ what: '' });`, /Property 'n' is missing/],
  ['a payload with an unknown field', `Made({ what: '', n: 1, m: 2 });`, /'m' does not exist in type/],
  ['a field that the payload has not', inMaterializer('data.colour;'), /Property 'colour' does not exist/],
  ['a task with a wrong payload', inMaterializer('cx.enqueue(Mail({ to: 5 }));'), /Type 'number' is not assignable to type 'string'/],
  ['a write in a creator', inCreator(`cx.insert(Thing, row); return [];`), /Property 'insert' does not exist on type 'Creation'/],
  ['the time in a materializer', inMaterializer('cx.now();'), /Property 'now' does not exist on type 'Materialization'/],
  ['a creator without an answer', inCreator(''), /Type 'void' is not assignable to type 'NewEvent\[\]'/],
  ['one event, not an array', inCreator(`return Made({ what: '', n: 1 });`), /not assignable to type 'NewEvent\[\]'|is missing the following properties from type 'NewEvent\[\]'/],
  ['an async creator', 'base.create(Make, async () => []);', /Promise<never\[\]>' is (not assignable to type|missing the following properties from type) 'NewEvent\[\]'/],
  ['a command for an event', 'base.materialize(Make, () => {});', /'CommandType<.*is not assignable to parameter of type 'EventType/],
  ['a plugin without a version', `plugin({ name: 'mistakes', changes: [] });`, /Property 'version' is missing/],
  ['a number and a bigint in one sum', inMaterializer(`cx.insert(Thing, { ...row, price: 5n + data.n });`), /Operator '\+' cannot be applied to types '5n' and 'number'/],
];

test('TypeScript finds a mistake, and says which', () => {
  // Within this package, so that the compiler finds it.
  const folder = here('../.mistakes');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  try {
    ROWS.forEach(([mistake, code], at) => writeFileSync(join(folder, `m${at}.ts`), `// ${mistake}\n${GOOD}\n${code}\nexport {};\n`));
    writeFileSync(join(folder, 'good.ts'), `${GOOD}${inMaterializer(`cx.insert(Thing, row); cx.get(Day, { currency: 'EUR', day: data.what });`)}${inCreator(`return data.what === '' ? reject('no', 'no') : [about('a', Made({ what: '', n: 1 }))];`)}\n`);
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../test/tsconfig.json', include: ['*.ts'] }));
    const { stdout } = spawnSync(process.execPath, [here('../node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
    const told = (file: string): string => {
      const [, words = ''] = new RegExp(`(?:^|/)${file}\\.ts\\(\\d+,\\d+\\): error TS\\d+: ((?:.*\\n?(?!\\S*\\.ts\\())*)`, 'm').exec(stdout) ?? [];
      return words;
    };
    assert.equal(told('good'), '', stdout);
    ROWS.forEach(([mistake, , words], at) => assert.match(told(`m${at}`), words, mistake));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
