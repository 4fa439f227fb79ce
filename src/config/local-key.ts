/**
 * The key by which a command shows that it runs as the same user of the same machine as the daemon:
 * only that user can read it. Each start of a daemon makes a new one in its data folder.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from './private-file.js';

const KEY_BYTES = 32;

const localKeyFile = (dataDir: string): string => join(dataDir, 'local.key');

/** Makes the key of a daemon that starts; one that was there before is worth nothing any more. */
export function writeLocalKey(dataDir: string): Buffer {
    const key = randomBytes(KEY_BYTES);
    writePrivateFile(localKeyFile(dataDir), `${key.toString('hex')}\n`);
    return key;
}

/** What the file says, or nothing where it is no file: a pipe would be waited for, without end. */
function readKeyText(path: string): string {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
        return fstatSync(fd).isFile() ? readFileSync(fd, 'utf8').trim() : '';
    } finally {
        closeSync(fd);
    }
}

/** The key of the daemon of a data folder; undefined where there is none that may be read. */
export function readLocalKey(dataDir: string): Buffer | undefined {
    try {
        const text = readKeyText(localKeyFile(dataDir));
        return /^[0-9a-f]{64}$/.test(text) ? Buffer.from(text, 'hex') : undefined;
    } catch {
        return undefined;
    }
}

export function removeLocalKey(dataDir: string): void {
    rmSync(localKeyFile(dataDir), { force: true });
}
