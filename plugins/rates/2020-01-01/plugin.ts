// The plugin `rates`, version 2020-01-01: what a unit of a currency costs, day by day, and what a month adds up to. The
// smallest useful plugin in TypeScript.

import { about, command, Decimal, event, plugin, reject, t, table } from '@daybook/sdk';

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

const payload = {
  currency: t.text({ pattern: '^[A-Z]{3}$' }).describe('Its code of three letters.'),
  day: t.date(),
  rate: t.decimal(12, 4, { signed: false }).describe('What a unit costs.'),
};

export const RateSet = event('RateSet', "A currency's rate of a day was set, or corrected.", payload);
export const SetRate = command('SetRate', 'Set the rate of a day.', payload);

export default plugin({
  name: 'rates',
  version: '2020-01-01',
  description: 'Rates of currencies, day by day',
  changes: ['the first version'],
  tables: [Rate, Month],
})
  .materialize(RateSet, ({ data: { currency, day, rate } }, cx) => {
    cx.upsert(Rate, { currency, day, rate });
    const month = day.slice(0, 7);
    const { days, sum } = cx.get(Month, { currency, month }) ?? { days: 0, sum: Decimal.parse('0') };
    cx.upsert(Month, { currency, month, days: days + 1, sum: sum.plus(rate) });
  })
  .create(SetRate, ({ data }, cx) => {
    if (data.day > cx.today()) return reject('day-to-come', `${data.day} is not here yet: today is ${cx.today()}`);
    if (cx.get(Rate, data)?.rate.equals(data.rate)) return [];
    return [about(`rate/${data.currency}`, RateSet(data))];
  });
