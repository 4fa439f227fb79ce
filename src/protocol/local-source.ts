/**
 * A chunk whose bytes the daemon reads itself, as client and daemon run as the same user of one
 * machine. The request has no body. It says in `Kvz-Local-Source` where the client holds the file
 * open, and shows in `Kvz-Local-Proof` that it knows the key which only that user can read.
 */
import { createHmac } from 'node:crypto';
import * as z from 'zod';

export const LOCAL_SOURCE_HEADER = 'kvz-local-source';
export const LOCAL_PROOF_HEADER = 'kvz-local-proof';

/** Keeps the key from being used for a proof of anything else. */
export const LOCAL_PURPOSE = 'kvz-cloud local source 1';

const positive = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
/** 64 bits, which a number of JSON does not hold. */
const digits = z.string().regex(/^\d{1,20}$/);

export const localSourceSchema = z
    .object({
        pid: positive.meta({ description: 'the process of the client' }),
        fd: z
            .int()
            .min(0)
            .max(Number.MAX_SAFE_INTEGER)
            .meta({ description: 'the descriptor on which it holds the file open' }),
        device: digits.meta({ description: 'st_dev of the file' }),
        inode: digits.meta({ description: 'st_ino' }),
        size: positive.meta({ description: 'st_size, bytes' }),
        mtimeNs: digits.meta({ description: 'st_mtim, nanoseconds since the epoch' }),
    })
    .meta({
        id: 'LocalSource',
        description: 'A JSON object: where the client holds the file open.',
    });
export type LocalSource = z.infer<typeof localSourceSchema>;

/** All that a request for a local chunk says. */
export interface LocalRequest {
    /** Path and query as they are sent. */
    url: string;
    /** The header `Kvz-Leaf-Digests`. */
    digests: string;
    /** The header `Kvz-Local-Source`. */
    source: string;
}

/** HMAC-SHA256 with the key over a request, one thing a line; lower-case hex. */
export function localProof(key: Uint8Array, { url, digests, source }: LocalRequest): string {
    const said = [LOCAL_PURPOSE, url, digests, source].join('\n');
    return createHmac('sha256', key).update(said).digest('hex');
}
