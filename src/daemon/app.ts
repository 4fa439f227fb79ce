/** The HTTP side of the daemon, as a fastify app that can be used without a port. */
import Fastify, { LogController, type FastifyError, type FastifyInstance } from 'fastify';
import { KvzError, type ErrorCode } from '../protocol/errors.js';
import { checkHostAndOrigin, requireToken } from './auth.js';
import { answerBrokenRequest } from './broken-requests.js';
import type { Context } from './context.js';
import { resultRoutes } from './results-routes.js';
import { uploadRoutes } from './uploads/routes.js';

/** A connection on which nothing moves for this long is closed; a slow one lives on. */
const IDLE_TIMEOUT_MS = 120_000;
const RETRY_AFTER_SECONDS = 2;
/** Chunks that the way here has damaged: the daemon is well, so there is nothing to wait for. */
const RETRIED_AT_ONCE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
    'UPLOAD_CORRUPT',
    'UPLOAD_INTERRUPTED',
]);

/** The app before it is given its context, which needs the app's log. */
export function createApp(logLevel: string): FastifyInstance {
    return Fastify({
        logger: { level: logLevel, redact: ['req.headers.authorization'] },
        // A line for each chunk and each look at /healthz would bury what matters.
        logController: new LogController({ disableRequestLogging: true }),
        connectionTimeout: IDLE_TIMEOUT_MS,
        // Chunks on a slow link may take any time, as long as they move.
        requestTimeout: 0,
        forceCloseConnections: true,
        clientErrorHandler: answerBrokenRequest,
    });
}

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

function asKvzError(error: FastifyError): KvzError {
    if (error instanceof KvzError) return error;
    if (DISK_FULL.has(error.code))
        return new KvzError('NO_SPACE', 'the disk of the daemon is full');
    if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
        return new KvzError('UPLOAD_BAD_TYPE', 'this content type is not accepted');
    }
    if (error.statusCode !== undefined && error.statusCode < 500) {
        return new KvzError('BAD_MESSAGE', error.message);
    }
    return new KvzError('INTERNAL', 'the daemon failed; see its log', { cause: error });
}

export async function addRoutes(app: FastifyInstance, context: Context): Promise<void> {
    app.setErrorHandler<FastifyError>(async (error, request, reply) => {
        const known = asKvzError(error);
        if (known.code === 'INTERNAL') {
            const { id: job } = request.params as { id?: string };
            const { url: route } = request.routeOptions;
            request.log.error({ err: error, route, ...(job && { job }) }, 'a request failed');
        }
        if (known.status === 503) {
            reply.header('Retry-After', RETRIED_AT_ONCE.has(known.code) ? 0 : RETRY_AFTER_SECONDS);
        }
        // What is left of a refused body must not be taken for the next request.
        if (request.method === 'POST' && !request.raw.complete) reply.header('Connection', 'close');
        return reply.code(known.status).send({ code: known.code, message: known.message });
    });
    app.setNotFoundHandler(async (_request, reply) =>
        reply.code(404).send({ code: 'NOT_FOUND', message: 'there is nothing at this address' }),
    );
    app.addHook('onRequest', async (request) => checkHostAndOrigin(request.raw));

    await app.register(async (scope) => {
        requireToken(scope, context.authenticator);
        uploadRoutes(scope, context);
        resultRoutes(scope, context);
    });
}
