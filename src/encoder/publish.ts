/** The last step: the finished file appears under its name at once and whole, or not at all. */
import { access, constants, copyFile, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EncodeError } from './errors.js';
import type { Limits } from './limits.js';

/**
 * Asked before the work begins, not after hours of it.
 * @throws EncodeError OUTPUT_UNWRITABLE
 */
export async function checkOutputFolder(outputPath: string): Promise<void> {
    const folder = dirname(outputPath);
    await access(folder, constants.W_OK | constants.X_OK).catch((cause: unknown) => {
        throw new EncodeError('OUTPUT_UNWRITABLE', 'the folder of the result is not writable', {
            hint: 'Whoever runs the encoder has to give it a folder that it may write to.',
            cause,
        });
    });
}

/** @returns why a result is refused that is larger than it may be */
export const resultTooLarge = ({ outputBytes }: Pick<Limits, 'outputBytes'>): EncodeError =>
    new EncodeError(
        'RESULT_TOO_LARGE',
        `the result is larger than the ${outputBytes} bytes that are allowed`,
        { hint: 'Use a higher QP or a lower bitrate, or cut the source into shorter parts.' },
    );

/** @throws EncodeError RESULT_TOO_LARGE */
export async function checkOutputSize(
    finishedPath: string,
    limits: Pick<Limits, 'outputBytes'>,
): Promise<void> {
    if ((await stat(finishedPath)).size > limits.outputBytes) throw resultTooLarge(limits);
}

/**
 * Moves the finished file to its place.
 * @returns its size in bytes
 * @throws EncodeError OUTPUT_UNWRITABLE; the system's error where the disk is full (ENOSPC, EDQUOT)
 */
export async function publish(finishedPath: string, outputPath: string): Promise<number> {
    await flush(finishedPath);
    try {
        await move(finishedPath, outputPath);
    } catch (cause) {
        // A full disk is told apart later, by the cause.
        if (isErrno(cause, 'ENOSPC') || isErrno(cause, 'EDQUOT')) throw cause;
        throw new EncodeError('OUTPUT_UNWRITABLE', 'the result cannot be written', {
            cause,
        });
    }
    return (await stat(outputPath)).size;
}

async function move(finishedPath: string, outputPath: string): Promise<void> {
    try {
        await rename(finishedPath, outputPath);
    } catch (error) {
        if (!isErrno(error, 'EXDEV')) throw error;
        const partPath = `${outputPath}.part`;
        try {
            await copyFile(finishedPath, partPath);
            await flush(partPath);
            await rename(partPath, outputPath);
        } catch (copyError) {
            await rm(partPath, { force: true });
            throw copyError;
        }
        await rm(finishedPath);
    }
}

/** A name must not survive a power cut without what it names. */
async function flush(path: string): Promise<void> {
    const file = await open(path, 'r+');
    try {
        await file.sync();
    } finally {
        await file.close();
    }
}

function isErrno(error: unknown, code: string): boolean {
    return error instanceof Error && 'code' in error && error.code === code;
}
