// What rates come to.

import { test } from 'node:test';
import { about } from '@daybook/sdk';
import { scenario } from '@daybook/sdk/testing';
import rates, { Month, Rate, RateSet, SetRate } from '../plugin.ts';

const eur = (day: string, rate: bigint) => ({ currency: 'EUR', day, rate });

test('rates of a month add up', () => {
  scenario(rates)
    .given(RateSet(eur('2020-03-02', 25_3900n)), RateSet(eur('2020-03-03', 25_4100n)), RateSet(eur('2020-04-01', 27_3000n)))
    .thenRow(Rate, eur('2020-03-03', 25_4100n))
    .thenRows(Month, [
      { currency: 'EUR', month: '2020-03', days: 2, sum: 50_8000n },
      { currency: 'EUR', month: '2020-04', days: 1, sum: 27_3000n },
    ]);
});

test('a rate is set once, and not of a day to come', () => {
  scenario(rates)
    .at('2020-03-02')
    .when(SetRate(eur('2020-03-02', 25_3900n)))
    .thenEvents(about('rate/EUR', RateSet(eur('2020-03-02', 25_3900n))))
    .when(SetRate(eur('2020-03-02', 25_3900n)))
    .thenEvents()
    .when(SetRate(eur('2020-03-03', 25_4100n)))
    .thenRejected('day-to-come');
});
