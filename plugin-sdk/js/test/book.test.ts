// Plugins built into components, in a real book. DAYBOOK=/path/to/daybook npm test

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify, type Json } from '@daybook/sdk';
import { build } from '@daybook/sdk/build';
import { scenario } from '@daybook/sdk/testing';
import { Book, DAYBOOK } from './book.ts';
import workout2, * as second from './workout2/plugin.ts';
import workout, { Found, Thing, Tried } from './workout/plugin.ts';

const here = (path: string): string => new URL(path, import.meta.url).pathname;
const skip = DAYBOOK === undefined ? 'DAYBOOK does not name the command daybook' : false;

test('a plugin of deposits is loaded, runs commands, and its book verifies', { skip }, async () => {
  const { version, bytes } = await build(here('deposit'));
  const book = new Book();
  try {
    book.use(version, bytes);
    const run = (code: number, data: string): string => book.runFor(code, 'run', book.path, 'deposit.Deposit', data);
    run(0, '{"account": 1, "amount": 5000}');
    run(0, '{"account": 1, "amount": 9007199254740993}');
    run(0, '{"account": 2, "amount": 7}');
    assert.match(run(5, '{"account": 1, "amount": 9223372036854775807}'), /failed: balance-too-large: 9007199254745993 cents/);
    assert.match(run(3, '{"account": 1, "amount": -1}'), /minimum/);
    assert.deepEqual(book.query('SELECT * FROM deposit_account ORDER BY id'), [
      { id: 1, balance: 9007199254745993n, last_seq: 4 },
      { id: 2, balance: 7, last_seq: 5 },
    ]);
    assert.match(book.run('verify', book.path), /5 events hold/);
  } finally {
    book.remove();
  }
});

test('the same source in two folders gives the same bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-js-'));
  try {
    cpSync(here('deposit'), join(folder, 'a/longer/path'), { recursive: true });
    const [one, two] = [await build(here('deposit')), await build(join(folder, 'a/longer/path'))];
    assert.equal(one.sha256, two.sha256);
    assert.ok(!Buffer.from(one.bytes).includes(here('.')), 'the folder is not in the component');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const DEEDS = ['fill', 'read', 'find', 'refuse', 'guard', 'tasks', 'update', 'numbers'];

test('handlers see the same in a component as in tests without one', { skip }, async () => {
  const story = scenario(workout);
  for (const what of DEEDS) story.given(Tried({ what }));
  const native = story.rows(Found).map(({ name, what }) => [name, what] as const);
  const { version, bytes } = await build(here('workout'));
  const book = new Book();
  try {
    book.use(version, bytes);
    for (const what of DEEDS) book.run('run', book.path, 'workout.Try', stringify({ what }));
    const inBook = book.query('SELECT name, what FROM workout_found ORDER BY name').map((row) => {
      const { name, what } = row as { name: string; what: string };
      return [name, parse(what)] as const;
    });
    assert.deepEqual(inBook, native.map(([name, what]) => [name, parse(stringify(what))]));
    assert.ok(inBook.every(([name, what]) => name !== 'numbers' || (what as Json[]).every((isKept) => isKept === true)));
    assert.equal(book.query('SELECT * FROM workout_thing').length, story.rows(Thing).length);
    assert.match(book.run('show', book.path, '8'), /mail/);
    assert.match(book.run('verify', book.path), /events hold/);
    assert.match(book.runFor(4, 'run', book.path, 'workout.Try', '{"what": "forbidden"}'), /rejected: no: not today/);
    book.run('run', book.path, 'workout.Try', '{"what": "id"}');
    const thrown = book.runFor(5, 'run', book.path, 'workout.Try', '{"what": "throw"}');
    assert.match(thrown, /failed: exception: TypeError: /);
    const line = readFileSync(here('workout/plugin.ts'), 'utf8').split('\n').findIndex((line) => line.includes('nobody[0]')) + 1;
    assert.ok(thrown.includes(`plugin.ts:${line}`), thrown);
    assert.match(book.runFor(5, 'run', book.path, 'workout.Try', '{"what": "promise"}'), /async/);
    assert.match(book.runFor(5, 'run', book.path, 'workout.Try', '{"what": "recurse"}'), /stack overflow/);
  } finally {
    book.remove();
  }
});

test('a component has just the interfaces that its plugin needs', { skip }, async () => {
  const { version, bytes } = await build(here('deposit'));
  const book = new Book();
  try {
    book.use(version, bytes);
    const file = join(book.folder, `${version}.wasm`);
    const imports = book.run('plugin', 'inspect', file);
    assert.match(imports, /daybook:plugin\/changes@1\.0\.0/);
    assert.doesNotMatch(imports, /state-sql|wasi:/);
  } finally {
    book.remove();
  }
});

test('the contract in this package is the one of the host', () => {
  for (const name of ['creator', 'materializer', 'state', 'types', 'worlds']) {
    const ours = readFileSync(here(`../wit/${name}.wit`), 'utf8');
    assert.equal(ours, readFileSync(here(`../../../wit/v1/${name}.wit`), 'utf8'));
  }
});


test('a second version runs the one below, catches what it throws, and asks in SQL', { skip }, async () => {
  const book = new Book();
  try {
    for (const folder of ['deposit', 'workout', 'workout2']) {
      const { version, bytes } = await build(here(folder));
      book.use(version, bytes);
    }
    book.run('run', book.path, 'deposit.Deposit', '{"account": 1, "amount": 9007199254740993}');
    for (const what of ['read', 'fill', 'read', 'read', 'else', 'money', 'twice', 'forbidden']) book.run('run', book.path, 'workout.Try', stringify({ what }));
    const rows = book.query("SELECT name, times, what FROM workout_found WHERE name <> 'read' ORDER BY name") as { name: string; times: number; what: string }[];
    assert.deepEqual(rows.map(({ name, times }) => [name, times]), [['guard', 1], ['money', 0], ['twice', 2]]);
    assert.deepEqual(parse(rows[1]!.what), { sum: 9007199254740993n, n: 1, given: 'ž', first: 9007199254740993n });
    assert.match(book.run('verify', book.path), /events hold/);
  } finally {
    book.remove();
  }
});

test('a version and the one below run natively as well', () => {
  scenario(workout2, workout)
    .when(second.Try({ what: 'forbidden' }))
    .thenEvents(second.Tried({ what: 'nothing' }))
    .when(second.Try({ what: 'else' }))
    .whenEvent(second.Tried({ what: 'fill' }))
    .whenEvent(second.Tried({ what: 'fill' }))
    .thenRow(second.Found, { name: 'fill', what: 'row-exists: thing already has a row {"shelf":"a","place":0}: cx.upsert(..) would replace it', times: 1 });
});
