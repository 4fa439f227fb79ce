/**
 * Whose a queue in Redis is. Two daemons that wrote their tickets under one prefix would hand each
 * other's workers tickets that are worth nothing; so the first one owns it, until it has been away
 * for a while, and the second one waits and says so.
 */
import type { Redis } from 'ioredis';

/** An owner that is silent for so long has lost its queue; it is renewed far more often. */
const OWNED_MS = 30_000;

export interface QueueOwner {
    /** Of the data folder: a daemon that is started again on it goes on at once. */
    id: string;
    /** What people know it by, such as machine and folder. */
    name: string;
}

// The value is the id, a space and the name. The answer is empty, or the name of another owner.
const HOLD = `
local owner = redis.call('GET', KEYS[1])
if owner and string.sub(owner, 1, string.len(ARGV[1]) + 1) ~= ARGV[1] .. ' ' then
    return string.match(owner, ' (.*)') or owner
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return ''`;

const RELEASE = `
local owner = redis.call('GET', KEYS[1])
if owner and string.sub(owner, 1, string.len(ARGV[1]) + 1) == ARGV[1] .. ' ' then
    redis.call('DEL', KEYS[1])
end`;

export class Ownership {
    readonly #redis: Redis;
    readonly #key: string;
    readonly #owner: QueueOwner;

    constructor(redis: Redis, prefix: string, owner: QueueOwner) {
        this.#redis = redis;
        this.#key = `${prefix}:owner`;
        this.#owner = owner;
    }

    /** Takes or keeps the queue. @returns the name of another owner; undefined when it is this one */
    async hold(): Promise<string | undefined> {
        const { id, name } = this.#owner;
        const other = await this.#redis.eval(HOLD, 1, this.#key, id, name, OWNED_MS);
        return other === '' ? undefined : String(other);
    }

    /** Lets another daemon have the queue at once. */
    async release(): Promise<void> {
        await this.#redis.eval(RELEASE, 1, this.#key, this.#owner.id);
    }
}
