// The plugin `members`, version 2021-01-01: a name is the same with more blanks or fewer. It is in TypeScript and extends a
// version in Rust, which does all else.

import { command, event, plugin, reject, t, table } from '@daybook/sdk';

/** Who is there. */
export const Member = table('member', {
  folded: t.text().key(),
  member: t.text(),
  name: t.text(),
}).index('by_id', ['member'], { unique: true });

export const Registered = event('Registered', 'Somebody took a name.', { member: t.text(), name: t.text() });

const words = t.text({ minLength: 1, maxLength: 100 });

export const Register = command('Register', 'Take a name.', {
  member: words.nullable().describe('The id that they are to have; absent: one is made.'),
  name: words.describe('Unique, whatever its case and blanks.'),
});

/** A name without blanks around it, and with one between its words. */
function tidy(name: string): string {
  return name.trim().replace(/\s+/g, ' ');
}

export default plugin({
  name: 'members',
  version: '2021-01-01',
  extends: '2020-01-01',
  description: 'Names that are unique, and invitations that the first to accept gets',
  changes: ['a name is the same with more blanks or fewer'],
  tables: [Member],
})
  // Two members of before may differ in blanks alone. The second has their id behind the name.
  .materialize(Registered, (event, cx) => {
    const { member } = event.data;
    const name = tidy(event.data.name);
    const isTaken = cx.get(Member, name.toLowerCase()) !== undefined;
    cx.previous(event, { of: Registered, data: { member, name: isTaken ? `${name} (${member})` : name } });
  })
  // The version below refuses a name that is taken, and makes the id.
  .create(Register, (command, cx) => {
    const name = tidy(command.data.name);
    if (name === '') return reject('name-blank', 'a name has more than blanks');
    return cx.previous(command, { of: Register, data: { ...command.data, name } });
  });
