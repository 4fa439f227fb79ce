/** The folders that belong to one user of kvz-cloud. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface HomePaths {
    /** Settings and the token. */
    configDir: string;
    settingsFile: string;
    tokenFile: string;
    /** Named daemons, and the tokens that were given for them on stdin. */
    contextsFile: string;
    contextTokensDir: string;
    /** Database, uploads and results of a local daemon, unless its settings say otherwise. */
    dataDir: string;
    /** Sources and results of a worker that encodes for a daemon elsewhere. */
    workerDir: string;
    logDir: string;
    /** What watches of folders remember. */
    watchDir: string;
    /** What can be lost without harm, such as computed file ids. */
    cacheDir: string;
}

/** One folder where KVZ_CLOUD_HOME names it, else the folders of the XDG base directories. */
export function homePaths(env: NodeJS.ProcessEnv = process.env): HomePaths {
    const home = env['KVZ_CLOUD_HOME'];
    const xdg = (variable: string, ...fallback: string[]): string =>
        join(env[variable] || join(env['HOME'] || homedir(), ...fallback), 'kvz-cloud');
    const configDir = home || xdg('XDG_CONFIG_HOME', '.config');
    const dataHome = home || xdg('XDG_DATA_HOME', '.local', 'share');
    return {
        configDir,
        settingsFile: join(configDir, 'config.json'),
        tokenFile: join(configDir, 'token'),
        contextsFile: join(configDir, 'contexts.json'),
        contextTokensDir: join(configDir, 'tokens'),
        dataDir: home ? join(home, 'data') : dataHome,
        workerDir: home ? join(home, 'worker') : `${dataHome}-worker`,
        logDir: home ? join(home, 'logs') : xdg('XDG_STATE_HOME', '.local', 'state'),
        watchDir: home
            ? join(home, 'watch')
            : join(xdg('XDG_STATE_HOME', '.local', 'state'), 'watch'),
        cacheDir: home ? join(home, 'cache') : xdg('XDG_CACHE_HOME', '.cache'),
    };
}
