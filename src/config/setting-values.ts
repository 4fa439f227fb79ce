/** What a setting is, and how text or JSON becomes the value of one. */
import { isIP } from 'node:net';
import { LEAF_BYTES } from '../protocol/limits.js';
import { parseRedisAddress } from './redis-address.js';

/** Of draft 2020-12; what docs/settings.schema.json says of one setting. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Turns text or a JSON value into a setting. @throws Error saying what is expected */
export interface Parser<T> {
    (value: unknown): T;
    /** What may be in the settings file. Texts for numbers are taken as well, but not proposed. */
    schema: JsonSchema;
}

export interface Setting<T> {
    default: T;
    /** The default in words, where it depends on something or its value says nothing. */
    defaultText?: string;
    meaning: string;
    env?: string;
    /** It comes from the environment or the settings file, never from a flag, and is not listed. */
    isSecret?: boolean;
    /** How a value is listed, where a part of it may be secret; errors don't repeat it then. */
    show?(this: void, value: T): T;
    parse: Parser<T>;
}

export function parser<T>(schema: JsonSchema, parse: (value: unknown) => T): Parser<T> {
    return Object.assign((value: unknown) => parse(value), { schema });
}

export const text = parser({ type: 'string', minLength: 1 }, (value) => {
    if (typeof value !== 'string' || value === '') throw new Error('expected text');
    return value;
});

export const integer = (minimum: number, maximum: number): Parser<number> =>
    parser({ type: 'integer', minimum, maximum }, (value) => {
        const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
        if (
            typeof number !== 'number' ||
            !Number.isInteger(number) ||
            number < minimum ||
            number > maximum
        ) {
            throw new Error(`expected a whole number from ${minimum} to ${maximum}`);
        }
        return number;
    });

const UNITS: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

