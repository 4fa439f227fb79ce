import { describe, expect, it } from 'vitest';
import { selectRange } from '../../../src/daemon/http/range.js';

const select = (headers: Record<string, string>): unknown => selectRange(headers, 100, '"a"');
const whole = { status: 200, range: [0, 100] };

describe('a range', () => {
    it.each([
        ['bytes=0-9', [0, 10]],
        ['bytes=10-', [10, 100]],
        ['bytes=-10', [90, 100]],
        ['bytes=-1000', [0, 100]],
        ['bytes=0-1000', [0, 100]],
        ['Bytes= 99-99 ', [99, 100]],
    ])('%s is %j', (range, expected) => {
        expect(select({ range })).toEqual({ status: 206, range: expected });
    });

    it.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=999999999999999-'])(
        '%s is not there',
        (range) => {
            expect(select({ range })).toEqual({ status: 416 });
        },
    );

    it.each(['bytes=0-1,4-5', 'bytes=9-1', 'bytes=-', 'bytes=a-b', 'lines=0-1', 'bytes=0x1-', ''])(
        'of "%s" is passed over',
        (range) => {
            expect(select({ range })).toEqual(whole);
        },
    );

    it.each([
        ['"a"', { status: 206, range: [5, 100] }],
        ['"b"', whole],
        ['W/"a"', whole],
        ['"a", "b"', whole],
        ['Sun, 22 Nov 2026 00:00:00 GMT', whole],
    ])('is sent if it is of the version %s', (tag, expected) => {
        expect(select({ range: 'bytes=5-', 'if-range': tag })).toEqual(expected);
    });
});

describe('a condition', () => {
    it.each([
        [{ 'if-none-match': '"a"' }, { status: 304 }],
        [{ 'if-none-match': '"b", W/"a"' }, { status: 304 }],
        [{ 'if-none-match': '*', range: 'bytes=0-1' }, { status: 304 }],
        [{ 'if-none-match': '"b"' }, whole],
        [{ 'if-match': '"a"' }, whole],
        [{ 'if-match': '*' }, whole],
        [{ 'if-match': '"b"' }, { status: 412 }],
        [{ 'if-match': 'W/"a"' }, { status: 412 }],
    ])('%j', (headers, expected) => {
        expect(select(headers as Record<string, string>)).toEqual(expected);
    });
});
