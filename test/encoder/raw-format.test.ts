import { describe, expect, it } from 'vitest';
import { EncodeError } from '../../src/encoder/errors.js';
import { checkRawFormat, resolvePixelFormat } from '../../src/encoder/raw-format.js';

const NAMES = [
    ...['yuv420p', 'yuv422p', 'yuv444p', 'yuv420p10le', 'yuv420p10be', 'yuv444p12le'],
    ...['gray', 'gray10le', 'nv12', 'p010le', 'yuyv422', 'rgb24', 'bgra', 'bgr4'],
];
const KNOWN = new Map(NAMES.map((name) => [name, { isConvertible: name !== 'bgr4' }]));

describe('resolvePixelFormat', () => {
    it.each([
        ['yuv420p', 'yuv420p'],
        ['I420', 'yuv420p'],
        ['iyuv', 'yuv420p'],
        ['420', 'yuv420p'],
        ['420p8', 'yuv420p'],
        ['yuv422', 'yuv422p'],
        ['i444', 'yuv444p'],
        ['420p10', 'yuv420p10le'],
        ['yuv420p10', 'yuv420p10le'],
        ['yuv420p10be', 'yuv420p10be'],
        ['444p12le', 'yuv444p12le'],
        ['p010', 'p010le'],
        ['400', 'gray'],
        ['Y800', 'gray'],
        ['400p10', 'gray10le'],
        [' NV12 ', 'nv12'],
        ['yuy2', 'yuyv422'],
    ])('takes %s for %s', (written, name) => {
        expect(resolvePixelFormat(written, KNOWN)).toEqual({ name, swapsChroma: false });
    });

    it('knows formats with V before U', () => {
        expect(resolvePixelFormat('YV12', KNOWN)).toEqual({ name: 'yuv420p', swapsChroma: true });
    });

    it.each(['', 'yuv', '420p9x', 'nv12x', '421p10', 'file:x'])('refuses "%s"', (written) => {
        expect(() => resolvePixelFormat(written, KNOWN)).toThrow(EncodeError);
    });

    it('refuses what ffmpeg can only write', () => {
        expect(() => resolvePixelFormat('bgr4', KNOWN)).toThrow(/cannot convert/);
    });
});

describe('checkRawFormat', () => {
    const good = { width: 16, height: 16, fps: { num: 25, den: 1 }, pixelFormat: 'i420' };

    it.each([
        { width: 0 },
        { height: -2 },
        { width: 1.5 },
        { height: Number.NaN },
        { fps: { num: 0, den: 1 } },
        { fps: { num: 25, den: 0 } },
    ])('refuses %o', (change) => {
        expect(() => checkRawFormat({ ...good, ...change })).toThrow(/positive integers/);
        expect(() => checkRawFormat(good)).not.toThrow();
    });
});
