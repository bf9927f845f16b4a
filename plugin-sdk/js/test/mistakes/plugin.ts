// A handler for each mistake that an author can make in one. TypeScript would find most of them, which `any` prevents.

import { command, event, plugin, reject, RunNow, t, table, task } from '@daybook/sdk';

export const Thing = table('thing', {
  id: t.text().key(),
  count: t.int(),
  price: t.money('CZK', 2).default(0n),
  weight: t.real().nullable(),
  code: t.text().nullable().index({ unique: true }),
});
export const Day = table('day', { currency: t.text().key(), day: t.date().key(), rate: t.i64() });
const Unknown = table('unknown', { id: t.text().key() });
const Foreign = table('bank.account', { id: t.int().key(), balance: t.i64() });
const Unread = table('bank.loan', { id: t.int().key() });

export const Made = event('Made', 'A mistake was made.', { what: t.text() });
export const Numbered = event('Numbered', 'A number was given.', { n: t.int({ minimum: 0 }) });
const Undeclared = event('Undeclared', 'No version declares it.', {});
const Paid = event('bank.Paid', 'Another plugin says so.', {});
export const Make = command('Make', 'Make a mistake.', { what: t.text() });
const Mail = task('mail', 'A letter', { to: t.text() });
const Fax = task('fax', 'A letter of old', { to: t.text() });

const good = { id: 'a', count: 1 };

/** Mistakes in a handler of events. */
export const inMaterializers: Record<string, (cx: any) => unknown> = {
  'a column of the wrong type': (cx) => cx.insert(Thing, { ...good, count: '1' }),
  'a column left out': (cx) => cx.insert(Thing, { id: 'a' }),
  'a column that is not there': (cx) => cx.insert(Thing, { ...good, colour: 'red' }),
  'a table that is not declared': (cx) => cx.get(Unknown, 'a'),
  'a table of another plugin, not declared': (cx) => cx.find(Unread).rows(),
  'a table of another plugin, written': (cx) => cx.insert(Foreign, { id: 1, balance: 5n }),
  'a key that is there': (cx) => {
    cx.insert(Thing, good);
    cx.insert(Thing, good);
  },
  'a value that is not unique': (cx) => {
    cx.insert(Thing, { ...good, code: 'x' });
    cx.insert(Thing, { ...good, id: 'b', code: 'x' });
  },
  'a row that is not there, changed': (cx) => cx.update(Thing, 'nobody', () => {}),
  'an index that is not there': (cx) => cx.find(Thing).by('by_colour').rows(),
  'more values than the key has': (cx) => cx.find(Thing).from('a', 'b').rows(),
  'a column of the key left out': (cx) => cx.get(Day, { currency: 'EUR' }),
  'a single value for a key of two': (cx) => cx.get(Day, 'EUR'),
  'a number for a bigint': (cx) => cx.insert(Thing, { ...good, price: 5 }),
  'a bigint for a number': (cx) => cx.insert(Thing, { ...good, count: 5n }),
  'a bigint beyond 64 bits': (cx) => cx.insert(Thing, { ...good, price: 2n ** 63n }),
  'a number beyond 2^53': (cx) => cx.insert(Thing, { ...good, count: 2 ** 53 }),
  'a fraction for a whole number': (cx) => cx.insert(Thing, { ...good, count: 0.5 }),
  NaN: (cx) => cx.insert(Thing, { ...good, weight: 0 / 0 }),
  'a bigint and a number in one sum': (cx) => cx.insert(Thing, { ...good, price: 5n + (cx.get(Thing, 'a')?.count ?? 1) }),
  'a Date for a day': (cx) => cx.insert(Day, { currency: 'EUR', day: new Date(0), rate: 1n }),
  'the clock': () => Date.now(),
  'a date of now': () => new Date(),
  'a date in the time zone of the machine': () => new Date(2024, 0, 1),
  'a text of a date that names no zone': () => new Date('2024-01-01T12:00'),
  'an hour in the time zone of the machine': () => new Date(0).getHours(),
  dice: () => Math.random(),
  'an id by crypto': () => crypto.randomUUID(),
  'a stopwatch': () => performance.now(),
  'a timer': () => setTimeout(() => {}, 1),
  'a weak reference': () => new WeakRef({}),
  'a number as a language writes it': () => (1234.5).toLocaleString(),
  'an order as a language has it': () => ['b', 'a'].sort((a, b) => a.localeCompare(b)),
  Intl: () => new Intl.NumberFormat('cs').format(5),
  'a request': () => fetch('https://example.com'),
  'a variable of the environment': () => process.env['HOME'],
  'a line on the console': () => console.log('here'),
  'a promise': () => Promise.resolve(),
  'an exception of the language': () => ([] as { name: string }[])[0]!.name,
  'an exception of the author': () => {
    throw new RangeError('a shelf has nine places');
  },
  'a text that is thrown': () => {
    throw 'too late';
  },
  'a rejection of what has happened': () => reject('too-late', 'the shop is closed'),
  'previous in a first version': (cx) => cx.previous({ raw: {}, type: 'mistakes.Made' }),
  'a task that is not declared': (cx) => cx.enqueue(Fax({ to: 'Ada' })),
  'a task with a wrong payload': (cx) => cx.enqueue(Mail({ to: 5 } as any)),
  'a task with an unknown member': (cx) => cx.enqueue(Mail({ to: 'Ada', cc: 'Bob' } as any)),
  'a command that follows, not declared': (cx) => cx.runLater(Make({ what: '' })),
  'JSON without a form': () => Made({ what: (() => {}) as never }),
  'recursion without an end': () => {
    const deeper = (depth: number): number => 1 + deeper(depth + 1);
    return deeper(0);
  },
};

/** Those that stop a component, and would stop a test for ever. */
export const inComponentsAlone: Record<string, (cx: any) => unknown> = {
  'a loop without an end': () => {
    for (;;);
  },
  'more memory than there is': () => {
    const all: Uint8Array[] = [];
    for (;;) all.push(new Uint8Array(32 << 20));
  },
};

/** Mistakes in a handler of commands. */
export const inCreators: Record<string, (cx: any) => any> = {
  'no answer': () => undefined,
  'one event, not an array': () => Made({ what: '' }),
  'a type, not an event': () => [Made],
  'an object, not an event': () => [{ type: 'Made', data: { what: '' } }],
  'a promise of events': () => Promise.resolve([]),
  'an event that is not declared': () => [Undeclared({})],
  'an event of another plugin': () => [Paid({})],
  'a payload below its minimum': () => [Numbered({ n: -1 })],
  'a write': (cx) => cx.insert(Thing, good),
  'previous of a first version': (cx) => cx.previous({ raw: {}, type: 'mistakes.Make' }),
  'an exception in a creator': () => {
    throw new Error('no shelf is free');
  },
};

export default plugin({
  name: 'mistakes',
  version: '2024-01-01',
  changes: ['every mistake'],
  tables: [Thing, Day],
  tasks: [Mail, RunNow],
  events: [Numbered],
})
  .materialize(Made, ({ data: { what } }, cx) => {
    const made = { ...inMaterializers, ...inComponentsAlone }[what];
    return made?.(cx) as void;
  })
  .create(Make, ({ data: { what } }, cx) => inCreators[what]?.(cx) ?? inCreators['no answer']!(cx));
