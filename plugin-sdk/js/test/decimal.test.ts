// Decimal numbers are exact, in values, columns and payloads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal, event, plugin, stringify, t, table, type Rounding } from '@daybook/sdk';
import { scenario } from '@daybook/sdk/testing';

const d = (text: string): Decimal => Decimal.parse(text);

test('a decimal is written as it was read', () => {
  for (const text of ['0', '-0.05', '12.50', '0.0001', '922337203685477.5808', '-123456789012345678901234567890.5']) assert.equal(String(d(text)), text);
  assert.equal(String(Decimal.ofUnits(-5n, 2)), '-0.05');
  assert.equal(String(Decimal.ofUnits(7n, 0)), '7');
  assert.equal(d('-0.00').toString(), '0.00');
  for (const text of ['', '.5', '5.', '1e3', '+1', ' 1', '1,5', '1_000', 'NaN']) assert.throws(() => d(text), /is no decimal number: write '-12\.50'/, text);
  assert.throws(() => Decimal.parse(12.5 as never), /^SyntaxError: 12\.5 is no decimal number/);
});

test('sums, products and comparisons are exact', () => {
  assert.equal(String(d('0.1').plus(d('0.2'))), '0.3');
  assert.equal(String(d('1').minus(d('0.001'))), '0.999');
  assert.equal(String(d('1.50').times(d('-0.125'))), '-0.18750');
  assert.equal(String(d('12.50').times(3n)), '37.50');
  assert.equal(d('1.5').compare(d('1.50')), 0);
  assert.ok(d('1.5').equals(d('1.500')));
  assert.equal(d('-1.5').compare(d('-1.49')), -1);
  assert.equal(d('9007199254740993.1').compare(d('9007199254740993')), 1);
  assert.throws(() => (d('1') as never as number) + 1, /1 is a Decimal, which \+, -, \* and < do not know: use plus/);
});

test('places go by the rounding that is named', () => {
  const rows: [text: string, Record<Exclude<Rounding, 'exact'>, string>][] = [
    ['0.5', { 'half-even': '0', 'half-up': '1', down: '0' }],
    ['1.5', { 'half-even': '2', 'half-up': '2', down: '1' }],
    ['2.5', { 'half-even': '2', 'half-up': '3', down: '2' }],
    ['-2.5', { 'half-even': '-2', 'half-up': '-3', down: '-2' }],
    ['-2.51', { 'half-even': '-3', 'half-up': '-3', down: '-2' }],
    ['2.49', { 'half-even': '2', 'half-up': '2', down: '2' }],
    ['7.00', { 'half-even': '7', 'half-up': '7', down: '7' }],
  ];
  for (const [text, by] of rows) for (const [rounding, rounded] of Object.entries(by)) assert.equal(String(d(text).round(0, rounding as Rounding)), rounded, `${text} ${rounding}`);
  assert.equal(String(d('7.10').round(1, 'exact')), '7.1');
  assert.throws(() => d('7.15').round(1, 'exact'), /7\.15 has more than 1 digits after the point/);
  assert.equal(String(d('10').dividedBy(3n, 4, 'half-even')), '3.3333');
  assert.equal(String(d('-2').dividedBy(d('0.03'), 2, 'half-up')), '-66.67');
  assert.equal(String(d('1').dividedBy(d('-8'), 3, 'exact')), '-0.125');
  assert.throws(() => d('1').dividedBy(3n, 2, 'exact'), /1 divided by 3 has more than 2 digits/);
  assert.throws(() => d('1').dividedBy(d('0.0'), 2, 'down'), /1 cannot be divided by 0/);
  assert.throws(() => d('1.5').round(0, 'up' as never), /"up" is no way to round: there are half-even/);
});

test('a column holds the units, a payload the text', () => {
  const rate = t.decimal(6, 2);
  assert.deepEqual(rate.store(d('12.5'), 'rate'), { tag: 'integer', val: 1250 });
  assert.equal(String(rate.load({ tag: 'integer', val: 1250 }, 'rate')), '12.50');
  assert.equal(rate.write(d('12.5'), 'rate'), '12.50');
  assert.deepEqual(rate.read('12.5', 'rate'), Decimal.ofUnits(1250n, 2));
  assert.deepEqual(rate.schema(), { type: 'string', pattern: '^-?[0-9]{1,4}(\\.[0-9]{1,2})?$' });
  assert.deepEqual(t.decimal(4, 0, { signed: false }).schema(), { type: 'string', pattern: '^[0-9]{1,4}$' });
  assert.deepEqual(t.decimal(19, 4).store(d('-922337203685477.5808'), 'rate'), { tag: 'integer', val: -(2n ** 63n) });
  assert.equal(t.percent(1).spec.format, 'percent(1)');
  assert.equal(stringify({ rate: d('1.50') }), '{"rate":"1.50"}');
  assert.throws(() => rate.store(d('1.005'), 'thing.rate'), /^RangeError: thing\.rate is 1\.005, which has more than 2 digits after the point: round it first, by round\(2, 'half-even'\)/);
  assert.throws(() => rate.store(d('12345'), 'thing.rate'), /thing\.rate is 12345, which has more than 6 digits with 2 after the point/);
  assert.throws(() => t.decimal(19, 4).store(d('922337203685477.5808'), 'thing.rate'), /does not fit 64 bits/);
  assert.throws(() => rate.store(1.5 as never, 'thing.rate'), /thing\.rate is 1\.5, and should be a Decimal: Decimal\.parse\('12\.50'\)/);
  assert.throws(() => rate.read(5, 'Set.rate'), /Set\.rate is 5, and should be a decimal number as text, "12\.50"/);
  assert.throws(() => t.decimal(2, 3), /t\.decimal\(2,3\): the digits are 1 to 19/);
});

test('a story of decimals', () => {
  const Price = table('price', { id: t.text().key(), net: t.decimal(12, 2), tax: t.percent(1).default(d('21')), gross: t.decimal(14, 2).nullable() });
  const Set = event('Set', 'A price was set.', { id: t.text(), net: t.decimal(12, 2, { signed: false }), tax: t.percent(1).default(d('21')) });
  const prices = plugin({ name: 'prices', version: '2024-01-01', changes: [], tables: [Price] }).materialize(Set, ({ data: { id, net, tax } }, cx) => {
    cx.upsert(Price, { id, net, tax, gross: net.plus(net.times(tax).times(d('0.01')).round(2, 'half-even')) });
  });
  scenario(prices)
    .given(Set({ id: 'a', net: d('9.99') }), Set({ id: 'b', net: d('10'), tax: d('12.5') }))
    .thenRows(Price, [
      { id: 'a', net: d('9.99'), gross: d('12.09') },
      { id: 'b', net: d('10'), tax: d('12.5'), gross: d('11.25') },
    ])
    .givenJson('prices.Set', '{"id": "c", "net": "1.5"}')
    .thenRow(Price, { id: 'c', net: d('1.50'), gross: d('1.82') });
  const { failure } = scenario(prices).whenEvent({ type: 'Set', data: { id: 'a', net: '-1' }, subject: null, attributes: [] });
  assert.match(failure?.message ?? '', /prices\.Set\.net is "-1", which does not match/);
});
