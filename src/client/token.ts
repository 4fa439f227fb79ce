/** The token of this user: where it is kept, how it is made and checked. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileProblem } from '../config/file-problem.js';
import { KvzError } from '../protocol/errors.js';
import { TOKEN_PATTERN } from '../protocol/limits.js';

const TOKEN_BYTES = 32;

/** @throws KvzError USAGE for what no daemon would take as a token */
export function checkToken(token: string, where: string): string {
    if (TOKEN_PATTERN.test(token)) return token;
    throw new KvzError(
        'USAGE',
        `${where} holds no usable token: expected 16 to 256 letters, digits or -._~+/=`,
    );
}

/**
 * The token that opens the user's account: KVZ_CLOUD_TOKEN, else the token file, which is made
 * on first use (readable by its owner only). Two commands that make it at once agree on one.
 * @throws KvzError USAGE for a token that no daemon would take, or a file that cannot be made
 */
export function userToken(tokenFile: string, env: NodeJS.ProcessEnv = process.env): string {
    const given = env['KVZ_CLOUD_TOKEN'];
    if (given) return checkToken(given, 'KVZ_CLOUD_TOKEN');
    try {
        return readOrCreate(tokenFile);
    } catch (error) {
        if (error instanceof KvzError) throw error;
        throw new KvzError('USAGE', `${tokenFile}: ${fileProblem(error)}`, { cause: error });
    }
}

/** The token in a file that somebody else keeps. @throws KvzError USAGE */
export function tokenOfFile(path: string): string {
    try {
        return checkToken(readFileSync(path, 'utf8').trim(), path);
    } catch (error) {
        if (error instanceof KvzError) throw error;
        throw new KvzError('USAGE', `the token file ${path}: ${fileProblem(error)}`, {
            cause: error,
        });
    }
}

function readOrCreate(tokenFile: string): string {
    const existing = read(tokenFile);
    if (existing !== undefined) return checkToken(existing, tokenFile);
    mkdirSync(dirname(tokenFile), { recursive: true, mode: 0o700 });
    // Written whole under another name first: whoever finds the token file finds all of it.
    const temporary = `${tokenFile}.${process.pid}.${randomBytes(4).toString('hex')}`;
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    writeFileSync(temporary, `${token}\n`, { mode: 0o600, flag: 'wx' });
    try {
        linkSync(temporary, tokenFile);
        return token;
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        return checkToken(read(tokenFile) ?? '', tokenFile);
    } finally {
        rmSync(temporary, { force: true });
    }
}

function read(tokenFile: string): string | undefined {
    try {
        return readFileSync(tokenFile, 'utf8').trim();
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
}
