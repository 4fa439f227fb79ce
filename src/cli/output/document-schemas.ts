/** The JSON documents that commands with `--json` write, by command, as schemas. */
import * as z from 'zod';
import { SETTINGS } from '../../config/settings.js';
import { JOB_STATES } from '../../protocol/job-state.js';
import { serverMessages } from '../../protocol/server-messages.js';
import {
    bytes,
    jobIdSchema,
    jobSchema,
    pauseSchema,
    workerMachineSchema,
    tokenInfoSchema,
} from '../../protocol/shapes.js';

const errorSchema = z
    .object({ code: z.string(), message: z.string() })
    .meta({ description: 'what went wrong with this one' });

const failedJob = z
    .object({ id: jobIdSchema, error: errorSchema })
    .meta({ id: 'FailedJob', description: 'A job that the command could do nothing with.' });

const jobOrError = z.union([jobSchema, failedJob]);

const optionInfo = z
    .object({
        name: z.string(),
        usage: z.string(),
        group: z.string(),
        class: z.enum(['allowed', 'ours', 'refused']),
        help: z.string(),
        values: z.string(),
        default: z.string(),
        presets: z.record(z.string(), z.string()),
        reason: z.string().optional(),
        note: z.string().optional(),
    })
    .meta({ id: 'KvazaarOption', description: 'An option of kvazaar.' });

const queue = z.object({
    paused: pauseSchema.nullable().meta({ description: 'null while jobs are started' }),
});

const daemonStatus = z.union([
    z.object({ running: z.literal(false), url: z.string() }),
    z.object({
        running: z.literal(true),
        pid: z.number().int().optional(),
        startedAt: z.iso.datetime().optional(),
        url: z.string(),
        version: z.string(),
        uptimeSeconds: z.number(),
        workers: z.number().int(),
        runningJobs: z.number().int(),
        machines: z.array(workerMachineSchema).optional(),
        queuedJobs: z.number().int(),
        openUploads: z.number().int(),
        paused: pauseSchema.optional(),
        jobs: z.partialRecord(z.enum(JOB_STATES), z.number().int()),
        freeBytes: bytes,
    }),
]);

const names = Object.keys(SETTINGS) as [keyof typeof SETTINGS];

const config = z.object({
    settings: z.record(
        z.enum(names),
        z.object({
            value: z.unknown(),
            source: z.enum(['flag', 'environment', 'context', 'file', 'default']),
        }),
    ),
    context: z
        .object({ name: z.string(), source: z.enum(['flag', 'environment', 'current']) })
        .nullable(),
    paths: z.object({
        settingsFile: z.string(),
        tokenFile: z.string(),
        contextsFile: z.string(),
        logDir: z.string(),
        cacheDir: z.string(),
    }),
});

const frame = z
    .object({ type: z.string() })
    .catchall(z.number())
    .meta({ id: 'Frame', description: 'What kvazaar said of a frame.' });

/** By the name of the published schema. */
export const documents = {
    JobsDocument: z.array(jobSchema).meta({ description: '`jobs --json`, the newest first.' }),
    JobDocument: jobSchema.meta({ id: 'JobDocument', description: '`job ID --json`.' }),
    FramesDocument: z
        .array(frame)
        .meta({ description: '`job ID --frames --json`, in coding order.' }),
    WaitDocument: z.array(jobOrError).meta({ description: '`wait ID... --json`, in that order.' }),
    LogsDocument: z
        .object({ jobId: jobIdSchema, lines: z.array(z.string()) })
        .meta({ description: '`logs ID --json`.' }),
    CancelDocument: z.array(jobOrError).meta({ description: '`cancel ID... --json`.' }),
    PrioritiseDocument: z.array(jobOrError).meta({ description: '`prioritise ID... --json`.' }),
    RetryDocument: z.array(jobOrError).meta({ description: '`retry ID... --json`.' }),
    RemoveDocument: z
        .array(z.union([z.object({ id: jobIdSchema, removed: z.literal(true) }), failedJob]))
        .meta({ description: '`remove ID... --json`.' }),
    DownloadDocument: z
        .object({ jobId: jobIdSchema, output: z.string(), outputBytes: bytes })
        .meta({ description: '`download ID --json`.' }),
    DownloadUrlDocument: z
        .object({ jobId: jobIdSchema, url: z.url(), expiresAt: z.iso.datetime() })
        .meta({ description: '`download ID --url --json`.' }),
    QueuePauseDocument: queue.meta({
        id: 'QueuePauseDocument',
        description: '`queue pause --json`.',
    }),
    QueueResumeDocument: queue.meta({
        id: 'QueueResumeDocument',
        description: '`queue resume --json`.',
    }),
    TokenCreateDocument: tokenInfoSchema
        .extend({ token: z.string() })
        .meta({ id: 'TokenCreateDocument', description: '`token create NAME --json`.' }),
    TokenListDocument: z.array(tokenInfoSchema).meta({ description: '`token list --json`.' }),
    TokenRevokeDocument: tokenInfoSchema.meta({
        id: 'TokenRevokeDocument',
        description: '`token revoke NAME --json`.',
    }),
    OptionsDocument: z.array(optionInfo).meta({ description: '`options --json`.' }),
    OptionDocument: optionInfo.meta({
        id: 'OptionDocument',
        description: '`options NAME --json`.',
    }),
    TopDocument: z
        .object({
            server: z.string(),
            stats: serverMessages.stats.omit({ type: true, re: true, recent: true }),
            jobs: z.array(jobSchema).meta({ description: 'open ones, in the order of the view' }),
            recent: z.array(jobSchema).meta({ description: 'own ones that ended last' }),
        })
        .meta({ description: '`top --json`.' }),
    DaemonStatusDocument: daemonStatus.meta({ description: '`daemon status --json`.' }),
    DoctorDocument: z
        .object({
            ok: z.boolean(),
            checks: z.array(
                z.object({
                    name: z.string(),
                    state: z.enum(['ok', 'note', 'bad']),
                    text: z.string(),
                }),
            ),
        })
        .meta({ description: '`doctor --json`.' }),
    ConfigDocument: config.meta({ description: '`config list --json`, also `config --json`.' }),
    ContextsDocument: z
        .array(
            z.object({
                name: z.string(),
                server: z.string(),
                tokenFile: z.string().nullable(),
                caFile: z.string().nullable(),
                active: z.boolean(),
            }),
        )
        .meta({ description: '`context list --json`, also `context --json`.' }),
} as const satisfies Record<string, z.ZodType>;
