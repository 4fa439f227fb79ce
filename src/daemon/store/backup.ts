/** A copy of a data folder's database, made while its daemon goes on writing. */
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { KvzError } from '../../protocol/errors.js';

/** All pages in one step: other steps begin anew whenever the daemon writes in between. */
const ALL_PAGES = 0x7fffffff;

/** @throws Error when the copy is not whole */
function checkCopy(path: string): void {
    const copy = new Database(path);
    try {
        // One file, without the log of writes beside it that the daemon's own has.
        copy.pragma('journal_mode = DELETE');
        const found = copy.pragma('integrity_check', { simple: true });
        if (found !== 'ok') throw new Error(`the copy is damaged: ${String(found)}`);
    } finally {
        copy.close();
    }
}

async function syncFile(path: string): Promise<void> {
    const handle = await open(path, 'r+');
    try {
        await handle.sync();
    } finally {
        await handle.close();
    }
}

/**
 * Writes a checked copy of a database to `target`, whole or not at all.
 * @param database of a daemon, whether that runs or not
 * @param force whether `target` may be replaced
 * @throws KvzError USAGE, OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 */
export async function backUpDatabase(
    database: string,
    target: string,
    force: boolean,
): Promise<void> {
    if (!existsSync(database)) {
        throw new KvzError(
            'USAGE',
            `${database} is not there: no daemon has used this data folder`,
        );
    }
    if (!force && existsSync(target)) {
        throw new KvzError('OUTPUT_EXISTS', `${target} is there already; --force replaces it`);
    }
    const partial = `${target}.${process.pid}.part`;
    const source = new Database(database, { readonly: true, fileMustExist: true });
    try {
        // Nobody else may read it: it has the hashes of tokens.
        await (await open(partial, 'wx', 0o600)).close();
        await source.backup(partial, { progress: () => ALL_PAGES });
        checkCopy(partial);
        await syncFile(partial);
        if (force) renameSync(partial, target);
        else linkSync(partial, target);
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === 'EEXIST') {
            throw new KvzError('OUTPUT_EXISTS', `${target} is there already; --force replaces it`);
        }
        throw new KvzError('OUTPUT_UNWRITABLE', `${target}: ${message}`, { cause: error });
    } finally {
        source.close();
        rmSync(partial, { force: true });
    }
}
