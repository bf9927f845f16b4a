// How handlers end other than well.

import { stringify } from './json.js';
import type { RawFailure, RawRejection, RawWriteError } from './contract.js';
import { trace } from './trace.js';

/** A handler could not do its work: nothing is kept. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    /** Stable and short, for programs. */
    readonly code: string,
    message: string,
    /** More about it, which programs may read as JSON. */
    readonly details?: unknown,
    /** Where it came about, if it is known. */
    readonly trace?: string,
  ) {
    super(message);
  }
}

/** A write that the host did not do. The state is as it was before, so a handler may catch it and go on. */
export class WriteFailure extends Failure {
  constructor(
    code: string,
    message: string,
    /** The unique index that has another row with these values. */
    readonly index: string | null,
  ) {
    super(code, message);
  }
}

/** A command is understood and refused: an answer, not a fault. */
export class Rejection extends Error {
  override readonly name = 'Rejection';

  constructor(
    /** Stable and short, for programs. */
    readonly code: string,
    message: string,
    /** More about it, which programs may read as JSON. */
    readonly details?: unknown,
  ) {
    super(message);
  }
}

/** Refuses the command. It does not return; `return reject(..)` tells TypeScript so. */
export function reject(code: string, message: string, details?: unknown): never {
  throw new Rejection(code, message, details);
}

/** Gives up: nothing is kept. It does not return; `return fail(..)` tells TypeScript so. */
export function fail(code: string, message: string, details?: unknown): never {
  throw new Failure(code, message, details);
}

/** What a host says of a write that it did not do. */
export class WriteProblem {
  constructor(readonly raw: RawWriteError) {}
}

/** Whatever was thrown, as the contract has it. A rejection where nothing can be rejected is a failure with its words. */
export function asFailure(thrown: unknown): RawFailure {
  if (thrown instanceof Failure) {
    return { code: thrown.code, message: thrown.message, details: text(thrown.details), trace: thrown.trace ?? trace(thrown.stack) };
  }
  if (thrown instanceof Rejection) return { ...asRejection(thrown), trace: trace(thrown.stack) };
  if (thrown instanceof Error) {
    const message = `${thrown.name === 'Error' ? '' : `${thrown.name}: `}${thrown.message}${hint(thrown.message)}`;
    return { code: 'exception', message, details: null, trace: trace(thrown.stack) };
  }
  const shown = typeof thrown === 'object' && thrown !== null ? 'an object' : typeof thrown === 'string' ? JSON.stringify(thrown) : String(thrown);
  return { code: 'exception', message: `${shown} was thrown, which is no Error and so has no line: throw new Error(..), or call fail(code, message)`, details: null, trace: null };
}

/** A way out, where the engine's own words name none. */
function hint(words: string): string {
  if (/bigint/i.test(words) && /mix|convert|operand/i.test(words)) return '; make a bigint of a number by BigInt(n), or a number of a bigint by Number(n)';
  if (/stack (size exceeded|overflow)/i.test(words)) return '; a function calls itself too often, perhaps without an end';
  if (/out of memory/i.test(words)) return '; keep less at once, as cx.find(..).each(..) does';
  return '';
}

export function asRejection(thrown: Rejection): RawRejection {
  return { code: thrown.code, message: thrown.message, details: text(thrown.details) };
}

function text(details: unknown): string | null {
  return details === undefined ? null : stringify(details);
}
