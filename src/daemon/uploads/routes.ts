/** `GET|POST /upload`: the server's half of Resumable.js 1.1.0. */
import type { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { KvzError } from '../../protocol/errors.js';
import type { Context } from '../context.js';
import { requireUser } from '../http/require-token.js';
import type { Upload } from '../store/index.js';
import { parseChunkParameters, placeChunk, type ChunkPlace } from './chunk.js';
import { completeUpload, syncsEnded } from './complete.js';
import { copyChunk } from './copy.js';
import { EarlyCheck } from './early-check.js';
import { tuneHeapForBodies } from './heap.js';
import { hasLocalSource, openLocalSource } from './local-source.js';
import { receiveChunk } from './receive.js';
import { settleSuspect } from './suspect.js';

const DIGEST_HEADER = 'kvz-leaf-digests';

/** The digests that the sender gave with a chunk. @throws KvzError UPLOAD_BAD_CHUNK */
function sentDigests(header: string | undefined, place: ChunkPlace): string[] | undefined {
    if (header === undefined) return undefined;
    const digests = header.split(',').map((digest) => digest.trim());
    const wanted = place.endLeaf - place.firstLeaf;
    if (digests.length !== wanted || !digests.every((digest) => /^[0-9a-f]{64}$/.test(digest))) {
        throw new KvzError('UPLOAD_BAD_CHUNK', `Kvz-Leaf-Digests must hold ${wanted} digests`);
    }
    return digests;
}

/** The user's upload that a request is about. @throws KvzError UNKNOWN_UPLOAD */
async function uploadOf(context: Context, request: FastifyRequest, id: string): Promise<Upload> {
    const upload = context.store.uploads.get(id);
    const known =
        upload?.userId === requireUser(request).id &&
        (upload.state === 'open' || upload.state === 'complete');
    if (!upload || !known) throw new KvzError('UNKNOWN_UPLOAD', 'no such upload has been approved');
    return upload.state === 'open' ? settleSuspect(context, upload) : upload;
}

/** @throws KvzError UPLOAD_BAD_CHUNK when the header is not that of a form */
function makeBusboy(request: FastifyRequest, contentType: string): InstanceType<typeof Busboy> {
    try {
        return new Busboy({
            headers: { ...request.headers, 'content-type': contentType },
            limits: { files: 1, fields: 32, fieldSize: 4096, fieldNameSize: 128 },
        });
    } catch (error) {
        throw new KvzError('UPLOAD_BAD_CHUNK', (error as Error).message);
    }
}

/** Finds the part named `file` in a multipart body and hands it on; other fields are in the URL, too. */
async function readMultipart(
    request: FastifyRequest,
    handle: (file: Readable) => Promise<void>,
): Promise<void> {
    const contentType = request.headers['content-type'] ?? '';
    const busboy = makeBusboy(request, contentType);
    let part: BusboyFileStream | undefined;
    let work: Promise<void> | undefined;
    try {
        await new Promise<void>((resolve, reject) => {
            busboy.on('file', (name: string, file: BusboyFileStream) => {
                if (name !== 'file' || work) {
                    file.resume();
                    return;
                }
                part = file;
                // Whoever reads it sees its errors; this is for before and after that.
                file.on('error', () => undefined);
                work = handle(file);
                work.catch(reject);
            });
            busboy.on('error', (error: unknown) =>
                reject(new KvzError('UPLOAD_BAD_CHUNK', (error as Error).message)),
            );
            busboy.on('finish', () => {
                if (work) work.then(resolve, reject);
                else reject(new KvzError('UPLOAD_BAD_CHUNK', 'the form has no part named "file"'));
            });
            request.raw.on('close', () => {
                if (!request.raw.complete) {
                    reject(new KvzError('UPLOAD_INTERRUPTED', 'the chunk broke off'));
                }
            });
            request.raw.pipe(busboy);
        });
    } catch (error) {
        // busboy never ends a part that broke off, so whoever reads it would wait for ever.
        request.raw.unpipe(busboy);
        part?.destroy(error as Error);
        await work?.catch(() => undefined);
        throw error;
    }
}

export function uploadRoutes(app: FastifyInstance, context: Context): void {
    const earlyCheck = new EarlyCheck(context);
    tuneHeapForBodies();
    app.addHook('onClose', async () => {
        await syncsEnded();
        await context.leafThreads.close();
    });

    // Bodies go to the disk as they come; nothing is collected in memory.
    for (const type of ['application/octet-stream', 'multipart/form-data']) {
        app.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
    }

    app.get('/upload', async (request, reply) => {
        const parameters = parseChunkParameters(request.query);
        const upload = await uploadOf(context, request, parameters.resumableIdentifier);
        const { firstLeaf, endLeaf } = placeChunk(parameters, upload);
        const isHere =
            upload.state === 'complete' ||
            context.store.uploads.countLeaves(upload.id, firstLeaf, endLeaf) ===
                endLeaf - firstLeaf;
        return reply.code(isHere ? 200 : 204).send();
    });

    const considerEnd = async (uploadId: string): Promise<void> => {
        const { uploads } = context.store;
        const upload = uploads.get(uploadId);
        if (upload?.state !== 'open') return;
        if (uploads.isFull(upload)) await completeUpload(context, upload);
        else earlyCheck.consider(upload);
    };

    app.post('/upload', async (request, reply) => {
        const parameters = parseChunkParameters(request.query);
        const upload = await uploadOf(context, request, parameters.resumableIdentifier);
        const place = placeChunk(parameters, upload);
        const digestHeader = request.headers[DIGEST_HEADER]?.toString();
        const digests = sentDigests(digestHeader, place);
        if (upload.state === 'complete') return reply.code(200).send();
        reply.raw.once('close', context.limits.beginTransfer(upload.userId));

        /** @param work stores leaves of the chunk */
        const take = async (work: Promise<void>): Promise<void> => {
            try {
                await work;
            } finally {
                // Also when the chunk turned out wrong: leaves that are here are not asked for again,
                // so nothing else may come that would notice that these were the last.
                await considerEnd(upload.id);
            }
        };
        const receive = async (body: Readable): Promise<void> =>
            take(receiveChunk(context, upload, place, body, digests));
        const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim();
        if (hasLocalSource(request.raw)) {
            if (!digests) throw new KvzError('UPLOAD_BAD_CHUNK', 'Kvz-Leaf-Digests must be given');
            const gone = new AbortController();
            reply.raw.once('close', () => gone.abort());
            const source = await openLocalSource(context, request.raw, upload, digestHeader);
            try {
                await take(copyChunk(context, upload, place, source, digests, gone.signal));
            } finally {
                await source.close();
            }
        } else if (contentType === 'multipart/form-data') {
            await readMultipart(request, receive);
        } else if (contentType === 'application/octet-stream') {
            const declared = request.headers['content-length'];
            if (declared !== undefined && Number(declared) !== place.length) {
                throw new KvzError(
                    'UPLOAD_BAD_CHUNK',
                    `the body has ${declared} bytes instead of ${place.length}`,
                );
            }
            await receive(request.raw);
        } else {
            throw new KvzError(
                'UPLOAD_BAD_TYPE',
                'a chunk is multipart/form-data or application/octet-stream',
            );
        }
        // Lets one of several senders see that it is not alone, and ask before it sends.
        const now = context.store.uploads.get(upload.id);
        const received =
            now?.state === 'open' ? context.store.uploads.receivedBytes(now) : upload.size;
        return reply.code(200).header('Kvz-Upload-Received', received).send();
    });
}
