/** The words in which `top` tells of the daemon and of a job. */
import { isEnd } from '../../protocol/job-state.js';
import type { Job, WorkerMachine } from '../../protocol/messages.js';
import { pauseText } from '../ui/pause-text.js';
import { formatBytes, formatDuration, formatFps, formatPsnr } from '../ui/format.js';
import { printable } from '../ui/printable.js';
import type { QueueData } from './queue-data.js';

/** Short facts about the daemon as a whole. */
export function statsParts({ stats }: QueueData): string[] {
    const { running, workers, queued, uploads, freeBytes, uptimeSeconds, jobs } = stats;
    const counted = (count: number, one: string): string =>
        `${count} ${one}${count === 1 ? '' : 's'}`;
    return [
        `${running} of ${workers} workers busy`,
        `${queued} queued`,
        counted(uploads, 'upload'),
        `${formatBytes(freeBytes)} free`,
        `yours: ${jobs.ready} ready, ${jobs.failed} failed`,
        `up ${formatDuration(uptimeSeconds)}`,
    ];
}

/** Silence that is worth a word: workers report each second. */
const SILENT_SECONDS = 5;

/** Facts about a worker on another machine, without its name. */
export function machineText({
    slots,
    running,
    threads,
    kvazaar,
    silentSeconds,
}: WorkerMachine): string {
    const silent =
        silentSeconds >= SILENT_SECONDS ? [`silent for ${formatDuration(silentSeconds)}`] : [];
    const cores = `${threads} thread${threads === 1 ? '' : 's'}`;
    return [`${running} of ${slots} busy`, ...silent, cores, `kvazaar ${kvazaar}`].join(', ');
}

/** The worker machines, one on a line; what `rows` has no room for is counted. */
export function machineLines({ stats: { machines = [] } }: QueueData, rows: number): string[] {
    const width = Math.max(...machines.map(({ name }) => name.length));
    const lines = machines.map(
        (machine) => `${machine.name.padEnd(width)}  ${machineText(machine)}`,
    );
    if (lines.length <= rows) return lines;
    const shown = lines.slice(0, Math.max(0, rows - 1));
    return [...shown, `${lines.length - shown.length} more worker machines`];
}

export function pausedText({ stats }: QueueData): string | undefined {
    return stats.paused && printable(pauseText(stats.paused));
}

/** A column of at most 6 characters: how far a job is, or its place in the queue. */
export function placeText({ state, progress, forecast }: Job): string {
    if (state === 'queued') return forecast?.position === undefined ? '' : `#${forecast.position}`;
    if (isEnd(state) || progress?.percent === undefined) return '';
    return `${Math.floor(progress.percent)} %`;
}

function waitingParts({ forecast, retryAt, failure }: Job, nowMs: number): string[] {
    if (retryAt !== undefined) {
        const seconds = (Date.parse(retryAt) - nowMs) / 1000;
        const why = failure === undefined ? [] : [failure.code];
        return [`again in ${formatDuration(seconds)}`, ...why];
    }
    const { startSeconds } = forecast ?? {};
    return startSeconds === undefined ? [] : [`starts in ${formatDuration(startSeconds)}`];
}

/** What else is known of a job, the most telling first. */
export function detailParts(job: Job, nowMs: number): string[] {
    const { state, progress, result, failure, size, priority } = job;
    const important = priority === 0 ? [] : [`priority ${priority > 0 ? '+' : ''}${priority}`];
    const user = job.user === undefined ? [] : [job.user];
    const worker = job.worker === undefined ? [] : [`on ${job.worker}`];
    switch (state) {
        case 'uploading':
            return [formatBytes(size), ...important, ...user];
        case 'queued':
            return [...waitingParts(job, nowMs), ...important, ...user, job.options.preset];
        case 'probing':
        case 'packaging':
            return [...worker, ...user];
        case 'encoding':
            return [
                ...(progress?.etaSeconds === undefined
                    ? []
                    : [`${formatDuration(progress.etaSeconds)} left`]),
                ...(progress?.fps === undefined ? [] : [formatFps(progress.fps)]),
                ...worker,
                ...(progress?.psnr === undefined ? [] : [formatPsnr(progress.psnr)]),
                ...user,
            ];
        case 'ready':
            if (!result) return user;
            return [
                formatBytes(result.outputBytes),
                ...(result.psnr === undefined ? [] : [formatPsnr(result.psnr)]),
                ...user,
            ];
        case 'failed':
            return [...(failure ? [failure.code, printable(failure.message)] : []), ...user];
        case 'cancelled':
        case 'expired':
            return user;
    }
}

/** As many of the parts as go into a width; the first one is cut where even it does not. */
export function fitParts(parts: readonly string[], width: number, separator: string): string {
    let text = '';
    for (const part of parts) {
        const longer = text === '' ? part : `${text}${separator}${part}`;
        if (longer.length > width) break;
        text = longer;
    }
    return text === '' ? (parts[0] ?? '').slice(0, Math.max(0, width)) : text;
}
