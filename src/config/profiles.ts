/** Presets of one's own: encoding options under a name, in the settings file. */
import { suggest } from '../suggest.js';
import { parser, type JsonSchema } from './setting-values.js';

/** What a profile may set. Flags on the command line come before it. */
export interface Profile {
    /** One of kvazaar's presets. */
    preset?: string;
    container?: 'hevc' | 'mp4' | 'mkv';
    /** kvazaar's own options as on its command line; those after `--` follow and win. */
    kvazaar?: readonly string[];
    /** False: no closing logo; text: the path of an image for it. */
    logo?: boolean | string;
    /** 0.1 to 30. */
    logoSeconds?: number;
    deinterlace?: boolean;
    strict?: boolean;
    verify?: boolean;
    /** -100 to 100, higher runs first. */
    priority?: number;
}

export type Profiles = Readonly<Record<string, Profile>>;

const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isNumber =
    (min: number, max: number, whole: boolean) =>
    (value: unknown): boolean =>
        typeof value === 'number' &&
        value >= min &&
        value <= max &&
        (!whole || Number.isInteger(value));

const FIELDS: Readonly<
    Record<
        keyof Profile,
        { expected: string; fits: (value: unknown) => boolean; schema: JsonSchema }
    >
> = {
    preset: {
        expected: "the name of one of kvazaar's presets",
        fits: isText,
        schema: { type: 'string', minLength: 1 },
    },
    container: {
        expected: 'hevc, mp4 or mkv',
        fits: (value) => ['hevc', 'mp4', 'mkv'].includes(String(value)),
        schema: { enum: ['hevc', 'mp4', 'mkv'] },
    },
    kvazaar: {
        expected: 'a list of texts, such as ["--qp", "27"]',
        fits: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
        schema: { type: 'array', items: { type: 'string' } },
    },
    logo: {
        expected: 'true, false or the path of an image',
        fits: (value) => isBoolean(value) || isText(value),
        schema: { anyOf: [{ type: 'boolean' }, { type: 'string', minLength: 1 }] },
    },
    logoSeconds: {
        expected: 'seconds from 0.1 to 30',
        fits: isNumber(0.1, 30, false),
        schema: { type: 'number', minimum: 0.1, maximum: 30 },
    },
    deinterlace: { expected: 'true or false', fits: isBoolean, schema: { type: 'boolean' } },
    strict: { expected: 'true or false', fits: isBoolean, schema: { type: 'boolean' } },
    verify: { expected: 'true or false', fits: isBoolean, schema: { type: 'boolean' } },
    priority: {
        expected: 'a whole number from -100 to 100',
        fits: isNumber(-100, 100, true),
        schema: { type: 'integer', minimum: -100, maximum: 100 },
    },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

const isField = (name: string): name is keyof Profile => Object.hasOwn(FIELDS, name);

/** @throws Error naming the profile, the field, and what is expected */
function checkProfiles(value: unknown): Profiles {
    if (!isObject(value)) throw new Error('expected an object of profiles by name');
    for (const [name, profile] of Object.entries(value)) {
        if (!isObject(profile)) throw new Error(`profile ${name}: expected an object`);
        for (const [field, content] of Object.entries(profile)) {
            if (!isField(field)) {
                const known = Object.keys(FIELDS);
                const near = suggest(field, known);
                const hint = near ? `did you mean "${near}"?` : `known are ${known.join(', ')}`;
                throw new Error(`profile ${name}: unknown field "${field}"; ${hint}`);
            }
            const { expected, fits } = FIELDS[field];
            if (!fits(content)) throw new Error(`profile ${name}: ${field}: expected ${expected}`);
        }
    }
    return value as Profiles;
}

const properties = Object.fromEntries(
    Object.entries(FIELDS).map(([name, { expected, schema }]) => [
        name,
        { description: expected, ...schema },
    ]),
);

export const parseProfiles = parser(
    {
        type: 'object',
        additionalProperties: { type: 'object', properties, additionalProperties: false },
    },
    checkProfiles,
);
