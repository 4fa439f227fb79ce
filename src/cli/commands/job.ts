/** `kvz-cloud job`: all that is known of one job, or of its frames. */
import { Option, type Command } from 'commander';
import type { Job } from '../../protocol/messages.js';
import type { CliContext, ServerFlags } from '../context.js';
import {
    formatBitrate,
    formatBytes,
    formatDuration,
    formatElapsed,
    formatFps,
    formatPsnr,
    formatRatio,
} from '../ui/format.js';
import { FRAME_FORMATS, printFrames, type FrameFormat } from './job-frames.js';
import { addExamples, addServerOptions } from './common.js';
import { jobStateText, waitText } from './jobs.js';

interface JobFlags extends ServerFlags {
    json?: boolean;
    frames?: FrameFormat | true;
}

function resultRows(job: Job): [string, string][] {
    const { result } = job;
    if (!result) return [];
    const { inputBytes, outputBytes, frames, logoFrames, psnr } = result;
    return [
        [
            'result',
            `${result.fileName}, ${formatBytes(outputBytes)} (${formatRatio(inputBytes, outputBytes)})`,
        ],
        [
            'video',
            `${frames} frames${logoFrames > 0 ? ` (${logoFrames} of them logo)` : ''}, ` +
                `${formatDuration(result.durationSeconds)}, ${formatBitrate(result.bitrateBps)}` +
                (psnr === undefined ? '' : `, ${formatPsnr(psnr)}`),
        ],
        ['speed', `${formatFps(result.fps)}, ${formatElapsed(result.encodeSeconds)}`],
        ...result.notes.map((note): [string, string] => ['note', note]),
    ];
}

function progressRows(job: Job): [string, string][] {
    const { progress } = job;
    if (!progress || job.result) return [];
    const { frame, frames, fps, etaSeconds } = progress;
    const parts = [
        `${frame}${frames ? `/${frames}` : ''} frames`,
        ...(fps === undefined ? [] : [formatFps(fps)]),
        ...(etaSeconds === undefined ? [] : [`${formatDuration(etaSeconds)} left`]),
    ];
    return [['progress', parts.join(', ')]];
}

function waitRows(job: Job): [string, string][] {
    const text = job.state === 'queued' ? waitText(job, Date.now()) : '';
    return text === '' ? [] : [['waits', text]];
}

function failureRows(job: Job): [string, string][] {
    const { failure } = job;
    if (!failure) return [];
    const { program, exitCode, signal, stderrTail, hint } = failure;
    const how =
        signal !== undefined
            ? `, ended by ${signal}`
            : exitCode === undefined
              ? ''
              : `, exit status ${exitCode}`;
    return [
        ['failure', `${failure.message} (${failure.code})`],
        ...(program === undefined ? [] : ([['program', `${program}${how}`]] as [string, string][])),
        ...(stderrTail?.split('\n') ?? []).map((line): [string, string] => ['it said', line]),
        ...(hint === undefined ? [] : ([['hint', hint]] as [string, string][])),
    ];
}

/** A job as pairs of a name and a text. */
function describeJob(job: Job): [string, string][] {
    const { options } = job;
    const logo = options.logo.enabled ? 'logo' : 'no logo';
    const times: [string, string | undefined][] = [
        ['created', job.createdAt],
        ['started', job.startedAt],
        ['finished', job.finishedAt],
    ];
    return [
        ['id', job.id],
        ['state', jobStateText(job)],
        ['file', `${job.name}, ${formatBytes(job.size)}`],
        ['options', [options.preset, options.container, logo, ...options.kvazaar].join(' ')],
        ...(job.priority === 0 ? [] : ([['priority', String(job.priority)]] as [string, string][])),
        ...(job.worker === undefined ? [] : ([['worker', job.worker]] as [string, string][])),
        ...(job.attempt > 1 ? ([['attempt', String(job.attempt)]] as [string, string][]) : []),
        ...times.flatMap(([name, time]): [string, string][] => (time ? [[name, time]] : [])),
        ...progressRows(job),
        ...waitRows(job),
        ...resultRows(job),
        ...failureRows(job),
    ];
}

export function addJob(program: Command, context: CliContext): void {
    const command = program
        .command('job')
        .description('show one job')
        .argument('<id>', "the job's id")
        .option('--json', 'one JSON document on stdout')
        .addOption(
            new Option('--frames [format]', 'type, QP, bits and PSNR of each frame').choices(
                FRAME_FORMATS,
            ),
        )
        .action(async (jobId: string, flags: JobFlags) => {
            if (flags.frames) {
                const format = flags.frames === true ? (flags.json ? 'json' : 'csv') : flags.frames;
                return printFrames(context, jobId, format, flags);
            }
            const job = await context.withClient(flags, (client) => client.job(jobId));
            if (flags.json) return context.printJson(job);
            const rows = describeJob(job);
            const width = Math.max(...rows.map(([name]) => name.length));
            return rows.forEach(([name, text]) => context.print(`${name.padEnd(width)}  ${text}`));
        });
    addServerOptions(command);
    addExamples(command, [
        ['kvz-cloud job ID --json | jq .result.psnr', ''],
        ['kvz-cloud job ID --frames > frames.csv', 'in coding order'],
    ]);
}
