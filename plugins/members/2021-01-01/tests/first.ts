// What the version below answers to registrations, for tests without a component: that version is in Rust.

import { plugin, reject } from '@daybook/sdk';
import { Member, Register, Registered } from '../plugin.ts';

export default plugin({ name: 'members', version: '2020-01-01', changes: ['a stand-in'], tables: [Member] })
  .materialize(Registered, ({ data: { member, name } }, cx) => cx.insert(Member, { folded: name.toLowerCase(), member, name }))
  .create(Register, ({ data: { member, name } }, cx) => {
    if (cx.get(Member, name.toLowerCase()) !== undefined) return reject('name-taken', `'${name}' is somebody's name already`);
    return [Registered({ member: member ?? cx.makeId(), name })];
  });
