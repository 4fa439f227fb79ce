/** A result counts only when it was read back: every packet and its time, first and last frames. */
import { decodeAll, decodeEnds } from './decode-result.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import type { Timeline } from './timestamps.js';
import { READ_ONLY_FILE, TIME_TOLERANCE_SECONDS, verificationError } from './verification.js';
import type { ResultFile, VerifyRequest } from './verification.js';
import { fileUrl } from './whitelists.js';

/** @throws EncodeError VERIFICATION_FAILED, or the reason for which the job was stopped */
export async function verifyResult(supervisor: Supervisor, request: VerifyRequest): Promise<void> {
    const decode = request.decodesAll ? decodeAll : decodeEnds;
    // Both come to their end, so that of two reasons the same one is told each time.
    const [reading, decoding] = await Promise.allSettled([
        readContents(supervisor, request),
        decode(supervisor, request),
    ]);
    if (reading.status === 'rejected') throw reading.reason;
    const contents = reading.value;
    const expected = request.timeline.ticks.length;
    if (contents.times.length !== expected) {
        throw verificationError(
            `the result has ${contents.times.length} frames instead of ${expected}`,
        );
    }
    if (request.container !== 'hevc') {
        checkTimes(contents.times, request.timeline);
        checkStreams(contents.kinds, request.streams);
    }
    if (decoding.status === 'rejected') throw decoding.reason;
}

/** What ffprobe finds in the result. */
interface Contents {
    /** Time of each packet of the video in seconds; NaN in an elementary stream. */
    times: number[];
    /** ffmpeg's type of each stream. */
    kinds: string[];
}

/** @throws EncodeError VERIFICATION_FAILED, or the reason for which the job was stopped */
export async function readContents(
    supervisor: Supervisor,
    request: Pick<ResultFile, 'programs' | 'resultPath'>,
): Promise<Contents> {
    const contents: Contents = { times: [], kinds: [] };
    const exit = await supervisor.run({
        program: 'ffprobe',
        path: request.programs.ffprobe,
        args: [
            ...['-v', 'error', ...READ_ONLY_FILE, '-of', 'csv'],
            ...['-show_entries', 'packet=stream_index,pts_time:stream=codec_type'],
            fileUrl(request.resultPath),
        ],
        // Side data may follow on a line.
        stdout(line) {
            const [section, first = '', time] = line.split(',', 3);
            if (section === 'stream') contents.kinds.push(first);
            // The video is always the first stream.
            else if (section === 'packet' && first === '0') contents.times.push(Number(time));
        },
    });
    if (exit.exitCode !== 0) throw verificationError('the result cannot be read', exit);
    return contents;
}

function checkTimes(found: readonly number[], timeline: Timeline): void {
    const times = found.toSorted((a, b) => a - b);
    for (const [frame, tick] of timeline.ticks.entries()) {
        const expected = ticksToSeconds(tick, timeline.timeBase);
        const actual = times[frame] ?? Number.NaN;
        if (!(Math.abs(actual - expected) <= TIME_TOLERANCE_SECONDS)) {
            throw verificationError(
                `frame ${frame} of the result is shown at ${actual} s instead of ` +
                    `${expected.toFixed(6)} s`,
            );
        }
    }
}

function checkStreams(kinds: readonly string[], streams: StreamPlan): void {
    for (const [kind, expected] of [
        ['audio', streams.audio.length],
        ['subtitle', streams.subtitles.length],
    ] as const) {
        const actual = kinds.filter((found) => found === kind).length;
        if (actual !== expected) {
            throw verificationError(
                `the result has ${actual} ${kind} streams instead of ${expected}`,
            );
        }
    }
}
