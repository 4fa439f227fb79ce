/** Where the queue is that several machines share. */

const DEFAULT_PREFIX = 'kvz-cloud';
/** Letters that BullMQ's keys can bear: a colon would separate, braces choose a cluster's slot. */
const PREFIX_PATTERN = /^[A-Za-z0-9_.-]{1,64}$/;

export interface RedisAddress {
    /** redis:// or rediss:// (TLS), with user, password, host, port and database. */
    url: string;
    /** Begins each key, so that several daemons can use one Redis. */
    prefix: string;
}

/**
 * Reads `redis[s]://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?prefix=NAME]`.
 * @throws Error saying what is expected; it does not repeat the address, which may hold a password
 */
export function parseRedisAddress(text: string): RedisAddress {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
        throw new Error('expected redis://HOST[:PORT][/DATABASE], or rediss:// for TLS');
    }
    if (!/^(\/\d*)?$/.test(url.pathname)) {
        throw new Error('expected the number of a database after the host, as in redis://HOST/0');
    }
    const prefix = url.searchParams.get('prefix') ?? DEFAULT_PREFIX;
    if (!PREFIX_PATTERN.test(prefix)) {
        throw new Error('expected a prefix of letters, digits, ".", "_" and "-"');
    }
    const unknown = [...url.searchParams.keys()].find((key) => key !== 'prefix');
    if (unknown !== undefined) throw new Error(`"${unknown}" is not known; only "prefix" is`);
    url.search = '';
    return { url: url.toString(), prefix };
}

/** The address as it may be shown and logged: without its password. */
export function describeRedis({ url, prefix }: RedisAddress): string {
    const shown = new URL(url);
    shown.username = '';
    shown.password = '';
    return `${shown.toString()} (${prefix})`;
}
