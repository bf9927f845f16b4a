// The plugin `rates`, version 2021-01-01: a rate that is corrected counts once in its month. All else is the work of the
// version below.

import { event, plugin, t, table } from '@daybook/sdk';

/** A currency's rate of a day. */
export const Rate = table('rate', {
  currency: t.text().key(),
  day: t.date().key(),
  rate: t.decimal(12, 4),
});

/** The rates of a month, from which its average comes. */
export const Month = table('month', {
  currency: t.text().key(),
  month: t.text().key(),
  days: t.int(),
  sum: t.decimal(16, 4),
});

export const RateSet = event('RateSet', "A currency's rate of a day was set, or corrected.", {
  currency: t.text({ pattern: '^[A-Z]{3}$' }).describe('Its code of three letters.'),
  day: t.date(),
  rate: t.decimal(12, 4, { signed: false }).describe('What a unit costs.'),
});

export default plugin({
  name: 'rates',
  version: '2021-01-01',
  extends: '2020-01-01',
  description: 'Rates of currencies, day by day',
  changes: ['a rate that is corrected counts once in its month'],
  tables: [Rate, Month],
}).materialize(RateSet, (event, cx) => {
  const { currency, day } = event.data;
  const before = cx.get(Rate, { currency, day });
  cx.previous(event);
  if (before === undefined) return;
  cx.update(Month, { currency, month: day.slice(0, 7) }, (month) => {
    month.days -= 1;
    month.sum = month.sum.minus(before.rate);
  });
});
