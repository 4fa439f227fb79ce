/**
 * The effective settings. Precedence: flags, then environment, then the context, then the settings
 * file, then defaults. The settings themselves are in setting-table.ts.
 */
import { DEFAULT_HOST, DEFAULT_PORT } from '../protocol/limits.js';
import { activeContext, type ActiveContext } from './contexts.js';
import { readJsonObject, SettingError } from './json-file.js';
import { isLoopbackHost } from './loopback.js';
import { homePaths, type HomePaths } from './paths.js';
import { SETTINGS, type SettingName, type Settings } from './setting-table.js';
import { url, type Setting } from './setting-values.js';
import { suggest } from '../suggest.js';

export { SettingError } from './json-file.js';
export { COMMAND_SETTINGS, SETTINGS, type SettingName, type Settings } from './setting-table.js';

export type { Setting } from './setting-values.js';

export type SettingSource = 'flag' | 'environment' | 'context' | 'file' | 'default';

export interface ResolvedSettings {
    values: Settings;
    sources: Record<SettingName, SettingSource>;
    /** The context that was chosen, whether or not something else has overridden its server. */
    context: ActiveContext | undefined;
}

function readSettingsFile(path: string): Record<string, unknown> {
    const value = readJsonObject(path);
    for (const key of Object.keys(value)) {
        // Where editors look for the schema of the file.
        if (key === '$schema') continue;
        if (!Object.hasOwn(SETTINGS, key)) {
            throw new SettingError(`${path}: ${unknownSetting(key)}`);
        }
    }
    return value;
}

/** What to say of a name that is no setting's. */
export function unknownSetting(name: string): string {
    const known = Object.keys(SETTINGS);
    const near = suggest(name, known);
    const hint = near ? `did you mean "${near}"?` : `known are ${known.join(', ')}`;
    return `unknown setting "${name}"; ${hint}`;
}

/** `--data-dir`, as a setting is called on a command line. */
export function settingFlag(name: string): string {
    return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Where the daemon listens by the settings file; undefined when that is not loopback, or not told. */
function ownServer(file: Record<string, unknown>): string | undefined {
    const { host = DEFAULT_HOST, port = DEFAULT_PORT, tlsCert } = file;
    const isPort = Number.isInteger(Number(port)) && Number(port) > 0;
    if (!isPort || typeof host !== 'string' || !isLoopbackHost(host)) return undefined;
    const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
    return url(`${tlsCert ? 'https' : 'http'}://${name}:${Number(port)}`);
}

/** Defaults that depend on the environment or on settings that come earlier in the table. */
function derivedDefault(
    name: SettingName,
    values: Partial<Record<SettingName, unknown>>,
    sources: Partial<Record<SettingName, SettingSource>>,
    paths: HomePaths,
    file: Record<string, unknown>,
): unknown {
    if (name === 'server') return ownServer(file);
    if (name === 'dataDir') return paths.dataDir;
    if (name === 'access') {
        // Behind a proxy, whoever reaches that reaches the loopback address.
        const isProxied = [values.publicHosts, values.trustedProxies].some(
            (list) => Array.isArray(list) && list.length > 0,
        );
        return isLoopbackHost(String(values.host)) && !isProxied ? 'open' : 'issued';
    }
    if (name !== 'host' && name !== 'port') return undefined;
    // A context's address of this machine is that of a tunnel: no daemon of ours belongs there.
    if (sources.server === 'context') return undefined;
    // Commands that look for their daemon at an address of this machine must find it there.
    const { hostname, port, protocol } = new URL(String(values.server));
    if (!isLoopbackHost(hostname)) return undefined;
    if (name === 'host') return hostname.replace(/^\[(.*)\]$/, '$1');
    return port === '' ? { 'http:': 80, 'https:': 443 }[protocol] : Number(port);
}

/**
 * The effective settings and where each comes from. A context that was named by an option goes
 * before the environment: it is as explicit as any other option.
 * @param flags values given on the command line; undefined ones are passed over
 * @param contextName of the option --context
 * @throws SettingError naming the setting and the bad value
 */
export function resolveSettings(
    flags: Partial<Record<SettingName, unknown>> = {},
    env: NodeJS.ProcessEnv = process.env,
    contextName?: string,
): ResolvedSettings {
    const paths = homePaths(env);
    const file = readSettingsFile(paths.settingsFile);
    const context = activeContext(paths, env, contextName);
    const values: Partial<Record<SettingName, unknown>> = {};
    const sources: Partial<Record<SettingName, SettingSource>> = {};
    for (const name of Object.keys(SETTINGS) as SettingName[]) {
        const setting: Setting<unknown> = SETTINGS[name];
        const ofContext = name === 'server' ? context?.server : undefined;
        const byFlag = context?.source === 'flag';
        const candidates: [SettingSource, unknown, string][] = [
            ['flag', flags[name], ''],
            ['context', byFlag ? ofContext : undefined, paths.contextsFile],
            ['environment', setting.env && env[setting.env], setting.env ?? ''],
            ['context', ofContext, paths.contextsFile],
            ['file', Object.hasOwn(file, name) ? file[name] : undefined, paths.settingsFile],
        ];
        const given = candidates.find(([, value]) => value !== undefined && value !== '');
        if (!given) {
            values[name] = derivedDefault(name, values, sources, paths, file) ?? setting.default;
            sources[name] = 'default';
            continue;
        }
        const [source, value, where] = given;
        try {
            values[name] = setting.parse(value);
        } catch (error) {
            const isHidden = setting.isSecret || setting.show || typeof value === 'object';
            const shown = isHidden ? '' : ` ${JSON.stringify(value)}`;
            const named = source === 'flag' ? settingFlag(name) : `${where}: ${name}`;
            throw new SettingError(`${named}${shown}: ${(error as Error).message}`);
        }
        sources[name] = source;
    }
    if (values.workers === 0 && values.queue === '') {
        throw new SettingError('workers 0: without a queue nobody would run the jobs');
    }
    return {
        values: values as Settings,
        sources: sources as Record<SettingName, SettingSource>,
        context,
    };
}