/** Bytes: a number, or text such as "50G", "500MB" or "8MiB". */
export const size = (minimum: number): Parser<number> =>
    parser(
        {
            anyOf: [
                { type: 'integer', minimum, maximum: Number.MAX_SAFE_INTEGER },
                { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*([KMGTkmgt]i?)?[Bb]?$' },
            ],
            examples: ['8MiB', '50G'],
        },
        (value) => {
            const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?$/i.exec(String(value).trim());
            const unit = match?.[2]?.toUpperCase() ?? '';
            const factor = match?.[3] ? 1024 ** ' KMGT'.indexOf(unit) : UNITS[unit];
            const bytes = match
                ? Math.round(Number(match[1]) * (factor ?? Number.NaN))
                : Number.NaN;
            if (!Number.isSafeInteger(bytes) || bytes < minimum) {
                throw new Error(
                    `expected a size of at least ${minimum} bytes, such as 8MiB or 50G`,
                );
            }
            return bytes;
        },
    );

const DURATION_UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

const durationFrom = (minimum: number): Parser<number> =>
    parser(
        {
            anyOf: [
                { type: 'number', minimum },
                { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*[smhd]?$' },
            ],
            examples: ['90s', '30m', '12h', '7d'],
        },
        (value) => {
            const match = /^(\d+(?:\.\d+)?)\s*([smhd]?)$/.exec(String(value).trim());
            const factor = DURATION_UNITS[match?.[2] || 's'];
            if (!match || !factor) {
                throw new Error('expected a duration, such as 90s, 30m, 12h or 7d');
            }
            const seconds = Number(match[1]) * factor;
            if (seconds < minimum) throw new Error(`expected a duration of at least ${minimum}s`);
            return seconds;
        },
    );

/** Seconds: a number, or text such as "90s", "30m", "12h" or "7d". */
export const duration = durationFrom(0);

/** A duration of a second at least: a limit of nothing would end everything at once. */
export const timeLimit = durationFrom(1);

export const oneOf = <const T extends string>(...allowed: readonly T[]): Parser<T> =>
    parser({ enum: allowed }, (value) => {
        const found = allowed.find((each) => each === value);
        if (found === undefined) throw new Error(`expected one of ${allowed.join(', ')}`);
        return found;
    });

/** True or false; on a command line or in the environment also 1 and 0. */
export const flag = parser({ type: 'boolean' }, (value) => {
    if (value === true || value === 'true' || value === '1') return true;
    if (value === false || value === 'false' || value === '0') return false;
    throw new Error('expected true or false');
});

/** A whole address, with a path and a query. */
export const webAddress = parser({ type: 'string', pattern: '^https?://' }, (value) => {
    const address = text(value);
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
        throw new Error('expected an address that begins with https:// or http://');
    }
    return new URL(address).href;
});

/** An address without what may be secret in it: a path or a query often is a key. */
export const shownAddress = (address: string): string => new URL(address).origin;

/** A program and its arguments: a list, as no text is ever taken apart; a text is a program. */
export const commandLine = parser(
    {
        anyOf: [
            { type: 'string', minLength: 1 },
            { type: 'array', items: { type: 'string' } },
        ],
    },
    (value) => {
        const words: unknown[] = Array.isArray(value) ? value : [value];
        if (words[0] !== '' && words.every((word) => typeof word === 'string')) {
            return words;
        }
        throw new Error('expected a program, or a list of a program and its arguments');
    },
);

/** A list, in JSON or as text with commas. */
export const listOf = <T>(item: Parser<T>): Parser<T[]> =>
    parser({ type: 'array', items: item.schema }, (value) => {
        if (Array.isArray(value)) return value.map((each) => item(each));
        return text(value)
            .split(',')
            .map((each) => item(each.trim()));
    });

/** The name of a host, with or without a port, as it stands in a URL. */
export const hostName = parser({ type: 'string', minLength: 1 }, (value) => {
    const name = text(value).toLowerCase();
    const isName = /^(\[[\d:a-f]+\]|[\w.-]+)(:\d{1,5})?$/.test(name);
    if (!isName || !URL.canParse(`http://${name}`)) {
        throw new Error('expected the name of a host, such as video.example.org or host:8443');
    }
    return name;
});

/** An IP address, or a network as ADDRESS/BITS. */
export const network = parser({ type: 'string', minLength: 1 }, (value) => {
    const [address = '', bits, ...more] = text(value).split('/');
    const most = { 4: 32, 6: 128 }[isIP(address)];
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (most ?? 0));
    if (most === undefined || more.length > 0 || !fits) {
        throw new Error('expected an IP address or a network, such as 10.0.0.0/8');
    }
    return text(value);
});

export const url = parser({ type: 'string', pattern: '^https?://[^/]+/?$' }, (value) => {
    const address = text(value);
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
        throw new Error('expected http://HOST:PORT or https://HOST:PORT');
    }
    return new URL(address).origin;
});

/** A secret that a program can be given: long enough not to be guessed, nothing to be quoted. */
export const secret = parser({ type: 'string', pattern: '^[\\x21-\\x7e]{16,256}$' }, (value) => {
    if (typeof value !== 'string' || !/^[\x21-\x7e]{16,256}$/.test(value)) {
        throw new Error('expected 16 to 256 letters, digits and signs without spaces');
    }
    return value;
});

export const chunkSize = parser(size(LEAF_BYTES).schema, (value) => {
    const bytes = size(LEAF_BYTES)(value);
    if (bytes % LEAF_BYTES !== 0 || bytes > 64 * LEAF_BYTES) {
        throw new Error('expected a multiple of 1 MiB, 64 MiB at most');
    }
    return bytes;
});

/** The address of a queue in Redis, or nothing for the queue in the daemon itself. */
export const queueAddress = parser({ type: 'string', pattern: '^(rediss?://.*)?$' }, (value) => {
    if (value === '') return '';
    parseRedisAddress(text(value));
    return text(value);
});

export function define<T>(setting: Setting<T>): Setting<T> {
    return setting;
}
