/** What must hold of any result, whatever it was made of. */
import { expect } from 'vitest';
import type { EncodeResult } from '../../../src/encoder/index.js';

/** Luma PSNR as kvazaar measured it while encoding, in the order of display. */
function reportedPsnr({ frameStatistics }: EncodeResult): number[] {
    return [...frameStatistics]
        .toSorted((a, b) => a.poc - b.poc)
        .map(({ psnr }) => psnr?.y ?? Number.NaN);
}

/**
 * Every frame of the result, decoded, must differ from the frame of the same number in the source
 * by what kvazaar said when it coded it. A frame that is missing, doubled or out of place cannot
 * meet that.
 * @param measured luma PSNR of each frame against the source
 */
export function expectSamePlaces(
    measured: readonly number[],
    result: EncodeResult,
    toleranceDb = 0.02,
): void {
    expect(measured).toHaveLength(result.sourceFrames);
    const reported = reportedPsnr(result).slice(0, result.sourceFrames);
    const off = measured
        .map((value, frame) => ({ frame, value, reported: reported[frame] ?? Number.NaN }))
        .filter(({ value, reported }) => !(Math.abs(value - reported) < toleranceDb));
    expect(off).toEqual([]);
}

/** Both in seconds, in the order of display. */
export function expectTimes(
    actual: readonly number[],
    expected: readonly number[],
    toleranceSeconds: number,
): void {
    expect(actual).toHaveLength(expected.length);
    const off = actual
        .map((time, frame) => ({ frame, time, expected: expected[frame] ?? Number.NaN }))
        .filter(({ time, expected }) => !(Math.abs(time - expected) <= toleranceSeconds));
    expect(off).toEqual([]);
}
