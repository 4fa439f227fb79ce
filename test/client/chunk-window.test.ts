import { describe, expect, it } from 'vitest';
import { ChunkWindow } from '../../src/client/chunk-window.js';

/** Stores full rounds of chunks on a link that carries `rate(window)` bytes per millisecond. */
function drive(window: ChunkWindow, rounds: number, rate: (size: number) => number): number[] {
    const sizes: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < rounds; round++) {
        const { size } = window;
        for (let chunk = 0; chunk < size * 2; chunk++) {
            nowMs += 1_000 / rate(size);
            window.stored(1_000, nowMs);
        }
        sizes.push(window.size);
    }
    return sizes;
}

describe('the number of chunks in flight', () => {
    it('grows while that raises the throughput, to its limit', () => {
        expect(drive(new ChunkWindow(0), 5, (size) => size * 100)).toEqual([3, 4, 5, 6, 6]);
    });

    it('stays where more brings nothing', () => {
        expect(drive(new ChunkWindow(0), 6, () => 100)).toEqual([3, 3, 3, 3, 3, 3]);
    });

    it('halves on failure, down to one, and grows again', () => {
        const window = new ChunkWindow(0);
        drive(window, 4, (size) => size * 100);
        const sizes = [1, 2, 3, 4].map(() => {
            window.failed(0);
            return window.size;
        });
        expect(sizes).toEqual([3, 1, 1, 1]);
        expect(drive(window, 2, (size) => size * 100)).toEqual([2, 3]);
    });

    it('tries one more after a while, as links change', () => {
        const sizes = drive(new ChunkWindow(0), 12, () => 100);
        expect(sizes.at(-1)).toBe(4);
    });
});
