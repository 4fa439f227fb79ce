/**
 * Every setting in one table: its type, default, meaning, and where it may come from.
 * Precedence: flags, then environment, then the settings file, then defaults.
 */
import { readFileSync } from 'node:fs';
import {
    DEFAULT_CHUNK_BYTES,
    DEFAULT_HOST,
    DEFAULT_PORT,
    LEAF_BYTES,
    MAX_DURATION_SECONDS,
    MAX_RAW_BYTES,
} from '../protocol/limits.js';
import { isLoopbackHost } from './loopback.js';
import { homePaths, type HomePaths } from './paths.js';

interface Setting<T> {
    default: T;
    meaning: string;
    env?: string;
    /** Turns text or a JSON value into the setting. @throws Error saying what is expected */
    parse: (value: unknown) => T;
}

const text = (value: unknown): string => {
    if (typeof value !== 'string' || value === '') throw new Error('expected text');
    return value;
};

const integer =
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
const size =
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
const duration = (value: unknown): number => {
    const match = /^(\d+(?:\.\d+)?)\s*([smhd]?)$/.exec(String(value).trim());
    const factor = DURATION_UNITS[match?.[2] || 's'];
    if (!match || !factor) throw new Error('expected a duration, such as 90s, 30m, 12h or 7d');
    return Number(match[1]) * factor;
};

/** A duration of a second at least: a limit of nothing would end everything at once. */
const timeLimit = (value: unknown): number => {
    const seconds = duration(value);
    if (seconds < 1) throw new Error('expected a duration of at least 1s');
    return seconds;
};

const oneOf =
    <const T extends string>(...allowed: readonly T[]) =>
    (value: unknown): T => {
        const found = allowed.find((each) => each === value);
        if (found === undefined) throw new Error(`expected one of ${allowed.join(', ')}`);
        return found;
    };

const url = (value: unknown): string => {
    const address = text(value);
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
        throw new Error('expected http://HOST:PORT or https://HOST:PORT');
    }
    return new URL(address).origin;
};

const chunkSize = (value: unknown): number => {
    const bytes = size(LEAF_BYTES)(value);
    if (bytes % LEAF_BYTES !== 0 || bytes > 64 * LEAF_BYTES) {
        throw new Error('expected a multiple of 1 MiB, 64 MiB at most');
    }
    return bytes;
};

function define<T>(setting: Setting<T>): Setting<T> {
    return setting;
}

const GIB = 1024 ** 3;

export const SETTINGS = {
    server: define({
        default: `http://${DEFAULT_HOST}:${DEFAULT_PORT}`,
        env: 'KVZ_CLOUD_SERVER',
        meaning: 'the daemon that commands talk to; one on loopback is started when none runs',
        parse: url,
    }),
    networkTimeout: define({
        default: 60,
        meaning: 'seconds without a byte after which a command takes a connection for dead',
        parse: timeLimit,
    }),
    giveUpAfter: define({
        default: 600,
        meaning: 'seconds without success after which a command no longer tries to go on',
        parse: timeLimit,
    }),
    host: define({
        default: DEFAULT_HOST,
        meaning: "the address that the daemon listens on; by default the server's, if on loopback",
        parse: text,
    }),
    port: define({
        default: DEFAULT_PORT,
        meaning: "the port that the daemon listens on, 0: any free one; by default the server's",
        parse: integer(0, 65535),
    }),
    dataDir: define({
        default: '',
        meaning: 'where the daemon keeps its database, uploads and results',
        parse: text,
    }),
    workers: define({
        default: 5,
        meaning: 'jobs that run at the same time',
        parse: integer(1, 256),
    }),
    threads: define({
        default: 0,
        meaning: 'processor cores that running jobs share; 0 means all of them',
        parse: integer(0, 1024),
    }),
    niceness: define({
        default: 0,
        meaning: 'how far the encoding programs step back behind others, 0 to 19',
        parse: integer(0, 19),
    }),
    chunkSize: define({
        default: DEFAULT_CHUNK_BYTES,
        meaning: 'bytes of an upload chunk that the daemon recommends; a multiple of 1 MiB',
        parse: chunkSize,
    }),
    rawBytes: define({
        default: MAX_RAW_BYTES,
        meaning: 'the largest raw video that is accepted, bytes',
        parse: size(1),
    }),
    containerBytes: define({
        default: 50_000_000_000,
        meaning: 'the largest file other than raw video that is accepted, bytes',
        parse: size(1),
    }),
    durationSeconds: define({
        default: MAX_DURATION_SECONDS,
        meaning: 'the longest video other than raw that is accepted, seconds',
        parse: duration,
    }),
    freeSpaceFloor: define({
        default: GIB,
        meaning: 'bytes of disk that must stay free for a new upload to be approved',
        parse: size(0),
    }),
    userQuota: define({
        default: 1000 * GIB,
        meaning: 'bytes of uploads and sources that one user may have on the daemon',
        parse: size(1),
    }),
    uploadsPerUser: define({
        default: 100,
        meaning: 'uploads that one user may have open',
        parse: integer(1, 1_000_000),
    }),
    uploadExpiry: define({
        default: 7 * 86400,
        meaning: 'seconds after which an upload that went silent is given up',
        parse: duration,
    }),
    logLevel: define({
        default: 'info' as const,
        env: 'KVZ_CLOUD_LOG_LEVEL',
        meaning: 'how much the daemon logs: fatal, error, warn, info, debug, trace or silent',
        parse: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    }),
} as const;

