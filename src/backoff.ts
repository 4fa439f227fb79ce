/** Waiting before something is tried again, the same in commands, workers and the daemon. */
import { setTimeout as delay } from 'node:timers/promises';

export interface BackoffRange {
    /** Upper bound of the first delay, milliseconds. */
    firstMs: number;
    /** Upper bound of every later delay, milliseconds. */
    maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (0 is the first retry): doubling, with the upper
 * half random so that those that failed together do not come back together.
 * @param random a number in [0, 1)
 */
export function backoffMs(attempt: number, range: BackoffRange, random = Math.random()): number {
    const bound = Math.min(range.maxMs, range.firstMs * 2 ** Math.min(attempt, 30));
    return bound / 2 + (bound / 2) * random;
}

/** Waits. @throws the signal's reason as soon as it is aborted */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
        await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
        signal?.throwIfAborted();
        throw error;
    }
}

/** Milliseconds asked for by a Retry-After header: seconds or a date; undefined when unusable. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | undefined {
    if (header === undefined || header.trim() === '') return undefined;
    const seconds = Number(header);
    if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1000 : undefined;
    const date = Date.parse(header);
    return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
