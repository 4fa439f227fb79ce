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
        const program = commandLine.findIndex((part) => part.includes('kvz-cloud'));
        const [command, action] = commandLine.slice(program + 1);
        return program >= 0 && command === 'daemon' && action === 'run' ? record : undefined;
    } catch {
        return process.platform === 'linux' ? undefined : record;
    }
}
