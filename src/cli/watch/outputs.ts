/** Where the results of a watch go. */
import { lstat, mkdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, parse, relative } from 'node:path';
import { fileProblem } from '../../config/file-problem.js';
import { outputUnwritable, partialPath, resultName } from '../../client/output-path.js';
import type { Container } from '../../protocol/messages.js';

/** The n-th name to try: `clip.mp4`, `clip.2.mp4` … */
export function numbered(path: string, n: number): string {
    if (n === 1) return path;
    const { dir, name, ext } = parse(path);
    return join(dir, `${name}.${n}${ext}`);
}

export class Outputs {
    readonly #root: string;
    readonly #folder: string;
    readonly #container: Container;
    readonly #reserved = new Set<string>();

    /**
     * @param root the watched folder, absolute
     * @param folder for results, absolute
     */
    constructor(root: string, folder: string, container: Container) {
        this.#root = root;
        this.#folder = folder;
        this.#container = container;
    }

    /** @throws KvzError OUTPUT_UNWRITABLE */
    async makeFolder(): Promise<void> {
        await mkdir(this.#folder, { recursive: true }).catch((error: unknown) => {
            throw outputUnwritable(this.#folder, error);
        });
    }

    /**
     * Takes a name for the result of an input: one that nothing has, in a folder that mirrors the
     * input's and is made where needed. The caller gives it back with {@link release}.
     * @param input absolute
     * @param earlier the name that an unfinished attempt had; it may have been finished
     * @throws KvzError OUTPUT_UNWRITABLE
     */
    async reserve(input: string, earlier: string | undefined): Promise<string> {
        if (earlier !== undefined && !this.#reserved.has(earlier)) {
            this.#reserved.add(earlier);
            await this.#prepare(earlier);
            return earlier;
        }
        const folder = join(this.#folder, dirname(relative(this.#root, input)));
        for (let n = 1; ; n++) {
            const path = join(folder, resultName(numbered(parse(input).base, n), this.#container));
            if (this.#reserved.has(path)) continue;
            this.#reserved.add(path);
            if (await lstat(path).catch(() => undefined)) {
                this.#reserved.delete(path);
                continue;
            }
            await this.#prepare(path);
            return path;
        }
    }

    release(output: string): void {
        this.#reserved.delete(output);
    }

    /**
     * Why results cannot be written now, whatever their names; undefined when they can.
     * @param neededBytes that must be free
     */
    async problem(neededBytes: number): Promise<string | undefined> {
        const probe = partialPath(join(this.#folder, 'probe'));
        try {
            // Made once at the beginning: if it is gone, so may be the disk that it was on.
            await stat(this.#folder);
            await writeFile(probe, 'x', { flag: 'wx' });
            const { bavail, bsize } = await statfs(this.#folder);
            if (bavail * bsize >= neededBytes) return undefined;
            return `${this.#folder}: the disk is full`;
        } catch (error) {
            return `${this.#folder}: ${fileProblem(error)}`;
        } finally {
            await rm(probe, { force: true }).catch(() => undefined);
        }
    }

    /** Makes the folder of an output, but not the folder of all outputs. */
    async #prepare(path: string): Promise<void> {
        try {
            await stat(this.#folder);
            await mkdir(dirname(path), { recursive: true });
        } catch (error) {
            this.#reserved.delete(path);
            throw outputUnwritable(path, error);
        }
    }
}
