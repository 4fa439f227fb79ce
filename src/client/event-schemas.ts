/**
 * The events of an encode as schemas: the types in events.ts and the published form of JSON lines
 * are made from them. Not loaded for anything else.
 */
import * as z from 'zod';
import { JOB_STATES } from '../protocol/job-state.js';
import {
    CONTAINERS,
    bytes,
    failureSchema,
    jobIdSchema,
    progressSchema,
} from '../protocol/shapes.js';

const jobId = jobIdSchema.meta({ description: 'the job' });
const code = z.string().meta({ description: 'see the error codes in PROTOCOL.md' });
const message = z.string().meta({ description: 'one line for people; decide by `code`' });
const uploadedBytes = bytes.meta({ description: 'sent by this command' });
const transferred = {
    bytes: bytes.meta({ description: 'so far' }),
    totalBytes: bytes.meta({ description: 'in all' }),
};

export const encodeEvents = {
    hash: z
        .object({
            event: z.literal('hash'),
            ...transferred,
            cached: z.boolean().optional().meta({
                description: 'the id was known from an earlier command; nothing was read',
            }),
        })
        .meta({ description: 'The file is read for its id.' }),
    handshake: z
        .object({
            event: z.literal('handshake'),
            status: z.enum(['approved', 'queued', 'rejected']).meta({
                description:
                    'the upload may start; the file is here already; the request was made before',
            }),
            code: code.optional(),
            message: message.optional(),
            jobId: jobId.optional(),
            fileId: z.string().meta({ description: 'the tree hash of the file' }),
            receivedBytes: bytes
                .optional()
                .meta({ description: 'what the daemon has already, when it asks for the rest' }),
        })
        .meta({ description: 'What the daemon said to the request.' }),
    upload: z
        .object({
            event: z.literal('upload'),
            sentBytes: bytes.meta({ description: 'on their way or there, earlier ones included' }),
            totalBytes: transferred.totalBytes,
            bytesPerSecond: z.number().min(0).meta({ description: 'of the last seconds' }),
        })
        .meta({ description: 'The file is sent.' }),
    job: z
        .object({
            event: z.literal('job'),
            jobId,
            state: z.enum(JOB_STATES).meta({ description: 'see the states of a job' }),
            ...progressSchema.partial().shape,
        })
        .meta({ description: 'The job has another state, or made progress.' }),
    download: z
        .object({ event: z.literal('download'), ...transferred })
        .meta({ description: 'The result is fetched.' }),
    done: z
        .object({
            event: z.literal('done'),
            jobId,
            output: z.string().meta({ description: 'absolute path, or - for stdout' }),
            inputBytes: bytes.meta({ description: 'size of the source' }),
            outputBytes: bytes.meta({ description: 'size of the result' }),
            frames: z.number().int().meta({ description: 'source and logo' }),
            seconds: z
                .number()
                .meta({ description: 'from the first look at the file to the result in place' }),
            uploadedBytes,
            psnr: z.number().optional().meta({ description: 'luma, dB, average' }),
            durationSeconds: z.number().meta({ description: 'playing time' }),
            bitrateBps: z.number().meta({ description: 'bits per second, of the video stream' }),
            fps: z.number().meta({ description: 'encoding speed, frames per second' }),
            encodeSeconds: z.number().meta({ description: 'time that the job took' }),
            notes: z.array(z.string()).meta({ description: 'what the user should know' }),
            sha256: z.string().optional().meta({ description: 'of the result, lower-case hex' }),
            unchanged: z.boolean().optional().meta({
                description: 'the output was this very result already; nothing was fetched',
            }),
        })
        .meta({ description: 'Last line of a file: the result is in its place.' }),
    detached: z.object({ event: z.literal('detached'), jobId, uploadedBytes }).meta({
        description:
            'Last line of a file with `--detach`: the job has all that it needs and goes on.',
    }),
    plan: z
        .object({
            event: z.literal('plan'),
            output: z.string().meta({ description: 'absolute path, or - for stdout' }),
            container: z.enum(CONTAINERS).meta({ description: 'of the result' }),
            inputBytes: bytes.meta({ description: 'size of the source' }),
            sendBytes: bytes.meta({ description: 'what the daemon has not got of it yet' }),
            fileId: z.string().meta({ description: 'the tree hash of the file' }),
            status: z.enum(['approved', 'queued', 'rejected']).meta({
                description:
                    'the file would be sent; the daemon has it; the request was made before, or is refused',
            }),
            code: code.optional(),
            message: message.optional(),
            jobId: jobId.optional().meta({ description: 'the earlier job' }),
        })
        .meta({ description: 'Last line of a file with `--dry-run`: what would be done.' }),
    error: z
        .object({
            event: z.literal('error'),
            code,
            message,
            jobId: jobId.optional(),
            failure: failureSchema.optional().meta({ description: 'why, when the job failed' }),
        })
        .meta({ description: 'Last line of a file: it went wrong.' }),
} as const;
