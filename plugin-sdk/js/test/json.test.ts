// Whole numbers keep their digits on the way through JSON.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, stringify, t } from '@daybook/sdk';

test('whole numbers beyond 2^53 survive reading and writing', () => {
  const text = '{"small":1,"edge":9007199254740991,"beyond":9007199254740993,"low":-9223372036854775808,"deep":[{"n":18446744073709551615}]}';
  assert.equal(stringify(parse(text)), text);
  assert.deepEqual(parse('9007199254740993'), 9007199254740993n);
  assert.deepEqual(parse('9007199254740991'), 9007199254740991);
});

test('the reader of long numbers reads everything else as the engine does', () => {
  const texts = [
    '{"a":[1,-2.5,1e3,true,false,null,"x\\n\\u00e9\\"{,}",{}],"b":[],"":"1234567890123456"}',
    ' [ 1 , { "__proto__" : 2 , "a" : 1234567890123456 } ] ',
    '"12345678901234567890"',
    '0.12345678901234567',
    '1234567890123456e-3',
  ];
  for (const text of texts) {
    const padded = `[${text},9007199254740993]`;
    assert.deepEqual((parse(padded) as unknown[])[0], JSON.parse(text), text);
  }
});

test('what is no JSON is refused', () => {
  for (const text of ['[9007199254740993', '{"a" 9007199254740993}', '[9007199254740993,]', '[9007199254740993] x', '09007199254740993', '["\t9007199254740993"]']) {
    assert.throws(() => parse(text), SyntaxError, text);
  }
});

test('a number that has lost digits is not written', () => {
  assert.throws(() => stringify({ a: 2 ** 53 }), /beyond 2\^53/);
  assert.throws(() => stringify(NaN), /no number of JSON/);
});

test('a t.int() beyond 2^53 throws, and a t.i64() keeps it', () => {
  assert.throws(() => t.int().read(9007199254740993n, 'a.b'), /a\.b is 9007199254740993, beyond 2\^53.*t\.i64\(\)/);
  assert.throws(() => t.int().load({ tag: 'integer', val: 9007199254740993n }, 'a.b'), /t\.i64\(\)/);
  assert.equal(t.i64().read(9007199254740993n, 'a'), 9007199254740993n);
  assert.equal(t.i64().read(5, 'a'), 5n);
  assert.throws(() => t.money('CZK', 2).store(2n ** 63n, 'a'), /does not fit 64 bits/);
  // @ts-expect-error: money is a bigint, and no number is one
  assert.throws(() => t.money('CZK', 2).store(5, 'a'), /should be a bigint: 5n/);
});
