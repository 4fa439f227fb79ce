/** What a setting is, and how text or JSON becomes the value of one. */
import { LEAF_BYTES } from '../protocol/limits.js';

export interface Setting<T> {
    default: T;
    meaning: string;
    env?: string;
    /** Turns text or a JSON value into the setting. @throws Error saying what is expected */
    parse: (value: unknown) => T;
}

export const text = (value: unknown): string => {
    if (typeof value !== 'string' || value === '') throw new Error('expected text');
    return value;
};

export const integer =
    (min: number, max: number) =>
    (value: unknown): number => {
        const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
        if (
            typeof number !== 'number' ||
            !Number.isInteger(number) ||
            number < min ||
            number > max
        ) {
            throw new Error(`expected a whole number from ${min} to ${max}`);
        }
        return number;
    };

const UNITS: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes: a number, or text such as "50G", "500MB" or "8MiB". */
export const size =
    (min: number) =>
    (value: unknown): number => {
        const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?$/i.exec(String(value).trim());
        const unit = match?.[2]?.toUpperCase() ?? '';
        const factor = match?.[3] ? 1024 ** ' KMGT'.indexOf(unit) : UNITS[unit];
        const bytes = match ? Math.round(Number(match[1]) * (factor ?? Number.NaN)) : Number.NaN;
        if (!Number.isSafeInteger(bytes) || bytes < min) {
            throw new Error(`expected a size of at least ${min} bytes, such as 8MiB or 50G`);
        }
        return bytes;
    };

const DURATION_UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

/** Seconds: a number, or text such as "90s", "30m", "12h" or "7d". */
export const duration = (value: unknown): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([smhd]?)$/.exec(String(value).trim());
    const factor = DURATION_UNITS[match?.[2] || 's'];
    if (!match || !factor) throw new Error('expected a duration, such as 90s, 30m, 12h or 7d');
    return Number(match[1]) * factor;
};

/** A duration of a second at least: a limit of nothing would end everything at once. */
export const timeLimit = (value: unknown): number => {
    const seconds = duration(value);
    if (seconds < 1) throw new Error('expected a duration of at least 1s');
    return seconds;
};

export const oneOf =
    <const T extends string>(...allowed: readonly T[]) =>
    (value: unknown): T => {
        const found = allowed.find((each) => each === value);
        if (found === undefined) throw new Error(`expected one of ${allowed.join(', ')}`);
        return found;
    };

export const url = (value: unknown): string => {
    const address = text(value);
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
        throw new Error('expected http://HOST:PORT or https://HOST:PORT');
    }
    return new URL(address).origin;
};

export const chunkSize = (value: unknown): number => {
    const bytes = size(LEAF_BYTES)(value);
    if (bytes % LEAF_BYTES !== 0 || bytes > 64 * LEAF_BYTES) {
        throw new Error('expected a multiple of 1 MiB, 64 MiB at most');
    }
    return bytes;
};

export function define<T>(setting: Setting<T>): Setting<T> {
    return setting;
}
