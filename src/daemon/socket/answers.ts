/** What the daemon answers to each message of a client that has introduced itself. */
import { KvzError } from '../../protocol/errors.js';
import { isRunning, JOB_STATES } from '../../protocol/job-state.js';
import type {
    ClientMessage,
    ClientMessageOf,
    Forecast,
    Job,
    ServerMessage,
    ServerMessageOf,
} from '../../protocol/messages.js';
import { VERSION } from '../../config/version.js';
import { isAdmin, requireAdmin, requireUserRights } from '../access/rights.js';
import type { Context } from '../context.js';
import { freeBytes } from '../disk.js';
import type { Handshake } from '../handshake/handshake.js';
import { cancelJob, jobFor, ownJob, prioritiseJob, removeJob, retryJob } from '../jobs/control.js';
import { forecast } from '../jobs/forecast.js';
import { readJobLog } from '../jobs/job-log.js';
import { checkRawFormat, normalOptions } from '../handshake/request-key.js';
import type { JobRecord, User } from '../store/index.js';
import { TokenAdmin } from '../access/token-admin.js';
import { jobSlots, jobsRunning, workerMachines } from '../workers/load.js';

/** @throws KvzError which the session turns into an `error` message */
export async function answer(
    context: Context,
    handshake: Handshake,
    user: User,
    message: ClientMessage,
): Promise<ServerMessage> {
    requireUserRights(user);
    const tokenAdmin = new TokenAdmin(context.store.tokens);
    const re = message.id;
    const job = (jobId: string): ServerMessageOf<'job'> => ({
        type: 'job',
        re,
        job: jobView(context, jobFor(context, user, jobId)),
    });
    switch (message.type) {
        case 'init':
            throw new KvzError('BAD_MESSAGE', 'init comes once');
        case 'encode.request':
            return { type: 'encode.reply', re, ...(await handshake.request(user, message)) };
        case 'encode.check':
            return { type: 'encode.checked', re, ...(await handshake.check(user, message)) };
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
            return { type: 'jobs', re, jobs: listJobs(context, user, message) };
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
        case 'job.prioritise':
            prioritiseJob(context, user, message.jobId, message.priority);
            return job(message.jobId);
        case 'job.remove':
            await removeJob(context, user, message.jobId);
            return { type: 'job.removed', re, jobId: message.jobId };
        case 'job.ticket': {
            const { id, state } = ownJob(context, user, message.jobId);
            if (state !== 'ready') {
                throw new KvzError('RESULT_GONE', `job ${id} is ${state} and has no result`);
            }
            const { ticket, expiresAtMs } = context.tickets.issue(user, id);
            return {
                ...{ type: 'job.ticket', re, jobId: id },
                url: `/jobs/${id}/result?ticket=${ticket}`,
                expiresAt: new Date(expiresAtMs).toISOString(),
            };
        }
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
        case 'token.revoke': {
            requireAdmin(user);
            const info = tokenAdmin.revoke(message.name);
            context.presences.endOutdated();
            return { type: 'token.revoked', re, info };
        }
        case 'queue.pause':
            requireAdmin(user);
            context.pause.pause(user.name, message.reason);
            return queueState(context, re);
        case 'queue.resume':
            requireAdmin(user);
            context.pause.resume();
            return queueState(context, re);
        case 'server.stats':
            return serverStats(context, user, re);
    }
}

/** Ended jobs in the answer to `server.stats`. */
const RECENT_JOBS = 20;

/** A job as its user sees it; while it waits, with what awaits it. */
function jobView(context: Context, job: JobRecord, queue = forecastFor(context, [job])): Job {
    const forecast = queue.get(job.id);
    const worker =
        isRunning(job.state) && job.worker !== undefined
            ? context.remote?.registry.nameOf(job.worker)
            : undefined;
    return {
        ...context.store.jobs.view(job),
        ...(worker !== undefined && { worker }),
        ...(forecast && { forecast }),
    };
}

/** Looks at the whole queue, so only where one of the jobs is in it. */
function forecastFor(context: Context, jobs: readonly JobRecord[]): Map<string, Forecast> {
    if (!jobs.some(({ state }) => state === 'queued')) return new Map();
    const workers = jobSlots(context);
    return forecast(context.store.speeds.pending(), {
        workers,
        // Without a worker nobody can say when one comes.
        isPaused: context.pause.current !== undefined || workers === 0,
        nowMs: Date.now(),
    });
}

/** @throws KvzError FORBIDDEN */
function listJobs(
    context: Context,
    user: User,
    { all = false, states, limit, before }: ClientMessageOf<'jobs.list'>,
): Job[] {
    const { store } = context;
    if (all) requireAdmin(user);
    const jobs = store.jobs.list({
        ...(!all && { userId: user.id }),
        ...(states && { states }),
        limit,
        before,
    });
    const queue = forecastFor(context, jobs);
    return jobs.map((job) => ({
        ...jobView(context, job, queue),
        ...(all && { user: store.users.name(job.userId) }),
    }));
}

function queueState({ pause }: Context, re: number): ServerMessageOf<'queue.state'> {
    return { type: 'queue.state', re, ...(pause.current && { paused: pause.current }) };
}

async function serverStats(
    context: Context,
    user: User,
    re: number,
): Promise<ServerMessageOf<'server.stats'>> {
    const { store, pause, folders } = context;
    const machines = workerMachines(context);
    const own = store.jobs.countByState(user.id);
    return {
        type: 'server.stats',
        re,
        version: VERSION,
        uptimeSeconds: process.uptime(),
        workers: jobSlots(context),
        running: jobsRunning(context),
        ...(machines && { machines }),
        jobs: Object.fromEntries(
            JOB_STATES.map((state) => [state, own[state] ?? 0]),
        ) as ServerMessageOf<'server.stats'>['jobs'],
        queued: store.jobs.countQueued(),
        uploads: store.uploads.countOpen(),
        ...(pause.current && { paused: pause.current }),
        isAdmin: isAdmin(user),
        freeBytes: await freeBytes(folders.root),
        recent: store.jobs.lastEnded(user.id, RECENT_JOBS).map((job) => store.jobs.view(job)),
    };
}
