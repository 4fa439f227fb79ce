/** Which daemon is meant, and the token for it. */
import { homePaths } from '../config/paths.js';
import { resolveSettings } from '../config/settings.js';
import { KvzError } from '../protocol/errors.js';
import { isLoopback } from './local-daemon.js';
import { runningDaemon } from './running-daemon.js';
import { readCa } from '../config/tls-trust.js';
import { tokenOfFile, userToken } from './token.js';

export interface AccessRequest {
    /** http(s)://HOST:PORT */
    server?: string | undefined;
    /** The name of a context. */
    context?: string | undefined;
}

export interface Access {
    server: string;
    token: string;
    /** The authorities (PEM) that its certificate must be of, where they are set. */
    ca: string | undefined;
    /** The context whose address it is. */
    context: string | undefined;
    /** Plain HTTP on this machine, and no tunnel: a daemon can be started there. */
    isLocal: boolean;
    /**
     * The data folder of a daemon that may read files on this machine itself; undefined where the
     * address is that of another machine, or where that is not wanted.
     */
    localDataDir: string | undefined;
}

/**
 * Finds the daemon: what was asked for, else what the settings say, else the one that runs on the
 * user's own data folder. The token of a context goes to no other address than that context's.
 * @throws KvzError USAGE
 */
export function resolveAccess(request: AccessRequest, env: NodeJS.ProcessEnv): Access {
    if (request.server !== undefined && request.context !== undefined) {
        throw new KvzError('USAGE', 'give either --server or --context: both name a daemon');
    }
    const paths = homePaths(env);
    const resolved = resolveSettings({ server: request.server }, env, request.context);
    const { values, sources } = resolved;
    const context = sources.server === 'context' ? resolved.context : undefined;
    const server =
        sources.server === 'default'
            ? (runningDaemon(values.dataDir)?.url ?? values.server)
            : values.server;
    const isHere = !context && isLoopback(server);
    const isLocal = isHere && server.startsWith('http:');
    const localDataDir = isHere && values.localCopy ? values.dataDir : undefined;
    // An option goes before the environment, as with the address.
    const given = env['KVZ_CLOUD_TOKEN'] && context?.source !== 'flag';
    const token =
        context?.tokenFile !== undefined && !given
            ? tokenOfFile(context.tokenFile)
            : userToken(paths.tokenFile, env);
    // The context's own is for that daemon, tlsCa for all.
    const ca =
        context?.caFile === undefined
            ? readCa(values.tlsCa)
            : readCa(context.caFile, `context "${context.name}"`);
    return { server, token, ca, context: context?.name, isLocal, localDataDir };
}
