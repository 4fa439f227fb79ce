/** One chunk of an upload as one HTTP request, in the form of Resumable.js 1.1.0. */
import type { IncomingMessage } from 'node:http';
import { DIGEST_BYTES } from '../protocol/file-id.js';
import { LEAF_BYTES } from '../protocol/limits.js';
import { KvzError } from '../protocol/errors.js';
import { retryAfterMs } from '../backoff.js';
import { errorBody, readBody } from './http.js';
import type { HttpClient } from './http.js';
import { connectionReason, wireError } from './wire-error.js';

/** Bytes handed to the socket at a time; what has left is counted at this grain. */
const SLICE_BYTES = 256 * 1024;

export interface UploadInfo {
    /** The upload id from the handshake. */
    id: string;
    /** Path below the server. */
    url: string;
    /** Bytes of a chunk; the last one of a file is shorter. */
    chunkSize: number;
}

/** The place of a chunk in its file. */
export interface ChunkPlace {
    /** 0-based; on the wire it is 1-based. */
    index: number;
    offset: number;
    /** Bytes. */
    length: number;
}

export interface SentFile {
    name: string;
    sizeBytes: number;
    /** All leaf digests, one after the other. */
    digests: Uint8Array;
}

/** What the request for a chunk carries: its bytes, or in headers where the daemon reads them. */
export type ChunkContent =
    | { bytes: Buffer; local?: undefined }
    | {
          bytes?: undefined;
          local: {
              key: Buffer;
              /**
               * @param url path and query of the request
               * @param digests those of the chunk's leaves, as the request gives them
               */
              headers: (url: string, digests: string) => Record<string, string>;
          };
      };

const NO_BYTES = Buffer.alloc(0);

export type ChunkAnswer =
    /** `receivedBytes`: what the daemon has of the whole file, by whomever it was sent. */
    | { kind: 'stored'; receivedBytes?: number }
    /** The upload is closed: finished by somebody else, cancelled, or expired. */
    | { kind: 'closed'; error: KvzError }
    /** What arrived was not what was announced. */
    | { kind: 'corrupt'; error: KvzError; retryAfterMs: number | undefined }
    | { kind: 'retry'; error: KvzError; retryAfterMs: number | undefined }
    | { kind: 'permanent'; error: KvzError };

const RETRIED_STATUS = new Set([408, 423, 425, 429]);

/** What an answer means, by its status and code alone. */
export function classifyAnswer(
    status: number,
    code: string,
    message: string,
    retryAfter?: string,
): ChunkAnswer {
    if (status === 200 || status === 201) return { kind: 'stored' };
    const error = wireError(code || `HTTP ${status}`, message);
    if (code === 'UPLOAD_CORRUPT') {
        return { kind: 'corrupt', error, retryAfterMs: retryAfterMs(retryAfter) };
    }
    if (code === 'UNKNOWN_UPLOAD' || status === 409 || status === 410) {
        return { kind: 'closed', error };
    }
    if (status >= 500 || RETRIED_STATUS.has(status)) {
        return { kind: 'retry', error, retryAfterMs: retryAfterMs(retryAfter) };
    }
    return { kind: 'permanent', error };
}

/** Lower-case hex digests of the leaves from `offset` on, for the header of a chunk. */
function leafHeader(digests: Uint8Array, offset: number, length: number): string {
    const first = offset / LEAF_BYTES;
    const count = Math.ceil(length / LEAF_BYTES);
    return Array.from({ length: count }, (_, index) => {
        const start = (first + index) * DIGEST_BYTES;
        return Buffer.from(digests.subarray(start, start + DIGEST_BYTES)).toString('hex');
    }).join(',');
}

function chunkPath(upload: UploadInfo, chunk: ChunkPlace, file: SentFile): string {
    const { name, sizeBytes: totalBytes } = file;
    const query = new URLSearchParams({
        resumableChunkNumber: String(chunk.index + 1),
        resumableChunkSize: String(upload.chunkSize),
        resumableCurrentChunkSize: String(chunk.length),
        resumableTotalSize: String(totalBytes),
        resumableType: '',
        resumableIdentifier: upload.id,
        resumableFilename: name,
        resumableRelativePath: name,
        resumableTotalChunks: String(Math.ceil(totalBytes / upload.chunkSize)),
    });
    return `${upload.url}${upload.url.includes('?') ? '&' : '?'}${query.toString()}`;
}

/** Whether the daemon has a chunk already; false, too, when it does not answer. */
export async function isStored(
    client: HttpClient,
    upload: UploadInfo,
    chunk: ChunkPlace,
    file: SentFile,
    options: { signal: AbortSignal; inactivityMs: number },
): Promise<boolean> {
    try {
        const request = client.request(chunkPath(upload, chunk, file), options);
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            request.on('response', resolve);
            request.on('error', reject);
            request.end();
        });
        await readBody(response);
        return response.statusCode === 200;
    } catch {
        options.signal.throwIfAborted();
        return false;
    }
}

/** The headers of a chunk's request, and the digests of its leaves among them. */
function chunkHeaders(
    { server }: HttpClient,
    path: string,
    content: ChunkContent,
    digests: string,
): Record<string, string | number> {
    const { pathname, search } = new URL(path, server);
    return {
        'content-length': content.bytes?.length ?? 0,
        'kvz-leaf-digests': digests,
        ...(content.bytes
            ? { 'content-type': 'application/octet-stream' }
            : content.local.headers(`${pathname}${search}`, digests)),
    };
}

/**
 * Sends one chunk. Never throws for what network or server do: that is in the answer.
 * @param options.onBytes called with the number of bytes that have left this process
 * @throws the signal's reason
 */
export async function sendChunk(
    client: HttpClient,
    upload: UploadInfo,
    chunk: ChunkPlace,
    content: ChunkContent,
    file: SentFile,
    options: {
        signal: AbortSignal;
        onBytes: (count: number) => void;
        inactivityMs: number;
    },
): Promise<ChunkAnswer> {
    const { bytes = NO_BYTES } = content;
    const path = chunkPath(upload, chunk, file);
    const digests = leafHeader(file.digests, chunk.offset, chunk.length);
    try {
        const request = client.request(path, {
            method: 'POST',
            signal: options.signal,
            inactivityMs: options.inactivityMs,
            headers: chunkHeaders(client, path, content, digests),
        });
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            request.on('response', resolve);
            request.on('error', reject);
            let sent = 0;
            const writeOn = (): void => {
                while (sent < bytes.length) {
                    const slice = bytes.subarray(sent, sent + SLICE_BYTES);
                    sent += slice.length;
                    const more = request.write(slice, (error) => {
                        if (!error) options.onBytes(slice.length);
                    });
                    if (!more && sent < bytes.length) {
                        request.once('drain', writeOn);
                        return;
                    }
                }
                request.end();
            };
            writeOn();
        });
        const body = await readBody(response);
        const status = response.statusCode ?? 0;
        const { code, message } = errorBody(status, body);
        const answer = classifyAnswer(status, code, message, response.headers['retry-after']);
        const received = response.headers['kvz-upload-received'];
        return answer.kind === 'stored' && typeof received === 'string'
            ? { ...answer, receivedBytes: Number(received) }
            : answer;
    } catch (cause) {
        options.signal.throwIfAborted();
        const error = new KvzError('UNREACHABLE', connectionReason(cause), { cause });
        return { kind: 'retry', error, retryAfterMs: undefined };
    }
}
