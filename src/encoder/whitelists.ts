/**
 * What ffmpeg may open. A playlist or a concat list under a video's name would otherwise make it
 * open other files, or the network.
 */

/** Only the named file, and the pipes between the programs. */
const PROTOCOLS = ['file', 'pipe'] as const;

/**
 * ffmpeg's names of demuxers that read one self-contained file. Left out on purpose: everything
 * that names other files (hls, dash, concat, concatf, image2, imf, mpjpeg, sdp, rtsp …), reads
 * devices, or runs scripts (avisynth, vapoursynth, lavfi).
 */
const FORMATS = [
    '3g2',
    '3gp',
    'aac',
    'ac3',
    'aiff',
    'amr',
    'apng',
    'asf',
    'av1',
    'avi',
    'dirac',
    'dnxhd',
    'dts',
    'dv',
    'eac3',
    'flac',
    'flv',
    'gif',
    'gxf',
    'h261',
    'h263',
    'h264',
    'hevc',
    'ivf',
    'm4a',
    'm4v',
    'matroska',
    'mj2',
    'mjpeg',
    'mlv',
    'mov',
    'mp3',
    'mp4',
    'mpeg',
    'mpegts',
    'mpegvideo',
    'mxf',
    'nsv',
    'nut',
    'obu',
    'ogg',
    'pva',
    'rm',
    'roq',
    'vc1',
    'vc1test',
    'vvc',
    'wav',
    'webm',
    'wtv',
    'xmv',
    'yuv4mpegpipe',
] as const;

/** Options that go in front of every `-i` of ffmpeg and ffprobe for untrusted input. */
export function guardArguments(limits: { maxPixels: number; maxStreams: number }): string[] {
    return [
        '-protocol_whitelist',
        PROTOCOLS.join(','),
        '-format_whitelist',
        FORMATS.join(','),
        '-max_streams',
        String(limits.maxStreams),
        '-max_pixels',
        String(limits.maxPixels),
    ];
}

/** How a path is given to ffmpeg, so that no name is taken for a protocol or an option. */
export function fileUrl(path: string): string {
    return `file:${path}`;
}
