/**
 * Sources of which ffprobe tells nothing because it cannot open the decoder of one stream, e.g. for
 * a damaged header of Vorbis. ffmpeg reads the other streams all the same: it copies the beginning
 * of them into a file that ffprobe reads.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { probeSchema } from './probe-report.js';
import type { ProbeReport, ProbeStream } from './probe-report.js';
import type { ProcessExit } from './process.js';
import type { Programs } from './programs.js';
import type { Supervisor } from './supervisor.js';
import { fileUrl } from './whitelists.js';

export interface DamagedSource {
    programs: Programs;
    path: string;
    /** Arguments of ffmpeg and ffprobe that read it. */
    input: readonly string[];
    workDir: string;
}

const CLIP_SECONDS = 2;
const MAX_CLIP_BYTES = 64 << 20;

const REFUSED = /Could not open codec for input stream (\d+)/;

/** What ffmpeg tells of the source while it copies. */
interface Dump {
    format: string;
    startTime: string | undefined;
    durationSeconds: number | undefined;
    /** Kinds of streams by index. */
    kinds: string[];
}

/**
 * @param failed ffprobe's end, with its warnings
 * @returns the report without what is damaged: in its place are streams of unknown codec. Lengths
 * of streams are not known. Undefined when the video itself is damaged, or the file as a whole
 */
export async function probeWithoutDamaged(
    supervisor: Supervisor,
    failed: ProcessExit,
    source: DamagedSource,
): Promise<ProbeReport | undefined> {
    const damaged: number[] = [];
    let next = refusedStream(failed);
    while (next !== undefined && !damaged.includes(next)) {
        damaged.push(next);
        const attempt = await probeClip(supervisor, source, damaged);
        if (typeof attempt !== 'number') return attempt;
        next = attempt;
    }
    return undefined;
}

/** The stream whose decoder ffprobe could not open. */
function refusedStream({ tail }: ProcessExit): number | undefined {
    const match = REFUSED.exec(tail);
    return match ? Number(match[1]) : undefined;
}

/** @returns the report, or the index of one more stream that is damaged, or undefined */
async function probeClip(
    supervisor: Supervisor,
    source: DamagedSource,
    damaged: readonly number[],
): Promise<ProbeReport | number | undefined> {
    const { programs, workDir } = source;
    const clip = join(workDir, 'undamaged');
    const dump: Dump = { format: '', startTime: undefined, durationSeconds: undefined, kinds: [] };
    // QuickTime keeps what its own family tells of pictures, Matroska what all others do.
    let muxer = 'matroska';
    const copy = async () =>
        supervisor.run({
            program: 'ffmpeg',
            path: programs.ffmpeg,
            args: [
                ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info', '-copyts'],
                ...['-t', String(CLIP_SECONDS), ...source.input, '-map', '0'],
                ...damaged.flatMap((index) => ['-map', `-0:${index}`]),
                ...['-c', 'copy', '-fs', String(MAX_CLIP_BYTES), '-avoid_negative_ts', 'disabled'],
                ...['-f', muxer, '-y', clip],
            ],
            reads: [source.path],
            onLine: (line) => readDump(line, dump),
        });
    try {
        let exit = await copy();
        if (dump.format.startsWith('mov,')) {
            dump.kinds = [];
            muxer = 'mov';
            exit = await copy();
        }
        const kinds = damaged.map((index) => dump.kinds[index]);
        if (exit.exitCode !== 0 || kinds.some((kind) => kind !== 'audio' && kind !== 'subtitle')) {
            return undefined;
        }
        const kept = dump.kinds
            .map((_, index) => index)
            .filter((index) => !damaged.includes(index));
        const probed = await supervisor.run({
            program: 'ffprobe',
            path: programs.ffprobe,
            args: [
                ...['-v', 'warning', '-of', 'json=c=1'],
                ...['-show_format', '-show_streams', '-show_chapters'],
                ...['-protocol_whitelist', 'file', '-i', fileUrl(clip)],
            ],
            stdout: 'collect',
        });
        if (probed.exitCode !== 0) {
            return kept[refusedStream(probed) ?? -1];
        }
        const report = probeSchema.safeParse(JSON.parse(probed.output));
        return report.success ? restored(report.data, dump, kept, damaged) : undefined;
    } finally {
        await rm(clip, { force: true });
    }
}

/** Lines of ffmpeg's own description of the source. @returns whether it is one */
function readDump(line: string, dump: Dump): boolean {
    const format = /^\[info\] Input #0, (\S+), from /.exec(line);
    if (format) dump.format = format[1] ?? '';
    const times =
        /^\[info\] {3}Duration: (?:(\d+):(\d\d):([\d.]+)|N\/A)(?:, start: ([-\d.]+))?/.exec(line);
    if (times) {
        const [, hours, minutes, seconds, start] = times;
        dump.startTime = start;
        dump.durationSeconds =
            hours === undefined
                ? undefined
                : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
    }
    const stream = /^\[info\] {3}Stream #0:(\d+)\S*: (\w+)/.exec(line);
    // The output is described in the same way, after the input.
    const index = Number(stream?.[1]);
    if (stream && index === dump.kinds.length) dump.kinds[index] = (stream[2] ?? '').toLowerCase();
    return format !== null || times !== null || stream !== null;
}

/** The clip's report as one of the source: its own indexes, no lengths but the whole one. */
function restored(
    report: ProbeReport,
    dump: Dump,
    kept: readonly number[],
    damaged: readonly number[],
): ProbeReport {
    const streams = report.streams.map((stream): ProbeStream => {
        const others = Object.entries(stream.tags).filter(([name]) => !name.startsWith('DURATION'));
        return {
            ...stream,
            index: kept[stream.index] ?? stream.index,
            duration: undefined,
            nb_frames: undefined,
            tags: Object.fromEntries(others),
        };
    });
    const missing = damaged.map((index): ProbeStream => ({
        index,
        codec_type: dump.kinds[index] ?? 'unknown',
        codec_name: 'unknown',
        width: 0,
        height: 0,
        disposition: {},
        tags: {},
        side_data_list: [],
    }));
    return {
        ...report,
        streams: [...streams, ...missing].toSorted((a, b) => a.index - b.index),
        format: {
            ...report.format,
            format_name: dump.format,
            start_time: dump.startTime,
            duration: dump.durationSeconds?.toFixed(6),
        },
    };
}
