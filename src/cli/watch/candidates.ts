/** Which files of a watched folder are inputs, by their names alone. */
import { basename, relative, sep } from 'node:path';
import picomatch from 'picomatch';
import { isResultName, isUnfinishedName, isVideoName } from '../../client/video-files.js';

export interface CandidateOptions {
    /** The watched folder, absolute. */
    root: string;
    /** Look into the folders of the folder, too. */
    recursive: boolean;
    /** Raw video has other endings. */
    raw: boolean;
    /** A glob instead of the endings of videos; without a slash it is for names alone. */
    match?: string | undefined;
    /** Folders that are no part of the input, absolute: outputs, done and failed files. */
    apart: readonly string[];
}

export class Candidates {
    readonly #options: CandidateOptions;
    readonly #matches: ((path: string) => boolean) | undefined;
    readonly #apart: ReadonlySet<string>;

    constructor(options: CandidateOptions) {
        this.#options = options;
        const { match, root, apart } = options;
        // Results beside their inputs are told by their names and contents instead.
        this.#apart = new Set(apart.filter((folder) => folder !== root));
        this.#matches =
            match === undefined
                ? undefined
                : picomatch(match, { nocase: true, basename: !match.includes('/') });
    }

    /** Whether files in a folder, given by its absolute path, may be inputs. */
    takesFolder(folder: string): boolean {
        const { root, recursive } = this.#options;
        if (folder === root) return true;
        if (!recursive || !folder.startsWith(`${root}${sep}`)) return false;
        const parts = relative(root, folder).split(sep);
        if (parts.some((part) => part.startsWith('.'))) return false;
        let path = root;
        return parts.every((part) => {
            path = `${path}${path.endsWith(sep) ? '' : sep}${part}`;
            return !this.#apart.has(path);
        });
    }

    /**
     * Whether a file in such a folder may be an input.
     * @param path absolute
     * @param siblings the names of all files in its folder
     */
    takesFile(path: string, siblings: ReadonlySet<string>): boolean {
        const name = basename(path);
        if (isResultName(name) || isUnfinishedName(name, siblings)) return false;
        if (!this.#matches) return isVideoName(name, siblings, this.#options.raw);
        return this.#matches(relative(this.#options.root, path).split(sep).join('/'));
    }
}
