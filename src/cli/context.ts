/** What every command works with: streams, settings, and the way to the daemon. */
import { homePaths } from '../config/paths.js';
import type { HomePaths } from '../config/paths.js';
import { SettingError, resolveSettings } from '../config/settings.js';
import type { ResolvedSettings, SettingName } from '../config/settings.js';
import { EXIT, KvzError } from '../protocol/errors.js';
import type { ExitStatus } from '../protocol/errors.js';
import type { Patience } from '../client/patience.js';
import type { Session } from '../client/session.js';
import type { CliHost } from './host.js';
import { printable } from './ui/printable.js';

export interface ServerFlags {
    server?: string;
    /** False with --no-start. */
    start?: boolean;
}

export class CliContext {
    readonly env: NodeJS.ProcessEnv;
    readonly host: CliHost;
    /** The kvazaar options, given after `--`. */
    readonly afterDashes: readonly string[] | undefined;
    /** The command's exit status when it does not end by an error. */
    exitStatus: ExitStatus = EXIT.done;

    constructor(host: CliHost, env: NodeJS.ProcessEnv, afterDashes: readonly string[] | undefined) {
        this.host = host;
        this.env = env;
        this.afterDashes = afterDashes;
    }

    get paths(): HomePaths {
        return homePaths(this.env);
    }

    /** Writes data: one line on stdout. */
    print(line: string): void {
        process.stdout.write(`${printable(line)}\n`);
    }

    /** Writes one JSON document on stdout. */
    printJson(value: unknown): void {
        process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
    }

    /** Writes a message for the user: one line on stderr. */
    say(message: string): void {
        const line = printable(message.replaceAll(/\s*\n\s*/g, ' '));
        process.stderr.write(`kvz-cloud: ${line}\n`);
    }

    /** @throws KvzError USAGE naming the setting and the bad value */
    settings(flags: Partial<Record<SettingName, unknown>> = {}): ResolvedSettings {
        try {
            return resolveSettings(flags, this.env);
        } catch (error) {
            if (error instanceof SettingError) throw new KvzError('USAGE', error.message);
            throw error;
        }
    }

    /** How long commands bear with a network that fails. */
    patience(): Patience {
        const { networkTimeout, giveUpAfter } = this.settings().values;
        return { inactivityMs: networkTimeout * 1000, giveUpMs: giveUpAfter * 1000 };
    }

    /** The daemon that was named, or the one that runs on the user's own data folder. */
    async #server(flags: ServerFlags): Promise<string> {
        const { values, sources } = this.settings({ server: flags.server });
        if (sources.server !== 'default') return values.server;
        const { runningDaemon } = await import('../client/running-daemon.js');
        return runningDaemon(values.dataDir)?.url ?? values.server;
    }

    /** The address of the daemon and the token for it. */
    async access(flags: ServerFlags): Promise<{ server: string; token: string }> {
        const server = await this.#server(flags);
        const { userToken } = await import('../client/token.js');
        return { server, token: userToken(this.paths.tokenFile, this.env) };
    }

    /**
     * Connects to the daemon.
     * @throws KvzError UNREACHABLE, NOT_AUTHORISED …
     */
    async connect(
        flags: ServerFlags,
        options: {
            /** Start one on this machine when none runs, unless --no-start. */
            startDaemon?: boolean;
            signal?: AbortSignal;
            onAway?: (reason: Error | undefined) => void;
        } = {},
    ): Promise<Session> {
        const { server, token } = await this.access(flags);
        const [{ Session }, { isLoopback, startLocalDaemon }, { systemCode }] = await Promise.all([
            import('../client/session.js'),
            import('../client/local-daemon.js'),
            import('../client/wire-error.js'),
        ]);
        const { startDaemon = false, signal, onAway } = options;
        const isLocal = isLoopback(server) && server.startsWith('http:');
        const start = isLocal && startDaemon && flags.start !== false;
        const { logDir } = this.paths;
        try {
            return await Session.open({
                server,
                token,
                patience: this.patience(),
                ...(signal ? { signal } : {}),
                ...(onAway ? { onAway } : {}),
                ...(start
                    ? { startDaemon: () => startLocalDaemon(server, logDir, this.env, signal) }
                    : {}),
            });
        } catch (error) {
            if (!isLocal || start || systemCode(error) !== 'ECONNREFUSED') throw error;
            throw new KvzError(
                'UNREACHABLE',
                `no daemon runs at ${server}; "kvz-cloud daemon start" starts one`,
                { cause: error },
            );
        }
    }

    /** Connects, works, and closes the connection whatever happens. */
    async withSession<T>(
        flags: ServerFlags,
        work: (session: Session) => Promise<T>,
        signal?: AbortSignal,
    ): Promise<T> {
        const session = await this.connect(flags, signal ? { signal } : {});
        try {
            return await work(session);
        } finally {
            session.close();
        }
    }
}
