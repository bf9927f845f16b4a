// What authors import from '@daybook/sdk'.

import { task } from './define.js';
import { t } from './types.js';

export { t, Type, type Fields, type In, type Key, type Out, type Schema } from './types.js';
export {
  about,
  command,
  event,
  NewCommand,
  NewEvent,
  NewTask,
  Table,
  table,
  task,
  type CommandType,
  type EventType,
  type TaskKind,
} from './define.js';
export { day, Creation, Find, Materialization, type Command, type Event, type SqlValue, type TaskOptions } from './cx.js';
export { Decimal, type Rounding } from './decimal.js';
export { fail, Failure, reject, Rejection, WriteFailure } from './failure.js';
export { GuardError } from './guard.js';
export { parse, stringify, type Json } from './json.js';
export { Plugin, plugin, type About, type Create, type Materialize, type Partitions } from './plugin.js';
export type { Attributes, Level, Timestamp } from './contract.js';

const command_ = { type: t.text(), data: t.json() };

/** Commands that are run in the transaction of the event: `cx.runNow(..)`. Named in `tasks`. */
export const RunNow = task('daybook.react', 'A command of this book, run with the event that asks for it', command_);

/** Commands that are run after the event is kept: `cx.runLater(..)`. Named in `tasks`. */
export const RunLater = task('daybook.command', 'A command of this book, run after the event that asks for it', command_);
