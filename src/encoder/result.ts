/** The numbers of a finished job. */
import { FRAME_TYPES } from './frame-statistics.js';
import type { FrameStatistics, FrameType } from './frame-statistics.js';
import type { AudioTrackResult, EncodeResult } from './job.js';
import type { KvazaarSummary } from './kvazaar-output.js';
import type { PictureFormat } from './picture.js';
import type { SourceInfo } from './source-info.js';
import { ticksToSeconds } from './timestamps.js';
import type { Timeline } from './timestamps.js';

export interface Outcome {
    source: SourceInfo;
    picture: PictureFormat;
    timeline: Timeline;
    statistics: FrameStatistics;
    summary: KvazaarSummary;
    logoFrames: number;
    encodeSeconds: number;
    sourceWaitSeconds: number;
    outputBytes: number;
    audioTracks: AudioTrackResult[];
    notes: string[];
}

export function summarize(outcome: Outcome): EncodeResult {
    const { source, picture, timeline, statistics, summary, logoFrames } = outcome;
    const { encodeSeconds, sourceWaitSeconds } = outcome;
    const frames = statistics.length;
    const start = timeline.ticks[0] ?? 0;
    const durationSeconds = ticksToSeconds(timeline.endTicks - start, timeline.timeBase);
    const framesByType = Object.fromEntries(FRAME_TYPES.map((type) => [type, 0])) as Record<
        FrameType,
        number
    >;
    let worst: EncodeResult['worstPsnr'];
    let frame = 0;
    for (const report of statistics) {
        framesByType[report.type] += 1;
        if (report.psnr && (worst === undefined || report.psnr.y < worst.y)) {
            worst = { y: report.psnr.y, frame };
        }
        frame += 1;
    }
    return {
        frames,
        sourceFrames: frames - logoFrames,
        logoFrames,
        durationSeconds,
        width: picture.width,
        height: picture.height,
        fps: picture.fps,
        inputBytes: source.sizeBytes,
        outputBytes: outcome.outputBytes,
        bitrateBps: Math.round(summary.bits / durationSeconds),
        ...(summary.psnr ? { psnr: summary.psnr } : {}),
        ...(worst ? { worstPsnr: worst } : {}),
        framesByType,
        encodeSeconds,
        sourceWaitSeconds,
        encodeFps: frames / encodeSeconds,
        audioTracks: outcome.audioTracks,
        notes: outcome.notes,
        frameStatistics: statistics,
    };
}
