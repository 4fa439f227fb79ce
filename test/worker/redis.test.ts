import { expect, it } from 'vitest';
import { describeRedis, parseRedisAddress } from '../../src/config/redis-address.js';
import { bullmqPriority, ticketId } from '../../src/worker/ticket.js';

it.each([
    ['redis://host', { url: 'redis://host', prefix: 'kvz-cloud' }],
    ['rediss://u:p%40@host:6380/2', { url: 'rediss://u:p%40@host:6380/2', prefix: 'kvz-cloud' }],
    ['redis://host/0?prefix=lab', { url: 'redis://host/0', prefix: 'lab' }],
])('reads %s', (text, address) => {
    expect(parseRedisAddress(text)).toEqual(address);
});

it.each([
    ['http://host', 'expected redis://'],
    ['redis://', 'expected redis://'],
    ['redis://host/jobs', 'number of a database'],
    ['redis://host?prefix=a:b', 'prefix of letters'],
    ['redis://host?db=2', '"db" is not known'],
])('refuses %s', (text, message) => {
    expect(() => parseRedisAddress(text)).toThrow(message);
});

it('shows an address without its password, in errors as well', () => {
    const address = parseRedisAddress('redis://me:secret@host/1?prefix=lab');
    expect(describeRedis(address)).toBe('redis://host/1 (lab)');
    expect(() => parseRedisAddress('redis://me:secret@host/nowhere')).toThrow(
        expect.not.stringContaining('secret'),
    );
});

it('turns priorities round: a higher one is a lower number, and none is zero', () => {
    expect(bullmqPriority(100)).toBe(1);
    expect(bullmqPriority(0)).toBe(101);
    expect(bullmqPriority(-100)).toBe(201);
});

it('names a ticket by its job and attempt', () => {
    expect(ticketId({ jobId: 'a', attempt: 1 })).not.toBe(ticketId({ jobId: 'a', attempt: 2 }));
});
