/** Where a result goes, and whether it can go there. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join, parse, resolve, sep } from 'node:path';
import { fileProblem } from '../config/file-problem.js';
import { KvzError } from '../protocol/errors.js';
import type { Container } from '../protocol/messages.js';
import { inputName, mirroredFolder } from './input-list.js';
import type { Input } from './input-list.js';
import { VIDEO_ENDINGS } from './video-files.js';

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
    /** Whether the folders of the outputs are to be made where they are missing. */
    makeFolders: boolean;
}

/** What -o and --container say of the outputs. */
export interface OutputWish {
    /** -o: a file, or a folder (one that exists, or a path that ends with a separator). */
    target?: string | undefined;
    /** --container, which goes before the ending of `target`. */
    container?: Container | undefined;
    /** Where neither says which; mkv by default. */
    fallback?: Container | undefined;
}

/** Whether a path is written as that of a folder, which is made where it is missing. */
export function isFolderName(target: string): boolean {
    return target.endsWith('/') || target.endsWith(sep);
}

/** Whether -o names a folder: one that is there, or by how it is written. */
export async function isFolderTarget(target: string): Promise<boolean> {
    return isFolderName(target) || isFolder(target);
}

/**
 * Decides on the output of each input. Files that were found below a folder get the same folders
 * below `target`.
 * @throws KvzError USAGE when several results would go to one file, or over an input
 */
export async function planOutputs(
    inputs: readonly Input[],
    { target, container, fallback = 'mkv' }: OutputWish,
): Promise<OutputPlan> {
    const mirrored = inputs.some(({ root }) => root !== undefined);
    const folder = target !== undefined && (mirrored || (await isFolderTarget(target)));
    if (target !== undefined && !folder && inputs.length > 1) {
        throw new KvzError(
            'USAGE',
            `-o ${target}: with several inputs this must be a folder; -o ${target}/ makes it`,
        );
    }
    if (target !== undefined && !folder && container === undefined) refuseForeignEnding(target);
    const chosen = container ?? (folder ? undefined : containerOf(target)) ?? fallback;
    const outputs = inputs.map((input) => {
        if (target !== undefined && !folder) return resolve(target);
        const name = resultName(inputName(input), chosen);
        if (!folder) return resolve(dirname(input.file), name);
        return resolve(target, mirroredFolder(input), name);
    });
    const inputOf = new Map<string, string>();
    for (const [index, output] of outputs.entries()) {
        const input = inputs[index]?.file ?? '';
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
    const paths = inputs.map(({ file, path = file }) => path);
    await refuseInputs(paths, outputs);
    const makeFolders = target !== undefined && (mirrored || isFolderName(target));
    return { container: chosen, outputs, makeFolders };
}

/** A Matroska file called .avi is what nobody means. @throws KvzError USAGE */
function refuseForeignEnding(target: string): void {
    const ending = extname(target).toLowerCase();
    if (ending in CONTAINER_OF_ENDING || !VIDEO_ENDINGS.has(ending.slice(1))) return;
    throw new KvzError(
        'USAGE',
        `-o ${target}: results are .mkv, .mp4 or .hevc; --container says which it is to be under this name`,
    );
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
    return resolve((await isFolderTarget(target)) ? join(target, name) : target);
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

/**
 * A name under which a file is written until it is whole: new each time, so that nobody can have
 * laid a link or a file of theirs there. Whoever makes it must make sure that it is new.
 */
export function partialPath(output: string): string {
    // Short whatever the output is called: a name of 255 bytes is the longest that there is.
    return join(dirname(output), `.kvz-cloud-${randomBytes(8).toString('hex')}.part`);
}

/**
 * Makes the file in which a result is written until it is whole, next to its output. The caller
 * closes it, and renames or removes it.
 * @param path a new {@link partialPath} of the output, for callers that must know it before
 * @throws KvzError OUTPUT_UNWRITABLE
 */
export async function createPartial(
    output: string,
    path = partialPath(output),
): Promise<{ path: string; handle: FileHandle }> {
    try {
        return { path, handle: await open(path, 'wx') };
    } catch (error) {
        throw outputUnwritable(output, error);
    }
}

/**
 * Looks whether something stands in an output's way.
 * @throws KvzError OUTPUT_EXISTS or OUTPUT_UNWRITABLE
 */
export async function checkOutputFree(output: string, force: boolean): Promise<void> {
    const existing = await stat(output).catch(() => undefined);
    if (existing?.isDirectory()) {
        throw new KvzError('OUTPUT_UNWRITABLE', `${output} cannot be written: is a folder`);
    }
    if (existing && !existing.isFile()) {
        throw new KvzError('OUTPUT_UNWRITABLE', `${output} cannot be written: is no regular file`);
    }
    if (existing && !force) throw outputExists(output);
}

/**
 * Makes sure that an output can be written before anything else is done.
 * @throws KvzError OUTPUT_EXISTS or OUTPUT_UNWRITABLE
 */
export async function checkOutput(output: string, force: boolean): Promise<void> {
    await checkOutputFree(output, force);
    // Permissions alone do not tell: a read-only mount or a full quota refuses as well.
    const { path, handle } = await createPartial(output);
    await handle.close();
    await rm(path, { force: true });
}

/** Makes the folder of an output, and those above it. @throws KvzError OUTPUT_UNWRITABLE */
export async function makeOutputFolder(output: string): Promise<void> {
    try {
        await mkdir(dirname(output), { recursive: true });
    } catch (error) {
        throw outputUnwritable(output, error);
    }
}
