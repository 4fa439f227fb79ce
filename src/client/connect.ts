/** The way to the daemon: found by the settings, started where that is wanted, and let in. */
import { homePaths } from '../config/paths.js';
import { resolveSettings } from '../config/settings.js';
import { KvzError } from '../protocol/errors.js';
import type { Pause } from '../protocol/messages.js';
import { resolveAccess } from './access.js';
import type { AccessRequest } from './access.js';
import { Client } from './client.js';
import { startLocalDaemon } from './local-daemon.js';
import type { Patience } from './patience.js';
import { Session } from './session.js';
import { checkToken } from './token.js';
import { systemCode } from './wire-error.js';

export interface ConnectOptions extends AccessRequest {
    /** The account; default: KVZ_CLOUD_TOKEN, then the context's, then the user's own. */
    token?: string | undefined;
    /** Start a daemon on this machine where none runs and one is expected. Default: false. */
    startDaemon?: boolean | undefined;
    /** Ends the connection, and whatever goes on over it, with the signal's reason. */
    signal?: AbortSignal | undefined;
    /** The connection broke (with the reason), or is there again (undefined). */
    onAway?: ((reason: Error | undefined) => void) | undefined;
    /** How long to bear with a network that fails. Default: the settings. */
    patience?: Partial<Patience> | undefined;
    /** The queue is paused, for this reason now, or goes on again (undefined). */
    onPause?: ((pause: Pause | undefined) => void) | undefined;
    /** Where the settings are looked for. Default: process.env. */
    env?: NodeJS.ProcessEnv | undefined;
}

/** How long commands bear with a network that fails, by the settings. */
function patienceOf(env: NodeJS.ProcessEnv): Patience {
    const { networkTimeout, giveUpAfter } = resolveSettings({}, env).values;
    return { inactivityMs: networkTimeout * 1000, giveUpMs: giveUpAfter * 1000 };
}

/**
 * Connects to the daemon that the options, the environment and the settings name.
 * @throws KvzError USAGE, UNREACHABLE, NOT_AUTHORISED, PROTOCOL_MISMATCH, FORBIDDEN_HOST; the
 *     signal's reason
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
    const env = options.env ?? process.env;
    const { signal, onAway, onPause } = options;
    const { server, token, ca, context, isLocal, localDataDir } = resolveAccess(options, env);
    const { logDir, cacheDir } = homePaths(env);
    const patience = { ...patienceOf(env), ...options.patience };
    const start = isLocal && options.startDaemon === true;
    try {
        const session = await Session.open({
            server,
            token: options.token === undefined ? token : checkToken(options.token, 'token'),
            ca,
            patience,
            signal,
            ...(onAway ? { onAway } : {}),
            ...(onPause ? { onPause } : {}),
            startDaemon: start ? () => startLocalDaemon(server, logDir, env, signal) : undefined,
        });
        return new Client(session, { cacheDir, patience, localDataDir });
    } catch (error) {
        if (systemCode(error) !== 'ECONNREFUSED' || start) throw error;
        if (context === undefined && !isLocal) throw error;
        const what =
            context === undefined
                ? `no daemon runs at ${server}; "kvz-cloud daemon start" starts one`
                : `no daemon answers at ${server} (context ${context}): connection refused`;
        throw new KvzError('UNREACHABLE', what, { cause: error });
    }
}
