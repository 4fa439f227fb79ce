/** Which daemon is at work on a data folder of this machine. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { readDaemonRecord } from '../config/daemon-record.js';
import type { DaemonRecord } from '../config/daemon-record.js';

/**
 * The daemon of a data folder. A record may name a process that is long gone and whose number
 * another program has now: where the system tells, the process must be a daemon of ours.
 */
export function runningDaemon(dataDir: string): DaemonRecord | undefined {
    const record = readDaemonRecord(dataDir);
    if (!record) return undefined;
    try {
        const commandLine = readFileSync(`/proc/${record.pid}/cmdline`, 'utf8').split('\0');
        // By the file's own name: folders may be called so, too, that of Node among them.
        const isOurs = commandLine.some(
            (part, at) =>
                /^kvz-cloud(\.js)?$/.test(basename(part)) &&
                commandLine[at + 1] === 'daemon' &&
                commandLine[at + 2] === 'run',
        );
        return isOurs ? record : undefined;
    } catch {
        return process.platform === 'linux' ? undefined : record;
    }
}
