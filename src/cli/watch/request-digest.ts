import { createHash } from 'node:crypto';
import type { EncodeRequest } from '../../client/encode-request.js';

/** Says which options a file was encoded with, the format of raw video included. */
export function requestDigest({ options, raw }: EncodeRequest): string {
    const text = JSON.stringify([options, raw ?? null]);
    return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
