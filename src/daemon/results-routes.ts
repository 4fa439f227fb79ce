/** `GET /jobs/:id/result`: the encoded file, with Range and ETag; `/frames`: its statistics. */
import send from '@fastify/send';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { KvzError } from '../protocol/errors.js';
import { requireUser } from './auth.js';
import type { Context } from './context.js';
import { ownJob } from './jobs/control.js';
import { readFrames } from './result-files.js';
import type { JobRecord, StoredResult } from './store/index.js';

const MIME_TYPES = { hevc: 'video/H265', mp4: 'video/mp4', mkv: 'video/x-matroska' } as const;

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

export function resultRoutes(app: FastifyInstance, context: Context): void {
    app.get<{ Params: { id: string } }>('/jobs/:id/frames', async (request, reply) => {
        const [, result] = ownResult(context, request, request.params.id);
        return reply.type('text/csv').send(readFrames(context.folders, result.id));
    });

    app.get<{ Params: { id: string } }>('/jobs/:id/result', async (request, reply) => {
        const { store, folders } = context;
        const [job, result] = ownResult(context, request, request.params.id);
        const sent = await send(request.raw, result.id, {
            root: folders.results,
            cacheControl: false,
            contentType: false,
        });
        reply
            .code(sent.statusCode)
            .headers(sent.headers)
            .type(MIME_TYPES[result.container])
            .header(
                'Content-Disposition',
                disposition(store.jobs.result(job)?.fileName ?? 'result'),
            );
        return reply.send(sent.stream);
    });
}
