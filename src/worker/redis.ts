/** The connection to Redis that the daemon and its workers share a queue through. */
import { Redis } from 'ioredis';
import type { RedisAddress } from '../config/redis-address.js';
import { tlsOptions } from '../config/tls-trust.js';

const RECONNECT_MAX_MS = 2_000;

/**
 * A connection that comes back by itself after Redis was away; commands wait meanwhile.
 * @param ca the authorities (PEM) that a certificate (rediss) must be of; default: the usual ones
 * @param onError told of each failure to connect
 */
export function openRedis(
    address: RedisAddress,
    ca: string | undefined,
    onError: (error: Error) => void,
): Redis {
    const redis = new Redis(address.url, {
        ...(address.url.startsWith('rediss:') && { tls: tlsOptions(ca) }),
        // What BullMQ asks for: its blocking commands wait as long as it takes.
        maxRetriesPerRequest: null,
        retryStrategy: (times: number) =>
            Math.min(100 * 2 ** Math.min(times, 10), RECONNECT_MAX_MS),
    });
    redis.on('error', onError);
    return redis;
}
