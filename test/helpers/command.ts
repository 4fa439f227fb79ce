/** Runs the built command as a user does, with a home and a daemon of the test's own. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { readDaemonRecord } from '../../src/config/daemon-record.js';
import { freePort } from './free-port.js';
import { temporaryFolder } from './temporary.js';

export const BIN = fileURLToPath(new URL('../../bin/kvz-cloud.js', import.meta.url));

export interface CommandResult {
    status: number | null;
    stdout: string;
    stderr: string;
}

export interface Home {
    /** KVZ_CLOUD_HOME. */
    folder: string;
    /** Where outputs of the test may go; the working folder of its commands. */
    outputs: string;
    url: string;
    env: NodeJS.ProcessEnv;
    run: (...args: string[]) => Promise<CommandResult>;
    /** The lines of NDJSON that a command with --json wrote, and nothing else. */
    runJson: (...args: string[]) => Promise<{ status: number | null; events: JsonEvent[] }>;
}

export type JsonEvent = { event: string } & Record<string, unknown>;

/** Runs the command to its end. */
export async function runCommand(
    args: readonly string[],
    options: { env: NodeJS.ProcessEnv; cwd: string },
): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [BIN, ...args], {
            ...options,
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
        child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
        child.on('error', reject);
        child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
}

/** A home where nothing has been done yet. Its daemon is stopped when the test ends. */
export async function newHome(): Promise<Home> {
    const folder = temporaryFolder();
    const outputs = temporaryFolder();
    const url = `http://127.0.0.1:${await freePort()}`;
    const env: NodeJS.ProcessEnv = {
        ...process.env,
        KVZ_CLOUD_HOME: folder,
        KVZ_CLOUD_SERVER: url,
        KVZ_CLOUD_TOKEN: '',
        CI: '',
    };
    const run = (...args: string[]): Promise<CommandResult> =>
        runCommand(args, { env, cwd: outputs });
    onTestFinished(async () => {
        if (readDaemonRecord(join(folder, 'data'))) await run('daemon', 'stop');
    });
    return {
        ...{ folder, outputs, url, env, run },
        runJson: async (command = '', ...args) => {
            const { status, stdout } = await run(command, '--json', ...args);
            const lines = stdout.split('\n').slice(0, -1);
            return { status, events: lines.map((line) => JSON.parse(line) as JsonEvent) };
        },
    };
}
