/**
 * The messages on `/ws`, as schemas: TypeScript types, run-time validation and the published JSON
 * Schema all come from here. Sizes are bytes, times ISO 8601 in UTC, ranges half open.
 */
import { z } from 'zod';
import { FILE_ID_PATTERN } from './file-id.js';
import { JOB_STATES } from './job-state.js';
import { PROTOCOL_VERSION } from './limits.js';

export const CONTAINERS = ['hevc', 'mp4', 'mkv'] as const;
export type Container = (typeof CONTAINERS)[number];

const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const messageId = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const jobId = z.string().min(1).max(64);
const time = z.iso.datetime();

/** Frames per second as "N" or "N/D". */
const frameRate = z
    .string()
    .regex(/^[1-9]\d{0,8}(\/[1-9]\d{0,8})?$/, 'expected N or N/D')
    .meta({ description: 'frames per second, "N" or "N/D"' });

export const rawFormatSchema = z
    .object({
        width: z.number().int().min(2).max(16384).meta({ description: 'pixels' }),
        height: z.number().int().min(2).max(16384).meta({ description: 'pixels' }),
        fps: frameRate,
        pixelFormat: z
            .string()
            .regex(/^\w{1,32}$/)
            .meta({
                description:
                    "ffmpeg's name of the pixel format or an alias, e.g. yuv420p10le, i420",
            }),
    })
    .meta({ id: 'RawFormat', description: 'what the bytes of raw video mean' });
export type RawFormat = z.infer<typeof rawFormatSchema>;

export const fileSchema = z
    .object({
        id: z
            .string()
            .regex(FILE_ID_PATTERN)
            .meta({ description: 'the tree hash, lower-case hex' }),
        name: z.string().min(1).max(255).meta({ description: 'for display only' }),
        size: bytes,
        kind: z.enum(['container', 'raw']),
        raw: rawFormatSchema.optional(),
    })
    .refine((file) => (file.kind === 'raw') === (file.raw !== undefined), {
        message: 'raw is given for raw video, and only then',
        path: ['raw'],
    })
    .meta({ id: 'File' });
export type FileInfo = z.infer<typeof fileSchema>;

export const optionsSchema = z
    .object({
        preset: z.string().min(1).max(32).default('medium'),
        container: z.enum(CONTAINERS).default('mkv'),
        kvazaar: z
            .array(z.string().max(256))
            .max(256)
            .default([])
            .meta({ description: 'kvazaar options as on its command line' }),
        logo: z
            .object({
                enabled: z.boolean(),
                seconds: z.number().min(0.1).max(30).optional(),
            })
            .default({ enabled: true }),
    })
    .meta({ id: 'Options' });
export type EncodeOptions = z.infer<typeof optionsSchema>;

export const progressSchema = z
    .object({
        frame: z.number().int().min(0).meta({ description: 'frames encoded so far' }),
        frames: z.number().int().optional().meta({ description: 'frames expected in all' }),
        fps: z.number().optional().meta({ description: 'encoding speed, frames per second' }),
        percent: z.number().min(0).max(100).optional(),
        etaSeconds: z.number().min(0).optional(),
        bitrateBps: z.number().optional().meta({ description: 'of the frames encoded so far' }),
        psnr: z.number().optional().meta({ description: 'luma, dB, average so far' }),
    })
    .meta({ id: 'Progress' });
export type Progress = z.infer<typeof progressSchema>;

export const resultSchema = z
    .object({
        fileName: z.string(),
        url: z.string().meta({ description: 'path below the server, for GET' }),
        inputBytes: bytes,
        outputBytes: bytes,
        frames: z.number().int().meta({ description: 'source and logo' }),
        logoFrames: z.number().int(),
        durationSeconds: z.number(),
        bitrateBps: z.number().meta({ description: 'of the video stream' }),
        encodeSeconds: z.number(),
        fps: z.number().meta({ description: 'encoding speed, frames per second' }),
        psnr: z.number().optional().meta({ description: 'luma, dB, average' }),
        notes: z.array(z.string()).meta({ description: 'what the user should know' }),
    })
    .meta({ id: 'Result' });
