// A second version: it lets the version below work, counts in a column of its own, and asks another plugin's table in SQL.

import { command, event, Failure, plugin, Rejection, t, table } from '@daybook/sdk';

export const Found = table('found', { name: t.text().key(), what: t.json(), times: t.int().default(0) });
export const Account = table('deposit.account', { balance: t.i64(), id: t.int().key() });

export const Tried = event('Tried', 'Something was tried.', { what: t.text() });
export const Try = command('Try', 'Try something.', { what: t.text() });

export default plugin({
  name: 'workout',
  version: '2024-06-01',
  extends: '2024-01-01',
  changes: ['what was found is counted'],
  tables: [Found],
  reads: [Account],
})
  .materialize(Tried, (event, cx) => {
    const { what } = event.data;
    if (what === 'money') {
      const [row] = cx.query('SELECT sum(balance) AS sum, count(*) AS n, ?2 AS given FROM deposit_account WHERE id < ?1', 9, 'ž');
      cx.insert(Found, { name: what, what: { ...row!, first: cx.find(Account).first()?.balance ?? null } });
      return;
    }
    try {
      cx.previous(event, what === 'else' ? { of: Tried, data: { what: 'guard' } } : undefined);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (cx.get(Found, what) === undefined) cx.insert(Found, { name: what, what: `${error.code}: ${error.message}` });
    }
    const name = what === 'else' ? 'guard' : what;
    if (cx.get(Found, name) !== undefined) cx.update(Found, name, (row) => row.times++);
  })
  .create(Try, (command, cx) => {
    try {
      const events = cx.previous(command);
      return command.data.what === 'twice' ? [...events, ...events] : events;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      return [Tried({ what: 'nothing' })];
    }
  });
