/**
 * What a running daemon leaves in its data folder so that commands find it. The record may
 * outlive a daemon that was killed: whoever reads it checks that the process is there.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.js';

export interface DaemonRecord {
    pid: number;
    /** http(s)://HOST:PORT that it listens on. */
    url: string;
    version: string;
    /** ISO 8601. */
    startedAt: string;
}

const recordFile = (dataDir: string): string => join(dataDir, 'daemon.json');

export function writeDaemonRecord(dataDir: string, record: DaemonRecord): void {
    writePrivateFile(recordFile(dataDir), `${JSON.stringify(record)}\n`);
}

/** Removes the record of the process `pid`; that of a daemon which came after it stays. */
export function removeDaemonRecord(dataDir: string, pid: number): void {
    if (readDaemonRecord(dataDir)?.pid === pid) rmSync(recordFile(dataDir), { force: true });
}

/** The record of a daemon whose process is there; undefined when there is none. */
export function readDaemonRecord(dataDir: string): DaemonRecord | undefined {
    try {
        const record = JSON.parse(readFileSync(recordFile(dataDir), 'utf8')) as DaemonRecord;
        process.kill(record.pid, 0);
        return record;
    } catch (error) {
        // EPERM: the process is there and belongs to somebody else.
        if ((error as NodeJS.ErrnoException).code === 'EPERM') {
            return JSON.parse(readFileSync(recordFile(dataDir), 'utf8')) as DaemonRecord;
        }
        return undefined;
    }
}
