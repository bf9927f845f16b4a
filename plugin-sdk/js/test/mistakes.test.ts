// Mistakes that an author makes in handlers, and the words that tell of each: in tests in Node, and in a component.
// Mistakes that TypeScript finds are in mistakes-types.test.ts, those that a build finds in mistakes-build.test.ts.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from '@daybook/sdk/build';
import { scenario } from '@daybook/sdk/testing';
import { Book, DAYBOOK } from './book.ts';
import mistakes, { inComponentsAlone, inCreators, inMaterializers, Made, Make } from './mistakes/plugin.ts';

const here = (path: string): string => new URL(path, import.meta.url).pathname;
const skip = DAYBOOK === undefined ? 'DAYBOOK does not name the command daybook' : false;

/** A mistake of mistakes/plugin.ts, what is told of it in Node, and in a component where that differs. */
type Row = [mistake: string, words: string, inComponent?: string];

const MATERIALIZERS: Row[] = [
  ['a column of the wrong type', 'exception: TypeError: thing.count is "1", and should be a whole number'],
  ['a column left out', 'exception: TypeError: thing.count is missing: give it, or declare it with .nullable() or .default(..)'],
  ['a column that is not there', 'exception: TypeError: table thing has no column colour; it has id, count, price, weight, code'],
  ['a table that is not declared', `exception: TypeError: mistakes@2024-01-01 does not declare the table unknown: name it in \`tables\``],
  ['a table of another plugin, not declared', `exception: TypeError: mistakes@2024-01-01 does not declare the table bank.loan: name it in \`reads\``],
  ['a table of another plugin, written', `exception: TypeError: bank.account is a table of the plugin bank, which alone writes it: mistakes@2024-01-01 can have it in \`reads\`, and run that plugin's commands by cx.runNow(..)`],
  ['a key that is there', 'row-exists: thing already has a row {"id":"a"}: cx.upsert(..) would replace it'],
  ['a value that is not unique', 'unique-violated: another row of thing has the values of {"id":"b"} in its unique index by_code'],
  ['a row that is not there, changed', 'row-missing: thing has no row "nobody": cx.get(..) tells whether there is one'],
  ['an index that is not there', 'exception: TypeError: table thing has no index by_colour; it has by_code'],
  ['more values than the key has', 'exception: TypeError: 2 values to find rows of thing over (id): give at most one'],
  ['a column of the key left out', 'exception: TypeError: day.day is missing: give it, or declare it with .nullable() or .default(..)'],
  ['a single value for a key of two', 'exception: TypeError: the key of day has several columns, so it is an object: { currency, day }'],
  ['a number for a bigint', 'exception: TypeError: thing.price is 5, and should be a bigint: 5n, or BigInt(..)'],
  ['a bigint for a number', 'exception: TypeError: thing.count is 5n, and should be a number: 5, or Number(..)'],
  ['a bigint beyond 64 bits', 'exception: RangeError: thing.price is 9223372036854775808, which does not fit 64 bits: -9223372036854775808 to 9223372036854775807'],
  ['a number beyond 2^53', 'exception: RangeError: thing.count is 9007199254740992, beyond 2^53, where digits are lost: make it t.i64()'],
  ['a fraction for a whole number', 'exception: TypeError: thing.count is 0.5, and should be a whole number'],
  ['NaN', 'exception: TypeError: thing.weight is NaN, and should be a finite number'],
  ['a bigint and a number in one sum', 'exception: TypeError: Cannot mix BigInt and other types, use explicit conversions; make a bigint of a number by BigInt(n), or a number of a bigint by Number(n)', 'exception: TypeError: cannot convert BigInt to number; make a bigint of a number by BigInt(n), or a number of a bigint by Number(n)'],
  ['a Date for a day', 'exception: TypeError: day.day is a Date, and should be a text: take toISOString() of it, or the first ten letters of that'],
  ['the clock', `exception: GuardError: Date.now() is not there for handlers, which give the same for the same event, always: use the event's own time, or cx.now() in a creator`],
  ['a date of now', `exception: GuardError: new Date() is not there for handlers, which give the same for the same event, always: use the event's own time, or cx.now() in a creator`],
  ['a date in the time zone of the machine', `exception: GuardError: new Date(2024, 0, 1) is not there for handlers, which give the same for the same event, always: the time zone is the machine's; use the UTC methods, such as getUTCHours() and Date.UTC(..), or toISOString()`],
  ['a text of a date that names no zone', `exception: GuardError: a date of "2024-01-01T12:00", which names no zone, is not there for handlers, which give the same for the same event, always: the time zone is the machine's; use the UTC methods, such as getUTCHours() and Date.UTC(..), or toISOString()`],
  ['an hour in the time zone of the machine', `exception: GuardError: Date's getHours() is not there for handlers, which give the same for the same event, always: the time zone is the machine's; use the UTC methods, such as getUTCHours() and Date.UTC(..), or toISOString()`],
  ['dice', 'exception: GuardError: Math.random() is not there for handlers, which give the same for the same event, always: use cx.makeId() in a creator; a materializer takes ids from its event'],
  ['an id by crypto', 'exception: GuardError: crypto.randomUUID is not there for handlers, which give the same for the same event, always: use cx.makeId() in a creator; a materializer takes ids from its event'],
  ['a stopwatch', `exception: GuardError: performance.now is not there for handlers, which give the same for the same event, always: use the event's own time, or cx.now() in a creator`],
  ['a timer', 'exception: GuardError: setTimeout() is not there for handlers, which give the same for the same event, always: a handler ends before its host goes on; what is to happen later is a task: cx.enqueue(..)'],
  ['a weak reference', 'exception: GuardError: WeakRef is not there for handlers, which give the same for the same event, always: when memory is freed differs from run to run; keep a Map in the handler'],
  ['a number as a language writes it', `exception: GuardError: Number's toLocaleString() is not there for handlers, which give the same for the same event, always: languages and their rules are the machine's; write the text yourself, and compare with < and >`],
  ['an order as a language has it', `exception: GuardError: String's localeCompare() is not there for handlers, which give the same for the same event, always: languages and their rules are the machine's; write the text yourself, and compare with < and >`],
  ['Intl', `exception: GuardError: Intl.NumberFormat is not there for handlers, which give the same for the same event, always: languages and their rules are the machine's; write the text yourself, and compare with < and >`],
  ['a request', 'exception: GuardError: fetch() is not there for handlers, which give the same for the same event, always: a handler asks nobody outside; what is to be asked or told is a task: cx.enqueue(..)'],
  ['a variable of the environment', 'exception: GuardError: process.env is not there for handlers, which give the same for the same event, always: a handler asks nobody outside; what is to be asked or told is a task: cx.enqueue(..)'],
  ['a line on the console', 'exception: GuardError: console.log is not there for handlers, which give the same for the same event, always: nobody reads it there; use cx.info(..), cx.warn(..) or cx.log(..)'],
  ['a promise', 'exception: TypeError: the handler of mistakes.Made is async, and a handler ends before its host goes on: take the async and await away'],
  ['an exception of the language', `exception: TypeError: Cannot read properties of undefined (reading 'name')`, `exception: TypeError: cannot read property 'name' of undefined`],
  ['an exception of the author', 'exception: RangeError: a shelf has nine places'],
  ['a text that is thrown', 'exception: "too late" was thrown, which is no Error and so has no line: throw new Error(..), or call fail(code, message)'],
  ['a rejection of what has happened', 'too-late: the shop is closed'],
  ['previous in a first version', `exception: TypeError: mistakes@2024-01-01 extends no version, so that cx.previous has none to run on mistakes.Made: name one in \`extends\``],
  ['a task that is not declared', `exception: TypeError: mistakes@2024-01-01 does not declare tasks of the kind fax: name it in \`tasks\``],
  ['a task with a wrong payload', 'exception: TypeError: mail.to is 5, and should be a text'],
  ['a task with an unknown member', 'exception: TypeError: mail.cc: there is no such field; there are to'],
  ['a command that follows, not declared', `exception: TypeError: mistakes@2024-01-01 does not declare tasks of the kind daybook.command: name RunLater in \`tasks\``],
  ['JSON without a form', 'exception: TypeError: Made.what is a function, and should be a text'],
  ['recursion without an end', 'exception: RangeError: Maximum call stack size exceeded; a function calls itself too often, perhaps without an end', 'trapped: stack overflow: its recursion needs more than 512 KiB'],
];

