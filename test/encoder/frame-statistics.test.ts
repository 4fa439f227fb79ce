import { describe, expect, it } from 'vitest';
import { FrameStatistics } from '../../src/encoder/frame-statistics.js';
import type { FrameReport } from '../../src/encoder/frame-statistics.js';

describe('FrameStatistics', () => {
    it('gives back what was put in, beyond its first capacity', () => {
        const statistics = new FrameStatistics();
        const reports = Array.from({ length: 1000 }, (_, poc): FrameReport => ({
            poc,
            type: poc % 3 === 0 ? 'I' : poc % 3 === 1 ? 'P' : 'B',
            qp: poc % 52,
            bits: poc * 1_000_003,
            ...(poc % 2 === 0 ? { psnr: { y: 47.4818, u: 46.0565, v: 999.99 } } : {}),
        }));
        for (const report of reports) statistics.add(report);
        expect(statistics.length).toBe(1000);
        expect([...statistics]).toEqual(reports);
        expect(statistics.at(1000)).toBeUndefined();
        expect(statistics.at(-1)).toBeUndefined();
    });
});
