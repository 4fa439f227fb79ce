/** Colours that kvazaar has no name for, by their numbers in Rec. ITU-T H.273, tables 2 to 4. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exitError } from './process.js';
import type { ColorInfo } from './source-info.js';
import type { Supervisor } from './supervisor.js';
import { fileUrl } from './whitelists.js';

const PRIMARIES: Readonly<Record<string, number>> = {
    smpte428: 10,
    smpte431: 11,
    smpte432: 12,
    ebu3213: 22,
    'jedec-p22': 22,
};

const TRANSFERS: Readonly<Record<string, number>> = {
    smpte2084: 16,
    smpte428: 17,
    'arib-std-b67': 18,
};

const MATRICES: Readonly<Record<string, number>> = {
    smpte2085: 11,
    'chroma-derived-nc': 12,
    'chroma-derived-c': 13,
    ictcp: 14,
};

/** Options of ffmpeg's `hevc_metadata`; none when the stream tells all that can be told. */
function metadataOptions({ primaries, transfer, matrix }: Partial<ColorInfo>): string[] {
    return [
        ['colour_primaries', PRIMARIES[primaries ?? '']] as const,
        ['transfer_characteristics', TRANSFERS[transfer ?? '']] as const,
        ['matrix_coefficients', MATRICES[matrix ?? '']] as const,
    ].flatMap(([option, code]) => (code === undefined ? [] : [`${option}=${code}`]));
}

/**
 * Writes colours that kvazaar has no name for into the finished stream.
 * @returns path of the stream that tells them, which may be the same
 * @throws EncodeError PACKAGING_FAILED
 */
export async function signalColors(
    supervisor: Supervisor,
    ffmpeg: string,
    streamPath: string,
    colors: Partial<ColorInfo>,
): Promise<string> {
    const options = metadataOptions(colors);
    if (options.length === 0) return streamPath;
    const signalledPath = join(dirname(streamPath), 'stream-colours.hevc');
    const exit = await supervisor.run({
        program: 'ffmpeg',
        path: ffmpeg,
        args: [
            ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+warning'],
            ...['-protocol_whitelist', 'file,pipe', '-f', 'hevc', '-i', fileUrl(streamPath)],
            ...['-c', 'copy', '-bsf:v', `hevc_metadata=${options.join(':')}`],
            ...['-f', 'hevc', '-y', signalledPath],
        ],
    });
    if (exit.exitCode !== 0) {
        throw exitError('PACKAGING_FAILED', 'the colours could not be written', exit);
    }
    await rm(streamPath);
    return signalledPath;
}