/** They would stop a test as well, so that they are made in a component alone. */
const COMPONENTS_ALONE: Row[] = [
  ['a loop without an end', 'ran out of fuel: one call may use 2000000000 units'],
  ['more memory than there is', 'exception: InternalError: out of memory; keep less at once, as cx.find(..).each(..) does'],
];

const CREATORS: Row[] = [
  ['no answer', 'exception: TypeError: the handler of mistakes.Make answers with nothing, and should answer with an array of events: return [Deposited({ .. })], or [] for none'],
  ['one event, not an array', 'exception: TypeError: the handler of mistakes.Make answers with the event Made, and should answer with an array of events: return [Deposited({ .. })], or [] for none'],
  ['a type, not an event', 'exception: TypeError: the handler of mistakes.Make answers with an array with the event Made without its payload in it, and should answer with an array of events: return [Deposited({ .. })], or [] for none'],
  ['an object, not an event', 'exception: TypeError: the handler of mistakes.Make answers with an array with an object in it, and should answer with an array of events: return [Deposited({ .. })], or [] for none'],
  ['a promise of events', 'exception: TypeError: the handler of mistakes.Make is async, and a handler ends before its host goes on: take the async and await away'],
  ['an event that is not declared', `exception: TypeError: the handler of mistakes.Make answers with mistakes.Undeclared, which mistakes@2024-01-01 does not declare: give it a handler by .materialize(..), or name it in \`events\``],
  ['an event of another plugin', 'exception: TypeError: the handler of mistakes.Make answers with bank.Paid, an event of another plugin, which alone can say that it happened: run a command of that plugin, by cx.runNow(..) in a materializer'],
  ['a payload below its minimum', 'schema: mistakes.Numbered.n is -1, below the minimum 0', `payload of 'mistakes.Numbered' does not fit its schema at '/n': -1 is less than the minimum of 0`],
  ['a write', `exception: TypeError: cx.insert is not there for the handler of a command, which changes nothing itself: answer with an event, and do it in the event's handler`],
  ['previous of a first version', `exception: TypeError: mistakes@2024-01-01 extends no version, so that cx.previous has none to run on mistakes.Make: name one in \`extends\``],
  ['an exception in a creator', 'exception: no shelf is free'],
];

