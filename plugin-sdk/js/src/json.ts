// JSON text in which whole numbers keep all their digits: those beyond 2^53 are bigint.

import { Decimal } from './decimal.js';

/** What JSON text says. Whole numbers that a double cannot hold exactly are bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [name: string]: Json };

/** Reads JSON text. */
export function parse(text: string): Json {
  // Only a number of sixteen digits or more can be beyond 2^53, and the engine's own reader is faster.
  return text.length >= 16 && /\d{16}/.test(text) ? new Reader(text).whole() : (JSON.parse(text) as Json);
}

/** Writes JSON text. A member that is undefined is left out. */
export function stringify(value: unknown): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'bigint':
      return value.toString();
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no number of JSON`);
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        throw new RangeError(`${value} is beyond 2^53 and may have lost digits: use a bigint (t.i64())`);
      }
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (value instanceof Decimal) return `"${value}"`;
      if (Array.isArray(value)) return `[${value.map((each) => stringify(each ?? null)).join(',')}]`;
      const members: string[] = [];
      for (const [name, member] of Object.entries(value)) {
        if (member !== undefined) members.push(`${JSON.stringify(name)}:${stringify(member)}`);
      }
      return `{${members.join(',')}}`;
    }
    default:
      throw new TypeError(`a ${typeof value} cannot be written as JSON`);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const BLANK = /[ \t\n\r]*/y;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): Json {
    const value = this.value();
    this.blank();
    if (this.at < this.text.length) this.wrong();
    return value;
  }

  private value(): Json {
    this.blank();
    switch (this.text[this.at]) {
      case '{':
        return this.object();
      case '[':
        return this.array();
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(): Json {
    const members: { [name: string]: Json } = {};
    this.at++;
    if (this.is('}')) return members;
    do {
      this.blank();
      const name = this.string();
      this.expect(':');
      const value = this.value();
      // A plain assignment to this name would change the object's prototype instead.
      if (name === '__proto__') Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
      else members[name] = value;
    } while (this.is(','));
    this.expect('}');
    return members;
  }

  private array(): Json {
    const items: Json[] = [];
    this.at++;
    if (this.is(']')) return items;
    do items.push(this.value());
    while (this.is(','));
    this.expect(']');
    return items;
  }

  private string(): string {
    return JSON.parse(this.match(STRING)[0]) as string;
  }

  private number(): Json {
    const [digits, fraction, exponent] = this.match(NUMBER);
    const number = Number(digits);
    const isWhole = fraction === undefined && exponent === undefined;
    return isWhole && !Number.isSafeInteger(number) ? BigInt(digits) : number;
  }

  private word(word: string, value: Json): Json {
    if (!this.text.startsWith(word, this.at)) this.wrong();
    this.at += word.length;
    return value;
  }

  private match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) this.wrong();
    this.at = pattern.lastIndex;
    return found;
  }

  private blank(): void {
    this.match(BLANK);
  }

  private is(sign: string): boolean {
    this.blank();
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private expect(sign: string): void {
    if (!this.is(sign)) this.wrong();
  }

  private wrong(): never {
    throw new SyntaxError(`the text is no JSON at position ${this.at}`);
  }
}
