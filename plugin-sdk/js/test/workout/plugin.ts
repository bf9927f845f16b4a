// One event for each thing that a handler can do; the same checks run natively and in a book.

import { command, event, plugin, reject, RunLater, t, table, task, WriteFailure, type Materialization } from '@daybook/sdk';

const BIG = 9007199254740993n;

export const Thing = table('thing', {
  shelf: t.text().key(),
  place: t.int().key(),
  code: t.text().index({ unique: true }),
  weight: t.real().nullable(),
  price: t.money('EUR', 2).default(BIG),
  is_sold: t.bool().default(false),
  made: t.date().nullable(),
  notes: t.array(t.object({ by: t.text(), at: t.i64() })).default([]),
  picture: t.blob().nullable(),
}).index('by_made', ['made', 'price']);

/** What checks found. */
export const Found = table('found', { name: t.text().key(), what: t.json() });

export const Tried = event('Tried', 'Something was tried.', { what: t.text() });
export const Try = command('Try', 'Try something.', { what: t.text() });
export const Mail = task('mail', 'A letter', { to: t.text(), sum: t.i64() });

const row = (shelf: string, place: number, made: string | null = null) => ({ shelf, place, code: `${shelf}${place}`, made });

function caught(run: () => void): string {
  try {
    run();
    return 'nothing';
  } catch (error) {
    if (error instanceof WriteFailure) return `${error.code} ${error.index}: ${error.message}`;
    return String(error);
  }
}

const deeds: Record<string, (cx: Materialization) => unknown> = {
  fill: (cx) => {
    for (let place = 0; place < 7; place++) cx.insert(Thing, row('a', place, `2024-01-0${9 - place}`));
    cx.insert(Thing, { ...row('b', -1), weight: -0.5, price: -(2n ** 63n), is_sold: true, notes: [{ by: 'ž', at: BIG }], picture: Uint8Array.of(0, 255) });
    cx.insert(Thing, { ...row('b', 1), price: 2n ** 63n - 1n });
  },
  read: (cx) => {
    const whole = cx.get(Thing, { shelf: 'b', place: -1 })!;
    return { ...whole, picture: [...whole.picture!], largest: cx.require(Thing, { shelf: 'b', place: 1 }).price, none: cx.get(Thing, { shelf: 'c', place: 1 }) === undefined };
  },
  find: (cx) => {
    const places = (rows: { shelf: string; place: number }[]) => rows.map(({ shelf, place }) => `${shelf}${place}`).join(' ');
    const paged: { shelf: string; place: number }[] = [];
    cx.find(Thing).by('by_made').limit(8).each((row) => paged.push(row));
    return {
      all: places(cx.find(Thing).rows()),
      shelf: places(cx.find(Thing).prefix('a').from(2).before(5).rows()),
      behind: places(cx.find(Thing).prefix('a').after(2).to(5).descending().limit(2).rows()),
      code: cx.find(Thing).by('by_code').prefix('a3').first()?.place ?? null,
      made: places(cx.find(Thing).by('by_made').from('2024-01-05').rows()),
      paged: places(paged),
    };
  },
  refuse: (cx) => [
    caught(() => cx.insert(Thing, row('a', 0))),
    caught(() => cx.upsert(Thing, { ...row('a', 9), code: 'a1' })),
    caught(() => cx.delete(Found, 'no such row')),
    caught(() => cx.update(Thing, { shelf: 'z', place: 0 }, () => {})),
  ],
  guard: () => [
    caught(() => Date.now()),
    caught(() => new Date()),
    caught(() => Math.random()),
    caught(() => setTimeout(() => {}, 1)),
    caught(() => new WeakRef({})),
    caught(() => new FinalizationRegistry(() => {})),
    caught(() => crypto.randomUUID()),
    caught(() => performance.now()),
    new Date(0).toISOString(),
  ],
  tasks: (cx) => {
    cx.enqueue(Mail({ to: 'Ada', sum: BIG }), { key: 'ada', notBefore: '2030-01-01T00:00:00Z' });
    cx.runLater(Try({ what: 'nothing' }), { notBefore: '2030-01-01T00:00:00Z' });
    cx.info('a letter to Ada');
  },
  update: (cx) => {
    cx.update(Thing, { shelf: 'a', place: 0 }, (row) => {
      row.price = 5n;
      row.weight = 1.5;
    });
    cx.delete(Thing, { shelf: 'a', place: 1 });
  },
  numbers: (cx) => {
    // Around every place where halves of a whole number change their sign or carry.
    const edges = [0n, 2n ** 31n, 2n ** 32n, 2n ** 52n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 2n];
    const all = [...edges, ...edges.map((edge) => -edge)].flatMap((edge) => [edge - 1n, edge, edge + 1n]);
    cx.insert(Thing, { ...row('n', -0) });
    return all.map((price) => {
      cx.update(Thing, { shelf: 'n', place: 0 }, (row) => {
        row.price = price;
      });
      return cx.require(Thing, { shelf: 'n', place: 0 }).price === price;
    });
  },
  throw: () => {
    const nobody = [] as { name: string }[];
    return nobody[0]!.name;
  },
  recurse: () => {
    const deeper = (depth: number): number => 1 + deeper(depth + 1);
    return deeper(0);
  },
  devour: () => {
    const all: number[][] = [];
    for (;;) all.push(new Array<number>(100_000).fill(1));
  },
  promise: () => Promise.resolve(),
  nothing: () => {},
};

export default plugin({
  name: 'workout',
  version: '2024-01-01',
  changes: ['the first version'],
  tables: [Thing, Found],
  tasks: [Mail, RunLater],
})
  .materialize(Tried, ({ data: { what } }, cx) => {
    const found = deeds[what]!(cx);
    if (found instanceof Promise) return found as unknown as void;
    if (found !== undefined) cx.upsert(Found, { name: what, what: found as never });
  })
  .create(Try, ({ data: { what } }, cx) => {
    if (what === 'forbidden') return reject('no', 'not today', { today: cx.today(), big: BIG });
    if (what === 'id') return [Tried({ what: 'nothing' }), Tried({ what: cx.makeId().length === 36 ? 'nothing' : '' })];
    return [Tried({ what })];
  });
