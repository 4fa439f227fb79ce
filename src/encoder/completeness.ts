/** Whether all of the source was decoded. A cut-off source must not become a short success. */
import type { DecodedSource } from './decode.js';
import { EncodeError } from './errors.js';
import type { JobInput } from './job.js';
import type { Limits } from './limits.js';
import { inputArguments } from './input-arguments.js';
import type { Programs } from './programs.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';
import { ticksToSeconds } from './timestamps.js';
import type { Timeline } from './timestamps.js';

export interface DecodedCheck {
    programs: Programs;
    input: JobInput;
    limits: Limits;
    source: SourceInfo;
    decoded: DecodedSource;
    timeline: Timeline;
}

/** Frames that containers and decoders may rightly disagree about at the end. */
const TOLERATED_FRAMES = 2;

/** And at least this much time: durations are rounded, estimated, or taken from audio. */
const TOLERATED_SECONDS = 0.25;

/** @throws EncodeError INPUT_TRUNCATED */
export async function checkDecoded(supervisor: Supervisor, check: DecodedCheck): Promise<void> {
    const { source, decoded, timeline } = check;
    const { video } = source;
    if (decoded.cutOff) throw truncated(check, 'the file ends in the middle of its data');
    const end = ticksToSeconds(timeline.sourceEndTicks - timeline.shiftTicks, timeline.timeBase);
    const tolerance = Math.max(
        TOLERATED_SECONDS,
        (TOLERATED_FRAMES * video.fps.den) / video.fps.num,
    );
    const declared = declaredVideoEnd(source);
    if (declared !== undefined) {
        if (end < declared - tolerance) {
            throw truncated(check, `its video should end at ${time(declared)}`);
        }
        return;
    }
    // Only the duration of all streams together is known: the sound may be what lasts longer.
    const total = source.durationSeconds;
    if (total === undefined || end >= total - tolerance) return;
    const lastPacket = await lastPacketSeconds(supervisor, check);
    if (lastPacket < total - tolerance) {
        throw truncated(check, `the file declares ${time(total)}`);
    }
}

/** End of the video on the clock whose zero is the source's start; undefined: not declared. */
function declaredVideoEnd({ video, startSeconds, format }: SourceInfo): number | undefined {
    const offset = (video.startSeconds ?? startSeconds) - startSeconds;
    // AVI's header counts frames in units of the stream's time base, whatever the file's length.
    if (format === 'avi' && video.frames !== undefined) {
        return offset + (video.frames * video.timeBase.num) / video.timeBase.den;
    }
    return video.durationSeconds === undefined ? undefined : offset + video.durationSeconds;
}

/** When the last packet of any stream ends, in seconds from the source's start. */
async function lastPacketSeconds(supervisor: Supervisor, check: DecodedCheck): Promise<number> {
    let last = 0;
    await supervisor.run({
        program: 'ffprobe',
        path: check.programs.ffprobe,
        args: [
            ...['-v', 'error', '-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0'],
            ...inputArguments(check.input, check.limits),
        ],
        stdout(line) {
            const [pts, duration] = line.split(',').map(Number);
            if (pts === undefined || Number.isNaN(pts)) return;
            last = Math.max(
                last,
                pts + (duration === undefined || Number.isNaN(duration) ? 0 : duration),
            );
        },
        reads: [check.input.path],
    });
    return last - check.source.startSeconds;
}

function time(seconds: number): string {
    return `${seconds.toFixed(2)} s`;
}

function truncated({ decoded, timeline }: DecodedCheck, why: string): EncodeError {
    const end = ticksToSeconds(timeline.sourceEndTicks - timeline.shiftTicks, timeline.timeBase);
    return new EncodeError(
        'INPUT_TRUNCATED',
        `the input is cut off after ${decoded.pts.length} frames (${time(end)}): ${why}`,
        {
            program: 'ffmpeg',
            stderrTail: decoded.tail,
            hint: 'Copy or record the file again; it was not finished.',
        },
    );
}
