/** Where a result goes, and whether it can go there. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, parse, resolve, sep } from 'node:path';
import { KvzError } from '../protocol/errors.js';
import type { Container } from '../protocol/messages.js';
import { fileProblem } from './input-file.js';

const CONTAINER_OF_ENDING: Readonly<Record<string, Container>> = {
    '.hevc': 'hevc',
    '.h265': 'hevc',
    '.265': 'hevc',
    '.bit': 'hevc',
    '.mp4': 'mp4',
    '.m4v': 'mp4',
    '.mkv': 'mkv',
};

/** The container that a file name asks for; undefined where it says nothing. */
export function containerOf(path: string | undefined): Container | undefined {
    return CONTAINER_OF_ENDING[extname(path ?? '').toLowerCase()];
}

async function isFolder(path: string): Promise<boolean> {
    return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** `clip.mp4` as it is called when encoded: `clip.hevc.mkv`. */
export function resultName(input: string, container: Container): string {
    return `${parse(input).name}.hevc.${container}`;
}

export interface OutputPlan {
    container: Container;
    /** Absolute paths, one for each input in the same order. */
    outputs: string[];
}

/**
 * Decides on the output of each input.
 * @param target -o: a file, or a folder (one that exists, or a path that ends with a separator)
 * @param container --container, which goes before the ending of `target`
 * @param fallback where neither says which
 * @throws KvzError USAGE when several results would go to one file, or over an input
 */
export async function planOutputs(
    inputs: readonly string[],
    target: string | undefined,
    container: Container | undefined,
    fallback: Container = 'mkv',
): Promise<OutputPlan> {
    const folder =
        target !== undefined &&
        (target.endsWith('/') || target.endsWith(sep) || (await isFolder(target)));
    if (target !== undefined && !folder && inputs.length > 1) {
        throw new KvzError(
            'USAGE',
            `-o ${target}: with several inputs this must be a folder that exists`,
        );
    }
    const chosen = container ?? (folder ? undefined : containerOf(target)) ?? fallback;
    const outputs = inputs.map((input) => {
        if (target !== undefined && !folder) return resolve(target);
        return resolve(join(folder ? target : dirname(input), resultName(input, chosen)));
    });
    const inputOf = new Map<string, string>();
    for (const [index, output] of outputs.entries()) {
        const input = inputs[index] ?? '';
        const other = inputOf.get(output);
        if (other !== undefined) {
            const problem =
                resolve(other) === resolve(input)
                    ? `${input} is given twice`
                    : `${other} and ${input} would both be written to ${output}`;
            throw new KvzError('USAGE', problem);
        }
        inputOf.set(output, input);
    }
    await refuseInputs(inputs, outputs);
    return { container: chosen, outputs };
}

/** Paths may differ and still lead to one file, by links. @throws KvzError USAGE */
async function refuseInputs(inputs: readonly string[], outputs: readonly string[]): Promise<void> {
    const identity = async (path: string): Promise<string> => {
        const found = await stat(path).catch(() => undefined);
        return found ? `${found.dev}:${found.ino}` : resolve(path);
    };
    const written = new Set(await Promise.all(outputs.map(identity)));
    for (const input of inputs) {
        if (written.has(await identity(input))) {
            throw new KvzError('USAGE', `${input}: the output would replace an input`);
        }
    }
}

/**
 * Where a result goes that is fetched later: to `target`, a file or a folder, else to its own name
 * in the working folder. The daemon's name is taken as a name only, whatever it looks like.
 * @returns an absolute path
 */
export async function resultPath(target: string | undefined, fileName: string): Promise<string> {
    const name = basename(fileName);
    if (target === undefined) return resolve(name);
    return resolve(target.endsWith('/') || (await isFolder(target)) ? join(target, name) : target);
}

export function outputExists(path: string): KvzError {
    return new KvzError('OUTPUT_EXISTS', `${path} is there already; --force replaces it`);
}

export function outputUnwritable(path: string, error: unknown): KvzError {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'there is no such folder' : fileProblem(error);
    return new KvzError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${problem}`, {
        cause: error,
    });
}

/** The name under which a result is written until it is whole. */
export function partialPath(output: string): string {
    // Short whatever the output is called: a name of 255 bytes is the longest that there is.
    const key = createHash('sha256').update(basename(output)).digest('hex').slice(0, 12);
    return join(dirname(output), `.kvz-cloud-${key}.${process.pid}.part`);
}

/**
 * Makes sure that an output can be written before anything else is done.
 * @throws KvzError OUTPUT_EXISTS or OUTPUT_UNWRITABLE
 */
export async function checkOutput(output: string, force: boolean): Promise<void> {
    const existing = await stat(output).catch(() => undefined);
    if (existing?.isDirectory()) {
        throw new KvzError('OUTPUT_UNWRITABLE', `${output} cannot be written: is a folder`);
    }
    if (existing && !existing.isFile()) {
        throw new KvzError('OUTPUT_UNWRITABLE', `${output} cannot be written: is no regular file`);
    }
    if (existing && !force) throw outputExists(output);
    // Permissions alone do not tell: a read-only mount or a full quota refuses as well.
    const partial = partialPath(output);
    try {
        const handle = await open(partial, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR);
        await handle.close();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
        throw outputUnwritable(output, error);
    }
    await rm(partial, { force: true });
}
