// Decimal numbers, exact: a whole number of units, and how many places those have. No double is ever between.

/** What happens to places that are to go: to the nearest, where two are as near to the even one or away from zero; or
 * toward zero; or not at all, so that a place that is not 0 throws. */
export type Rounding = 'half-even' | 'half-up' | 'down' | 'exact';

const TEXT = /^(-?)(\d+)(?:\.(\d+))?$/;

/** An exact decimal number: `units` of which 10^`scale` make one. 12.50 is 1250 units at scale 2. It never changes. */
export class Decimal {
  private constructor(
    readonly units: bigint,
    readonly scale: number,
  ) {}

  /** A number of units: `Decimal.ofUnits(1250n, 2)` is 12.50. So a sum of money in cents becomes a decimal. */
  static ofUnits(units: bigint, scale: number): Decimal {
    if (typeof units !== 'bigint') throw new TypeError(`the units of a Decimal are ${String(units)}, and should be a bigint`);
    if (!Number.isInteger(scale) || scale < 0) throw new RangeError(`the scale of a Decimal is ${scale}, and should be a whole number from 0 on`);
    return new Decimal(units, scale);
  }

  /** What a text says, with as many places as it has: `Decimal.parse('12.50')`. */
  static parse(text: string): Decimal {
    const [, sign, whole, part = ''] = (typeof text === 'string' && TEXT.exec(text)) || [];
    if (whole === undefined) throw new SyntaxError(`${typeof text === 'string' ? JSON.stringify(text) : String(text)} is no decimal number: write '-12.50'`);
    return new Decimal(BigInt(`${sign}${whole}${part}`), part.length);
  }

  plus(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.at(scale) + other.at(scale), scale);
  }

  minus(other: Decimal): Decimal {
    return this.plus(other.negated());
  }

  /** The product, with the places of both: 1.50 times 0.125 is 0.18750. */
  times(other: Decimal | bigint): Decimal {
    return typeof other === 'bigint' ? new Decimal(this.units * other, this.scale) : new Decimal(this.units * other.units, this.scale + other.scale);
  }

  /** The quotient with so many places. By `'exact'` one that has more throws. */
  dividedBy(divisor: Decimal | bigint, scale: number, rounding: Rounding): Decimal {
    const by = typeof divisor === 'bigint' ? new Decimal(divisor, 0) : divisor;
    if (by.units === 0n) throw new RangeError(`${this} cannot be divided by 0`);
    // this / by = units·10^(by.scale + scale) / (by.units·10^this.scale), counted in units of the scale.
    const units = divided(this.units * ten(by.scale + scale), by.units * ten(this.scale), rounding);
    if (units === null) throw new RangeError(`${this} divided by ${by} has more than ${scale} digits after the point: say how it is rounded`);
    return new Decimal(units, scale);
  }

  /** The number with so many places. By `'exact'` one that needs more throws. */
  round(scale: number, rounding: Rounding): Decimal {
    if (scale >= this.scale) return new Decimal(this.at(scale), scale);
    const units = divided(this.units, ten(this.scale - scale), rounding);
    if (units === null) throw new RangeError(`${this} has more than ${scale} digits after the point: round it first`);
    return new Decimal(units, scale);
  }

  negated(): Decimal {
    return new Decimal(-this.units, this.scale);
  }

  /** -1, 0 or 1: less than the other, as much, more. 1.5 is as much as 1.50. */
  compare(other: Decimal): -1 | 0 | 1 {
    const scale = Math.max(this.scale, other.scale);
    const [a, b] = [this.at(scale), other.at(scale)];
    return a < b ? -1 : a > b ? 1 : 0;
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0;
  }

  /** All its places: `12.50`. */
  toString(): string {
    const isNegative = this.units < 0n;
    const digits = (isNegative ? -this.units : this.units).toString().padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${isNegative ? '-' : ''}${digits.slice(0, point)}${this.scale === 0 ? '' : `.${digits.slice(point)}`}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** For `a + b` and `a < b`, which would be wrong without a word. */
  valueOf(): never {
    throw new TypeError(`${this} is a Decimal, which +, -, * and < do not know: use plus(..), minus(..), times(..), compare(..)`);
  }

  /** Its units at a scale that is no smaller. */
  private at(scale: number): bigint {
    return scale === this.scale ? this.units : this.units * ten(scale - this.scale);
  }
}

function ten(power: number): bigint {
  return 10n ** BigInt(power);
}

/** The quotient, rounded; null: it is not exact, and should be. */
function divided(number: bigint, by: bigint, rounding: Rounding): bigint | null {
  const down = number / by;
  const rest = number % by;
  if (rest === 0n) return down;
  if (rounding === 'exact') return null;
  if (rounding === 'down') return down;
  if (rounding !== 'half-even' && rounding !== 'half-up') throw new TypeError(`${JSON.stringify(rounding)} is no way to round: there are half-even, half-up, down and exact`);
  const twice = 2n * magnitude(rest);
  const isAway = twice > magnitude(by) || (twice === magnitude(by) && (rounding === 'half-up' || down % 2n !== 0n));
  return isAway ? down + (number < 0n === by < 0n ? 1n : -1n) : down;
}

function magnitude(number: bigint): bigint {
  return number < 0n ? -number : number;
}
