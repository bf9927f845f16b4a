// What a correction comes to, here and over a log.

import { test } from 'node:test';
import { Decimal } from '@daybook/sdk';
import { replayDiff, scenario } from '@daybook/sdk/testing';
import first from '../../2020-01-01/plugin.ts';
import rates, { Month, RateSet } from '../plugin.ts';

const eur = (day: string, rate: string) => ({ currency: 'EUR', day, rate: Decimal.parse(rate) });

test('a rate that is corrected counts once in its month', () => {
  scenario(rates, first)
    .given(RateSet(eur('2020-03-02', '25.3900')), RateSet(eur('2020-03-03', '25.4100')), RateSet(eur('2020-03-02', '25.4000')))
    .thenRows(Month, [{ currency: 'EUR', month: '2020-03', days: 2, sum: Decimal.parse('50.8100') }]);
});

const skip = process.env['DAYBOOK'] === undefined ? 'DAYBOOK does not name the command daybook' : false;

test('nothing else changes', { skip }, () =>
  replayDiff({ base: '../2020-01-01', candidate: '.', over: 'tests/rates.jsonl', expect: 'expect.toml' }));
