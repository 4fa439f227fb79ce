/** What the user should know of the source: what is changed, lost or left out. */
import type { DecodedSource } from './decode.js';
import type { Container } from './job.js';
import type { PictureFormat } from './picture.js';
import type { SourceInfo } from './source-info.js';
import type { Timeline } from './timestamps.js';

/** Told before encoding, from the headers. */
export function sourceNotes(
    { video, endsEarly }: SourceInfo,
    picture: PictureFormat,
    container: Container,
): string[] {
    const notes: string[] = [];
    if (endsEarly !== undefined) {
        notes.push(`${endsEarly}; what is there is encoded, but the source may be cut off`);
    }
    if (video.bitDepth > 8) {
        notes.push(`the source has ${video.bitDepth} bits per sample; they are dithered to 8`);
    }
    if (video.hasAlpha) notes.push('transparency is left out');
    if (video.isRgb) {
        notes.push(`the RGB pictures are converted to YUV (${picture.color.matrix ?? 'bt601'})`);
    }
    if (video.rotationDegrees !== 0) {
        notes.push(
            `the pictures are turned by ${video.rotationDegrees} degrees as the source asks`,
        );
    }
    const { padRight, padBottom } = picture;
    if (padRight + padBottom > 0) {
        const coded = `${picture.width}x${picture.height}`;
        notes.push(
            container === 'mkv'
                ? `${video.width}x${video.height} is coded as ${coded}, and the container tells ` +
                      `players to cut the added edge off`
                : `${video.width}x${video.height} is coded as ${coded}: HEVC 4:2:0 needs even ` +
                      `sizes, the last column or row is repeated`,
        );
    }
    if (['smpte2084', 'arib-std-b67'].includes(video.color.transfer ?? '')) {
        notes.push('the source is HDR; with 8 bits, steps in smooth areas may show');
    }
    return notes;
}

/** Told after encoding, from what was really decoded. */
export function decodingNotes(
    decoded: DecodedSource,
    timeline: Timeline,
    { deinterlaces }: PictureFormat,
): string[] {
    const notes: string[] = [];
    const interlaced = decoded.topFirstFrames + decoded.bottomFirstFrames;
    if (interlaced > 0) {
        notes.push(
            deinterlaces
                ? `${interlaced} interlaced frames were deinterlaced`
                : `${interlaced} frames are interlaced and were coded as they are ` +
                      `(--deinterlace makes them progressive)`,
        );
    }
    if (decoded.complaints > 0) {
        notes.push(
            `the source is damaged: ffmpeg complained ${decoded.complaints} times and may have ` +
                `concealed parts of pictures`,
        );
    }
    if (decoded.changesSize) {
        notes.push('the picture size changes within the source; all pictures are scaled to one');
    }
    if (timeline.repaired > 0) {
        notes.push(`${timeline.repaired} frames had no time of their own; it was made up`);
    }
    return notes;
}
