// What deposits add up to.

import { test } from 'node:test';
import { about } from '@daybook/sdk';
import { scenario } from '@daybook/sdk/testing';
import deposits, { Account, Deposit, Deposited } from './plugin.ts';

test('deposits add up and the row names the latest', () => {
  scenario(deposits)
    .given(Deposited({ account: 1, amount: 5n }), Deposited({ account: 2, amount: 7n }))
    .when(Deposit({ account: 1, amount: 10n }))
    .thenEvents(about('account/1', Deposited({ account: 1, amount: 10n })))
    .thenRows(Account, [
      { id: 1, balance: 15n, last_seq: 3 },
      { id: 2, balance: 7n, last_seq: 2 },
    ]);
});

test('a balance that cannot be counted fails and keeps the old one', () => {
  scenario(deposits)
    .given(Deposited({ account: 1, amount: 1n }))
    .whenEvent(Deposited({ account: 1, amount: 2n ** 63n - 1n }))
    .thenFailed('balance-too-large')
    .thenRows(Account, [{ id: 1, balance: 1n, last_seq: 1 }]);
});
