import { describe, expect, it } from 'vitest';
import { backoffMs, retryAfterMs, sleep } from '../src/backoff.js';

describe('backoff', () => {
    const range = { firstMs: 100, maxMs: 1_000 };

    it('doubles up to its bound, and never waits less than half of it', () => {
        const bounds = [0, 1, 2, 3, 4, 50].map((attempt) => [
            backoffMs(attempt, range, 0),
            backoffMs(attempt, range, 1),
        ]);
        expect(bounds).toEqual([
            [50, 100],
            [100, 200],
            [200, 400],
            [400, 800],
            [500, 1_000],
            [500, 1_000],
        ]);
    });

    it.each([
        ['3', 3_000],
        ['0', 0],
        ['Thu, 01 Jan 1970 00:00:10 GMT', 7_000],
        ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
        ['-1', undefined],
        ['soon', undefined],
        ['', undefined],
        [undefined, undefined],
    ])('reads Retry-After: %s', (header, expected) => {
        expect(retryAfterMs(header, 3_000)).toBe(expected);
    });

    it('ends a sleep with the reason of its signal', async () => {
        const controller = new AbortController();
        const reason = new Error('stop');
        const sleeping = sleep(60_000, controller.signal);
        controller.abort(reason);
        await expect(sleeping).rejects.toBe(reason);
    });
});
