/** Runs the operator's own program for a job that has ended. */
import { spawn } from 'node:child_process';
import type { Job } from '../../protocol/messages.js';

const TIMEOUT_MS = 60_000;
const MAX_SAID_BYTES = 2_000;

/** What the program is told: only values, which no shell takes apart. */
export function jobEnvironment(
    body: string,
    job: Job,
    user: string,
    resultPath: string | undefined,
): Record<string, string> {
    const facts = {
        KVZ_JOB_ID: job.id,
        KVZ_JOB_STATE: job.state,
        KVZ_JOB_NAME: job.name,
        KVZ_JOB_USER: user,
        KVZ_JOB_FILE_ID: job.fileId,
        KVZ_JOB_BYTES: job.size,
        KVZ_JOB_RESULT: resultPath,
        KVZ_JOB_RESULT_NAME: job.result?.fileName,
        KVZ_JOB_RESULT_BYTES: job.result?.outputBytes,
        KVZ_JOB_FAILURE: job.failure?.code,
        KVZ_JOB_MESSAGE: job.failure?.message,
        KVZ_JOB_JSON: body,
    };
    // No variable can hold a zero byte, which a name from a client might.
    return Object.fromEntries(
        Object.entries(facts).map(([name, value]) => [
            name,
            String(value ?? '').replaceAll('\0', ''),
        ]),
    );
}

/**
 * @param command the program and its arguments, as the operator has set them
 * @throws Error when it cannot be started, fails, or takes longer than a minute
 */
export async function runCommand(
    [program = '', ...args]: readonly string[],
    facts: Record<string, string>,
    signal: AbortSignal,
): Promise<void> {
    const { PATH = '', HOME = '/', LANG = 'C.UTF-8', TZ } = process.env;
    await new Promise<void>((resolve, reject) => {
        const child = spawn(program, args, {
            // Not the daemon's own environment, which may hold secrets.
            env: { PATH, HOME, LANG, ...(TZ !== undefined && { TZ }), ...facts },
            stdio: ['ignore', 'ignore', 'pipe'],
            timeout: TIMEOUT_MS,
            killSignal: 'SIGKILL',
            signal,
        });
        let said = '';
        child.stderr.on('data', (data: Buffer) => {
            said = (said + data.toString('utf8')).slice(-MAX_SAID_BYTES);
        });
        child.on('error', reject);
        child.on('exit', (status, killedBy) => {
            // Whatever it has started may hold its stderr open for ever.
            child.stderr.destroy();
            if (status === 0) resolve();
            else reject(new Error(`it ended with ${status ?? killedBy}: ${said.trim()}`));
        });
    });
}
