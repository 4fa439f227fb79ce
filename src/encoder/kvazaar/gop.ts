/** kvazaar's GOP structures: none, B-frame pyramids of 8 and 16, and low delay. */

export interface Gop {
    readonly type: 'none' | 'pyramid' | 'low-delay';
    /** Pictures in a GOP; 0 for none. */
    readonly length: number;
}

/**
 * Parses `0`, `8`, `16` or `lp-gNdNtN`, and spells it canonically.
 *
 * For lp GOPs kvazaar's own limits are length g 1 to 32, depth d 1 to 8, distance t 1 to 15.
 */
export function parseGop(text: string): string | undefined {
    if (/^0{0,4}(?:0|8|16)$/.test(text)) return String(Number(text));
    const match = /^lp-g([0-9]{1,4})d([0-9]{1,4})t([0-9]{1,4})$/.exec(text);
    if (match === null) return undefined;
    const [g = 0, d = 0, t = 0] = match.slice(1).map(Number);
    if (g < 1 || g > 32 || d < 1 || d > 6 || t < 1 || t > 15) return undefined;
    return `lp-g${g}d${d}t${t}`;
}

/** What a canonical GOP value stands for. */
export function gopOf(value: string): Gop {
    if (value.startsWith('lp-')) {
        return { type: 'low-delay', length: Number(/g([0-9]+)/.exec(value)?.[1]) };
    }
    const length = Number(value);
    return { type: length === 0 ? 'none' : 'pyramid', length };
}
