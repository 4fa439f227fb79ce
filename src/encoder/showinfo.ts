/**
 * Reads what ffmpeg's `showinfo` filter writes for each frame. Its lines are the truth about the
 * frames that were really decoded; packets of a file may never become frames.
 */
import type { Rational } from './job.js';
import { parseRational } from './rational.js';

export type ShowinfoLine =
    /** The filter was set up, again when the pictures change their size. */
    | { type: 'config'; timeBase: Rational }
    | {
          type: 'frame';
          /** In units of the time base; undefined when the frame has no time. */
          pts: number | undefined;
          width: number;
          height: number;
          /** `P` progressive, `T` top field first, `B` bottom field first. */
          scan: 'P' | 'T' | 'B';
      }
    /** Anything else that the filter says of a frame: side data, colours, statistics. */
    | { type: 'detail' };

// Anchored at the start of the line, where ffmpeg prints no text from the media.
const PREFIX = /^\[Parsed_showinfo_\d+ @ 0x[0-9a-f]+\] \[info\] ?/;
const FRAME = /^n: *\d+ pts: *(NOPTS|-?\d+) .*?\bs:(\d+)x(\d+) i:([PTB]) /;

/** @returns undefined for a line that is not showinfo's */
export function parseShowinfo(line: string): ShowinfoLine | undefined {
    const prefix = PREFIX.exec(line);
    if (!prefix) return undefined;
    const text = line.slice(prefix[0].length);
    const frame = FRAME.exec(text);
    if (frame) {
        const [, pts = '', width, height, scan] = frame;
        return {
            type: 'frame',
            pts: pts === 'NOPTS' ? undefined : Number(pts),
            width: Number(width),
            height: Number(height),
            scan: scan === 'T' || scan === 'B' ? scan : 'P',
        };
    }
    const timeBase = parseRational(/^config in time_base: (\d+\/\d+)/.exec(text)?.[1]);
    return timeBase ? { type: 'config', timeBase } : { type: 'detail' };
}
