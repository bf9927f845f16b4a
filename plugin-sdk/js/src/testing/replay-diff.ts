// Replay-diffs: what a version changes against the one before it, over a log of events, held to a file of expectations.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from '../build/index.js';

/** What is compared. Paths are seen from the folder in which the tests run. */
export interface ReplayDiff {
  /** The version before: the folder of a plugin, in TypeScript or in Rust, or a component's file. */
  base: string;
  candidate: string;
  /** What both sides need: versions below, other plugins. */
  with?: string[];
  /** A file of events, an event a line, or a book's folder. */
  over: string;
  /** The file that names what is meant to differ. While it is not there, nothing is. */
  expect?: string;
}

/** Compares two versions over a log by the command `daybook`: the one that the variable DAYBOOK names, else that on the PATH.
 * Fails with its report where anything differs that the file does not name, or does not differ that it names. With
 * DAYBOOK_APPROVE=1 the file is written as the comparison came out. */
export async function replayDiff({ base, candidate, with: needed = [], over, expect }: ReplayDiff): Promise<void> {
  const isApproved = !['', '0', undefined].includes(process.env['DAYBOOK_APPROVE']);
  const command = process.env['DAYBOOK'] ?? 'daybook';
  const folder = mkdtempSync(join(tmpdir(), 'daybook-js-'));
  let made = 0;
  try {
    const file = async (path: string): Promise<string> => {
      if (statSync(path).isFile() && path.endsWith('.wasm')) return resolve(path);
      if (existsSync(join(path, 'Cargo.toml'))) {
        const built = join(folder, `${made++}.wasm`);
        const { status, stderr, error } = spawnSync(command, ['plugin', 'build', path, '--out', built], { encoding: 'utf8' });
        if (status !== 0) assert.fail(`${path} is a crate, and could not be built by ${command}: ${error?.message ?? stderr}`);
        return built;
      }
      const { version, bytes } = await build(path);
      const built = join(folder, `${version}.wasm`);
      writeFileSync(built, bytes);
      return built;
    };
    const words = ['diff', over, '--base', await file(base), '--candidate', await file(candidate)];
    for (const each of needed) words.push('--with', await file(each));
    if (expect !== undefined && (isApproved || existsSync(expect))) words.push('--expect', expect, isApproved ? '--approve' : '--strict');
    const { status, stdout, stderr, error } = spawnSync(command, words, { encoding: 'utf8' });
    if (error !== undefined) assert.fail(`a replay-diff runs the command daybook, and ${command} cannot be run (${error.message}): name it in the variable DAYBOOK`);
    if (status === 0) {
      if (isApproved) process.stderr.write(`${stdout}${stderr}`);
      return;
    }
    if (status !== 1) assert.fail(`the replay-diff could not be made\n\n${stderr}\n${command} ${words.join(' ')}`);
    assert.fail(`the replay-diff is not as ${expect ?? 'a file given with `expect`'} says\n\n${stdout}\nIf it is as it should be, approve it, and write the reasons into the file:\n  DAYBOOK_APPROVE=1 npm test`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
