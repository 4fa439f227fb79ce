/**
 * How the source's pictures become what kvazaar codes: 8-bit 4:2:0 of even size, in the same
 * colours. Deeper samples are dithered by ffmpeg's scaler.
 */
import type { Rational } from './job.js';
import type { ColorInfo, VideoInfo } from './source-info.js';

/** The pictures as they go into kvazaar. */
export interface PictureFormat {
    /** Size of the coded picture in pixels, even. */
    width: number;
    height: number;
    /** Columns on the right and rows at the bottom that were added to make the size even. */
    padRight: number;
    padBottom: number;
    range: 'tv' | 'pc';
    color: ColorInfo;
    fps: Rational;
    sampleAspectRatio: Rational;
    /** Whether frames that say they are interlaced are made progressive. */
    deinterlaces: boolean;
}

/** From this height on, RGB becomes BT.709, below it BT.601: what players assume. */
const HD_HEIGHT = 720;

export function pictureFormat(video: VideoInfo, deinterlaces: boolean): PictureFormat {
    const padRight = video.width % 2;
    const padBottom = video.height % 2;
    const rgbMatrix = video.height >= HD_HEIGHT ? 'bt709' : 'smpte170m';
    return {
        width: video.width + padRight,
        height: video.height + padBottom,
        padRight,
        padBottom,
        range: !video.isRgb && video.color.range === 'pc' ? 'pc' : 'tv',
        color: video.isRgb ? { ...video.color, range: 'tv', matrix: rgbMatrix } : video.color,
        fps: video.fps,
        sampleAspectRatio: video.sampleAspectRatio,
        deinterlaces,
    };
}

/** ffmpeg's names of the matrices that its scaler can be told to use. */
const SCALER_MATRICES: Readonly<Record<string, string>> = {
    bt709: 'bt709',
    fcc: 'fcc',
    bt470bg: 'bt601',
    smpte170m: 'smpte170m',
    smpte240m: 'smpte240m',
    bt2020nc: 'bt2020',
    bt2020c: 'bt2020',
};

/**
 * Filters from decoded pictures to the coded ones. Range and matrix are pinned on both sides,
 * because ffmpeg would turn full range into limited without a word; the size is pinned, because
 * pictures that change their size in mid-stream would break the frames of the raw stream.
 */
export function pictureFilters(video: VideoInfo, picture: PictureFormat): string[] {
    const { range } = picture;
    const scaler = [
        `scale=${video.width}:${video.height}`,
        'flags=bicubic+accurate_rnd+full_chroma_int',
        ...(video.isRgb
            ? [`out_color_matrix=${scalerMatrix(picture.color.matrix)}`]
            : [`in_range=${range}`]),
        `out_range=${range}`,
    ].join(':');
    const filters = [
        // ffmpeg's scaler takes these for full range, whatever it is told.
        ...(video.pixelFormat.startsWith('ya16') ? ['format=ya16le', 'extractplanes=y'] : []),
        ...(video.swapsChroma ? ['shuffleplanes=0:2:1:3'] : []),
        ...(picture.deinterlaces ? ['bwdif=mode=send_frame:deint=interlaced'] : []),
        scaler,
        'format=yuv420p',
    ];
    if (picture.padRight + picture.padBottom > 0) filters.push(paddingFilters(picture));
    return filters;
}

/** @param matrix ffmpeg's name; for one that the scaler does not know it is BT.601, its default */
export function scalerMatrix(matrix: string | undefined): string {
    return SCALER_MATRICES[matrix ?? ''] ?? 'smpte170m';
}

/**
 * Repeats the last column and row of luma: a black border would cost bits and bleed into the
 * picture. ffmpeg's `pad` cuts odd sizes down to whole chroma samples, so luma is padded alone;
 * the chroma planes of an odd size are as large as those of the next even one.
 */
function paddingFilters({ width, height, padRight, padBottom }: PictureFormat): string {
    return (
        `extractplanes=y+u+v[luma][u][v];` +
        `[luma]pad=${width}:${height},` +
        `fillborders=right=${padRight}:bottom=${padBottom}:mode=smear[padded];` +
        `[padded][u][v]mergeplanes=0x001020:yuv420p`
    );
}
