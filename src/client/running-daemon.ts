import { readFileSync } from 'node:fs';
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
        // Node may itself lie in a folder of that name.
        const isOurs = commandLine.some(
            (part, at) =>
                part.includes('kvz-cloud') &&
                commandLine[at + 1] === 'daemon' &&
                commandLine[at + 2] === 'run',
        );
        return isOurs ? record : undefined;
    } catch {
        return process.platform === 'linux' ? undefined : record;
    }
}
