/** How many bytes a source spends on each of its pictures. */
import type { JobInput } from './job.js';
import type { Limits } from './limits.js';
import { inputArguments } from './input-arguments.js';
import type { Programs } from './programs.js';
import type { SourceInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';

/** More packets than pictures can be in the longest source; a file that has more is up to no good. */
const MAX_PACKETS = 2_000_000;

/**
 * Sizes of the video's packets in order of display, as far as the file tells the order. All of the
 * source is read for it, at about a second of processor time for a gigabyte.
 * @returns nothing where the file cannot be read so
 * @throws EncodeError PROGRAM_MISSING, or the reason for which the job was stopped
 */
export async function packetSizes(
    supervisor: Supervisor,
    request: { programs: Programs; input: JobInput; limits: Limits; source: SourceInfo },
): Promise<number[]> {
    const { programs, input, limits, source } = request;
    const packets: { pts: number; size: number }[] = [];
    const exit = await supervisor.run({
        program: 'ffprobe',
        path: programs.ffprobe,
        args: [
            ...['-v', 'quiet', '-select_streams', String(source.video.index)],
            ...['-show_entries', 'packet=pts,size', '-of', 'csv=p=0'],
            ...inputArguments(input, limits),
        ],
        stdout(line) {
            const [pts, size] = line.split(',').map(Number);
            if (size === undefined || Number.isNaN(size) || packets.length === MAX_PACKETS) return;
            // Without a time it is shown after the one before it.
            const last = packets.at(-1)?.pts ?? 0;
            packets.push({ pts: pts === undefined || Number.isNaN(pts) ? last : pts, size });
        },
        reads: [input.path],
    });
    if (exit.exitCode !== 0) return [];
    return packets.sort((a, b) => a.pts - b.pts).map(({ size }) => size);
}
