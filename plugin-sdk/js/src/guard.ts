// What would make a handler answer otherwise the next time fails with advice: the clock, randomness, timers, garbage.

const TIME = "use the event's own time, or cx.now() in a creator";
const DICE = 'use cx.makeId() in a creator; a materializer takes ids from its event';
const LATER = 'a handler ends before its host goes on; what is to happen later is a task: cx.enqueue(..)';
const GARBAGE = 'when memory is freed differs from run to run; keep a Map in the handler';
const ZONE = 'the time zone is the machine\'s; use the UTC methods, such as getUTCHours() and Date.UTC(..), or toISOString()';
const LOCALE = 'languages and their rules are the machine\'s; write the text yourself, and compare with < and >';
const OUTSIDE = 'a handler asks nobody outside; what is to be asked or told is a task: cx.enqueue(..)';
const PRINT = 'nobody reads it there; use cx.info(..), cx.warn(..) or cx.log(..)';

/** What a date reads in the machine's time zone. */
const ZONED = ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds', 'Year']
  .flatMap((part) => [`get${part}`, `set${part}`])
  .concat('getTimezoneOffset', 'toString', 'toDateString', 'toTimeString')
  .filter((name) => name !== 'setDay');

/** Thrown where a handler reaches for what differs from run to run. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
}

function forbidden(what: string, advice: string): () => never {
  return () => {
    throw new GuardError(`${what} is not there for handlers, which give the same for the same event, always: ${advice}`);
  };
}

type Globals = Record<string, unknown>;

/** Takes these away for good: in the component, before the author's modules begin. */
export function guard(): void {
  take();
}

/** Runs something while these are taken away: in tests, whose runner needs them itself. */
export function guarded<T>(run: () => T): T {
  const give = take();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    give();
  }
}

const zoned = (what: string): never => forbidden(what, ZONE)();

/** `Date.parse`, of texts that say their zone. A day alone is one in UTC. */
function parsed(text: string): number {
  const isDay = /^\d{4}(-\d\d){0,2}$/.test(text);
  return isDay || /([Zz]|[+-]\d\d:?\d\d)$/.test(text) ? parseDate(text) : zoned(`a date of ${JSON.stringify(text)}, which names no zone,`);
}

const parseDate = Date.parse;

function take(): () => void {
  const globals = globalThis as unknown as Globals;
  const before: [object: Globals, name: string, was: PropertyDescriptor | undefined][] = [];
  const put = (object: Globals, name: string, value: unknown): void => {
    before.push([object, name, Object.getOwnPropertyDescriptor(object, name)]);
    Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });
  };
  const RealDate = Date;
  const noNow = forbidden('new Date()', TIME);
  put(globals, 'Date', new Proxy(RealDate, {
    construct: (of, values, target) => {
      if (values.length === 0) noNow();
      if (values.length > 1) zoned(`new Date(${values.join(', ')})`);
      if (typeof values[0] === 'string') parsed(values[0]);
      return Reflect.construct(of, values, target) as object;
    },
    apply: noNow,
    get: (of, name) => {
      if (name === 'now') return forbidden('Date.now()', TIME);
      return name === 'parse' ? parsed : (Reflect.get(of, name) as unknown);
    },
  }));
  for (const name of ZONED) put(RealDate.prototype as unknown as Globals, name, forbidden(`Date's ${name}()`, ZONE));
  const local: [of: object, owner: string, names: string[]][] = [
    [RealDate.prototype, 'Date', ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
    [Number.prototype, 'Number', ['toLocaleString']],
    [BigInt.prototype, 'BigInt', ['toLocaleString']],
    [Array.prototype, 'Array', ['toLocaleString']],
    [String.prototype, 'String', ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase']],
  ];
  for (const [of, owner, names] of local) for (const name of names) put(of as Globals, name, forbidden(`${owner}'s ${name}()`, LOCALE));
  put(globals, 'fetch', forbidden('fetch()', OUTSIDE));
  put(Math as unknown as Globals, 'random', forbidden('Math.random()', DICE));
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) put(globals, name, forbidden(`${name}()`, LATER));
  for (const name of ['WeakRef', 'FinalizationRegistry']) {
    // A function with `function` can be called with `new` too.
    const thrower = forbidden(name, GARBAGE);
    put(globals, name, function () { thrower(); });
  }
  for (const [name, advice] of [['crypto', DICE], ['performance', TIME], ['Intl', LOCALE], ['process', OUTSIDE], ['console', PRINT]] as const) {
    put(globals, name, new Proxy({}, { get: (_, member) => forbidden(`${name}.${String(member)}`, advice)() }));
  }
  return () => {
    for (const [object, name, was] of before.reverse()) {
      if (was === undefined) delete object[name];
      else Object.defineProperty(object, name, was);
    }
  };
}
