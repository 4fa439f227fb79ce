/** What a client says and does about the certificate of a daemon. */
import type { TlsOptions } from '../config/tls-trust.js';
import { KvzError } from '../protocol/errors.js';

/**
 * For asking whether anything answers at an address of this machine: its certificate bears the name
 * that others call it by. Whoever answers is told nothing, and is believed nothing.
 */
export const ANY_CERTIFICATE: TlsOptions = { minVersion: 'TLSv1.2', rejectUnauthorized: false };

/** What node:tls says of certificates that it does not take, in words. */
const REASONS: Readonly<Record<string, string>> = {
    DEPTH_ZERO_SELF_SIGNED_CERT:
        'it is signed by itself; tlsCa, or --ca of a context, names a file to trust',
    SELF_SIGNED_CERT_IN_CHAIN:
        'its authority is not known here; tlsCa, or --ca of a context, names a file to trust',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        'its authority is not known here; tlsCa, or --ca of a context, names a file to trust',
    UNABLE_TO_GET_ISSUER_CERT:
        'its authority is not known here; tlsCa, or --ca of a context, names a file to trust',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        'its authority is not known here; tlsCa, or --ca of a context, names a file to trust',
    CERT_HAS_EXPIRED: 'it has expired',
    CERT_NOT_YET_VALID: 'it is not valid yet; does the clock go right?',
    CERT_REVOKED: 'it was revoked',
    CERT_SIGNATURE_FAILURE: 'its signature is wrong',
    ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

/** The error for a certificate that is not taken; undefined when it was something else. */
export function certificateError(
    server: string,
    code: string | undefined,
    cause: unknown,
): KvzError | undefined {
    const reason = code === undefined ? undefined : REASONS[code];
    if (reason === undefined) return undefined;
    const message = `the certificate of ${server} is not trusted: ${reason}`;
    return new KvzError('UNTRUSTED_SERVER', message, { cause });
}
