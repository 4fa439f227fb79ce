/** Reads what kvazaar writes: one line for each coded frame, and a summary at the end. */
import type { FrameReport, FrameType } from './frame-statistics.js';
import type { Psnr } from './job.js';

const NUMBER = String.raw`(-?(?:\d+(?:\.\d+)?|nan|inf))`;
// Not anchored: "Level warning: …" has no line break, so a frame can start in mid-line.
const FRAME = new RegExp(
    String.raw`POC +(\d+) QP +(-?\d+) AVG QP +${NUMBER} \(([IPB])-frame\) +(\d+) bits` +
        String.raw`(?: PSNR Y ${NUMBER} U ${NUMBER} V ${NUMBER})?`,
);

const SUMMARY = new RegExp(
    String.raw`^ *Processed (\d+) frames, +(\d+) bits` +
        String.raw`(?: AVG PSNR Y ${NUMBER} U ${NUMBER} V ${NUMBER})?`,
);

export interface KvazaarSummary {
    frames: number;
    /** Of all coded frames. */
    bits: number;
    /** Averages; undefined when PSNR is switched off. */
    psnr: Psnr | undefined;
}

function psnrOf(y?: string, u?: string, v?: string): Psnr | undefined {
    if (y === undefined) return undefined;
    const [py = 0, pu = 0, pv = 0] = [y, u, v].map((text) =>
        text === undefined || text.includes('n') ? lossless(text) : Number(text),
    );
    return { y: py, u: pu, v: pv };
}

/** kvazaar caps PSNR at 999.99; a plane without any pixels to compare gives nan. */
function lossless(text: string | undefined): number {
    return text?.startsWith('-') ? 0 : 999.99;
}

/**
 * @returns the frame that the line tells of, and what stood before it on the same line;
 * undefined for other lines
 */
export function parseFrameLine(line: string): { frame: FrameReport; before: string } | undefined {
    const match = FRAME.exec(line);
    if (!match) return undefined;
    const [, poc, qp, , type, bits, y, u, v] = match;
    const frame: FrameReport = {
        poc: Number(poc),
        type: type as FrameType,
        qp: Number(qp),
        bits: Number(bits),
    };
    const psnr = psnrOf(y, u, v);
    if (psnr) frame.psnr = psnr;
    return { frame, before: line.slice(0, match.index) };
}

/** @returns undefined for other lines */
export function parseSummaryLine(line: string): KvazaarSummary | undefined {
    const match = SUMMARY.exec(line);
    if (!match) return undefined;
    const [, frames, bits, y, u, v] = match;
    return { frames: Number(frames), bits: Number(bits), psnr: psnrOf(y, u, v) };
}
