/**
 * What a worker on another machine and the daemon say to each other, as JSON over HTTP. A worker
 * reports all its jobs in one request every second or so; that is its sign of life, and the answer
 * tells which of them it has lost. Whoever speaks of a job names the attempt it believes to hold:
 * of an attempt that is over nothing is taken any more.
 */
import * as z from 'zod';
import { FILE_ID_PATTERN } from './file-id.js';
import {
    bytes,
    failureSchema,
    jobIdSchema,
    optionsSchema,
    progressSchema,
    rawFormatSchema,
    resultSchema,
} from './shapes.js';

/** The longest body of a worker's message, bytes. */
export const MAX_WORKER_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Lines of a job's log that one report may bring. */
export const MAX_REPORT_LINES = 500;
/** The longest statistics of frames, gzipped CSV, bytes: some 10 for each frame. */
export const MAX_FRAMES_BYTES = 64 * 1024 * 1024;

/** What a worker calls itself in the addresses that it uses: random, new for each process. */
export const WORKER_ID_PATTERN = /^[\w-]{16,64}$/;

const fileId = z.string().regex(FILE_ID_PATTERN);
const attempt = z.number().int().min(1).meta({ description: 'the attempt that is spoken of' });
const jobId = jobIdSchema.meta({ description: 'the job' });
const ofAttempt = { jobId, attempt };

export const workerHelloSchema = z
    .object({
        name: z
            .string()
            .regex(/^[\w.-]{1,64}$/)
            .meta({ description: 'as `kvz-cloud top` shows it' }),
        version: z.string().max(64).meta({ description: "the worker's version of kvz-cloud" }),
        kvazaar: z.string().max(64).meta({ description: 'the version of its kvazaar' }),
        bitDepth: z.number().int().meta({ description: 'bits a sample that its kvazaar codes' }),
        threads: z.number().int().min(1).meta({ description: 'cores that its jobs share' }),
        slots: z.number().int().min(1).max(256).meta({ description: 'jobs at a time' }),
    })
    .meta({ id: 'WorkerHello', description: 'A worker introduces itself.' });
export type WorkerHello = z.infer<typeof workerHelloSchema>;

export const workerWelcomeSchema = z
    .object({
        reportSeconds: z.number().meta({ description: 'how often it reports' }),
        leaseSeconds: z.number().meta({
            description: 'silent for longer, it has lost its jobs',
        }),
    })
    .meta({ id: 'WorkerWelcome', description: 'The worker may take jobs.' });
export type WorkerWelcome = z.infer<typeof workerWelcomeSchema>;

export const claimSchema = z
    .object({
        jobId,
        attempt: z.number().int().min(0).meta({ description: 'attempts before this one' }),
    })
    .meta({ id: 'Claim', description: 'A worker asks for the job of a ticket.' });
export type Claim = z.infer<typeof claimSchema>;

export const assignmentSchema = z
    .object({
        ...ofAttempt,
        file: z
            .object({
                id: fileId.meta({ description: 'the tree hash' }),
                size: bytes.meta({ description: 'bytes' }),
                raw: rawFormatSchema.optional(),
            })
            .meta({ description: 'the source' }),
        options: optionsSchema,
        limits: z
            .object({
                durationSeconds: z
                    .number()
                    .meta({ description: 'the longest source in a container' }),
                wallClockSeconds: z.number().meta({ description: 'the longest run time' }),
                stallSeconds: z
                    .number()
                    .meta({ description: 'the longest time in which nothing moves' }),
                outputBytes: z.number().meta({ description: 'the largest result' }),
            })
            .partial()
            .meta({ description: "the daemon's, where they are not the encoder's own" }),
        source: z.string().meta({ description: 'path below the server, for GET with Range' }),
        sharedSource: z
            .string()
            .meta({ description: "the source's path below the daemon's data folder" }),
    })
    .meta({ id: 'Assignment', description: 'A job that the worker now holds.' });
export type Assignment = z.infer<typeof assignmentSchema>;
export type JobLimits = Assignment['limits'];

export const reportSchema = z
    .object({
        jobs: z
            .array(
                z
                    .object({
                        ...ofAttempt,
                        phase: z
                            .enum(['probing', 'encoding', 'packaging'])
                            .optional()
                            .meta({ description: 'that it has come to' }),
                        progress: progressSchema.optional(),
                        log: z
                            .array(z.tuple([z.string().max(32), z.string().max(4096)]))
                            .max(MAX_REPORT_LINES)
                            .default([])
                            .meta({ description: 'who said it, and the line' }),
                    })
                    .meta({
                        id: 'JobReport',
                        description: 'What is new of a job since the last report.',
                    }),
            )
            .max(256)
            .meta({ description: 'all that the worker holds' }),
    })
    .meta({ id: 'WorkerReport', description: 'A sign of life, and how far the jobs are.' });