/** What is wrong with the whole of a handler's work, or stops it, has no line: it names the handler. */
const WITHOUT_LINE = /^the handler of|which is no Error|^trapped|^ran out|^payload of|^schema: |: the handler of/;

const source = readFileSync(here('mistakes/plugin.ts'), 'utf8').split('\n');

/** Whether a trace names a line of the mistake's own function. */
function hasLine(mistake: string, trace: string): boolean {
  const first = source.findIndex((line) => line.startsWith(`  '${mistake}': `) || line.startsWith(`  ${mistake}: `)) + 1;
  assert.ok(first > 0, `mistakes/plugin.ts makes the mistake ${mistake}`);
  return [...trace.matchAll(/plugin\.ts:(\d+)/g)].some(([, line]) => Number(line) >= first && Number(line) <= first + 4);
}

function check(mistake: string, words: string, told: string, trace: string): void {
  assert.equal(told, words, mistake);
  if (!WITHOUT_LINE.test(words)) assert.ok(hasLine(mistake, trace), `${mistake}: the trace names no line of it:\n${trace}`);
}

test('every mistake is in the table, once', () => {
  const names = (rows: Row[]): string[] => rows.map(([mistake]) => mistake);
  assert.deepEqual(names(MATERIALIZERS), Object.keys(inMaterializers));
  assert.deepEqual(names(COMPONENTS_ALONE), Object.keys(inComponentsAlone));
  assert.deepEqual(names(CREATORS), Object.keys(inCreators));
});

test('a mistake in a handler is told in Node, with its line', () => {
  for (const [rows, make] of [[MATERIALIZERS, Made], [CREATORS, Make]] as const) {
    for (const [what, words] of rows) {
      const story = scenario(mistakes);
      const { failure } = make === Made ? story.whenEvent(Made({ what })) : story.when(Make({ what }));
      assert.ok(failure !== null, `${what} fails`);
      check(what, words, `${failure.code}: ${failure.message}`, failure.trace ?? '');
    }
  }
});

test('a mistake in a handler is told by a component, with its line', { skip }, async () => {
  const { version, bytes } = await build(here('mistakes'));
  const book = new Book();
  try {
    book.use(version, bytes);
    const file = join(book.folder, 'event.jsonl');
    const tell = (rows: Row[], what: RegExp, run: (data: string) => string): void => {
      for (const [mistake, words, inComponent = words] of rows) {
        const [, told = '', trace = ''] = what.exec(run(JSON.stringify({ what: mistake }))) ?? [];
        check(mistake, inComponent, told.replace(/^failed: /, ''), trace);
      }
    };
    tell([...MATERIALIZERS, ...COMPONENTS_ALONE], /\(mistakes\.Made\):? (.*)\n([^]*)/, (data) => {
      writeFileSync(file, `{"type": "mistakes.Made", "data": ${data}}`);
      return book.runFor(5, 'append', book.path, file);
    });
    tell(CREATORS, /command mistakes\.Make:? (.*)\n([^]*)/, (data) => book.runFor(5, 'run', book.path, 'mistakes.Make', data));

    // What does not fit a schema never comes to a handler.
    writeFileSync(file, '{"type": "mistakes.Made", "data": {"what": 5}}');
    assert.match(book.runFor(3, 'append', book.path, file), /payload of 'mistakes\.Made' does not fit its schema at '\/what': 5 is not of type "string"/);
    assert.match(book.runFor(3, 'run', book.path, 'mistakes.Make', '{"wat": 1}'), /Additional properties are not allowed \('wat' was unexpected\)/);
    assert.match(book.runFor(3, 'run', book.path, 'mistakes.Nothing', '{}'), /command type 'mistakes\.Nothing' is not known to this book\nhint: known command types: mistakes\.Make/);
  } finally {
    book.remove();
  }
});

test('a Set of objects has an order, which is that of insertion: no mistake', () => {
  const set = new Set([{ n: 2 }, { n: 1 }, { n: 3 }]);
  assert.deepEqual([...set].map(({ n }) => n), [2, 1, 3]);
});

test('a command that no version answers, and a payload that does not fit, are told in Node', () => {
  const { failure } = scenario(mistakes).when({ type: 'Nothing', data: {} });
  assert.equal(failure?.message, 'no version answers mistakes.Nothing: give it a handler by .create(..)');
  assert.equal(scenario(mistakes).when({ type: 'Make', data: { wat: 1 } }).failure?.message, 'mistakes.Make.what is missing');
  assert.equal(scenario(mistakes).when({ type: 'Make', data: { what: '', wat: 1 } }).failure?.message, 'mistakes.Make.wat: the schema has no such member');
});
