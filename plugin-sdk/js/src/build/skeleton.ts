// The skeleton of a new plugin, from the folder `template`: one that works as it stands. `daybook plugin new` has the same.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError } from './index.js';

const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const FILES = ['.gitignore', 'README.md', 'package.json', 'plugin.ts', 'tests/plugin.test.ts', 'tsconfig.json'];

/** Writes the skeleton and returns the names of its files. */
export function skeleton(name: string, folder: string, date: string): string[] {
  if (!/^[a-z][a-z0-9]*$/.test(name)) throw new BuildError(`a plugin's name has small letters and digits, and begins with a letter: ${name} does not`);
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) throw new BuildError(`a version is a day, such as 2024-06-01: ${date} is none`);
  if (existsSync(join(folder, 'package.json'))) throw new BuildError(`${folder} has a package.json already: name a new folder`);
  const own = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
  const sdk = relative(resolve(folder), PACKAGE).replaceAll('\\', '/');
  const marks = { ...own.devDependencies, name, version: date, sdk };
  return FILES.map((file) => {
    const template = join(PACKAGE, 'template', `${file.replace(/^\./, '')}.tmpl`);
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Object.entries(marks).reduce((text, [mark, value]) => text.replaceAll(`{{${mark}}}`, value), readFileSync(template, 'utf8')));
    return path;
  });
}
