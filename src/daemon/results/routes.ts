/** `GET /jobs/:id/result`: the encoded file, with Range and ETag; `/frames`: its statistics. */
import type { ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { KvzError } from '../../protocol/errors.js';
import type { ByteRange } from '../../protocol/ranges.js';
import { requireUser } from '../http/require-token.js';
import type { Context } from '../context.js';
import { deliveryId, DeliveryLimit } from './delivery-limit.js';
import { selectRange } from '../http/range.js';
import { ownJob } from '../jobs/control.js';
import { readFrames, videoFile } from './result-files.js';
import type { JobRecord, StoredResult } from '../store/index.js';

/** RFC 7798 (H265) and RFC 4337 (mp4); for mkv, the name that players know. */
const MIME_TYPES = { hevc: 'video/H265', mp4: 'video/mp4', mkv: 'video/x-matroska' } as const;

/** How much of a file is read at once. */
const PIECE_BYTES = 256 * 1024;

/** The name for Content-Disposition, in the two forms of RFC 6266. */
function disposition(name: string): string {
    const plain = name.replace(/[^\x20-\x7e]|["\\]/g, '_');
    const encoded = encodeURIComponent(name).replace(
        /['()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** The user's job and its result. @throws KvzError UNKNOWN_JOB, RESULT_GONE */
function ownResult(
    context: Context,
    request: FastifyRequest,
    id: string,
): [JobRecord, StoredResult] {
    const job = ownJob(context, requireUser(request), id);
    const result = job.resultId === undefined ? undefined : context.store.results.get(job.resultId);
    if (job.state !== 'ready' || !result) {
        throw new KvzError('RESULT_GONE', `job ${job.id} is ${job.state} and has no result`);
    }
    return [job, result];
}

/**
 * The file of a result, opened before anything is promised: what is removed from now on is still
 * delivered. @throws KvzError RESULT_GONE
 */
async function openPart(
    { folders }: Context,
    result: StoredResult,
    [from, to]: ByteRange,
): Promise<ReadStream> {
    try {
        const handle = await open(videoFile(folders, result.id));
        return handle.createReadStream({ start: from, end: to - 1, highWaterMark: PIECE_BYTES });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        throw new KvzError('RESULT_GONE', 'the result has vanished; encode the file again');
    }
}

export function resultRoutes(app: FastifyInstance, context: Context): void {
    const { store, settings } = context;
    const limit = new DeliveryLimit(store, settings.downloads);

    app.get<{ Params: { id: string } }>('/jobs/:id/frames', async (request, reply) => {
        const [, result] = ownResult(context, request, request.params.id);
        return reply.type('text/csv').send(readFrames(context.folders, result.id));
    });

    app.route<{ Params: { id: string } }>({
        method: ['GET', 'HEAD'],
        url: '/jobs/:id/result',
        handler: async (request, reply) => {
            const [job, result] = ownResult(context, request, request.params.id);
            const id = deliveryId(request.headers['kvz-delivery']);
            const etag = `"${result.id}"`;
            const selection = selectRange(request.headers, result.bytes, etag);
            reply.header('Accept-Ranges', 'bytes').header('ETag', etag);
            switch (selection.status) {
                case 304:
                    return reply.code(304).send();
                case 412:
                    throw new KvzError('CHANGED', 'the result is another one by now');
                case 416:
                    reply.header('Content-Range', `bytes */${result.bytes}`);
                    throw new KvzError('BAD_RANGE', `the result has ${result.bytes} bytes`);
                case 200:
                case 206:
            }
            const { status, range } = selection;
            const stream =
                request.method === 'GET' ? await openPart(context, result, range) : undefined;
            if (stream) {
                // Nothing awaits between asking the limit and the answer that gives it back.
                try {
                    const { raw } = reply;
                    const { socket } = request.raw;
                    const answering = limit.begin(job.userId, result, id, range, {
                        cut: () => raw.destroy(),
                        sentBytes: () => stream.bytesRead,
                    });
                    // Also told when the connection has broken with the end of the file in hand.
                    raw.once('finish', () => {
                        if (!socket.destroyed) answering.end(range[1] - range[0]);
                    });
                    raw.once('close', () => answering.end(stream.bytesRead));
                } catch (error) {
                    stream.destroy();
                    throw error;
                }
                store.results.touch(result.id, Date.now());
            }
            reply
                .code(status)
                .type(MIME_TYPES[result.container])
                .header('Content-Length', range[1] - range[0])
                .header(
                    'Content-Disposition',
                    disposition(store.jobs.result(job)?.fileName ?? 'result'),
                );
            if (status === 206) {
                reply.header('Content-Range', `bytes ${range[0]}-${range[1] - 1}/${result.bytes}`);
            }
            return reply.send(stream);
        },
    });
}
