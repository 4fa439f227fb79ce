/**
 * Which files of a folder are videos to encode. Only for files that nobody named: a file that the
 * user names is taken whatever it is called.
 */

import { extname } from 'node:path';

/** Endings of what the daemon's ffmpeg may open; sound alone and pictures are not among them. */
export const VIDEO_ENDINGS: ReadonlySet<string> = new Set(
    (
        '264 265 3g2 3gp asf avc avi dv f4v flv gxf h264 h265 hevc ivf m1v m2t m2ts m2v m4v mj2 ' +
        'mjpeg mjpg mkv mov mp4 mpe mpeg mpg mts mxf nsv nut obu ogm ogv qt rm rmvb ts vob webm ' +
        'wmv wtv y4m'
    ).split(' '),
);

/** Endings of bare frames, which are taken with `--raw` and only then. */
export const RAW_ENDINGS: ReadonlySet<string> = new Set(
    'gray i420 nv12 nv21 raw rgb uyvy yuv yuyv yv12'.split(' '),
);

/** Whether the ending is one of bare frames, for which only the user knows the format. */
export function isRawName(name: string): boolean {
    return RAW_ENDINGS.has(extname(name).slice(1).toLowerCase());
}

/** Beside `clip.mp4` these say that it is still being fetched. */
const COMPANION_ENDINGS = ['.part', '.aria2', '.crdownload', '.partial', '.tmp'];

/** Endings of files that a download or a copy still writes to. */
const PARTIAL_NAME =
    /(\.(part|partial|crdownload|download|opdownload|aria2|tmp|temp|filepart|swp|bak|!qb|!ut)|~)$/i;

/** What results are called by default: `NAME.hevc.EXT`. */
const RESULT_NAME = /\.hevc\.(hevc|mkv|mp4)$/i;

/** Whether a name is one that results get by default. */
export function isResultName(name: string): boolean {
    return RESULT_NAME.test(name);
}

/** Whether a name says that the file is not whole yet. */
export function isPartialName(name: string): boolean {
    return PARTIAL_NAME.test(name);
}

/**
 * Whether a file is hidden, or one that some program still writes to, as far as names tell.
 * @param siblings the names of all files in its folder
 */
export function isUnfinishedName(name: string, siblings: ReadonlySet<string>): boolean {
    if (/^[.~#]/.test(name) || isPartialName(name)) return true;
    return COMPANION_ENDINGS.some((ending) => siblings.has(`${name}${ending}`));
}

/**
 * Whether a file is to be encoded, by its name: a video by its ending, not hidden, not a result,
 * and not one that a download still writes to.
 * @param siblings the names of all files in its folder
 */
export function isVideoName(name: string, siblings: ReadonlySet<string>, raw = false): boolean {
    const dot = name.lastIndexOf('.');
    if (dot <= 0 || isUnfinishedName(name, siblings) || isResultName(name)) return false;
    const endings = raw ? RAW_ENDINGS : VIDEO_ENDINGS;
    return endings.has(name.slice(dot + 1).toLowerCase());
}
