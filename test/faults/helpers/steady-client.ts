import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../fixtures/steady-client.mjs', import.meta.url));

export interface SteadyReport {
    asked: number;
    /** Answers that were not the right ones. */
    wrong: number;
    p50Ms: number;
    p99Ms: number;
    maxMs: number;
}

/**
 * Starts a well-behaved client in a process of its own.
 * @returns what ends it, and gives what it has seen
 */
export async function startSteadyClient(
    url: string,
    token: string,
): Promise<() => Promise<SteadyReport>> {
    const child = spawn(process.execPath, [PROGRAM, url, token], {
        stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let output = '';
    const ended = new Promise<number | null>((resolve) => {
        child.once('close', resolve);
    });
    await new Promise<void>((resolve, reject) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
            output += text;
            if (output.includes('steady\n')) resolve();
        });
        child.once('close', () => reject(new Error('the steady client did not start')));
    });
    return async () => {
        child.stdin.end();
        const status = await ended;
        if (status !== 0) throw new Error(`the steady client ended with ${status}`);
        return JSON.parse(output.trim().split('\n').at(-1) ?? '') as SteadyReport;
    };
}
