// Names that differ in blanks alone: in Node, over a log, and in a book in which the version below is the one in Rust.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { replayDiff, scenario } from '@daybook/sdk/testing';
import members, { Member, Register, Registered } from '../plugin.ts';
import first from './first.ts';

test('a name is the same with more blanks or fewer', () => {
  scenario(members, first)
    .when(Register({ member: 'm1', name: '  Ada   Novak ' }))
    .thenEvents(Registered({ member: 'm1', name: 'Ada Novak' }))
    .when(Register({ name: 'ada novak ' }))
    .thenRejected('name-taken')
    .when(Register({ name: '   ' }))
    .thenRejected('name-blank');
});

test('whoever has had such a name has their id behind it', () => {
  scenario(members, first)
    .given(Registered({ member: 'm1', name: 'Ada ' }), Registered({ member: 'm2', name: 'Ada' }))
    .thenRows(Member, [
      { folded: 'ada', member: 'm1', name: 'Ada' },
      { folded: 'ada (m2)', member: 'm2', name: 'Ada (m2)' },
    ]);
});

const daybook = process.env['DAYBOOK'];
// The crate, or its component: where the crate's workspace is not here, a component is named.
const below = process.env['MEMBERS_2020_01_01'] ?? '../2020-01-01';
const skip = daybook === undefined ? 'DAYBOOK does not name the command daybook' : false;

test('over a log, names with blanks differ and nothing else', { skip }, () =>
  replayDiff({ base: below, candidate: '.', over: 'tests/members.jsonl', expect: 'expect.toml' }));

test('in a book, the version in Rust answers with what this one asks of it', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'members-'));
  const book = join(folder, 'book');
  const run = (code: number, command: string, ...words: string[]): string => {
    const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
    assert.equal(status, code, `${command} ${words.join(' ')}\n${stdout}${stderr}`);
    return `${stdout}${stderr}`;
  };
  try {
    const files = { '2020-01-01': join(folder, 'first.wasm'), '2021-01-01': join(folder, 'second.wasm') };
    if (below.endsWith('.wasm')) copyFileSync(below, files['2020-01-01']);
    else run(0, daybook!, 'plugin', 'build', below, '--out', files['2020-01-01']);
    run(0, 'npx', 'daybook-js', 'build', '.', '--out', files['2021-01-01']);
    run(0, daybook!, 'init', book);
    for (const [date, file] of Object.entries(files)) {
      run(0, daybook!, 'load', book, file);
      run(0, daybook!, 'activate', book, `members@${date}`);
    }
    assert.match(run(0, daybook!, 'run', book, 'members.Register', '{"member": "m1", "name": "  Ada  Novak "}'), /"name":"Ada Novak"/);
    assert.match(run(0, daybook!, 'run', book, 'members.Register', '{"name": "Eve"}'), /"member":"[0-9a-f-]{36}"/);
    assert.match(run(4, daybook!, 'run', book, 'members.Register', '{"name": "ada novak"}'), /rejected: name-taken: 'ada novak' is somebody's name already/);
    assert.match(run(4, daybook!, 'run', book, 'members.Register', '{"name": "  "}'), /rejected: name-blank/);
    // Invitations are the version below's alone.
    run(0, daybook!, 'run', book, 'members.Invite', '{"invitation": "ball"}');
    assert.match(run(0, daybook!, 'verify', book), /events hold/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
