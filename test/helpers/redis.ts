/** A real redis-server of a test's own, on a free port, without anything on disk unless asked for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary.js';

export interface RedisOptions {
    /** Whether what is in it survives a restart. */
    persistent?: boolean;
    password?: string;
    /** Files; plain connections are refused then. */
    tls?: { cert: string; key: string };
}

export interface TestRedis {
    url: string;
    port: number;
    /** Kills it, and starts it again on the same port. */
    restart: () => Promise<void>;
    stop: () => Promise<void>;
    /** Starts it again after {@link stop}. */
    start: () => Promise<void>;
}

/** Starts a server that ends with the test. */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
    const port = await freePort();
    const folder = temporaryFolder();
    const { persistent = false, password, tls } = options;
    let child: ChildProcess | undefined;
    const start = async (): Promise<void> => {
        const server = spawn(
            'redis-server',
            [
                ...(tls
                    ? ['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no']
                    : ['--port', String(port)]),
                ...(tls ? ['--tls-cert-file', tls.cert, '--tls-key-file', tls.key] : []),
                ...(tls ? ['--tls-ca-cert-file', tls.cert] : []),
                ...['--bind', '127.0.0.1', '--dir', folder, '--save', ''],
                ...(persistent ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []),
                ...(password === undefined ? [] : ['--requirepass', password]),
            ],
            { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        child = server;
        const said: string[] = [];
        await new Promise<void>((resolve, reject) => {
            createInterface(server.stdout).on('line', (line) => {
                said.push(line);
                if (line.includes('Ready to accept connections')) resolve();
            });
            server.once('error', reject);
            server.once('exit', () => reject(new Error(said.join('\n'))));
        });
    };
    const stop = async (): Promise<void> => {
        const running = child;
        child = undefined;
        if (!running || running.exitCode !== null || running.signalCode !== null) return;
        const exited = once(running, 'exit');
        running.kill('SIGKILL');
        await exited;
    };
    await start();
    onTestFinished(stop);
    const login = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return {
        url: `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${port}`,
        port,
        start,
        stop,
        restart: async () => {
            await stop();
            await start();
        },
    };
}
