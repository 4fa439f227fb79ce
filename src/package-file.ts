/** Files of this installation, from wherever the code runs: src/, dist/, or a chunk of the bundle. */
import { existsSync } from 'node:fs';

/** The folder of package.json. */
function findRoot(): URL {
    for (let folder = new URL('./', import.meta.url); ; folder = new URL('../', folder)) {
        if (existsSync(new URL('package.json', folder))) return folder;
        if (folder.pathname === new URL('../', folder).pathname) {
            throw new Error(`no package.json above ${import.meta.url}: install kvz-cloud again`);
        }
    }
}

let root: URL | undefined;

/**
 * @param path from the package's root, with slashes: `assets/closing-logo.png`
 * @returns a file: URL; nobody looked whether the file is there
 */
export function packageFile(path: string): URL {
    root ??= findRoot();
    return new URL(path, root);
}
