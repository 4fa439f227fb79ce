/** How the certificate of a server is looked at. Nothing here, nor any variable, turns that off. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { fileProblem } from './file-problem.js';
import { KvzError } from '../protocol/errors.js';

export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'minVersion' | 'rejectUnauthorized'>;

/** @param ca certificates (PEM) of the only authorities that are trusted; default: the usual ones */
export function tlsOptions(ca?: string): TlsOptions {
    // Said here, NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect.
    return { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca !== undefined && { ca }) };
}

/**
 * The authorities in a file; undefined where none is named.
 * @param from what named it, for errors
 * @throws KvzError USAGE
 */
export function readCa(path: string, from = 'tlsCa'): string | undefined {
    if (path === '') return undefined;
    let pem: string;
    try {
        pem = readFileSync(path, 'utf8');
    } catch (error) {
        throw new KvzError('USAGE', `${from}: ${path}: ${fileProblem(error)}`, { cause: error });
    }
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
        throw new KvzError('USAGE', `${from}: ${path} holds no certificate (PEM)`);
    }
    return pem;
}
