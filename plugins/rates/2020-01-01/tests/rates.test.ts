// What rates come to.

import { test } from 'node:test';
import { about, Decimal } from '@daybook/sdk';
import { scenario } from '@daybook/sdk/testing';
import rates, { Month, Rate, RateSet, SetRate } from '../plugin.ts';

const eur = (day: string, rate: string) => ({ currency: 'EUR', day, rate: Decimal.parse(rate) });

test('rates of a month add up', () => {
  scenario(rates)
    .given(RateSet(eur('2020-03-02', '25.3900')), RateSet(eur('2020-03-03', '25.4100')), RateSet(eur('2020-04-01', '27.3000')))
    .thenRow(Rate, eur('2020-03-03', '25.4100'))
    .thenRows(Month, [
      { currency: 'EUR', month: '2020-03', days: 2, sum: Decimal.parse('50.8000') },
      { currency: 'EUR', month: '2020-04', days: 1, sum: Decimal.parse('27.3000') },
    ]);
});

test('a rate is set once, and not of a day to come', () => {
  scenario(rates)
    .at('2020-03-02')
    .when(SetRate(eur('2020-03-02', '25.3900')))
    .thenEvents(about('rate/EUR', RateSet(eur('2020-03-02', '25.3900'))))
    .when(SetRate(eur('2020-03-02', '25.3900')))
    .thenEvents()
    .when(SetRate(eur('2020-03-03', '25.4100')))
    .thenRejected('day-to-come');
});
