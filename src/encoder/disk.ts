/** A full disk shows itself in many ways; what the user needs to hear is one. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EncodeError } from './errors.js';

/** With less than this left, a failed write is taken for a full disk. */
const FULL_BELOW_BYTES = 4 * 1024 * 1024;

/** Failures that a full disk can be behind. */
const WRITE_FAILURES: ReadonlySet<string> = new Set([
    'ENCODER_FAILED',
    'PACKAGING_FAILED',
    'VERIFICATION_FAILED',
]);

function isNoSpace(error: unknown): boolean {
    return (
        error instanceof Error &&
        'code' in error &&
        (error.code === 'ENOSPC' || error.code === 'EDQUOT')
    );
}

/** @returns DISK_FULL when that is what the error comes from, else undefined */
export async function diskFullError(
    error: unknown,
    { workDir, outputPath }: { workDir: string; outputPath: string },
): Promise<EncodeError | undefined> {
    const isSuspect = error instanceof EncodeError && WRITE_FAILURES.has(error.code);
    const isCertain =
        isNoSpace(error) ||
        (isSuspect && /No space left on device|ENOSPC|disk full/i.test(error.stderrTail ?? ''));
    if (!isCertain && !isSuspect) return undefined;
    for (const [folder, use] of [
        [workDir, 'the job works'],
        [dirname(outputPath), 'the result goes'],
    ] as const) {
        if (!isCertain && (await freeBytes(folder)) >= FULL_BELOW_BYTES) continue;
        return new EncodeError('DISK_FULL', `no space is left on the disk where ${use}`, {
            hint: 'Free some space, then try again.',
            cause: error,
        });
    }
    return undefined;
}

async function freeBytes(folder: string): Promise<number> {
    try {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize;
    } catch {
        return Number.POSITIVE_INFINITY;
    }
}
