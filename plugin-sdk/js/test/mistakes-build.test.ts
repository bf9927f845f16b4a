// Mistakes in what a plugin declares and in its files: told when the file is read, when it is built, or when a book loads it.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { command, event, plugin, t, table, task, type Plugin } from '@daybook/sdk';
import { build } from '@daybook/sdk/build';
import { Book, DAYBOOK } from './book.ts';

const about = { name: 'mistakes', version: '2024-01-01', changes: [] };
const Thing = table('thing', { id: t.text().key() });
const Made = event('Made', 'It was made.', {});
const Make = command('Make', 'Make it.', {});
const base = (): Plugin => plugin(about);

/** Told wherever the author's file is read: by a test in Node, and by the build. */
const DECLARED: [mistake: string, make: () => unknown, words: string][] = [
  ['a name with a capital letter', () => plugin({ ...about, name: 'Mistakes' }), `the plugin's name is "Mistakes", and has small letters and digits alone, a letter first: deposit`],
  ['a version that is no day', () => plugin({ ...about, version: '1.0.0' }), 'the plugin\'s `version` is "1.0.0", and is a day of the calendar: 2024-06-01'],
  ['a day that is not in the calendar', () => plugin({ ...about, version: '2024-02-30' }), 'the plugin\'s `version` is "2024-02-30", and is a day of the calendar: 2024-06-01'],
  ['a version that extends a later one', () => plugin({ ...about, extends: '2025-01-01' }), 'mistakes@2024-01-01 extends 2025-01-01, and a version can only extend an earlier one'],
  ['a table without a key', () => plugin({ ...about, tables: [table('thing', { id: t.text() })] }), 'table thing has no key: mark a column with .key()'],
  ['a table twice', () => plugin({ ...about, tables: [Thing, Thing] }), 'thing is in `tables` twice: name it once'],
  ['a table of another plugin among its own', () => plugin({ ...about, tables: [table('bank.loan', { id: t.int().key() })] }), "table bank.loan is another plugin's: it belongs into `reads`"],
  ['an own table among those of others', () => plugin({ ...about, reads: [Thing] }), 'table thing in `reads` is not named in full: plugin.thing'],
  ['a column with a capital letter', () => table('thing', { Id: t.text().key() }), "table thing, column Id: a column's name has small letters, digits and _, and begins with a letter"],
  ['a table with a space', () => table('a thing', { id: t.text().key() }), "a table's name has small letters, digits and _, and begins with a letter: \"a thing\" does not"],
  ['an event with a small letter', () => event('made', '', {}), 'an event\'s name has letters and digits, and begins with a capital letter: "made" does not'],
  ['an index over a column that is not there', () => Thing.index('by_colour', ['colour' as never]), 'table thing has no column colour, over which the index by_colour should be; it has id'],
  ['an index twice', () => table('thing', { id: t.text().key(), n: t.int().index() }).index('by_n', ['n']), 'table thing has two indexes by_n: name one of them otherwise'],
  ['an event in two declarations', () => base().materialize(Made, () => {}).materialize(event('Made', 'Again.', {}), () => {}), 'mistakes.Made has two handlers in mistakes@2024-01-01: make them one'],
  ['an event declared otherwise in `events`', () => plugin({ ...about, events: [event('Made', 'Again.', {})] }).materialize(Made, () => {}).describe(), "mistakes.Made is declared twice in mistakes@2024-01-01, by its handler and in `events`: declare it once, as event('Made', ..), and use that"],
  ['a command with two handlers', () => base().create(Make, () => []).create(Make, () => []), 'mistakes.Make has two handlers in mistakes@2024-01-01: make them one'],
  ['a command of another plugin', () => base().create(command('bank.Pay', '', {}), () => []), 'mistakes@2024-01-01 cannot answer bank.Pay, a command of the plugin bank: name it without a dot'],
  ['a type without a handler', () => base().create(Make, undefined as never), '.create(Make, ..) of mistakes@2024-01-01 is given nothing for a handler, and takes a function'],
  ['a command for an event', () => base().materialize(Make as never, () => {}), '.materialize(..) of mistakes@2024-01-01 is given the command Make without its payload, and takes a type that event(..) made'],
  ['an async handler', () => base().materialize(Made, async () => {}), 'the handler of mistakes.Made is async, and a handler ends before its host goes on: take the async and await away'],
  ['a generator', () => base().materialize(Made, function* () {} as never), 'the handler of mistakes.Made is a generator, of which nothing would run: take the * away'],
  ['a task twice', () => plugin({ ...about, tasks: [task('mail', '', {}), task('mail', '', {})] }), 'mail is in `tasks` twice: name it once'],
  ['bytes in a payload', () => event('Made', '', { picture: t.blob() }), 'Made.picture: JSON has no bytes; t.blob() is for columns'],
  ['a column of a list of bytes', () => table('thing', { id: t.text().key(), all: t.array(t.blob()) }), 'JSON has no bytes; t.blob() is for columns'],
];

test('a mistake in a declaration is told when the file is read', () => {
  for (const [mistake, make, words] of DECLARED) {
    assert.throws(make, (error) => {
      assert.equal((error as Error).message, words, mistake);
      return error instanceof TypeError;
    }, mistake);
  }
});

