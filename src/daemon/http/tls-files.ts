/** The certificate and key of the daemon, checked before they are used. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Settings } from '../../config/settings.js';

export interface TlsFiles {
    cert: Buffer;
    key: Buffer;
}

/** A certificate or key that cannot be used; the message names the setting and the file. */
class TlsError extends Error {
    override readonly name = 'TlsError';
}

function read(setting: string, path: string): Buffer {
    try {
        return readFileSync(path);
    } catch (error) {
        throw new TlsError(`${setting}: ${(error as Error).message}`);
    }
}

function parse<T>(setting: string, path: string, what: string, work: () => T): T {
    try {
        return work();
    } catch (error) {
        throw new TlsError(`${setting}: ${path} holds no ${what}: ${(error as Error).message}`);
    }
}

/**
 * @returns undefined when no certificate is set: plain HTTP
 * @throws TlsError when a file is missing, is none, does not fit the other, or is not valid now
 */
export function readTlsFiles(
    { tlsCert, tlsKey }: Pick<Settings, 'tlsCert' | 'tlsKey'>,
    now = Date.now(),
): TlsFiles | undefined {
    if (tlsCert === '' && tlsKey === '') return undefined;
    if (tlsCert === '') throw new TlsError('tlsKey is set, tlsCert is not; TLS needs both');
    if (tlsKey === '') throw new TlsError('tlsCert is set, tlsKey is not; TLS needs both');
    const cert = read('tlsCert', tlsCert);
    const key = read('tlsKey', tlsKey);
    const certificate = parse(
        'tlsCert',
        tlsCert,
        'certificate (PEM)',
        () => new X509Certificate(cert),
    );
    const privateKey = parse(
        'tlsKey',
        tlsKey,
        'private key without a passphrase (PEM)',
        (): KeyObject => createPrivateKey(key),
    );
    if (!certificate.checkPrivateKey(privateKey)) {
        throw new TlsError(`tlsKey: ${tlsKey} is not the key of ${tlsCert}`);
    }
    if (Date.parse(certificate.validTo) <= now) {
        throw new TlsError(`tlsCert: ${tlsCert} expired on ${certificate.validTo}`);
    }
    if (Date.parse(certificate.validFrom) > now) {
        throw new TlsError(`tlsCert: ${tlsCert} is not valid before ${certificate.validFrom}`);
    }
    return { cert, key };
}
