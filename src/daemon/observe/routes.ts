/** `/healthz`, `/healthz/ready` and `/metrics`: for those who run the daemon. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../../config/loopback.js';
import { VERSION } from '../../config/version.js';
import { KvzError } from '../../protocol/errors.js';
import type { Context } from '../context.js';
import type { Health } from './health.js';
import { METRICS_CONTENT_TYPE } from './metric-text.js';
import type { Metrics } from './metrics.js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a request comes from this machine itself, not through a proxy that runs on it. */
function isLocal({ socket, headers }: FastifyRequest): boolean {
    const isForwarded =
        headers.forwarded !== undefined ||
        headers['x-forwarded-for'] !== undefined ||
        headers.via !== undefined;
    const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    return isLoopbackHost(address) && !isForwarded;
}

/** @throws KvzError NOT_AUTHORISED */
function checkAccess(request: FastifyRequest, token: string): void {
    if (token === '') {
        if (isLocal(request)) return;
        throw new KvzError('NOT_AUTHORISED', 'metrics are for this machine, or by metricsToken');
    }
    const given = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!timingSafeEqual(digest(given), digest(token))) {
        throw new KvzError('NOT_AUTHORISED', 'the token of the metrics is needed');
    }
}

export function observeRoutes(
    app: FastifyInstance,
    { settings }: Context,
    health: Health,
    metrics: Metrics,
): void {
    app.get('/healthz', async () => ({ status: 'ok', server: 'kvz-cloud', version: VERSION }));

    app.get('/healthz/ready', async (_request, reply) => {
        const problems = await health.problems();
        const isReady = problems.length === 0;
        return reply
            .code(isReady ? 200 : 503)
            .send({ status: isReady ? 'ready' : 'not ready', problems });
    });

    app.get('/metrics', async (request, reply) => {
        checkAccess(request, settings.metricsToken);
        return reply.type(METRICS_CONTENT_TYPE).send(await metrics.text());
    });
}
