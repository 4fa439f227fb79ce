/** What every command works with: streams, settings, and the way to the daemon. */
import { homePaths } from '../config/paths.js';
import type { HomePaths } from '../config/paths.js';
import { resolveSettings } from '../config/settings.js';
import type { ResolvedSettings, SettingName } from '../config/settings.js';
import { EXIT } from '../protocol/errors.js';
import type { ExitStatus } from '../protocol/errors.js';
import type { Client } from '../client/client.js';
import type { Patience } from '../client/patience.js';
import type { ConnectOptions } from '../client/connect.js';
import type { CliHost } from './host.js';
import { printable } from './ui/printable.js';

export interface ServerFlags {
    server?: string;
    context?: string;
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

    /** @throws SettingError naming the setting and the bad value */
    settings(
        flags: Partial<Record<SettingName, unknown>> = {},
        contextName?: string,
    ): ResolvedSettings {
        return resolveSettings(flags, this.env, contextName);
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
            /** Default: the settings. */
            patience?: Partial<Patience>;
            onPause?: ConnectOptions['onPause'];
        } = {},
    ): Promise<Client> {
        const { connect } = await import('../client/connect.js');
        return connect({
            ...options,
            server: flags.server,
            context: flags.context,
            startDaemon: options.startDaemon === true && flags.start !== false,
            env: this.env,
        });
    }

    /** Connects, works, and closes the connection whatever happens. */
    async withClient<T>(
        flags: ServerFlags,
        work: (client: Client) => Promise<T>,
        signal?: AbortSignal,
    ): Promise<T> {
        const client = await this.connect(flags, signal ? { signal } : {});
        try {
            return await work(client);
        } finally {
            client.close();
        }
    }
}
