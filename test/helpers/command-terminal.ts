/** The built command in a pseudo terminal, as a user has it. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../src/protocol/messages.js';
import { BIN } from './command.js';
import { temporaryFolder } from './temporary.js';
import { Terminal } from './terminal.js';

/** What a daemon tells of a job under way. */
export const PROGRESS: Progress = {
    ...{ frame: 204, frames: 377, fps: 31.2, percent: 54.1, etaSeconds: 5.4 },
    ...{ bitrateBps: 1_200_000, psnr: 41.23, frameBytes: [8000, 1000, 500, 4000] },
};

export interface CommandTerminalOptions {
    columns?: number;
    rows?: number;
    /** The working folder of the shell. */
    cwd?: string;
    env?: Record<string, string>;
}

/** Where the shell of a terminal in `cwd` finds the command. */
export const commandIn = (cwd: string): string => join(cwd, 'bin', 'kvz-cloud');

/**
 * Opens a terminal of 80 x 24 in whose shell `kvz-cloud` is a command. Only once for each `cwd`.
 * @param daemon whom the command talks to
 */
export async function openCommandTerminal(
    daemon: { url: string; token: string },
    { columns = 80, rows = 24, cwd = temporaryFolder(), env = {} }: CommandTerminalOptions = {},
): Promise<Terminal> {
    mkdirSync(join(cwd, 'bin'));
    symlinkSync(BIN, commandIn(cwd));
    return Terminal.open({
        ...{ columns, rows, cwd },
        env: {
            PATH: `${join(cwd, 'bin')}:${process.env['PATH'] ?? ''}`,
            KVZ_CLOUD_HOME: temporaryFolder(),
            KVZ_CLOUD_SERVER: daemon.url,
            KVZ_CLOUD_TOKEN: daemon.token,
            LC_ALL: 'C.UTF-8',
            ...env,
        },
    });
}
