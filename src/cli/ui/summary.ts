/** The closing words on one file. */
import { relative } from 'node:path';
import type { DoneEvent, PlanEvent } from '../../client/events.js';
import {
    formatBitrate,
    formatBytes,
    formatDuration,
    formatElapsed,
    formatFps,
    formatPsnr,
    formatRatio,
} from './format.js';

/** A path as short as it can be said: relative where that does not lead upwards. */
export function shortPath(path: string): string {
    const short = relative(process.cwd(), path);
    return short === '' || short.startsWith('..') ? path : short;
}

/** Where a result went, in as few words. */
export function outputName(output: string): string {
    return output === '-' ? 'stdout' : shortPath(output);
}

/** What became of the file, in pieces that fit any width. */
export function summaryParts(done: DoneEvent, arrow: string): string[] {
    const { inputBytes, outputBytes, frames, durationSeconds, fps, bitrateBps, psnr } = done;
    return [
        `${formatBytes(inputBytes)} ${arrow} ${formatBytes(outputBytes)} (${formatRatio(inputBytes, outputBytes)})`,
        `${frames} frames, ${formatDuration(durationSeconds)}`,
        `encoded at ${formatFps(fps)}`,
        formatBitrate(bitrateBps),
        ...(psnr === undefined ? [] : [formatPsnr(psnr)]),
        `${formatElapsed(done.seconds)} in all`,
        ...(done.uploadedBytes === 0 ? ['nothing sent'] : []),
    ];
}

/** The summary for terminals that are not redrawn: two lines and the notes. */
export function summaryLines(file: string, done: DoneEvent, arrow: string): string[] {
    return [
        `${file} ${arrow} ${outputName(done.output)}`,
        `  ${summaryParts(done, arrow).join(', ')}`,
        ...done.notes.map((note) => `  note: ${note}`),
    ];
}

/** What the daemon would do with the file, in words. */
function planVerdict({ status, code, message, jobId, inputBytes, sendBytes }: PlanEvent): string {
    const size = formatBytes(inputBytes);
    switch (status) {
        case 'approved':
            return sendBytes === inputBytes
                ? `${size} would be sent`
                : `${formatBytes(sendBytes)} of ${size} would be sent, the rest is there`;
        case 'queued':
            return `nothing would be sent, the daemon has its ${size}`;
        case 'rejected':
            return code === 'DUPLICATE_REQUEST' && jobId !== undefined
                ? `the result of job ${jobId} would be taken`
                : `would be refused: ${message ?? code ?? 'for a reason not given'}`;
    }
}

/** What a dry run found out about one file. */
export function planLines(file: string, plan: PlanEvent, arrow: string): string[] {
    return [`${file} ${arrow} ${outputName(plan.output)}`, `  ${planVerdict(plan)}`];
}
