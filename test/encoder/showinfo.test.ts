import { describe, expect, it } from 'vitest';
import { parseShowinfo } from '../../src/encoder/showinfo.js';

const PREFIX = '[Parsed_showinfo_0 @ 0x55bf64016fc0] [info] ';

describe('parseShowinfo, on lines of ffmpeg 5.1', () => {
    it('reads a frame', () => {
        const line = `${PREFIX}n:   1 pts:     33 pts_time:0.033   pos:    24070 fmt:yuvj420p sar:0/1 s:640x480 i:P iskey:0 type:B `;
        expect(parseShowinfo(line)).toEqual({
            type: 'frame',
            pts: 33,
            width: 640,
            height: 480,
            scan: 'P',
        });
    });

    it('reads the line of newer versions, which has durations', () => {
        const line = `${PREFIX}n:   0 pts:   1024 pts_time:0.08    duration:   1024 duration_time:0.08    fmt:yuv420p cl:left sar:1/1 s:768x432 i:T iskey:1 type:I `;
        expect(parseShowinfo(line)).toMatchObject({ pts: 1024, width: 768, scan: 'T' });
    });

    it('reads frames before zero and without a time', () => {
        const rest = 'pos:1 fmt:gray sar:1/1 s:2x2 i:B iskey:1 type:I ';
        expect(parseShowinfo(`${PREFIX}n:   0 pts:   -512 pts_time:-0.04 ${rest}`)).toMatchObject({
            pts: -512,
            scan: 'B',
        });
        expect(parseShowinfo(`${PREFIX}n:   0 pts:  NOPTS pts_time:NOPTS ${rest}`)).toMatchObject({
            type: 'frame',
            pts: undefined,
        });
    });

    it('reads the time base', () => {
        const line = `${PREFIX}config in time_base: 1/25000, frame_rate: 25/2`;
        expect(parseShowinfo(line)).toEqual({ type: 'config', timeBase: { num: 1, den: 25_000 } });
    });

    it.each([
        'config out time_base: 0/0, frame_rate: 0/0',
        '  side data - User Data Unregistered:',
        'UUID=dc45e9bd-e6d9-48b7-962c-d820d923eeef',
        'color_range:pc color_space:unknown color_primaries:unknown color_trc:unknown',
        '',
    ])('takes "%s" as a detail', (text) => {
        expect(parseShowinfo(`${PREFIX}${text}`)).toEqual({ type: 'detail' });
    });

    it.each([
        '[info]   Duration: 00:00:02.97, start: 0.000000, bitrate: 676 kb/s',
        `[info]     title           : ${PREFIX}n:   0 pts:  99 s:1x1 i:P `,
        '[matroska,webm @ 0x55fbf7b43980] [error] File ended prematurely',
    ])('leaves "%s" to others', (line) => {
        expect(parseShowinfo(line)).toBeUndefined();
    });
});
