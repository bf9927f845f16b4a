// What a correction comes to, here and over a log.

import { test } from 'node:test';
import { replayDiff, scenario } from '@daybook/sdk/testing';
import first from '../../2020-01-01/plugin.ts';
import rates, { Month, RateSet } from '../plugin.ts';

const eur = (day: string, rate: bigint) => ({ currency: 'EUR', day, rate });

test('a rate that is corrected counts once in its month', () => {
  scenario(rates, first)
    .given(RateSet(eur('2020-03-02', 25_3900n)), RateSet(eur('2020-03-03', 25_4100n)), RateSet(eur('2020-03-02', 25_4000n)))
    .thenRows(Month, [{ currency: 'EUR', month: '2020-03', days: 2, sum: 50_8100n }]);
});

const skip = process.env['DAYBOOK'] === undefined ? 'DAYBOOK does not name the command daybook' : false;

test('nothing else changes', { skip }, () =>
  replayDiff({ base: '../2020-01-01', candidate: '.', over: 'tests/rates.jsonl', expect: 'expect.toml' }));
