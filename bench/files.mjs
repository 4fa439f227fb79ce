// Files of a benchmark: a folder of its own, content that nothing can make smaller, a quiet disk.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
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
/**
 * Seconds that SHA-256 alone takes for a file in the page cache, each MiB by itself, on one core;
 * reading does not count.
 */
export function sha256Seconds(path) {
    const leaf = Buffer.allocUnsafe(MIB);
    const file = openSync(path, 'r');
    let seconds = 0;
    try {
        for (let length = readSync(file, leaf); length > 0; length = readSync(file, leaf)) {
            const beganMs = performance.now();
            createHash('sha256').update(leaf.subarray(0, length)).digest();
            seconds += (performance.now() - beganMs) / 1000;
        }
    } finally {
        closeSync(file);
    }
    return seconds;
}

export function readThrough(path) {
    execFileSync('cat', [path], { stdio: ['ignore', 'ignore', 'inherit'] });
}