const GOOD = `import { event, plugin, t } from '@daybook/sdk';
const Made = event('Made', 'It was made.', { what: t.text() });
`;
const HANDLED = (code: string): string => `${GOOD}export default plugin({ name: 'mistakes', version: '2024-01-01', changes: [] }).materialize(Made, () => { ${code} });\n`;

/** Told by the build. */
const BUILT: [mistake: string, file: string, words: RegExp][] = [
  ['no default export', `${GOOD}export const p = plugin({ name: 'mistakes', version: '2024-01-01', changes: [] });`, /plugin\.ts has no plugin: export default plugin\(\{ \.\. \}\)/],
  ['something else exported', 'export default { name: "mistakes" };', /plugin\.ts has no plugin: export default plugin\(\{ \.\. \}\)/],
  ['no handler', `${GOOD}export default plugin({ name: 'mistakes', version: '2024-01-01', changes: [] });`, /mistakes@2024-01-01 handles nothing: add \.materialize\(Event, \.\.\) or \.create\(Command, \.\.\)/],
  ['files', `import { readFileSync } from 'node:fs';\n${HANDLED('readFileSync("x")')}`, /node:fs is not there in a component, which has neither files nor a network/],
  ['files by their short name', `import { readFileSync } from 'fs';\n${HANDLED('readFileSync("x")')}`, /fs is not there in a component, which has neither files nor a network/],
  ['a package that is not installed', `import x from 'left-pad';\n${HANDLED('x()')}`, /Could not resolve "left-pad"/],
  ['the testing part in a plugin', `import { scenario } from '@daybook/sdk/testing';\n${HANDLED('scenario')}`, /@daybook\/sdk\/testing is not for components: a plugin's files import '@daybook\/sdk' alone/],
  ['a file loaded while a handler runs', HANDLED(`import('./other.ts');`), /plugin\.ts:3:\d+: .*import\(\.\.\) loads a file while a handler runs.*: import it at the top/s],
  ['a file whose name is made while a handler runs', HANDLED('const name = "./other.ts"; import(name);'), /import\(\.\.\) loads a file while a handler runs.*: import it at the top/s],
  ['what is no TypeScript', `${GOOD}export default plugin({`, /plugin\.ts:3:\d+: ERROR: Expected identifier but found end of file/],
  ['the clock outside handlers', `${HANDLED('')}export const begun = Date.now();`, /Date\.now\(\) is not there for handlers.*\n.*plugin\.ts:4/],
  ['an invalid declaration', HANDLED('').replace('2024-01-01', 'v1'), /the plugin's `version` is "v1", and is a day of the calendar: 2024-06-01\nat <anonymous> \(plugin\.ts:3\)$/],
  ['an exception outside handlers', `${GOOD}throw new Error('not today');`, /^Error: not today\nat <anonymous> \(plugin\.ts:3\)$/],
];

test('a mistake in a file is told by the build, with the file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-js-mistakes-'));
  try {
    for (const [at, [mistake, file, words]] of BUILT.entries()) {
      const own = join(folder, String(at));
      mkdirSync(own);
      writeFileSync(join(own, 'package.json'), '{ "type": "module", "daybook": "plugin.ts" }');
      writeFileSync(join(own, 'other.ts'), 'export const other = 1;');
      writeFileSync(join(own, 'plugin.ts'), file);
      await assert.rejects(build(own), (error) => {
        assert.match((error as Error).message, words, mistake);
        assert.doesNotMatch((error as Error).message, /data:|base64|unreachable/, mistake);
        return true;
      }, mistake);
    }
    const empty = join(folder, 'empty');
    await assert.rejects(build(empty), /there is no .*empty/);
    mkdirSync(empty);
    await assert.rejects(build(empty), /empty has no package\.json/);
    writeFileSync(join(empty, 'package.json'), '{}');
    await assert.rejects(build(empty), /does not name the plugin's file: "daybook": "plugin\.ts"/);
    writeFileSync(join(empty, 'package.json'), '{ "daybook": "plugin.ts" }');
    await assert.rejects(build(empty), /names plugin\.ts as the plugin's file, and there is none/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const skip = DAYBOOK === undefined ? 'DAYBOOK does not name the command daybook' : false;

test('a mistake between two versions is told by the book', { skip }, async () => {
  const book = new Book();
  try {
    const load = async (code: number, name: string, file: string): Promise<string> => {
      const own = join(book.folder, name);
      mkdirSync(own);
      writeFileSync(join(own, 'package.json'), '{ "type": "module", "daybook": "plugin.ts" }');
      writeFileSync(join(own, 'plugin.ts'), file);
      const { bytes } = await build(own);
      writeFileSync(join(own, 'c.wasm'), bytes);
      return book.runFor(code, 'load', book.path, join(own, 'c.wasm'));
    };
    const extended = HANDLED('').replace(`'2024-01-01'`, `'2024-06-01', extends: '2024-01-01'`);
    assert.match(await load(2, 'alone', extended), /mistakes@2024-06-01 extends mistakes@2024-01-01: mistakes@2024-01-01 is not loaded\nhint: load mistakes@2024-01-01 first/);
  } finally {
    book.remove();
  }
});
