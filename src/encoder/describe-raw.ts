/** What can be known of raw video from its format alone, before a byte of it is there. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EncodeError } from './errors.js';
import type { RawFormat } from './job.js';
import { readPixelFormats, type PixelFormat } from './pixel-formats.js';
import { checkRawFormat, resolvePixelFormat, type ResolvedPixelFormat } from './raw-format.js';

export interface RawDescription extends ResolvedPixelFormat {
    /** Bytes of one frame. */
    frameBytes: number;
}

const TIMEOUT_MS = 10_000;
const run = promisify(execFile);

async function ask(ffprobe: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(ffprobe, args, { timeout: TIMEOUT_MS, maxBuffer: 8 << 20 });
    return stdout;
}

/** The table of one ffprobe never changes while this process runs. */
const tables = new Map<string, Promise<ReadonlyMap<string, PixelFormat>>>();
const descriptions = new Map<string, RawDescription>();
const MAX_DESCRIPTIONS = 1000;

/**
 * @param ffprobe path of the program; it knows the pixel formats and how their planes are laid out
 * @throws EncodeError RAW_FORMAT_UNKNOWN when format, size or rate are not usable
 */
export async function describeRawFormat(ffprobe: string, raw: RawFormat): Promise<RawDescription> {
    checkRawFormat(raw);
    let table = tables.get(ffprobe);
    if (!table) {
        table = readPixelFormats((args) => ask(ffprobe, args));
        tables.set(ffprobe, table);
        table.catch(() => tables.delete(ffprobe));
    }
    const resolved = resolvePixelFormat(raw.pixelFormat, await table);
    const key = `${resolved.name} ${raw.width}x${raw.height}`;
    const known = descriptions.get(key);
    if (known) return { ...resolved, frameBytes: known.frameBytes };

    // At one frame per second the bitrate that ffprobe tells is the size of a frame in bits. It
    // reads one frame, and /dev/zero has one of any size.
    const answer = await ask(ffprobe, [
        ...['-v', 'error', '-of', 'json=c=1'],
        ...['-protocol_whitelist', 'file,pipe', '-f', 'rawvideo', '-framerate', '1'],
        ...['-video_size', `${raw.width}x${raw.height}`, '-pixel_format', resolved.name],
        ...['-show_entries', 'stream=bit_rate', '-i', 'file:/dev/zero'],
    ]).catch((cause: unknown) => {
        throw new EncodeError(
            'RAW_FORMAT_UNKNOWN',
            `${raw.width}x${raw.height} ${resolved.name} cannot be read as raw video`,
            { cause },
        );
    });
    const report = JSON.parse(answer) as { streams?: { bit_rate?: string }[] };
    const frameBytes = Number(report.streams?.[0]?.bit_rate) / 8;
    if (!Number.isSafeInteger(frameBytes) || frameBytes <= 0) {
        throw new EncodeError(
            'RAW_FORMAT_UNKNOWN',
            `${raw.width}x${raw.height} ${resolved.name} has no whole number of bytes a frame`,
        );
    }
    if (descriptions.size >= MAX_DESCRIPTIONS) descriptions.clear();
    const description = { ...resolved, frameBytes };
    descriptions.set(key, description);
    return description;
}
