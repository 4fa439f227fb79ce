/** Finding a daemon on this machine, and starting one where none runs. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLoopbackHost } from '../config/loopback.js';
import { packageFile } from '../package-file.js';
import { KvzError } from '../protocol/errors.js';
import { sleep } from '../backoff.js';
import { HttpClient } from './http.js';
import { ANY_CERTIFICATE } from './tls.js';

const START_TIMEOUT_MS = 30_000;
/** How long a daemon that won the race against ours may take to answer. */
const WINNER_TIMEOUT_MS = 10_000;
const HEALTH_TIMEOUT_MS = 2_000;

/** Whether an address names this machine itself. */
export function isLoopback(server: string): boolean {
    return isLoopbackHost(new URL(server).hostname);
}

/** Whether a daemon that is up and well answers at this address. */
export async function isHealthy(server: string): Promise<boolean> {
    const client = new HttpClient(server, undefined, ANY_CERTIFICATE);
    try {
        return await new Promise<boolean>((settle) => {
            const request = client.request('/healthz', { inactivityMs: HEALTH_TIMEOUT_MS });
            request.on('response', (response) => {
                response.resume();
                settle(response.statusCode === 200);
            });
            request.on('error', () => settle(false));
            request.end();
        });
    } finally {
        client.close();
    }
}

/** The daemon's environment: relative paths made absolute, as it changes its folder; no token. */
function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const result: NodeJS.ProcessEnv = { ...env };
    delete result['KVZ_CLOUD_TOKEN'];
    for (const [name, value] of Object.entries(env)) {
        const isPath = name === 'KVZ_CLOUD_HOME' || value?.includes(sep);
        if (name.startsWith('KVZ_CLOUD_') && name !== 'KVZ_CLOUD_SERVER' && value && isPath) {
            result[name] = resolve(value);
        }
    }
    return result;
}

export const daemonLogFile = (logDir: string): string => join(logDir, 'daemon.log');

/** Starts `kvz-cloud daemon run` with these options in the background, its output in the log. */
export function spawnDaemon(
    args: readonly string[],
    logDir: string,
    env: NodeJS.ProcessEnv,
): ChildProcess {
    mkdirSync(logDir, { recursive: true, mode: 0o700 });
    const log = openSync(daemonLogFile(logDir), 'a', 0o600);
    try {
        const program = fileURLToPath(packageFile('bin/kvz-cloud.js'));
        const child = spawn(process.execPath, [program, 'daemon', 'run', ...args], {
            detached: true,
            stdio: ['ignore', log, log],
            // A daemon that lives on must not keep the folder busy that it was started in.
            cwd: '/',
            env: daemonEnvironment(env),
        });
        child.unref();
        return child;
    } finally {
        closeSync(log);
    }
}

/** The last line of the daemon's log that says something. */
async function lastLogLine(logDir: string): Promise<string | undefined> {
    try {
        const text = await readFile(daemonLogFile(logDir), 'utf8');
        return text.trimEnd().split('\n').at(-1)?.slice(0, 300) || undefined;
    } catch {
        return undefined;
    }
}

/**
 * Waits until `find` gives something, while `child` runs, and a while longer when it has ended:
 * then another daemon got the port or the data folder first, and that one is as good.
 * @throws KvzError UNREACHABLE with the last line of the log
 */
export async function awaitDaemon<T>(
    child: ChildProcess,
    find: () => Promise<T | undefined>,
    logDir: string,
    signal?: AbortSignal,
): Promise<T> {
    let endedMs: number | undefined;
    child.once('exit', () => (endedMs = Date.now()));
    child.once('error', () => (endedMs = Date.now()));
    const startedMs = Date.now();
    for (let intervalMs = 40; ; intervalMs = Math.min(250, intervalMs * 1.3)) {
        const found = await find();
        if (found !== undefined) return found;
        const nowMs = Date.now();
        const tooLate =
            endedMs === undefined
                ? nowMs - startedMs > START_TIMEOUT_MS
                : nowMs - endedMs > WINNER_TIMEOUT_MS;
        const hopeless = endedMs !== undefined && child.exitCode !== null && child.exitCode === 2;
        if (tooLate || hopeless) break;
        await sleep(intervalMs, signal);
    }
    const line = await lastLogLine(logDir);
    throw new KvzError(
        'UNREACHABLE',
        `the local daemon did not start${line ? `: ${line}` : ''} (log: ${daemonLogFile(logDir)})`,
    );
}

/**
 * Starts the daemon of a loopback address and waits until it answers. Of two that are started at
 * once one gets the port and the data folder; both callers end up with that one.
 * @throws KvzError UNREACHABLE
 */
export async function startLocalDaemon(
    server: string,
    logDir: string,
    env: NodeJS.ProcessEnv,
    signal?: AbortSignal,
): Promise<void> {
    const { hostname, port } = new URL(server);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const child = spawnDaemon(['--host', host, '--port', port || '80'], logDir, env);
    await awaitDaemon(
        child,
        async () => ((await isHealthy(server)) ? true : undefined),
        logDir,
        signal,
    );
}
