import { describe, expect, it } from 'vitest';
import { Buckets } from '../../../src/daemon/access/buckets.js';
import { Limits, networkOf } from '../../../src/daemon/access/limits.js';

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('a token bucket', () => {
    it('gives its burst at once, then its pace', () => {
        const buckets = new Buckets<string>({ perSecond: 10, burst: 3 });
        expect([1, 2, 3, 4].map(() => buckets.take('a', 0))).toEqual([0, 0, 0, 100]);
        expect(buckets.take('b', 0)).toBe(0);
        expect(buckets.take('a', 98)).toBeGreaterThan(0);
        expect(buckets.take('a', 101)).toBe(0);
        // After a rest there is no more than the burst.
        expect([1, 2, 3, 4].map(() => buckets.take('a', 1e6))).toEqual([0, 0, 0, 100]);
    });

    it('lets a debt be waited for', () => {
        const buckets = new Buckets<string>({ perSecond: 10, burst: 3 });
        buckets.charge('a', 23, 0);
        expect(buckets.waitMs('a', 0)).toBe(2100);
        expect(buckets.waitMs('a', 2100)).toBe(0);
    });

    it('remembers a bounded number of keys', () => {
        const buckets = new Buckets<number>({ perSecond: 1, burst: 1 }, 100);
        for (let key = 0; key < 100_000; key += 1) buckets.take(key, 0);
        expect(buckets.size).toBe(100);
        expect(buckets.take(99_999, 0)).toBeGreaterThan(0);
        expect(buckets.take(0, 0)).toBe(0);
    });
});

it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
])('%s is of %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
});

describe('limits', () => {
    const limits = (): Limits =>
        new Limits({
            requestsPerSecond: 2,
            messagesPerSecond: 2,
            socketsPerUser: 2,
            transfersPerUser: 2,
        });

    it('are each user’s own', () => {
        const all = limits();
        for (let i = 0; i < 4; i += 1) all.request(1);
        expect(() => all.request(1)).toThrow(code('TOO_MANY_REQUESTS'));
        expect(() => all.request(2)).not.toThrow();
        const close = all.openSocket(1);
        all.openSocket(1);
        expect(() => all.openSocket(1)).toThrow(code('TOO_MANY_SOCKETS'));
        close();
        // A second time it closes nothing.
        close();
        all.openSocket(1);
        expect(() => all.openSocket(1)).toThrow(code('TOO_MANY_SOCKETS'));
        const end = all.beginTransfer(1);
        all.beginTransfer(1);
        expect(() => all.beginTransfer(1)).toThrow(code('TOO_MANY_REQUESTS'));
        expect(() => all.beginTransfer(2)).not.toThrow();
        end();
        expect(() => all.beginTransfer(1)).not.toThrow();
    });

    it('bound what all users receive at once', () => {
        const all = limits();
        const begin = (): void => {
            for (let user = 0; user < 1000; user += 1) all.beginTransfer(user);
        };
        expect(begin).toThrow(code('TOO_MANY_REQUESTS'));
    });

    it('count long messages and answers as several', () => {
        const all = limits();
        all.countMessage(1, 100);
        expect(all.messageWaitMs(1)).toBe(0);
        all.countMessage(1, 8 * 1024 * 6, true);
        expect(all.messageWaitMs(1)).toBeGreaterThan(1000);
    });
});
