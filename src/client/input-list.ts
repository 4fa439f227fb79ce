/** What the user names as inputs: files, patterns, folders and stdin, made a list of files. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileProblem } from '../config/file-problem.js';
import { KvzError } from '../protocol/errors.js';
import { isPartialName, isResultName, isVideoName } from './video-files.js';

/** One input of a command. */
export interface Input {
    /** As messages and events name it. */
    file: string;
    /** Where its bytes are, when that is not `file`. */
    path?: string;
    /** It has no path yet: its bytes come from stdin. */
    isStdin?: true;
    /** What its result is named after, when that is not `file`. */
    name?: string;
    /** The folder that it was found below; its result is mirrored from there. */
    root?: string;
}

export interface InputOptions {
    /** Take the videos of folders and of the folders in them. */
    recursive: boolean;
    /** The input is raw video, which has other endings. */
    raw: boolean;
    /** The folder that results go to: what is in it is no input. */
    outputFolder?: string | undefined;
}

const hasPattern = (argument: string): boolean => /[*?[{]/.test(argument);

/** Numbers in names count as numbers: take2 comes before take10. */
const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The files that a pattern fits, without results and what is still being written. */
async function filesMatching(pattern: string): Promise<string[]> {
    // Loaded where there is a pattern: shells expand most of them.
    const { glob } = await import('tinyglobby');
    const found = await glob(pattern, { expandDirectories: false, onlyFiles: true });
    const isTaken = (path: string): boolean => {
        const name = basename(path);
        return !isResultName(name) && !isPartialName(name);
    };
    return found.filter(isTaken).sort(byName);
}

class FolderWalk {
    readonly #options: InputOptions;
    readonly #skipped: string | undefined;

    constructor(root: string, options: InputOptions) {
        this.#options = options;
        const { outputFolder } = options;
        // Results beside their inputs are told by their names instead.
        const isRoot = outputFolder !== undefined && resolve(outputFolder) === resolve(root);
        this.#skipped = outputFolder === undefined || isRoot ? undefined : resolve(outputFolder);
    }

    /** The videos in a folder and the folders in it. Links to folders are not followed. */
    async videos(folder: string): Promise<string[]> {
        if (resolve(folder) === this.#skipped) return [];
        const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
            throw new KvzError('INPUT_UNREADABLE', `${folder}: ${fileProblem(error)}`);
        });
        const names = new Set(entries.map(({ name }) => name));
        const found: string[] = [];
        for (const entry of entries.toSorted((a, b) => byName(a.name, b.name))) {
            const path = join(folder, entry.name);
            if (entry.isDirectory()) {
                if (!entry.name.startsWith('.')) found.push(...(await this.videos(path)));
                continue;
            }
            if (!isVideoName(entry.name, names, this.#options.raw)) continue;
            const target = entry.isFile() ? entry : await stat(path).catch(() => undefined);
            if (target?.isFile()) found.push(path);
        }
        return found;
    }
}

async function folderInputs(folder: string, options: InputOptions): Promise<Input[]> {
    if (!options.recursive) {
        throw new KvzError(
            'INPUT_UNREADABLE',
            `${folder}: is a folder; --recursive takes the videos in it`,
        );
    }
    const files = await new FolderWalk(folder, options).videos(folder);
    if (files.length === 0) {
        throw new KvzError('INPUT_UNREADABLE', `${folder}: there are no videos in it`);
    }
    return files.map((file) => ({ file, root: folder }));
}

async function inputsOf(argument: string, options: InputOptions): Promise<Input[]> {
    const found = await stat(argument).catch(() => undefined);
    if (found?.isDirectory()) return folderInputs(argument, options);
    // What is not there is told when it is opened, for each file by itself.
    if (found || !hasPattern(argument)) return [{ file: argument }];
    const files = await filesMatching(argument);
    if (files.length === 0) {
        throw new KvzError('INPUT_UNREADABLE', `${argument}: no file fits this pattern`);
    }
    return files.map((file) => ({ file }));
}

/**
 * The files that arguments name, each once. A file is found twice when patterns or folders
 * overlap; only naming the same file twice is left for the planning of outputs to refuse.
 * @throws KvzError INPUT_UNREADABLE: a folder without --recursive, or nothing is found
 */
export async function listInputs(args: readonly string[], options: InputOptions): Promise<Input[]> {
    const lists = await Promise.all(args.map((argument) => inputsOf(argument, options)));
    const named = new Set(args.map((argument) => resolve(argument)));
    const seen = new Set<string>();
    return lists.flatMap((list, index) =>
        list.filter(({ file }) => {
            const path = resolve(file);
            if (file === args[index]) return true;
            if (seen.has(path) || named.has(path)) return false;
            seen.add(path);
            return true;
        }),
    );
}

/** The folder below the output folder that a result goes to: '' but for files of folders. */
export function mirroredFolder({ file, root }: Input): string {
    if (root === undefined) return '';
    const folder = relative(root, dirname(file));
    return folder.startsWith(`..${sep}`) || folder === '..' ? '' : folder;
}

/** The name that a result is made from. */
export function inputName({ file, name }: Input): string {
    return name ?? basename(file);
}
