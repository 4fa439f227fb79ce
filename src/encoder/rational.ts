/** Fractions of positive integers: frame rates, time bases, aspect ratios. */
import type { Rational } from './job.js';

function greatestCommonDivisor(a: number, b: number): number {
    while (b !== 0) [a, b] = [b, a % b];
    return a;
}

/** The same fraction in lowest terms. */
export function reduce({ num, den }: Rational): Rational {
    const divisor = greatestCommonDivisor(num, den) || 1;
    return { num: num / divisor, den: den / divisor };
}

/**
 * Reads `30000/1001`, `1:1` or `25`.
 * @returns undefined for what is no fraction of positive safe integers, `0/0` included
 */
export function parseRational(text: string | undefined): Rational | undefined {
    const match = /^(\d{1,12})(?:[/:](\d{1,12}))?$/.exec(text ?? '');
    if (!match) return undefined;
    const num = Number(match[1]);
    const den = Number(match[2] ?? '1');
    return num > 0 && den > 0 ? reduce({ num, den }) : undefined;
}

export function toNumber({ num, den }: Rational): number {
    return num / den;
}

export function formatRational({ num, den }: Rational, separator = '/'): string {
    return `${num}${separator}${den}`;
}

/** `value` times `numerator / denominator`, rounded to the nearest integer, without overflow. */
export function rescale(value: number, numerator: bigint, denominator: bigint): number {
    const product = BigInt(value) * numerator * 2n + denominator;
    const twice = denominator * 2n;
    // BigInt division cuts towards zero; the nearest integer needs the floor.
    const quotient = product / twice;
    return Number(product % twice < 0n ? quotient - 1n : quotient);
}
