/** Where a request comes from, and whether it names this daemon: the check against web pages. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { isLoopbackHost } from '../../config/loopback.js';
import type { Settings } from '../../config/settings.js';
import { KvzError } from '../../protocol/errors.js';

/** Headers that decide who is served; a second one is how proxies and daemons are made to disagree. */
const SINGLE = new Set(['host', 'origin', 'authorization']);

/** What proxies add to the requests that they hand on. */
const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** An address as it is written usually: IPv4 that came in over an IPv6 socket without its prefix. */
const plainAddress = (address = ''): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

function listOf(entries: readonly string[]): BlockList {
    const list = new BlockList();
    for (const entry of entries) {
        const [address = '', prefix] = entry.split('/');
        if (prefix === undefined) list.addAddress(address, familyOf(address));
        else list.addSubnet(address, Number(prefix), familyOf(address));
    }
    return list;
}

export class Gate {
    readonly #publicHosts: ReadonlySet<string>;
    readonly #isLoopback: boolean;
    readonly #proxies: BlockList;

    constructor(settings: Pick<Settings, 'host' | 'publicHosts' | 'trustedProxies'>) {
        const { host, publicHosts, trustedProxies } = settings;
        this.#isLoopback = isLoopbackHost(host);
        this.#publicHosts = new Set([...publicHosts, ...(isIP(host) ? [] : [host.toLowerCase()])]);
        this.#proxies = listOf(trustedProxies);
    }

    isTrustedProxy(address: string | undefined): boolean {
        const plain = plainAddress(address);
        return isIP(plain) !== 0 && this.#proxies.check(plain, familyOf(plain));
    }

    /** Whether the client is a process of this machine, with no proxy in between that says so. */
    isDirectlyLocal({ socket, headers }: IncomingMessage): boolean {
        const address = plainAddress(socket.remoteAddress);
        const isForwarded = FORWARDING.some((name) => headers[name] !== undefined);
        return isLoopbackHost(address) && !this.isTrustedProxy(address) && !isForwarded;
    }

    /**
     * The client's address. Each proxy appends whom it was asked by to X-Forwarded-For, so the last
     * entry that is no trusted proxy is the client; what stands before it may be made up.
     */
    addressOf(request: IncomingMessage): string {
        let address = plainAddress(request.socket.remoteAddress);
        const hops = String(request.headers['x-forwarded-for'] ?? '').split(',');
        while (this.isTrustedProxy(address) && hops.length > 0) {
            const hop = plainAddress(hops.pop()?.trim());
            if (isIP(hop) === 0) break;
            address = hop;
        }
        return address;
    }

    /**
     * Refuses what a page in a browser could send here: a Host that is not this daemon's (DNS
     * rebinding), or the Origin of another site.
     * @throws KvzError FORBIDDEN_HOST; BAD_MESSAGE where such a header is given twice
     */
    check(request: IncomingMessage): void {
        this.#checkSingle(request.rawHeaders);
        const { port } = request.socket.address() as AddressInfo;
        const { host, origin } = request.headers;
        if (host === undefined || !this.#isOurs(host, port)) {
            throw new KvzError(
                'FORBIDDEN_HOST',
                `this daemon is not ${host ?? 'nameless'}; its setting publicHosts says what it is`,
            );
        }
        if (origin !== undefined && !this.#isSameSite(request, origin, host, port)) {
            throw new KvzError('FORBIDDEN_HOST', 'requests from other sites are not allowed');
        }
    }

    #checkSingle(rawHeaders: readonly string[]): void {
        const seen = new Set<string>();
        for (let i = 0; i < rawHeaders.length; i += 2) {
            const name = rawHeaders[i]?.toLowerCase() ?? '';
            if (!SINGLE.has(name)) continue;
            if (seen.has(name)) throw new KvzError('BAD_MESSAGE', `two headers "${name}"`);
            seen.add(name);
        }
    }

    /** Whether a Host header names this daemon. */
    #isOurs(host: string, port: number): boolean {
        // Anything else, a user name for instance, would have URL see another host.
        if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(`http://${host}`)) return false;
        const { hostname, port: named } = new URL(`http://${host}`);
        const name = hostname.replace(/^\[(.*)\]$/, '$1');
        if (isLoopbackHost(hostname) && Number(named || 80) === port) return true;
        if (this.#publicHosts.has(name) || this.#publicHosts.has(host.toLowerCase())) return true;
        // No name, nothing to rebind: a page's own address cannot become another machine's.
        return !this.#isLoopback && isIP(name) !== 0;
    }

    /** Whether a page at `origin` may talk to the daemon that it calls `host`. */
    #isSameSite(request: IncomingMessage, origin: string, host: string, port: number): boolean {
        if (!URL.canParse(origin)) return false;
        const page = new URL(origin);
        const schemes = this.#schemesOf(request);
        if (!schemes.includes(page.protocol)) return false;
        const here = new URL(`${page.protocol}//${host}`);
        if (page.host === here.host) return true;
        const pagePort = Number(page.port || (page.protocol === 'https:' ? 443 : 80));
        return isLoopbackHost(page.hostname) && isLoopbackHost(here.hostname) && pagePort === port;
    }

    /** How the client may have reached this daemon. */
    #schemesOf(request: IncomingMessage): string[] {
        if ((request.socket as Partial<TLSSocket>).encrypted) return ['https:'];
        if (!this.isTrustedProxy(request.socket.remoteAddress)) return ['http:'];
        const forwarded = request.headers['x-forwarded-proto'];
        return forwarded === undefined ? ['http:', 'https:'] : [`${String(forwarded)}:`];
    }
}