type Table = typeof SETTINGS;
export type SettingName = keyof Table;
export type Settings = { [K in SettingName]: ReturnType<Table[K]['parse']> };
/** What commands go by; the daemon does not look at these. */
export const COMMAND_SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
    'server',
    'networkTimeout',
    'giveUpAfter',
]);
export type SettingSource = 'flag' | 'environment' | 'file' | 'default';

export interface ResolvedSettings {
    values: Settings;
    sources: Record<SettingName, SettingSource>;
}

/** A setting that cannot be used; the message names it, where it came from, and what is expected. */
export class SettingError extends Error {
    override readonly name = 'SettingError';
}

function readSettingsFile(path: string): Record<string, unknown> {
    let content: string;
    try {
        content = readFileSync(path, 'utf8');
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
        throw new SettingError(`${path}: ${(error as Error).message}`);
    }
    let value: unknown;
    try {
        value = JSON.parse(content);
    } catch (error) {
        throw new SettingError(`${path}: ${(error as Error).message}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new SettingError(`${path}: expected a JSON object`);
    }
    for (const key of Object.keys(value)) {
        if (!Object.hasOwn(SETTINGS, key)) {
            const known = Object.keys(SETTINGS).join(', ');
            throw new SettingError(`${path}: unknown setting "${key}"; known are ${known}`);
        }
    }
    return value as Record<string, unknown>;
}

/** Defaults that depend on the environment or on settings that come earlier in the table. */
function derivedDefault(
    name: SettingName,
    values: Partial<Record<SettingName, unknown>>,
    paths: HomePaths,
): unknown {
    if (name === 'dataDir') return paths.dataDir;
    if (name !== 'host' && name !== 'port') return undefined;
    // Commands that look for their daemon at an address of this machine must find it there.
    const { hostname, port, protocol } = new URL(String(values.server));
    if (!isLoopbackHost(hostname)) return undefined;
    if (name === 'host') return hostname.replace(/^\[(.*)\]$/, '$1');
    return port === '' ? { 'http:': 80, 'https:': 443 }[protocol] : Number(port);
}

/**
 * The effective settings and where each comes from.
 * @param flags values given on the command line; undefined ones are passed over
 * @throws SettingError naming the setting and the bad value
 */
export function resolveSettings(
    flags: Partial<Record<SettingName, unknown>> = {},
    env: NodeJS.ProcessEnv = process.env,
): ResolvedSettings {
    const paths = homePaths(env);
    const file = readSettingsFile(paths.settingsFile);
    const values: Partial<Record<SettingName, unknown>> = {};
    const sources: Partial<Record<SettingName, SettingSource>> = {};
    for (const name of Object.keys(SETTINGS) as SettingName[]) {
        const setting: Setting<unknown> = SETTINGS[name];
        const candidates: [SettingSource, unknown, string][] = [
            ['flag', flags[name], `option for ${name}`],
            ['environment', setting.env && env[setting.env], setting.env ?? ''],
            ['file', Object.hasOwn(file, name) ? file[name] : undefined, paths.settingsFile],
        ];
        const given = candidates.find(([, value]) => value !== undefined && value !== '');
        if (!given) {
            values[name] = derivedDefault(name, values, paths) ?? setting.default;
            sources[name] = 'default';
            continue;
        }
        const [source, value, where] = given;
        try {
            values[name] = setting.parse(value);
        } catch (error) {
            throw new SettingError(
                `${where}: ${name} ${JSON.stringify(value)}: ${(error as Error).message}`,
            );
        }
        sources[name] = source;
    }
    return { values: values as Settings, sources: sources as Record<SettingName, SettingSource> };
}
