/** Presets of one's own: encoding options under a name, in the settings file. */

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
    Record<keyof Profile, { expected: string; fits: (value: unknown) => boolean }>
> = {
    preset: { expected: "the name of one of kvazaar's presets", fits: isText },
    container: {
        expected: 'hevc, mp4 or mkv',
        fits: (value) => ['hevc', 'mp4', 'mkv'].includes(String(value)),
    },
    kvazaar: {
        expected: 'a list of texts, such as ["--qp", "27"]',
        fits: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
    },
    logo: {
        expected: 'true, false or the path of an image',
        fits: (value) => isBoolean(value) || isText(value),
    },
    logoSeconds: { expected: 'seconds from 0.1 to 30', fits: isNumber(0.1, 30, false) },
    deinterlace: { expected: 'true or false', fits: isBoolean },
    strict: { expected: 'true or false', fits: isBoolean },
    verify: { expected: 'true or false', fits: isBoolean },
    priority: { expected: 'a whole number from -100 to 100', fits: isNumber(-100, 100, true) },
};

const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);

const isField = (name: string): name is keyof Profile => Object.hasOwn(FIELDS, name);

/** @throws Error naming the profile, the field, and what is expected */
export function parseProfiles(value: unknown): Profiles {
    if (!isObject(value)) throw new Error('expected an object of profiles by name');
    for (const [name, profile] of Object.entries(value)) {
        if (!isObject(profile)) throw new Error(`profile ${name}: expected an object`);
        for (const [field, content] of Object.entries(profile)) {
            if (!isField(field)) {
                const known = Object.keys(FIELDS).join(', ');
                throw new Error(`profile ${name}: unknown field "${field}"; known are ${known}`);
            }
            const { expected, fits } = FIELDS[field];
            if (!fits(content)) throw new Error(`profile ${name}: ${field}: expected ${expected}`);
        }
    }
    return value as Profiles;
}
