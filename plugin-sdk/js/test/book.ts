// A book in a folder of its own, by the command that the variable DAYBOOK names.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, type Json } from '@daybook/sdk';

export const DAYBOOK = process.env['DAYBOOK'];

export class Book {
  readonly folder = mkdtempSync(join(tmpdir(), 'daybook-js-test-'));
  readonly path = join(this.folder, 'book');

  constructor() {
    this.run('init', this.path);
  }

  /** Runs `daybook` and returns what it printed; fails where it ends otherwise than with the code. */
  runFor(code: number, ...words: string[]): string {
    const { status, stdout, stderr, error } = spawnSync(DAYBOOK!, words, { encoding: 'utf8' });
    assert.equal(error, undefined);
    assert.equal(status, code, `daybook ${words.join(' ')}\n${stdout}${stderr}`);
    return `${stdout}${stderr}`;
  }

  run(...words: string[]): string {
    return this.runFor(0, ...words);
  }

  /** Loads a component and activates it. */
  use(version: string, bytes: Uint8Array): void {
    const file = join(this.folder, `${version}.wasm`);
    writeFileSync(file, bytes);
    this.run('load', this.path, file);
    this.run('activate', this.path, version);
  }

  query(sql: string): Json[] {
    const lines = this.run('query', this.path, sql, '--format', 'json').split('\n');
    return lines.filter((line) => line.startsWith('{')).map(parse);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