export type WorkerReport = z.infer<typeof reportSchema>;
export type JobReport = WorkerReport['jobs'][number];

export const reportReplySchema = z
    .object({
        lost: z
            .array(
                z
                    .object({
                        ...ofAttempt,
                        reason: z.enum(['cancelled', 'ended', 'taken']).meta({
                            description:
                                'cancelled by its user; ended, as by its result; or given to another worker',
                        }),
                    })
                    .meta({ id: 'LostAttempt', description: 'An attempt that is over.' }),
            )
            .meta({ description: 'reported jobs that the worker does not hold (any more)' }),
    })
    .meta({ id: 'WorkerReportReply', description: 'What has become of the reported jobs.' });
export type ReportReply = z.infer<typeof reportReplySchema>;

export const encodedSchema = resultSchema
    .pick({
        inputBytes: true,
        outputBytes: true,
        frames: true,
        logoFrames: true,
        durationSeconds: true,
        bitrateBps: true,
        encodeSeconds: true,
        fps: true,
        psnr: true,
        worstPsnr: true,
        framesByType: true,
        notes: true,
    })
    .extend({
        sourceWaitSeconds: z.number().min(0).optional().meta({
            description: 'of `encodeSeconds`: how long the source was waited for',
        }),
    })
    .meta({ id: 'Encoded', description: 'What a result is, apart from where it is.' });
export type Encoded = z.infer<typeof encodedSchema>;

export const resultNoticeSchema = z
    .object({
        ...ofAttempt,
        file: z
            .object({
                id: fileId.meta({ description: 'its tree hash' }),
                size: bytes.meta({ description: 'bytes' }),
            })
            .meta({ description: 'the result file' }),
        encoded: encodedSchema,
        width: z.number().int().meta({ description: 'of the picture, pixels' }),
        height: z.number().int().meta({ description: 'of the picture, pixels' }),
    })
    .meta({
        id: 'ResultNotice',
        description: 'A worker announces a result, which it uploads as users upload files.',
    });
export type ResultNotice = z.infer<typeof resultNoticeSchema>;

export const resultPlaceSchema = z
    .object({
        upload: z
            .object({
                id: z.string().meta({ description: 'resumableIdentifier' }),
                url: z.string().meta({ description: 'path below the server' }),
                chunkSize: z.number().int().meta({ description: 'recommended, bytes' }),
                received: z
                    .array(z.tuple([bytes, bytes]))
                    .meta({ description: 'byte ranges that are here' }),
                sharedPath: z
                    .string()
                    .regex(/^[\w-]+\/[\w-]+$/)
                    .meta({
                        description:
                            "path below the daemon's data folder, for a worker that can put it there",
                    }),
            })
            .meta({ description: 'where it goes' }),
    })
    .meta({ id: 'ResultPlace', description: 'Where the result goes.' });
export type ResultPlace = z.infer<typeof resultPlaceSchema>;

export const resultDeliveredSchema = z
    .object({ upload: z.string().meta({ description: 'its id, as it was announced' }) })
    .meta({
        id: 'ResultDelivered',
        description: "The result is in the daemon's data folder, and is not uploaded.",
    });

export const jobFailedSchema = z
    .object({ ...ofAttempt, failure: failureSchema })
    .meta({ id: 'JobFailed', description: 'The encode failed.' });

export const jobReleasedSchema = z
    .object(ofAttempt)
    .meta({ id: 'JobReleased', description: 'The worker gives a job back, as it is stopping.' });

/** What is posted to `/worker/ID/…`, and what is answered where it is more than `{}`. */
export const workerMessages = {
    hello: { body: workerHelloSchema, answer: workerWelcomeSchema },
    claim: { body: claimSchema, answer: assignmentSchema },
    report: { body: reportSchema, answer: reportReplySchema },
    result: { body: resultNoticeSchema, answer: resultPlaceSchema },
    delivered: { body: resultDeliveredSchema },
    failed: { body: jobFailedSchema },
    release: { body: jobReleasedSchema },
} satisfies Record<string, { body: z.ZodObject; answer?: z.ZodObject }>;
