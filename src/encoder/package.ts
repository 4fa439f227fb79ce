/** Puts the elementary stream, with its times, and the rest of the source into the container. */
import { join } from 'node:path';
import type { Container, JobInput } from './job.js';
import type { Limits } from './limits.js';
import { flagInterlaced } from './interlacing.js';
import type { FieldOrder } from './interlacing.js';
import { extractSide, mergeVideo } from './matroska.js';
import { packageMp4 } from './mp4.js';
import type { PictureFormat } from './picture.js';
import type { Programs } from './programs.js';
import type { SourceInfo } from './source-info.js';
import type { StreamPlan } from './streams.js';
import type { Supervisor } from './supervisor.js';
import type { Timeline } from './timestamps.js';

export interface PackageRequest {
    programs: Programs;
    input: JobInput;
    source: SourceInfo;
    limits: Limits;
    workDir: string;
    container: Container;
    timeline: Timeline;
    picture: PictureFormat;
    /** Which field of interlaced pictures comes first; undefined: they are progressive. */
    fieldOrder: FieldOrder | undefined;
    /** What is to be carried beside the video. */
    streams: StreamPlan;
}

/** What goes into the result beside the video, as far as it can be made ready before that is. */
export interface Side {
    /** What is carried after all. */
    streams: StreamPlan;
    /** mkvmerge's arguments that name it; none where the muxer reads the source itself. */
    parts: string[];
}

/** Takes from the source what the result needs of it, while the video may still be encoded. */
export async function prepareSide(supervisor: Supervisor, request: PackageRequest): Promise<Side> {
    const { container, streams, source } = request;
    if (container !== 'mkv' || source.kind === 'raw') return { streams, parts: [] };
    return extractSide(supervisor, request);
}

export interface PackagedResult {
    /** The finished file in the work folder. */
    path: string;
    /** What it carries beside the video. */
    streams: StreamPlan;
}

/**
 * @param streamPath the elementary stream; it is removed as soon as it is no longer needed
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function packageResult(
    supervisor: Supervisor,
    request: PackageRequest,
    streamPath: string,
    side: Side,
): Promise<PackagedResult> {
    switch (request.container) {
        case 'hevc':
            return { path: streamPath, streams: side.streams };
        case 'mkv': {
            const path = join(request.workDir, 'result.mkv');
            await mergeVideo(supervisor, request, { streamPath, outputPath: path, side });
            if (request.fieldOrder) {
                await flagInterlaced(supervisor, request.programs, path, request.fieldOrder);
            }
            return { path, streams: side.streams };
        }
        case 'mp4':
            return packageMp4(supervisor, request, streamPath);
    }
}
