/** Sets of byte ranges: half open, sorted, disjoint and never touching each other. */

/** `[from, to)` in bytes, from < to. */
export type ByteRange = readonly [from: number, to: number];

/** The normal form of any ranges: empty ones dropped, overlapping and adjacent ones joined. */
export function normaliseRanges(ranges: Iterable<ByteRange>): ByteRange[] {
    const sorted = [...ranges].filter(([from, to]) => from < to).sort((a, b) => a[0] - b[0]);
    const result: [number, number][] = [];
    for (const [from, to] of sorted) {
        const last = result.at(-1);
        if (last && from <= last[1]) last[1] = Math.max(last[1], to);
        else result.push([from, to]);
    }
    return result;
}

/** What is missing of `[0, sizeBytes)` when `ranges` (in normal form) are there. */
export function missingRanges(ranges: readonly ByteRange[], sizeBytes: number): ByteRange[] {
    const missing: ByteRange[] = [];
    let offset = 0;
    for (const [from, to] of ranges) {
        if (from > offset) missing.push([offset, Math.min(from, sizeBytes)]);
        offset = Math.max(offset, to);
    }
    if (offset < sizeBytes) missing.push([offset, sizeBytes]);
    return missing;
}

/** Whether `range` lies completely in `ranges` (in normal form). */
export function containsRange(ranges: readonly ByteRange[], range: ByteRange): boolean {
    return range[0] >= range[1] || ranges.some(([from, to]) => from <= range[0] && range[1] <= to);
}

/** The bytes that `ranges` (in normal form) cover. */
export function rangesBytes(ranges: readonly ByteRange[]): number {
    return ranges.reduce((sum, [from, to]) => sum + to - from, 0);
}
