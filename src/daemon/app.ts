/** The HTTP side of the daemon, as a fastify app that can be used without a port. */
import Fastify, { LogController, type FastifyError, type FastifyInstance } from 'fastify';
import { KvzError, type ErrorCode } from '../protocol/errors.js';
import type { Settings } from '../config/settings.js';
import { requireUserRights, requireWorkerRights } from './access/rights.js';
import { requireToken } from './http/require-token.js';
import { answerBrokenRequest } from './http/broken-requests.js';
import type { Context } from './context.js';
import { ProgressGuard } from './http/progress-guard.js';
import { diskFault } from './disk-fault.js';
import { resultRoutes } from './results/routes.js';
import type { TlsFiles } from './http/tls-files.js';
import { uploadRoutes } from './uploads/routes.js';
import { noWorkerRoutes, workerRoutes } from './workers/routes.js';

/** How often requests whose head is late are looked for. */
const HEAD_CHECK_INTERVAL_MS = 1_000;
const RETRY_AFTER_SECONDS = 2;
/** Chunks that the way here has damaged: the daemon is well, so there is nothing to wait for. */
const RETRIED_AT_ONCE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
    'UPLOAD_CORRUPT',
    'UPLOAD_INTERRUPTED',
]);

/** Routes have no schemas; fastify's own compilers would take a tenth of a second to load. */
const noCompiler = () => (): never => {
    throw new Error('routes have no schemas');
};
const NO_COMPILERS = { buildValidator: noCompiler, buildSerializer: noCompiler };

/** The app before it is given its context, which needs the app's log. */
export function createApp(settings: Settings, tls: TlsFiles | undefined): FastifyInstance {
    const handshakeMs = settings.handshakeTimeout * 1000;
    const http = {
        headersTimeout: handshakeMs,
        connectionsCheckingInterval: HEAD_CHECK_INTERVAL_MS,
    };
    const options = {
        logger: { level: settings.logLevel, redact: ['req.headers.authorization'] },
        // A line for each chunk and each look at /healthz would bury what matters.
        logController: new LogController({ disableRequestLogging: true }),
        // A connection on which nothing moves for this long is closed; a slow one lives on.
        connectionTimeout: settings.stallTimeout * 1000,
        // Chunks on a slow link may take any time, as long as they move.
        requestTimeout: 0,
        forceCloseConnections: true,
        clientErrorHandler: answerBrokenRequest,
        schemaController: { compilersFactory: NO_COMPILERS },
    };
    if (!tls) return Fastify({ ...options, http });
    const https = {
        ...http,
        ...tls,
        minVersion: 'TLSv1.2',
        handshakeTimeout: handshakeMs,
    } as const;
    // Routes and sockets see no difference.
    return Fastify({ ...options, https });
}

function asKvzError(error: FastifyError): KvzError {
    if (error instanceof KvzError) return error;
    const fault = diskFault(error);
    if (fault !== undefined) return new KvzError('NO_SPACE', fault);
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
        // Who asks too much has to connect anew, and what was sent ahead is dropped.
        if (known.code === 'TOO_MANY_REQUESTS') reply.header('Connection', 'close');
        // What is left of a refused body must not be taken for the next request.
        if (request.method === 'POST' && !request.raw.complete) reply.header('Connection', 'close');
        return reply.code(known.status).send({ code: known.code, message: known.message });
    });
    app.setNotFoundHandler(async (_request, reply) =>
        reply.code(404).send({ code: 'NOT_FOUND', message: 'there is nothing at this address' }),
    );
    const { gate, limits, settings } = context;
    const guard = new ProgressGuard({
        windowMs: settings.stallTimeout * 1000,
        minimumBytes: settings.stallTimeout * settings.slowestRate,
    });
    app.addHook('onClose', async () => guard.stop());
    app.addHook('onRequest', async (request, reply) => {
        gate.check(request.raw);
        guard.watch(request.raw, reply.raw);
        // What says no user's name counts for its address.
        if (request.headers.authorization === undefined) {
            limits.strangerRequest(gate.addressOf(request.raw));
        }
        reply.headers({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
    });

    const { remote } = context;
    await app.register(async (scope) => {
        // Files of users, and results of workers.
        requireToken(scope, context, () => undefined);
        uploadRoutes(scope, context);
    });
    await app.register(async (scope) => {
        requireToken(scope, context, requireUserRights);
        resultRoutes(scope, context);
    });
    await app.register(async (scope) => {
        requireToken(scope, context, requireWorkerRights);
        if (remote) workerRoutes(scope, context, remote);
        else noWorkerRoutes(scope);
    });
}
