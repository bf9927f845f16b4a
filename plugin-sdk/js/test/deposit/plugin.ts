// Deposits, and the balances they add up to: plugins/deposit/2020-01-01 in TypeScript.

import { about, command, event, fail, plugin, t, table } from '@daybook/sdk';

const LARGEST = 2n ** 63n - 1n;

/** What was paid in so far. */
export const Account = table('account', {
  id: t.int().key(),
  balance: t.money('CZK', 2),
  last_seq: t.int(),
});

const payload = {
  account: t.int().describe("The account's number."),
  amount: t.i64({ minimum: 0n }).describe('How much, in cents.'),
};

export const Deposited = event('Deposited', 'Money was paid in.', payload);
export const Deposit = command('Deposit', 'Pay money in.', payload);

export default plugin({
  name: 'deposit',
  version: '2020-01-01',
  description: 'Deposits, and the balances they add up to',
  changes: ['the first version'],
  tables: [Account],
})
  .materialize(Deposited, ({ data: { account, amount }, seq }, cx) => {
    const before = cx.get(Account, account)?.balance ?? 0n;
    if (before + amount > LARGEST) {
      return fail('balance-too-large', `${before} cents and ${amount} exceed what can be counted`);
    }
    cx.upsert(Account, { id: account, balance: before + amount, last_seq: seq });
  })
  .create(Deposit, ({ data }) => [about(`account/${data.account}`, Deposited(data))]);
