/**
 * The effective settings. Precedence: flags, then environment, then the settings file, then
 * defaults. The settings themselves are in setting-table.ts.
 */
import { readFileSync } from 'node:fs';
import { isLoopbackHost } from './loopback.js';
import { homePaths, type HomePaths } from './paths.js';
import { SETTINGS, type SettingName, type Settings } from './setting-table.js';
import type { Setting } from './setting-values.js';

export { COMMAND_SETTINGS, SETTINGS, type SettingName, type Settings } from './setting-table.js';

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
    if (name === 'access') return isLoopbackHost(String(values.host)) ? 'open' : 'issued';
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
            const shown = typeof value === 'object' ? '' : ` ${JSON.stringify(value)}`;
            throw new SettingError(`${where}: ${name}${shown}: ${(error as Error).message}`);
        }
        sources[name] = source;
    }
    return { values: values as Settings, sources: sources as Record<SettingName, SettingSource> };
}
