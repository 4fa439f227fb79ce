/** What messages are made of: files, options, jobs and what is told of them. */
import * as z from 'zod';
import { FILE_ID_PATTERN } from './file-id.js';
import { JOB_STATES } from './job-state.js';
import { MAX_LOGO_BYTES } from './limits.js';
import { ACCOUNT_NAME_PATTERN, ROLES } from './roles.js';

/** The name of a schema where it is published, and what it is for. */
export interface About {
    id: string;
    description: string;
}

export const CONTAINERS = ['hevc', 'mp4', 'mkv'] as const;
export type Container = (typeof CONTAINERS)[number];

/** A size, or an offset, in bytes: as far as numbers are exact. */
export const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const messageIdSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const jobIdSchema = z.string().min(1).max(64);
/** A point in time: ISO 8601, in UTC. */
export const time = z.iso.datetime();

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
    .meta({ id: 'RawFormat', description: 'What the bytes of raw video mean.' });
export type RawFormat = z.infer<typeof rawFormatSchema>;

export const fileSchema = z
    .object({
        id: z
            .string()
            .regex(FILE_ID_PATTERN)
            .meta({ description: 'the tree hash, lower-case hex' }),
        name: z.string().min(1).max(255).meta({ description: 'for display only' }),
        size: bytes.meta({ description: 'bytes' }),
        kind: z
            .enum(['container', 'raw'])
            .meta({ description: 'a media file, or frames without any header' }),
        raw: rawFormatSchema.optional().meta({ description: 'for `raw`, and only then' }),
    })
    .refine((file) => (file.kind === 'raw') === (file.raw !== undefined), {
        message: 'raw is given for raw video, and only then',
        path: ['raw'],
    })
    .meta({ id: 'File', description: 'A file that is to be encoded.' });
export type FileInfo = z.infer<typeof fileSchema>;

const logoSchema = z
    .object({
        enabled: z.boolean().meta({ description: 'whether the logo follows the video' }),
        seconds: z
            .number()
            .min(0.1)
            .max(30)
            .optional()
            .meta({ description: 'how long it is shown' }),
        image: z
            .base64()
            .max(Math.ceil(MAX_LOGO_BYTES / 3) * 4)
            .optional()
            .meta({ description: `another image, base64, ${MAX_LOGO_BYTES} bytes at most` }),
    })
    .default({ enabled: true })
    .meta({ description: 'the closing logo' });

export const optionsSchema = z
    .object({
        preset: z
            .string()
            .min(1)
            .max(32)
            .default('medium')
            .meta({ description: "one of kvazaar's presets, ultrafast … placebo" }),
        container: z
            .enum(CONTAINERS)
            .default('mkv')
            .meta({ description: 'of the result; `hevc` is the bare stream' }),
        kvazaar: z
            .array(z.string().max(256))
            .max(256)
            .default([])
            .meta({ description: 'kvazaar options as on its command line, over the preset' }),
        logo: logoSchema,
        strict: z.boolean().optional().meta({
            description:
                'fail rather than code a source that is deeper than 8 bits, damaged or cut off',
        }),
        deinterlace: z
            .boolean()
            .optional()
            .meta({ description: 'make progressive frames of interlaced ones' }),
        verify: z
            .boolean()
            .optional()
            .meta({ description: 'decode every frame of the result and compare its hash' }),
    })
    .meta({
        id: 'Options',
        description:
            'How it is to be encoded. Options that mean the same are the same request, whatever their order or spelling.',
    });
export type EncodeOptions = z.infer<typeof optionsSchema>;

export const accountNameSchema = z
    .string()
    .regex(ACCOUNT_NAME_PATTERN, 'letters, digits, "-", "_" and ".", 64 at most')
    .meta({ description: 'the account' });

export const tokenInfoSchema = z
    .object({
        name: accountNameSchema,
        role: z.enum(ROLES).meta({ description: 'what it may do' }),
        state: z
            .enum(['active', 'expired', 'revoked'])
            .meta({ description: 'whether it is let in' }),
        createdAt: time.meta({ description: 'when it was issued' }),
        expiresAt: time
            .optional()
            .meta({ description: 'when it ends; never, where it is left out' }),
        revokedAt: time.optional().meta({ description: 'when it was revoked' }),
        usedAt: time.optional().meta({ description: 'last use, to the minute' }),
    })
    .meta({
        id: 'TokenInfo',
        description: 'What is known of an issued token; not the token itself.',
    });
export type TokenInfo = z.infer<typeof tokenInfoSchema>;

export const progressSchema = z
    .object({
        frame: z.number().int().min(0).meta({ description: 'frames encoded so far' }),
        frames: z.number().int().optional().meta({ description: 'frames expected in all' }),
        fps: z.number().optional().meta({ description: 'encoding speed, frames per second' }),
        percent: z.number().min(0).max(100).optional().meta({ description: 'done' }),
        etaSeconds: z.number().min(0).optional().meta({ description: 'until the end, estimated' }),
        bitrateBps: z
            .number()
            .optional()
            .meta({ description: 'bits per second, of the frames encoded so far' }),
        psnr: z.number().optional().meta({ description: 'luma, dB, average so far' }),
        frameBytes: z.array(z.number().int().min(0)).max(64).optional().meta({
            description:
                'mean size of a frame, bytes, over equal stretches of the frames so far, in coding order',
        }),
    })
    .meta({ id: 'Progress', description: 'How far an encode is.' });
export type Progress = z.infer<typeof progressSchema>;