export type JobResult = z.infer<typeof resultSchema>;

export const failureSchema = z
    .object({
        code: z.string().meta({ description: 'stable; see the list of failures' }),
        message: z.string().meta({ description: 'one line' }),
        program: z.string().optional(),
        exitCode: z.number().int().optional(),
        signal: z.string().optional(),
        hint: z.string().optional(),
    })
    .meta({ id: 'Failure' });
export type JobFailure = z.infer<typeof failureSchema>;

export const jobSchema = z
    .object({
        id: jobId,
        state: z.enum(JOB_STATES),
        name: z.string(),
        fileId: z.string(),
        size: bytes,
        options: optionsSchema,
        priority: z.number().int(),
        attempt: z.number().int().meta({ description: 'how often it was started' }),
        createdAt: time,
        updatedAt: time,
        startedAt: time.optional(),
        finishedAt: time.optional(),
        progress: progressSchema.optional(),
        result: resultSchema.optional(),
        failure: failureSchema.optional(),
    })
    .meta({ id: 'Job' });
export type Job = z.infer<typeof jobSchema>;

// ---------------------------------------------------------------------------- client to daemon

export const PRIORITY_RANGE = { min: -100, max: 100 } as const;

const request = <const T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
    z.object({ type: z.literal(type), id: messageId, ...shape });

export const clientMessages = {
    init: request('init', {
        protocol: z
            .number()
            .int()
            .meta({ description: `now ${PROTOCOL_VERSION}` }),
        token: z.string().min(16).max(256),
        client: z.string().max(128).default('').meta({ description: 'name and version' }),
        resumeFrom: z
            .number()
            .int()
            .min(0)
            .optional()
            .meta({ description: 'the last `seq` seen; what came after it is sent again' }),
    }),
    encodeRequest: request('encode.request', {
        file: fileSchema,
        options: optionsSchema.prefault({}),
        priority: z
            .number()
            .int()
            .min(PRIORITY_RANGE.min)
            .max(PRIORITY_RANGE.max)
            .default(0)
            .meta({ description: 'higher runs first' }),
    }),
    encodeProve: request('encode.prove', {
        challenge: z.string().min(1).max(64),
        proof: z.string().max(128).meta({ description: 'hex; see the tree hash and its proof' }),
    }),
    optionsValidate: request('options.validate', {
        options: optionsSchema,
        raw: rawFormatSchema.optional(),
    }),
    jobsList: request('jobs.list', {
        limit: z.number().int().min(1).max(1000).default(100),
        before: jobId.optional().meta({ description: 'only jobs older than this one' }),
    }),
    jobGet: request('job.get', { jobId }),
    jobWatch: request('job.watch', { jobId }),
    jobCancel: request('job.cancel', { jobId }),
    jobRetry: request('job.retry', { jobId }),
    jobRemove: request('job.remove', { jobId }),
    jobLogs: request('job.logs', { jobId }),
    serverStats: request('server.stats', {}),
} as const;

