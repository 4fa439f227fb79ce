/** kvazaar's GOP structures: none, B-frame pyramids of 8 and 16, and low delay. */

export interface Gop {
    readonly type: 'none' | 'pyramid' | 'low-delay';
    /** Pictures in a GOP; 0 for none. */
    readonly length: number;
    /** Layers of a low-delay GOP, d of lp-gNdNtN; 0 for the others. */
    readonly depth: number;
}

export const GOP_SYNTAX =
    '0, 8, 16, or lp-gNdNtN with g (length) from 1 to 32, d (depth) from 1 to 6 and ' +
    't (distance) 1, or 2 if g is even and d is at least 3';

/**
 * Parses `0`, `8`, `16` or `lp-gNdNtN`, and spells it canonically.
 *
 * kvazaar's own limits are g 1 to 32, d 1 to 8 and t 1 to 15, but 2.3.1 crashes on most of them.
 * Each g, d (to 7) and t was run with one and four reference frames: t 1 always works, t 2 with
 * even g from d 3 on; all others end in a segmentation fault but for a few that depend on the
 * number of reference frames. Depths above 6 read past kvazaar's tables of GOP layers.
 */
export function parseGop(text: string): string | undefined {
    if (/^0{0,4}(?:0|8|16)$/.test(text)) return String(Number(text));
    const match = /^lp-g([0-9]{1,4})d([0-9]{1,4})t([0-9]{1,4})$/.exec(text);
    if (match === null) return undefined;
    const [g = 0, d = 0, t = 0] = match.slice(1).map(Number);
    if (g < 1 || g > 32 || d < 1 || d > 6) return undefined;
    const runs = t === 1 || (t === 2 && g % 2 === 0 && d >= 3);
    return runs ? `lp-g${g}d${d}t${t}` : undefined;
}

/** What a canonical GOP value stands for. */
export function gopOf(value: string): Gop {
    const [, g, d] = /^lp-g([0-9]+)d([0-9]+)/.exec(value) ?? [];
    if (g !== undefined) return { type: 'low-delay', length: Number(g), depth: Number(d) };
    const length = Number(value);
    return { type: length === 0 ? 'none' : 'pyramid', length, depth: 0 };
}
