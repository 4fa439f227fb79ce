import { describe, expect, it } from 'vitest';
import { parseFrameLine, parseSummaryLine } from '../../src/encoder/kvazaar-output.js';

describe('parseFrameLine, on lines of kvazaar 2.3.1', () => {
    it('reads a frame with PSNR', () => {
        const line =
            'POC    8 QP 22 AVG QP 21.0 (P-frame)     345584 bits PSNR Y 47.4818 U 46.0565 V 45.6492 [L0 0 ] [L1 ]';
        expect(parseFrameLine(line)).toEqual({
            before: '',
            frame: {
                poc: 8,
                type: 'P',
                qp: 22,
                bits: 345_584,
                psnr: { y: 47.4818, u: 46.0565, v: 45.6492 },
            },
        });
    });

    it('reads a frame without PSNR', () => {
        const line = 'POC    4 QP 25 AVG QP 22.3 (B-frame)      23008 bits [L0 0 ] [L1 8 ]';
        expect(parseFrameLine(line)?.frame).toEqual({ poc: 4, type: 'B', qp: 25, bits: 23_008 });
    });

    it('reads a frame that starts in the middle of a line', () => {
        const warning =
            'Level warning: framerate of 30 is too big for this level (1) and picture resolution';
        const parsed = parseFrameLine(
            `${warning}POC    0 QP 20 AVG QP 20.0 (I-frame)     135504 bits`,
        );
        expect(parsed).toEqual({
            before: warning,
            frame: { poc: 0, type: 'I', qp: 20, bits: 135_504 },
        });
    });

    it('keeps the value that stands for lossless', () => {
        const line =
            'POC    0 QP 36 AVG QP 36.0 (I-frame)    1039656 bits PSNR Y 999.9900 U 999.9900 V 999.9900';
        expect(parseFrameLine(line)?.frame.psnr).toEqual({ y: 999.99, u: 999.99, v: 999.99 });
    });

    it.each(['--owf=auto value set to 2.', 'Input: -, output: o3.hevc', ' FPS: 88.78', ''])(
        'leaves "%s" alone',
        (line) => {
            expect(parseFrameLine(line)).toBeUndefined();
        },
    );
});

describe('parseSummaryLine', () => {
    it('reads the totals', () => {
        const line =
            ' Processed 389 frames,    3131392 bits AVG PSNR Y 46.8677 U 53.3045 V 54.5738';
        expect(parseSummaryLine(line)).toEqual({
            frames: 389,
            bits: 3_131_392,
            psnr: { y: 46.8677, u: 53.3045, v: 54.5738 },
        });
    });

    it('reads the totals without PSNR', () => {
        expect(parseSummaryLine(' Processed 10 frames,     261488 bits')).toEqual({
            frames: 10,
            bits: 261_488,
            psnr: undefined,
        });
    });

    it('leaves other lines alone', () => {
        expect(parseSummaryLine(' Encoding time: 4.230 s.')).toBeUndefined();
    });
});
