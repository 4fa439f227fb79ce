/** Malformed messages, made by damaging valid ones; the same seed makes the same. */
import { CLIENT_EXAMPLES } from '../../../scripts/protocol-doc/examples.js';
import type { Random } from './random.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const pick = <T>(random: Random, list: readonly T[]): T => {
    const found = list[random.below(list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
};

/** Strings that mean something to a file system, a shell, a database or a parser. */
export function hostileText(random: Random, marker: string): string {
    const tricks: (() => string)[] = [
        () => `../../../../../../tmp/${marker}`,
        () => `/tmp/${marker}`,
        () => `..\\..\\${marker}`,
        () => `%2e%2e%2f%2e%2e%2f${marker}`,
        () => `..%c0%af..%c0%af${marker}`,
        () => `${marker}\0.mkv`,
        () => `file:///tmp/${marker}`,
        () => `concat:/etc/passwd|/tmp/${marker}`,
        () => `|touch /tmp/${marker}`,
        () => `$(touch /tmp/${marker})`,
        () => `'; DROP TABLE jobs; -- ${marker}`,
        () => `-o/tmp/${marker}`,
        () => `--debug=/tmp/${marker}`,
        () => `${marker}\r\nSet-Cookie: a=b`,
        () => '__proto__',
        () => 'constructor',
        () => 'toString',
        () => '\ud800',
        () => '\u202e\u0000\uffff\u{1f4a9}',
        () => 'e\u0301'.repeat(200),
        () => 'A'.repeat(1 + random.below(70_000)),
        () => '.'.repeat(1 + random.below(5000)),
        () => `{"type":"${marker}"}`,
        () => '',
    ];
    return pick(random, tricks)();
}

function hostileValue(random: Random, marker: string): Json {
    const values: (() => Json)[] = [
        () => hostileText(random, marker),
        () => null,
        () => pick(random, [true, false]),
        () => pick(random, [0, -0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, -1e308, 64.0000001]),
        () => [],
        () => ({}),
        () => Array.from({ length: random.below(3000) }, () => pick(random, [0, '', null])),
        () => nested(random.below(3000)),
        () => JSON.parse('{"length":1e9,"then":"x","toJSON":1,"__proto__":{"role":1}}') as Json,
    ];
    return pick(random, values)();
}

function nested(depth: number): Json {
    let value: Json = [];
    for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value };
    return value;
}

/** Places further down than this are not told apart. */
const MAX_DEPTH = 8;

/** Every place of a value, as a list of keys. */
function placesOf(value: Json, at: (string | number)[] = []): (string | number)[][] {
    if (typeof value !== 'object' || value === null || at.length >= MAX_DEPTH) return [at];
    const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
    return [at, ...[...keys].flatMap((key) => placesOf((value as never)[key], [...at, key]))];
}

function changed(value: Json, place: readonly (string | number)[], to: Json | undefined): Json {
    const [key, ...rest] = place;
    if (key === undefined) return to ?? null;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
        string | number,
        Json
    >;
    if (rest.length === 0 && to === undefined) delete copy[key];
    else copy[key] = changed(copy[key] ?? null, rest, to);
    return copy;
}

/** JSON text that no JSON.stringify would write. */
function damagedText(random: Random, text: string): string | Buffer {
    const at = random.below(text.length);
    const ways: (() => string | Buffer)[] = [
        () => text.slice(0, at),
        () => `${text.slice(0, at)}${String.fromCharCode(random.below(65_536))}${text.slice(at)}`,
        () => text.replace('{', '{"__proto__":{"role":"admin"},"constructor":{"prototype":{}},'),
        () => text.replace('{', '{"type":"init","id":1,"id":2,'),
        () => text.replace(/"id":\d+/, '"id":1e999'),
        () => `\ufeff${text}`,
        () => `${text}${text}`,
        () => `/* */${text}`,
        () => '['.repeat(1 + random.below(100_000)),
        () => text.replaceAll('"', "'"),
        () => Buffer.from(text, 'utf16le'),
        () => Buffer.from(Array.from({ length: random.below(2000) }, () => random.below(256))),
        () => ' '.repeat(random.below(250_000)),
        () => 'x'.repeat(262_145 + random.below(1000)),
    ];
    return pick(random, ways)();
}

/** One message; text goes into a text frame, bytes into a binary one. */
export function hostileMessage(random: Random, marker: string, id: number): string | Buffer {
    const examples = Object.values(CLIENT_EXAMPLES) as Json[];
    let message = { ...(pick(random, examples) as { [key: string]: Json }), id } as Json;
    const changes = random.below(4);
    for (let i = 0; i < changes; i += 1) {
        const place = pick(random, placesOf(message));
        if (place.length === 0) continue;
        const to = random.below(8) === 0 ? undefined : hostileValue(random, marker);
        message = changed(message, place, to);
    }
    const text = JSON.stringify(message);
    return changes === 0 || random.below(5) === 0 ? damagedText(random, text) : text;
}
