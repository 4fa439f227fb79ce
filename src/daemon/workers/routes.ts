/** `/worker/…`: what workers on other machines ask, see protocol/worker-messages.ts. */
import { createReadStream } from 'node:fs';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { join } from 'node:path';
import * as z from 'zod';
import { KvzError } from '../../protocol/errors.js';
import { firstIssue } from '../../protocol/messages.js';
import {
    claimSchema,
    resultNoticeSchema,
    jobFailedSchema,
    jobReleasedSchema,
    MAX_FRAMES_BYTES,
    MAX_WORKER_MESSAGE_BYTES,
    reportSchema,
    resultDeliveredSchema,
    WORKER_ID_PATTERN,
    workerHelloSchema,
} from '../../protocol/worker-messages.js';
import { requireUser } from '../http/require-token.js';
import { selectRange } from '../http/range.js';
import type { Context } from '../context.js';
import { presentSource } from '../vanished.js';
import type { RemoteWorker } from './registry.js';
import type { RemoteWork } from './remote-work.js';

/** How much of a source is read at once. */
const PIECE_BYTES = 256 * 1024;

type WorkerRequest = FastifyRequest<{ Params: { worker: string }; Querystring: unknown }>;

const attemptQuery = z.object({ jobId: z.string(), attempt: z.coerce.number().int() });
const uploadQuery = z.object({ upload: z.string() });

function parse<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new KvzError('BAD_MESSAGE', firstIssue(parsed.error));
}

export function workerRoutes(app: FastifyInstance, context: Context, remote: RemoteWork): void {
    const { registry, jobs, results } = remote;
    const caller = (request: WorkerRequest): RemoteWorker => {
        const worker = registry.get(request.params.worker, requireUser(request).id);
        worker.heardAt = performance.now();
        return worker;
    };
    const options = { bodyLimit: MAX_WORKER_MESSAGE_BYTES };

    app.post('/worker/:worker/hello', options, async (request: WorkerRequest) => {
        const { worker: id } = request.params;
        if (!WORKER_ID_PATTERN.test(id)) throw new KvzError('BAD_MESSAGE', 'no id of a worker');
        const problem = remote.queueProblem();
        // Its workers would take tickets of the other one's jobs. It may be theirs later.
        if (problem !== undefined) throw new KvzError('NOT_READY', problem);
        const hello = parse(workerHelloSchema, request.body);
        const worker = registry.join(id, requireUser(request).id, hello);
        context.log.info({ worker: worker.hello }, 'a worker has joined');
        context.queue.wake();
        const { leaseSeconds, reportSeconds } = remote;
        return { leaseSeconds, reportSeconds };
    });

    app.post('/worker/:worker/claim', options, async (request: WorkerRequest) =>
        jobs.claim(caller(request), parse(claimSchema, request.body)),
    );

    app.post('/worker/:worker/report', options, async (request: WorkerRequest) =>
        jobs.report(caller(request), parse(reportSchema, request.body)),
    );

    app.get('/worker/:worker/source', async (request: WorkerRequest, reply) => {
        const { job } = jobs.require(caller(request), parse(attemptQuery, request.query));
        const file = await presentSource(context, job.fileId);
        if (!file) throw new KvzError('UNKNOWN_JOB', 'the source is no longer here');
        const selection = selectRange(request.headers, file.size, `"${file.id}"`);
        if (selection.status !== 200 && selection.status !== 206) {
            throw new KvzError('BAD_RANGE', `the source has ${file.size} bytes`);
        }
        const [from, to] = selection.range;
        reply.code(selection.status).type('application/octet-stream');
        reply.header('Content-Length', to - from).header('Accept-Ranges', 'bytes');
        if (selection.status === 206) {
            reply.header('Content-Range', `bytes ${from}-${to - 1}/${file.size}`);
        }
        return reply.send(
            createReadStream(join(context.folders.sources, file.storage), {
                start: from,
                end: to - 1,
                highWaterMark: PIECE_BYTES,
            }),
        );
    });

    app.post('/worker/:worker/result', options, async (request: WorkerRequest) =>
        results.announce(caller(request), parse(resultNoticeSchema, request.body)),
    );

    app.addContentTypeParser(
        'application/gzip',
        { parseAs: 'buffer', bodyLimit: MAX_FRAMES_BYTES },
        (_request, body, done) => done(null, body),
    );
    app.post(
        '/worker/:worker/frames',
        { bodyLimit: MAX_FRAMES_BYTES },
        async (request: WorkerRequest) => {
            const { upload } = parse(uploadQuery, request.query);
            if (!Buffer.isBuffer(request.body)) {
                throw new KvzError('UPLOAD_BAD_TYPE', 'statistics of frames are application/gzip');
            }
            results.takeFrames(caller(request), upload, request.body);
            return {};
        },
    );

    app.post('/worker/:worker/delivered', options, async (request: WorkerRequest) => {
        const { upload } = parse(resultDeliveredSchema, request.body);
        results.takeShared(caller(request), upload);
        return {};
    });

    app.post('/worker/:worker/failed', options, async (request: WorkerRequest) => {
        const { failure, ...name } = parse(jobFailedSchema, request.body);
        await jobs.fail(caller(request), name, failure);
        return {};
    });

    app.post('/worker/:worker/release', options, async (request: WorkerRequest) => {
        await jobs.release(caller(request), parse(jobReleasedSchema, request.body));
        return {};
    });

    app.post('/worker/:worker/goodbye', options, async (request: WorkerRequest) => {
        const worker = caller(request);
        registry.leave(worker.id);
        context.log.info({ worker: worker.hello.name }, 'a worker has left');
        return {};
    });
}

/** What a daemon that keeps its queue to itself says to workers. */
export function noWorkerRoutes(app: FastifyInstance): void {
    app.route({
        method: ['GET', 'POST'],
        url: '/worker/*',
        handler: () => {
            throw new KvzError(
                'WORKER_REFUSED',
                'this daemon shares no queue; start it with --queue',
            );
        },
    });
}
