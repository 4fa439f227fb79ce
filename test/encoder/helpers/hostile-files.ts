/** The corpus of files that mean harm or were harmed, made on the spot. */
import { join } from 'node:path';
import { ffmpeg } from './media.js';

/** The same numbers in each run (mulberry32). */
export function randomNumbers(seed: number): () => number {
    let state = seed;
    return () => {
        state = (state + 0x6d_2b_79_f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** A copy with 1 to 20 bits flipped in the first `end` bytes. */
export function flipBits(whole: Buffer, end: number, random: () => number): Buffer {
    const bytes = Buffer.from(whole);
    const flips = 1 + Math.floor(random() * 20);
    for (let flip = 0; flip < flips; flip++) {
        const at = Math.floor(random() * end);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    }
    return bytes;
}

/** Whole files of two seconds with sound, by name, with ffmpeg's codecs. */
export const HOSTILE_SOURCES: Record<string, readonly string[]> = {
    'clip.mp4': ['-c:v', 'libx264', '-c:a', 'aac', '-movflags', '+faststart'],
    'clip.mkv': ['-c:v', 'libx264', '-c:a', 'libvorbis'],
    'clip.ts': ['-c:v', 'mpeg2video', '-c:a', 'mp2'],
    'clip.avi': ['-c:v', 'mpeg4', '-c:a', 'mp3'],
    'clip.webm': ['-c:v', 'libvpx', '-deadline', 'realtime', '-c:a', 'libopus'],
    'clip.flv': ['-c:v', 'flv1', '-c:a', 'aac'],
    'clip.gif': ['-an'],
};

/** @param names of some of them */
export async function makeSources(
    folder: string,
    names: readonly string[] = Object.keys(HOSTILE_SOURCES),
): Promise<void> {
    for (const name of names) {
        const codecs = HOSTILE_SOURCES[name] ?? [];
        await ffmpeg(
            ...['-f', 'lavfi', '-i', 'testsrc2=size=96x64:rate=25:duration=2'],
            ...['-f', 'lavfi', '-i', 'sine=duration=2', '-pix_fmt'],
            ...[name.endsWith('gif') ? 'pal8' : 'yuv420p', ...codecs, join(folder, name)],
        );
    }
}

/**
 * Files that name another one, by the name under which they are sent.
 * @param bait path of a valid video that nobody may reach through another file
 */
export function filesNaming(bait: string): Record<string, string | Buffer> {
    return {
        'hls.mp4': `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${bait}\n#EXT-X-ENDLIST\n`,
        'hls-http.ts': '#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n',
        'concat.mkv': `ffconcat version 1.0\nfile '${bait}'\n`,
        'concat-unsafe.mkv': `ffconcat version 1.0\nfile '../../etc/passwd'\n`,
        'dash.mp4':
            `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>` +
            `<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">` +
            `<BaseURL>file://${bait}</BaseURL></Representation></AdaptationSet></Period></MPD>`,
        'session.sdp':
            'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
        'smil.mp4': `<smil><body><video src="file://${bait}"/></body></smil>`,
        'script.avs': `AviSource("${bait}")\n`,
        'sequence-%d.png': 'no picture',
        'metadata.mp4': `;FFMETADATA1\ntitle=x\n`,
        'vobsub.idx': `# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n`,
        'reference.mov': referenceMovie(bait),
    };
}

/** A QuickTime movie whose only track is in another file (data reference `url `). */
function referenceMovie(target: string): Buffer {
    const url = Buffer.from(`file://${target}\0`);
    const entry = box('url ', Buffer.from([0, 0, 0, 0]), url);
    const dref = box('dref', Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]), entry);
    return Buffer.concat([
        box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')),
        box('moov', box('trak', box('mdia', box('minf', box('dinf', dref))))),
    ]);
}

export function box(type: string, ...content: Buffer[]): Buffer {
    const body = Buffer.concat(content);
    const header = Buffer.alloc(8);
    header.writeUInt32BE(body.length + 8, 0);
    header.write(type, 4, 'latin1');
    return Buffer.concat([header, body]);
}
