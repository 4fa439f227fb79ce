import { describe, expect, it } from 'vitest';
import {
    formatBitrate,
    formatBytes,
    formatDuration,
    formatElapsed,
    formatFps,
    formatPsnr,
    formatRatio,
    percentOf,
    shorten,
} from '../../../src/cli/ui/format.js';

describe('numbers as people read them', () => {
    it.each([
        [0, '0 B'],
        [999, '999 B'],
        [1_000, '1.00 kB'],
        [9_994, '9.99 kB'],
        [9_996, '10.0 kB'],
        [99_960, '100 kB'],
        [999_499, '999 kB'],
        [999_500, '1.00 MB'],
        [50_000_000_000, '50.0 GB'],
        [5e15, '5000 TB'],
    ])('%i bytes: %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

    it.each([
        [0, '0:00'],
        [59.4, '0:59'],
        [59.6, '1:00'],
        [3_599, '59:59'],
        [3_723, '1:02:03'],
        [-1, '0:00'],
    ])('%d seconds: %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));

    it.each([
        [100, 39, '39 %, 2.6:1'],
        [1000, 12, '1.2 %, 83.3:1'],
        [100, 100, '100 %, 1.0:1'],
        [100, 132, '132 %, larger than the input'],
    ])('%i bytes that become %i: %s', (input, output, text) =>
        expect(formatRatio(input, output)).toBe(text),
    );

    it.each([
        [0, 10, 0],
        [999, 1_000, 99],
        [1_000, 1_000, 100],
        [5, 0, 0],
    ])('%i of %i: %i %%', (part, whole, percent) => expect(percentOf(part, whole)).toBe(percent));

    it('names bitrates, speeds, times and qualities', () => {
        expect(formatBitrate(1_234_567)).toBe('1.23 Mbit/s');
        expect(formatFps(31.25)).toBe('31.3 fps');
        expect(formatFps(212.7)).toBe('213 fps');
        expect(formatElapsed(4.21)).toBe('4.2 s');
        expect(formatElapsed(83)).toBe('1:23');
        expect(formatPsnr(41.234)).toBe('PSNR 41.23 dB');
        expect(formatPsnr(999.99)).toBe('lossless');
    });

    it.each([
        ['short.mp4', 20, 'short.mp4'],
        ['a-very-long-name.mp4', 11, 'a-ver…e.mp4'],
        ['abc', 1, 'a'],
        ['abc', 0, ''],
    ])('%s in %i characters: %s', (text, width, short) => expect(shorten(text, width)).toBe(short));
});
