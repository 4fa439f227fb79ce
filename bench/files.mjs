// Files of a benchmark: a folder of its own, content that nothing can make smaller, a quiet disk.
import { createCipheriv, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from './stats.mjs';

/** A new folder below `parent`, removed when the process ends. */
export function scratchFolder(parent) {
    const folder = mkdtempSync(join(parent, 'kvz-bench-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
    return folder;
}

/** Writes `bytes` bytes that look random (a cipher's key stream), and brings them to the disk. */
export function writeRandomFile(path, bytes) {
    const cipher = createCipheriv('aes-128-ctr', randomBytes(16), randomBytes(16));
    const zeros = Buffer.alloc(MIB);
    const file = openSync(path, 'w');
    for (let left = bytes; left > 0; left -= zeros.length) {
        writeSync(file, cipher.update(zeros.subarray(0, Math.min(left, zeros.length))));
    }
    fsyncSync(file);
    closeSync(file);
}

/** Writes out what earlier steps left behind, so that nobody pays for what another one wrote. */
export function settleDisk(folder) {
    execFileSync('sync', ['--file-system', folder]);
}

/** @throws Error when the two files differ */
export function assertSame(a, b) {
    execFileSync('cmp', [a, b]);
}

/** Brings a file into the page cache. */
export function readThrough(path) {
    execFileSync('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] });
}
