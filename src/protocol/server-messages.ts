/** The messages that the daemon sends on `/ws`, as schemas: answers, errors and events. */
import * as z from 'zod';
import { encodeReplySchema } from './encode-replies.js';
import { JOB_STATES } from './job-state.js';
import { PROTOCOL_VERSION } from './limits.js';
import { reply } from './reply.js';
import { ROLES } from './roles.js';
import {
    bytes,
    failureSchema,
    jobIdSchema,
    jobSchema,
    messageIdSchema,
    pauseSchema,
    workerMachineSchema,
    progressSchema,
    resultSchema,
    tokenInfoSchema,
    time,
} from './shapes.js';

const jobId = jobIdSchema.meta({ description: 'the job' });

export const serverMessages = {
    initOk: reply(
        'init.ok',
        {
            id: 'InitOk',
            description: 'The client is let in. Events that it missed follow, then new ones.',
        },
        {
            protocol: z
                .number()
                .int()
                .meta({ description: `now ${PROTOCOL_VERSION}` }),
            user: z.string().meta({ description: 'whose token it is' }),
            role: z.enum(ROLES).default('user').meta({ description: 'what the token may do' }),
            limits: z
                .object({
                    rawBytes: bytes.meta({ description: 'the largest raw video' }),
                    containerBytes: bytes.meta({ description: 'the largest other file' }),
                    durationSeconds: z
                        .number()
                        .meta({ description: 'the longest video other than raw' }),
                    chunkSize: bytes.meta({ description: 'recommended for uploads' }),
                    downloads: z.number().int().nullable().meta({
                        description: 'whole ones of a result by one user; null: no limit',
                    }),
                })
                .meta({ description: 'what the daemon accepts' }),
            workers: z
                .number()
                .int()
                .meta({ description: 'jobs that run at once, here and on worker machines' }),
            server: z.string().meta({ description: 'name and version' }),
            seq: z.number().int().meta({ description: 'of the last event so far' }),
            eventsLost: z.boolean().optional().meta({
                description:
                    'true when some of what came after `resumeFrom` is no longer kept: ask for the jobs anew',
            }),
            paused: pauseSchema
                .optional()
                .meta({ description: 'set while no job is started; `queue` tells of its end' }),
        },
    ),
    error: z
        .object({
            type: z.literal('error'),
            re: messageIdSchema
                .nullable()
                .meta({ description: 'the message that it answers; null when none can be named' }),
            code: z.string().meta({ description: 'see the errors' }),
            message: z.string().meta({ description: 'one line' }),
        })
        .meta({
            id: 'Error',
            description: 'A message could not be answered, or the connection ends.',
        }),
    encodeChecked: reply(
        'encode.checked',
        {
            id: 'EncodeChecked',
            description:
                'Answers `encode.check`, from what the user has here: whether others have sent the file is not told.',
        },
        {
            status: z.enum(['approved', 'queued', 'rejected']).meta({
                description: 'as in `encode.reply`; a challenge may come before the first two',
            }),
            code: z.string().optional().meta({ description: 'for `rejected`; see the errors' }),
            message: z.string().optional().meta({ description: 'one line, for `rejected`' }),
            jobId: jobIdSchema.optional().meta({ description: 'the earlier job' }),
            receivedBytes: bytes
                .optional()
                .meta({ description: 'for `approved`: what is here already of the file' }),
        },
    ),
    optionsOk: reply(
        'options.ok',
        { id: 'OptionsOk', description: 'The options are accepted.' },
        {
            normal: z
                .string()
                .meta({ description: 'the same text for options that mean the same' }),
        },
    ),
    jobs: reply(
        'jobs',
        { id: 'Jobs', description: 'Answers `jobs.list`.' },
        { jobs: z.array(jobSchema).meta({ description: 'the newest first' }) },
    ),
    job: reply(
        'job',
        {
            id: 'JobAnswer',
            description:
                'Answers `job.get`, `job.watch`, `job.cancel`, `job.retry` and `job.prioritise`.',
        },
        { job: jobSchema },
    ),
    removed: reply(
        'job.removed',
        { id: 'JobRemoved', description: 'Answers `job.remove`.' },
        { jobId },
    ),
    logs: reply(
        'job.logs',
        { id: 'JobLogsAnswer', description: 'Answers `job.logs`.' },
        { jobId, lines: z.array(z.string()).meta({ description: 'the last ones, oldest first' }) },
    ),
    queueState: reply(
        'queue.state',
        {
            id: 'QueueStateAnswer',
            description: 'Answers `queue.pause` and `queue.resume`.',
        },
        {
            paused: pauseSchema
                .optional()
                .meta({ description: 'not set when jobs are started; may be another reason now' }),
        },
    ),
    stats: reply(
        'server.stats',
        { id: 'ServerStatsAnswer', description: 'Answers `server.stats`.' },
        {
            version: z.string().meta({ description: 'of the daemon' }),
            uptimeSeconds: z.number().meta({ description: 'since it was started' }),
            workers: z
                .number()
                .int()
                .meta({ description: 'jobs that run at once, here and on worker machines' }),
            running: z.number().int().meta({ description: 'jobs that run now, of all users' }),
            machines: z.array(workerMachineSchema).optional().meta({
                description:
                    'the worker machines that are there; not set where the queue is not shared',
            }),
            jobs: z
                .record(z.enum(JOB_STATES), z.number().int())
                .meta({ description: 'own jobs by state' }),
            queued: z.number().int().meta({ description: 'jobs that wait, of all users' }),
            uploads: z.number().int().meta({ description: 'uploads that are open, of all users' }),
            paused: pauseSchema.optional().meta({ description: 'set while no job is started' }),
            isAdmin: z
                .boolean()
                .meta({ description: 'whether the asking user is an administrator' }),
            freeBytes: bytes.meta({ description: 'free on its disk' }),
            recent: z
                .array(jobSchema)
                .meta({ description: 'own jobs that ended last, the newest first; 20 at most' }),
        },
    ),
    ticket: reply(
        'job.ticket',
        { id: 'JobTicketAnswer', description: 'Answers `job.ticket`.' },
        {
            jobId,
            url: z.string().meta({ description: 'path below the server, for one GET' }),
            expiresAt: z.iso.datetime().meta({ description: 'when it is no longer good' }),
        },
    ),
    tokenCreated: reply(
        'token.created',
        { id: 'TokenCreated', description: 'Answers `token.create`.' },
        {
            token: z.string().meta({ description: 'the secret; it cannot be asked for again' }),
            info: tokenInfoSchema,
        },
    ),
    tokens: reply(
        'tokens',
        { id: 'Tokens', description: 'Answers `token.list`.' },
        { tokens: z.array(tokenInfoSchema).meta({ description: 'the last of each account' }) },
    ),
    tokenRevoked: reply(
        'token.revoked',
        { id: 'TokenRevoked', description: 'Answers `token.revoke`.' },
        { info: tokenInfoSchema },
    ),
    jobEvent: z
        .object({
            type: z.literal('job.event'),
            seq: z.number().int().meta({ description: 'grows by one per user' }),
            jobId,
            state: z.enum(JOB_STATES).meta({ description: 'see the states of a job' }),
            progress: progressSchema.optional(),
            result: resultSchema.optional(),
            failure: failureSchema.optional(),
            retryAt: time
                .optional()
                .meta({ description: 'with `queued`: it failed and is tried again then' }),
        })
        .meta({
            id: 'JobEvent',
            description: 'A job of the user has changed its state or made progress. Unasked.',
        }),
    queueChanged: z
        .object({
            type: z.literal('queue'),
            paused: pauseSchema.optional().meta({ description: 'not set when jobs are started' }),
        })
        .meta({
            id: 'QueueChanged',
            description: 'The queue was paused or goes on. Unasked, to everybody, not numbered.',
        }),
} as const;

export const serverMessageSchema = z
    .union([
        serverMessages.initOk,
        serverMessages.error,
        encodeReplySchema,
        serverMessages.encodeChecked,
        serverMessages.optionsOk,
        serverMessages.jobs,
        serverMessages.job,
        serverMessages.removed,
        serverMessages.logs,
        serverMessages.queueState,
        serverMessages.stats,
        serverMessages.ticket,
        serverMessages.tokenCreated,
        serverMessages.tokens,
        serverMessages.tokenRevoked,
        serverMessages.jobEvent,
        serverMessages.queueChanged,
    ])
    .meta({ id: 'ServerMessage', description: 'What the daemon sends.' });
export type ServerMessage = z.infer<typeof serverMessageSchema>;
export type ServerMessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
export type JobEvent = ServerMessageOf<'job.event'>;
