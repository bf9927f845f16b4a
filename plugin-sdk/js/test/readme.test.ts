// The steps of README.md, carried out in an empty folder.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DAYBOOK } from './book.ts';

const skip = DAYBOOK === undefined ? 'DAYBOOK does not name the command daybook' : false;
const SOURCE = new URL('../../..', import.meta.url).pathname;

/** Whether lines are as they are shown; a line that is `…` stands for any number of lines. */
function isShown(shown: string[], printed: string[]): boolean {
  if (shown.length === 0) return printed.length === 0;
  const [first, ...rest] = shown;
  if (first === '…') return printed.some((_, at) => isShown(rest, printed.slice(at))) || isShown(rest, []);
  const pattern = new RegExp(`^${first!.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
  return printed.length > 0 && pattern.test(printed[0]!.trimEnd()) && isShown(rest, printed.slice(1));
}

test('the steps of README.md print what it shows', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-js-readme-'));
  try {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(DAYBOOK!, join(folder, 'bin/daybook'));
    symlinkSync(SOURCE, join(folder, 'daybook'));
    const { NODE_OPTIONS: _, NODE_TEST_CONTEXT: __, ...env } = process.env;
    const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const steps = text.slice(0, text.indexOf('\n## What you write'));
    for (const [, file, language, block] of steps.matchAll(/(?:`([^`\n]+)`:\n\n)?```(\w+)\n(.*?)```/gs)) {
      if (language === 'ts' && file !== undefined) {
        mkdirSync(dirname(join(folder, file)), { recursive: true });
        writeFileSync(join(folder, file), block!);
      }
      if (language !== 'console') continue;
      for (const step of block!.split(/^\$ /m).slice(1)) {
        const [line, ...shown] = step.trimEnd().split('\n');
        const [, words, code] = /^(.*?)(?:\s+# exit code (\d+))?$/.exec(line!)!;
        // The package is made already: the tests run from it.
        if (words!.startsWith('(cd daybook/')) continue;
        const { status, stdout, stderr } = spawnSync('bash', ['-c', words!], { cwd: folder, encoding: 'utf8', env: { ...env, PATH: `${folder}/bin:${env['PATH']}` } });
        assert.equal(status, Number(code ?? 0), `$ ${words}\n${stdout}${stderr}`);
        // npm talks of itself on the other stream.
        const printed = `${stdout}${words!.includes('npm') ? '' : stderr}`.trimEnd().split('\n');
        const isAsShown = isShown(shown, printed);
        assert.ok(isAsShown, `$ ${words}\nprinted\n${printed.join('\n')}\nREADME.md shows\n${shown.join('\n')}`);
      }
    }
    const skeleton = readFileSync(join(folder, 'visits/2024-01-01/plugin.ts'), 'utf8');
    assert.ok(text.includes(skeleton.slice(skeleton.indexOf('import'))), 'README.md shows the plugin of the skeleton');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
