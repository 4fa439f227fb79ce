/** Puts the elementary stream, with its times, and the rest of the source into the container. */
import type { Container, JobInput } from './job.js';
import type { Limits } from './limits.js';
import { packageMatroska } from './matroska.js';
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
    /** The elementary stream; it is removed as soon as it is no longer needed. */
    streamPath: string;
    timeline: Timeline;
    picture: PictureFormat;
    streams: StreamPlan;
}

/**
 * @returns path of the finished file in the work folder
 * @throws EncodeError PACKAGING_FAILED, or the reason for which the job was stopped
 */
export async function packageResult(
    supervisor: Supervisor,
    request: PackageRequest,
): Promise<string> {
    switch (request.container) {
        case 'hevc':
            return request.streamPath;
        case 'mkv':
            return packageMatroska(supervisor, request);
        case 'mp4':
            return packageMp4(supervisor, request);
    }
}
