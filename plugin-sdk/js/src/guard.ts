// What would make a handler answer otherwise the next time fails with advice: the clock, randomness, timers, garbage.

const TIME = "use the event's own time, or cx.now() in a creator";
const DICE = 'use cx.makeId() in a creator; a materializer takes ids from its event';
const LATER = 'a handler ends before its host goes on; what is to happen later is a task: cx.enqueue(..)';
const GARBAGE = 'when memory is freed differs from run to run; keep a Map in the handler';

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
  try {
    return run();
  } finally {
    give();
  }
}

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
    construct: (of, values, target) => (values.length === 0 ? noNow() : (Reflect.construct(of, values, target) as object)),
    apply: noNow,
    get: (of, name) => (name === 'now' ? forbidden('Date.now()', TIME) : Reflect.get(of, name)),
  }));
  put(Math as unknown as Globals, 'random', forbidden('Math.random()', DICE));
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) put(globals, name, forbidden(`${name}()`, LATER));
  for (const name of ['WeakRef', 'FinalizationRegistry']) {
    // A function with `function` can be called with `new` too.
    const thrower = forbidden(name, GARBAGE);
    put(globals, name, function () { thrower(); });
  }
  for (const [name, advice] of [['crypto', DICE], ['performance', TIME]] as const) {
    put(globals, name, new Proxy({}, { get: (_, member) => forbidden(`${name}.${String(member)}`, advice)() }));
  }
  return () => {
    for (const [object, name, was] of before.reverse()) {
      if (was === undefined) delete object[name];
      else Object.defineProperty(object, name, was);
    }
  };
}
