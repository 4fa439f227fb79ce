/** The image that `--logo` names. */
import { readFile, stat } from 'node:fs/promises';
import { fileProblem } from '../../config/file-problem.js';
import { KvzError } from '../../protocol/errors.js';
import { MAX_LOGO_BYTES } from '../../protocol/limits.js';

/**
 * An image for the closing logo, in base64 as a request carries it.
 * @throws KvzError INPUT_UNREADABLE when it cannot be read or is too large
 */
export async function readLogo(path: string): Promise<string> {
    try {
        const { size } = await stat(path);
        if (size > 0 && size <= MAX_LOGO_BYTES) return await readFile(path, 'base64');
    } catch (error) {
        throw new KvzError('INPUT_UNREADABLE', `${path}: ${fileProblem(error)}`);
    }
    throw new KvzError(
        'INPUT_UNREADABLE',
        `${path}: an image for the logo has 1 to ${MAX_LOGO_BYTES / 1024} KiB`,
    );
}