export const resultSchema = z
    .object({
        fileName: z.string().meta({ description: 'proposed name' }),
        url: z.string().meta({ description: 'path below the server, for GET' }),
        inputBytes: bytes.meta({ description: 'size of the source' }),
        outputBytes: bytes.meta({ description: 'size of the result' }),
        frames: z.number().int().meta({ description: 'source and logo' }),
        logoFrames: z.number().int().meta({ description: 'of these, the logo' }),
        durationSeconds: z.number().meta({ description: 'playing time' }),
        bitrateBps: z.number().meta({ description: 'bits per second, of the video stream' }),
        encodeSeconds: z.number().meta({ description: 'time that the job took' }),
        fps: z.number().meta({ description: 'encoding speed, frames per second' }),
        psnr: z.number().optional().meta({ description: 'luma, dB, average' }),
        worstPsnr: z.number().optional().meta({ description: 'luma, dB, of the worst frame' }),
        framesByType: z
            .object({
                I: z.number().int().meta({ description: 'intra' }),
                P: z.number().int().meta({ description: 'predicted' }),
                B: z.number().int().meta({ description: 'bidirectional' }),
            })
            .optional()
            .meta({ description: 'how many frames of each type there are' }),
        notes: z.array(z.string()).meta({ description: 'what the user should know' }),
        sha256: z.string().optional().meta({ description: 'of the file, lower-case hex' }),
    })
    .meta({ id: 'Result', description: 'What came out of a job.' });
export type JobResult = z.infer<typeof resultSchema>;

export const failureSchema = z
    .object({
        code: z.string().meta({ description: 'see the failures of jobs' }),
        message: z.string().meta({ description: 'one line' }),
        program: z.string().optional().meta({ description: 'the program that failed' }),
        exitCode: z.number().int().optional().meta({ description: 'its exit status' }),
        signal: z.string().optional().meta({ description: 'the signal that ended it' }),
        stderrTail: z
            .string()
            .optional()
            .meta({ description: 'the last lines that it said, newest last' }),
        hint: z.string().optional().meta({ description: 'what can be done about it' }),
        transient: z.boolean().optional().meta({
            description: 'true: the same job may succeed later, with nothing changed',
        }),
    })
    .meta({ id: 'Failure', description: 'Why a job failed.' });
export type JobFailure = z.infer<typeof failureSchema>;

export const forecastSchema = z
    .object({
        position: z.number().int().min(1).optional().meta({
            description:
                '1 for the job that is expected to start next, of all users; not set while it waits for an equal job, or for its `retryAt`',
        }),
        startSeconds: z
            .number()
            .min(0)
            .optional()
            .meta({ description: 'until it starts, where that can be estimated' }),
        etaSeconds: z
            .number()
            .min(0)
            .optional()
            .meta({ description: 'until it is ready, where that can be estimated' }),
    })
    .meta({
        id: 'Forecast',
        description:
            'What awaits a queued job. Times come from the speed of earlier encodes with the same preset; they are left out while the queue is paused, and where the number of frames or the speed is not known.',
    });
export type Forecast = z.infer<typeof forecastSchema>;

const PAUSE_REASONS = ['user', 'disk', 'stopping'] as const;

export const pauseSchema = z
    .object({
        reason: z.enum(PAUSE_REASONS).meta({
            description:
                '`user`: an administrator; `disk`: too little space is free; `stopping`: the daemon ends when the jobs that run have ended',
        }),
        message: z.string().meta({ description: 'one line' }),
        by: z.string().optional().meta({ description: 'the administrator' }),
        since: time.meta({ description: 'when it began' }),
    })
    .meta({ id: 'Pause', description: 'Why no job is started now.' });
export type Pause = z.infer<typeof pauseSchema>;

export const workerMachineSchema = z
    .object({
        name: z.string().meta({ description: 'as it was started with' }),
        slots: z.number().int().meta({ description: 'jobs at a time' }),
        running: z.number().int().meta({ description: 'jobs that it holds' }),
        threads: z.number().int().meta({ description: 'cores that its jobs share' }),
        kvazaar: z.string().meta({ description: 'the version of its kvazaar' }),
        silentSeconds: z.number().meta({ description: 'since something was heard of it' }),
    })
    .meta({ id: 'WorkerMachine', description: 'A worker on another machine, and its load.' });
export type WorkerMachine = z.infer<typeof workerMachineSchema>;

export const jobSchema = z
    .object({
        id: jobIdSchema.meta({ description: 'the job' }),
        state: z.enum(JOB_STATES).meta({ description: 'see the states of a job' }),
        name: z.string().meta({ description: "the file's, for display" }),
        fileId: z.string().meta({ description: 'the tree hash' }),
        size: bytes.meta({ description: 'of the file, bytes' }),
        options: optionsSchema,
        priority: z.number().int().meta({ description: 'higher runs first' }),
        attempt: z.number().int().meta({ description: 'how often it was started' }),
        createdAt: time.meta({ description: 'of the request' }),
        updatedAt: time.meta({ description: 'of the last change of state' }),
        startedAt: time.optional().meta({ description: 'of the last attempt' }),
        finishedAt: time.optional().meta({ description: 'of the end' }),
        progress: progressSchema.optional(),
        result: resultSchema.optional(),
        failure: failureSchema.optional(),
        retryAt: time.optional().meta({
            description:
                'of a queued job: it failed for a reason that may pass (`failure`) and is tried again then',
        }),
        forecast: forecastSchema.optional(),
        worker: z.string().optional().meta({
            description:
                'of a running job: the name of the worker machine that has it; not set where the daemon encodes it itself',
        }),
        user: z.string().optional().meta({ description: 'whose it is, in lists of all jobs' }),
    })
    .meta({ id: 'Job', description: 'A job as it is now.' });
export type Job = z.infer<typeof jobSchema>;
