/** The messages that a client sends on `/ws`, as schemas. Each carries its own number. */
import * as z from 'zod';
import { JOB_STATES } from './job-state.js';
import { PROTOCOL_VERSION, TOKEN_PATTERN } from './limits.js';
import { MAX_TOKEN_SECONDS, ROLES } from './roles.js';
import {
    accountNameSchema,
    fileSchema,
    jobIdSchema,
    optionsSchema,
    rawFormatSchema,
    messageIdSchema,
    type About,
} from './shapes.js';

const id = messageIdSchema.meta({ description: "the client's number of the message" });
const jobId = jobIdSchema.meta({ description: 'the job' });

/** Priorities of jobs, both ends included; higher runs first. */
export const PRIORITY_RANGE = { min: -100, max: 100 } as const;

const priority = z.number().int().min(PRIORITY_RANGE.min).max(PRIORITY_RANGE.max);

const request = <const T extends string, S extends z.core.$ZodLooseShape>(
    type: T,
    about: About,
    shape: S,
) => z.object({ type: z.literal(type), id, ...shape }).meta({ ...about });

export const clientMessages = {
    init: request(
        'init',
        {
            id: 'Init',
            description: 'Introduces the client. The first message, and only the first.',
        },
        {
            protocol: z
                .number()
                .int()
                .meta({ description: `now ${PROTOCOL_VERSION}` }),
            token: z
                .string()
                .regex(TOKEN_PATTERN, 'no token')
                .meta({ description: 'says whose connection it is' }),
            client: z.string().max(128).default('').meta({ description: 'name and version' }),
            resumeFrom: z
                .number()
                .int()
                .min(0)
                .optional()
                .meta({ description: 'the last `seq` seen; what came after it is sent again' }),
        },
    ),
    encodeRequest: request(
        'encode.request',
        { id: 'EncodeRequest', description: 'Asks for a file to be encoded, before any upload.' },
        {
            file: fileSchema,
            options: optionsSchema.prefault({}),
            priority: priority.default(0).meta({ description: 'higher runs first' }),
        },
    ),
    encodeCheck: request(
        'encode.check',
        {
            id: 'EncodeCheck',
            description:
                'Asks what `encode.request` with the same fields would lead to. Changes nothing.',
        },
        { file: fileSchema, options: optionsSchema.prefault({}) },
    ),
    encodeProve: request(
        'encode.prove',
        { id: 'EncodeProve', description: 'Answers a challenge, and so goes on with its request.' },
        {
            challenge: z.string().min(1).max(64).meta({ description: "the challenge's id" }),
            proof: z
                .string()
                .max(128)
                .meta({ description: 'hex; empty from a client that cannot prove it' }),
        },
    ),
    optionsValidate: request(
        'options.validate',
        {
            id: 'OptionsValidate',
            description: 'Checks options without a file. What is wrong is answered by `error`.',
        },
        { options: optionsSchema, raw: rawFormatSchema.optional() },
    ),
    jobsList: request(
        'jobs.list',
        { id: 'JobsList', description: "Asks for the user's jobs, the newest first." },
        {
            limit: z.number().int().min(1).max(1000).default(100).meta({ description: 'at most' }),
            before: jobIdSchema.optional().meta({ description: 'only jobs older than this one' }),
            states: z
                .array(z.enum(JOB_STATES))
                .min(1)
                .max(JOB_STATES.length)
                .optional()
                .meta({ description: 'only jobs in these states' }),
            all: z
                .boolean()
                .optional()
                .meta({ description: "every user's jobs; for administrators" }),
        },
    ),
    jobGet: request('job.get', { id: 'JobGet', description: 'Asks for one job.' }, { jobId }),
    jobWatch: request(
        'job.watch',
        {
            id: 'JobWatch',
            description:
                'Asks for one job as it is now, for the events that follow to go on from. Events of all jobs of the user are sent in any case.',
        },
        { jobId },
    ),
    jobCancel: request(
        'job.cancel',
        {
            id: 'JobCancel',
            description: 'Ends a job. An upload that no other job waits for ends with it.',
        },
        { jobId },
    ),
    jobRetry: request(
        'job.retry',
        {
            id: 'JobRetry',
            description:
                'Puts a job that failed, was cancelled or has expired back into the queue, if its file is here.',
        },
        { jobId },
    ),
    jobPrioritise: request(
        'job.prioritise',
        {
            id: 'JobPrioritise',
            description: 'Changes the priority of a job that no worker has yet.',
        },
        { jobId, priority: priority.meta({ description: 'higher runs first' }) },
    ),
    jobRemove: request(
        'job.remove',
        {
            id: 'JobRemove',
            description:
                'Forgets a job that has ended. Source and result go with the last job that uses them.',
        },
        { jobId },
    ),
    jobLogs: request(
        'job.logs',
        { id: 'JobLogs', description: 'Asks for what the programs of a job have said.' },
        { jobId },
    ),
    jobTicket: request(
        'job.ticket',
        {
            id: 'JobTicket',
            description:
                'Asks for an address that the result can be downloaded from without a token, once and within a minute. For browsers.',
        },
        { jobId },
    ),
    tokenCreate: request(
        'token.create',
        {
            id: 'TokenCreate',
            description:
                'Issues a token; its account is made if there is none of this name. For administrators.',
        },
        {
            name: accountNameSchema,
            role: z.enum(ROLES).default('user').meta({ description: 'what it may do' }),
            expiresInSeconds: z
                .number()
                .int()
                .min(1)
                .max(MAX_TOKEN_SECONDS)
                .optional()
                .meta({ description: 'how long it is let in; for ever, where it is left out' }),
        },
    ),
    tokenList: request(
        'token.list',
        { id: 'TokenList', description: 'Asks for the issued tokens. For administrators.' },
        {},
    ),
    tokenRevoke: request(
        'token.revoke',
        {
            id: 'TokenRevoke',
            description:
                'Ends the token of an account and its connections; the account and its jobs stay. For administrators.',
        },
        { name: accountNameSchema },
    ),
    queuePause: request(
        'queue.pause',
        {
            id: 'QueuePause',
            description:
                'Lets no further job start until `queue.resume`, also after a restart; jobs that run go on. For administrators.',
        },
        {
            reason: z
                .string()
                .max(200)
                .regex(/^[^\p{Cc}]*$/u, 'one line of text')
                .optional()
                .meta({ description: 'told to those who wait' }),
        },
    ),
    queueResume: request(
        'queue.resume',
        { id: 'QueueResume', description: 'Ends a pause. For administrators.' },
        {},
    ),
    serverStats: request(
        'server.stats',
        { id: 'ServerStats', description: 'Asks how the daemon is.' },
        {},
    ),
} as const;

export const clientMessageSchema = z
    .discriminatedUnion('type', [
        clientMessages.init,
        clientMessages.encodeRequest,
        clientMessages.encodeCheck,
        clientMessages.encodeProve,
        clientMessages.optionsValidate,
        clientMessages.jobsList,
        clientMessages.jobGet,
        clientMessages.jobWatch,
        clientMessages.jobCancel,
        clientMessages.jobRetry,
        clientMessages.jobPrioritise,
        clientMessages.jobRemove,
        clientMessages.jobLogs,
        clientMessages.jobTicket,
        clientMessages.tokenCreate,
        clientMessages.tokenList,
        clientMessages.tokenRevoke,
        clientMessages.queuePause,
        clientMessages.queueResume,
        clientMessages.serverStats,
    ])
    .meta({ id: 'ClientMessage', description: 'What a client sends.' });
export type ClientMessage = z.infer<typeof clientMessageSchema>;
export type ClientMessageOf<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;
