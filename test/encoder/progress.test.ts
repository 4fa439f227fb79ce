import { describe, expect, it } from 'vitest';
import { FrameStatistics } from '../../src/encoder/frame-statistics.js';
import type { FrameReport } from '../../src/encoder/frame-statistics.js';
import type { ProgressEvent } from '../../src/encoder/job.js';
import { ProgressMeter } from '../../src/encoder/progress.js';

const FRAME: FrameReport = {
    poc: 0,
    type: 'P',
    qp: 22,
    bits: 1000,
    psnr: { y: 40, u: 42, v: 44 },
};

/** A meter on a clock that the test moves. */
function setUp(expectedFrames: number | undefined) {
    const clock = { ms: 0 };
    const events: ProgressEvent[] = [];
    const meter = new ProgressMeter({
        fps: { num: 25, den: 1 },
        expectedFrames,
        logoFrames: 0,
        secondsAfter: 0,
        statistics: new FrameStatistics(),
        emit: (event) => events.push(event),
        now: () => clock.ms,
    });
    const encodeFrames = async (count: number, msEach: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
            clock.ms += msEach;
            meter.frame(FRAME);
            // Each comes alone.
            await Promise.resolve();
        }
    };
    return { meter, events, encodeFrames };
}

describe('ProgressMeter', () => {
    it('tells speed, share, time left, bitrate and PSNR', async () => {
        const { events, encodeFrames } = setUp(100);
        await encodeFrames(50, 20);
        expect(events.at(-1)).toEqual({
            type: 'progress',
            frame: 40,
            frames: 100,
            fps: 50,
            percent: 40,
            etaSeconds: 1,
            bitrateBps: 25_000,
            // 100 frames in stretches of three.
            frameBytes: Array.from({ length: 14 }, () => 125),
            psnr: { y: 40, u: 42, v: 44 },
        });
    });

    it('tells the newest of frames that come together', async () => {
        const { meter, events } = setUp(100);
        for (let i = 0; i < 20; i++) meter.frame(FRAME);
        await Promise.resolve();
        expect(events.map(({ frame }) => frame)).toEqual([20]);
        for (let i = 0; i < 80; i++) meter.frame(FRAME);
        meter.finish();
        await Promise.resolve();
        expect(events.map(({ frame }) => frame)).toEqual([20, 100]);
    });

    it('sends about four events a second, and always a last one', async () => {
        const { meter, events, encodeFrames } = setUp(1000);
        await encodeFrames(1000, 1);
        expect(events.length).toBeLessThanOrEqual(5);
        meter.finish();
        expect(events.at(-1)).toMatchObject({ frame: 1000, frames: 1000, percent: 100 });
    });

    it('follows a speed that changes', async () => {
        const { events, encodeFrames } = setUp(100_000);
        await encodeFrames(1000, 10);
        await encodeFrames(200, 100);
        expect(events.at(-1)?.fps).toBe(10);
    });

    it('gives no share and no time left while the total is unknown', async () => {
        const { events, encodeFrames } = setUp(undefined);
        await encodeFrames(50, 20);
        expect(events.at(-1)).not.toHaveProperty('percent');
        expect(events.at(-1)).not.toHaveProperty('etaSeconds');
    });

    it('never shows more frames done than expected', async () => {
        const { events, encodeFrames } = setUp(10);
        await encodeFrames(50, 20);
        for (const { frame, frames, percent } of events) {
            expect(frames).toBeGreaterThanOrEqual(frame);
            expect(percent).toBeLessThanOrEqual(100);
        }
    });
});