export const clientMessageSchema = z.discriminatedUnion('type', [
    clientMessages.init,
    clientMessages.encodeRequest,
    clientMessages.encodeProve,
    clientMessages.optionsValidate,
    clientMessages.jobsList,
    clientMessages.jobGet,
    clientMessages.jobWatch,
    clientMessages.jobCancel,
    clientMessages.jobRetry,
    clientMessages.jobRemove,
    clientMessages.jobLogs,
    clientMessages.serverStats,
]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;
export type ClientMessageOf<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>;

// ---------------------------------------------------------------------------- daemon to client

const reply = <const T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
    z.object({ type: z.literal(type), re: messageId, ...shape });

const byteRange = z.tuple([bytes, bytes]).meta({ description: '[from, to), bytes' });

const encodeReplies = {
    approved: reply('encode.reply', {
        status: z.literal('approved'),
        jobId,
        upload: z.object({
            id: z.string(),
            url: z.string().meta({ description: 'path below the server' }),
            chunkSize: bytes,
            received: z.array(byteRange).meta({ description: 'what is here already' }),
        }),
    }),
    queued: reply('encode.reply', { status: z.literal('queued'), jobId }),
    rejected: reply('encode.reply', {
        status: z.literal('rejected'),
        code: z.string(),
        message: z.string(),
        jobId: jobId.optional().meta({ description: 'the earlier job, for a duplicate' }),
    }),
    challenge: reply('encode.reply', {
        status: z.literal('challenge'),
        challenge: z.object({
            id: z.string(),
            nonce: z.string().meta({ description: 'hex' }),
            leaves: z.array(z.number().int().min(0)).meta({ description: '0-based indices' }),
        }),
    }),
} as const;

export const encodeReplySchema = z.discriminatedUnion('status', [
    encodeReplies.approved,
    encodeReplies.queued,
    encodeReplies.rejected,
    encodeReplies.challenge,
]);
export type EncodeReply = z.infer<typeof encodeReplySchema>;

export const serverMessages = {
    initOk: reply('init.ok', {
        protocol: z.number().int(),
        user: z.string(),
        limits: z.object({
            rawBytes: bytes,
            containerBytes: bytes,
            durationSeconds: z.number(),
            chunkSize: bytes,
            downloads: z
                .number()
                .int()
                .nullable()
                .meta({ description: 'per result; null: no limit' }),
        }),
        workers: z.number().int(),
        server: z.string().meta({ description: 'name and version' }),
        seq: z.number().int().meta({ description: 'the last event so far' }),
    }),
    error: z.object({
        type: z.literal('error'),
        re: messageId.nullable().meta({ description: 'null when no message can be named' }),
        code: z.string(),
        message: z.string(),
    }),
    optionsOk: reply('options.ok', {
        normal: z.string().meta({ description: 'equal for requests that mean the same' }),
    }),
    jobs: reply('jobs', { jobs: z.array(jobSchema) }),
    job: reply('job', { job: jobSchema }),
    removed: reply('job.removed', { jobId }),
    logs: reply('job.logs', { jobId, lines: z.array(z.string()) }),
    stats: reply('server.stats', {
        version: z.string(),
        uptimeSeconds: z.number(),
        workers: z.number().int(),
        running: z.number().int(),
        jobs: z.record(z.enum(JOB_STATES), z.number().int()).meta({ description: 'own jobs' }),
        freeBytes: bytes,
    }),
    jobEvent: z.object({
        type: z.literal('job.event'),
        seq: z.number().int().meta({ description: 'grows by one per user' }),
        jobId,
        state: z.enum(JOB_STATES),
        progress: progressSchema.optional(),
        result: resultSchema.optional(),
        failure: failureSchema.optional(),
    }),
} as const;

export const serverMessageSchema = z.union([
    serverMessages.initOk,
    serverMessages.error,
    encodeReplySchema,
    serverMessages.optionsOk,
    serverMessages.jobs,
    serverMessages.job,
    serverMessages.removed,
    serverMessages.logs,
    serverMessages.stats,
    serverMessages.jobEvent,
]);
export type ServerMessage = z.infer<typeof serverMessageSchema>;
export type ServerMessageOf<T extends ServerMessage['type']> = Extract<ServerMessage, { type: T }>;
export type JobEvent = ServerMessageOf<'job.event'>;

/** Names the first thing wrong with a message, e.g. "file.size: expected number". */
export function firstIssue(error: z.ZodError): string {
    const issue = error.issues[0];
    if (!issue) return 'not valid';
    const path = issue.path.join('.');
    return path ? `${path}: ${issue.message}` : issue.message;
}
