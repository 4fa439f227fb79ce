/** Runs the real command, as a user would. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../../../bin/kvz-cloud.js', import.meta.url));

export interface CliResult {
    status: number | null;
    stdout: string;
    stderr: string;
}

export interface RunningCli {
    child: ChildProcess;
    result: Promise<CliResult>;
    /** Waits until stderr or stdout has this text. @throws Error when the command ends before */
    saw(text: string): Promise<void>;
}

export interface CliOptions {
    cwd: string;
    /** KVZ_CLOUD_HOME */
    home: string;
    server: string;
    token?: string;
    env?: NodeJS.ProcessEnv;
}

export function startCli(args: readonly string[], options: CliOptions): RunningCli {
    const env: NodeJS.ProcessEnv = {
        ...process.env,
        KVZ_CLOUD_HOME: options.home,
        KVZ_CLOUD_SERVER: options.server,
        ...(options.token === undefined ? {} : { KVZ_CLOUD_TOKEN: options.token }),
        ...options.env,
    };
    const child = spawn(process.execPath, [PROGRAM, ...args], {
        cwd: options.cwd,
        env,
        stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const waiting = new Set<() => void>();
    const wake = (): void => waiting.forEach((check) => check());
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        wake();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
        wake();
    });
    const result = new Promise<CliResult>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
    const saw = async (text: string): Promise<void> => {
        await new Promise<void>((resolve, reject) => {
            const check = (): void => {
                if (stdout.includes(text) || stderr.includes(text)) resolve();
            };
            waiting.add(check);
            check();
            const ended = (): void =>
                reject(new Error(`never said "${text}":\n${stdout}${stderr}`));
            result.then(ended, ended);
        });
    };
    return { child, result, saw };
}

export async function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
    return startCli(args, options).result;
}

/** The JSON lines of a command's output. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
    return stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
}
