/** What the daemon answers to each message of a client that has introduced itself. */
import { KvzError } from '../../protocol/errors.js';
import { JOB_STATES } from '../../protocol/job-state.js';
import type { ClientMessage, ServerMessage, ServerMessageOf } from '../../protocol/messages.js';
import { VERSION } from '../../config/version.js';
import { requireAdmin, requireUserRights } from '../access/rights.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import type { Handshake } from '../handshake.js';
import { cancelJob, ownJob, removeJob, retryJob } from '../jobs/control.js';
import { readJobLog } from '../jobs/job-log.js';
import { checkRawFormat, normalOptions } from '../request-key.js';
import type { User } from '../store/index.js';
import { TokenAdmin } from '../token-admin.js';

/** @throws KvzError which the session turns into an `error` message */
export async function answer(
    context: Context,
    handshake: Handshake,
    user: User,
    message: ClientMessage,
): Promise<ServerMessage> {
    requireUserRights(user);
    const { store } = context;
    const tokenAdmin = new TokenAdmin(store.tokens);
    const re = message.id;
    const job = (jobId: string): ServerMessageOf<'job'> => ({
        type: 'job',
        re,
        job: store.jobs.view(ownJob(context, user, jobId)),
    });
    switch (message.type) {
        case 'init':
            throw new KvzError('BAD_MESSAGE', 'init comes once');
        case 'encode.request':
            return { type: 'encode.reply', re, ...(await handshake.request(user, message)) };
        case 'encode.prove':
            return {
                type: 'encode.reply',
                re,
                ...(await handshake.prove(user, message.challenge, message.proof)),
            };
        case 'options.validate':
            if (message.raw) await checkRawFormat(message.raw);
            return { type: 'options.ok', re, normal: normalOptions(message.options) };
        case 'jobs.list':
            return {
                type: 'jobs',
                re,
                jobs: store.jobs
                    .list(user.id, message.limit, message.before)
                    .map((each) => store.jobs.view(each)),
            };
        case 'job.get':
        // Events of all jobs of the user are sent anyway; the answer is where they go on from.
        case 'job.watch':
            return job(message.jobId);
        case 'job.cancel':
            await cancelJob(context, user, message.jobId);
            return job(message.jobId);
        case 'job.retry':
            retryJob(context, user, message.jobId);
            return job(message.jobId);
        case 'job.remove':
            await removeJob(context, user, message.jobId);
            return { type: 'job.removed', re, jobId: message.jobId };
        case 'job.logs': {
            const { id } = ownJob(context, user, message.jobId);
            return {
                type: 'job.logs',
                re,
                jobId: id,
                lines: await readJobLog(context.folders, id),
            };
        }
        case 'token.create': {
            requireAdmin(user);
            const { name, role, expiresInSeconds } = message;
            const { token, ...info } = tokenAdmin.create(name, role, expiresInSeconds);
            return { type: 'token.created', re, token, info };
        }
        case 'token.list':
            requireAdmin(user);
            return { type: 'tokens', re, tokens: tokenAdmin.list() };
        case 'token.revoke':
            requireAdmin(user);
            return { type: 'token.revoked', re, info: tokenAdmin.revoke(message.name) };
        case 'server.stats': {
            const counts = store.jobs.countByState(user.id);
            return {
                type: 'server.stats',
                re,
                version: VERSION,
                uptimeSeconds: process.uptime(),
                workers: context.settings.workers,
                running: context.queue.running,
                jobs: Object.fromEntries(
                    JOB_STATES.map((state) => [state, counts[state] ?? 0]),
                ) as ServerMessageOf<'server.stats'>['jobs'],
                freeBytes: await freeBytes(context.folders.root),
            };
        }
    }
}
