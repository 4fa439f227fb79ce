import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src/daemon/access/gate.js';

interface Asked {
    from?: string;
    encrypted?: boolean;
    headers: Record<string, string>;
}

/** A request as node:http gives it, on port 8265. */
const request = ({ from = '127.0.0.1', encrypted = false, headers }: Asked): IncomingMessage =>
    ({
        headers,
        rawHeaders: Object.entries(headers).flat(),
        socket: {
            encrypted,
            remoteAddress: from,
            address: () => ({ port: 8265, address: '127.0.0.1', family: 'IPv4' }),
        },
    }) as unknown as IncomingMessage;

const gate = (settings: Partial<ConstructorParameters<typeof Gate>[0]> = {}): Gate =>
    new Gate({ host: '127.0.0.1', publicHosts: [], trustedProxies: [], ...settings });

const isLetIn = (at: Gate, asked: Asked): boolean => {
    try {
        at.check(request(asked));
        return true;
    } catch {
        return false;
    }
};

describe('Host', () => {
    const asks = (at: Gate, host: string): boolean => isLetIn(at, { headers: { host } });

    it('is loopback with the port, on loopback', () => {
        const local = gate();
        for (const host of ['127.0.0.1:8265', 'localhost:8265', 'LOCALHOST:8265', '[::1]:8265']) {
            expect([host, asks(local, host)]).toEqual([host, true]);
        }
        for (const host of [
            ...['127.0.0.1', '127.0.0.1:80', 'evil.example:8265', 'localhost.evil.example:8265'],
            ...['evil@127.0.0.1:8265', '127.0.0.1:8265/x', '127.0.0.1:8265#x', '10.0.0.1:8265'],
            ...['', ' ', '127.0.0.1:8265, evil.example', '2130706433.evil:8265', '::1'],
        ]) {
            expect([host, asks(local, host)]).toEqual([host, false]);
        }
        expect(isLetIn(local, { headers: {} })).toBe(false);
    });

    it('is an address, its own name or a public name, elsewhere', () => {
        const open = gate({
            host: 'encoder.lan',
            publicHosts: ['video.example.org', 'b.org:8443'],
        });
        for (const host of [
            ...['encoder.lan:8265', '10.0.0.1:8265', '[2001:db8::1]:8265', 'video.example.org'],
            ...['VIDEO.example.org:1234', 'b.org:8443'],
        ]) {
            expect([host, asks(open, host)]).toEqual([host, true]);
        }
        for (const host of ['evil.example', 'b.org', 'b.org:1', 'xvideo.example.org']) {
            expect([host, asks(open, host)]).toEqual([host, false]);
        }
    });

    it('is given once', () => {
        const twice = request({ headers: { host: '127.0.0.1:8265' } });
        twice.rawHeaders.push('HOST', '127.0.0.1:8265');
        expect(() => gate().check(twice)).toThrow('two headers');
    });
});

describe('Origin', () => {
    const asks = (at: Gate, origin: string, more: Partial<Asked> = {}): boolean =>
        isLetIn(at, { ...more, headers: { host: '127.0.0.1:8265', ...more.headers, origin } });

    it('is the daemon’s own', () => {
        const local = gate();
        expect(asks(local, 'http://127.0.0.1:8265')).toBe(true);
        expect(asks(local, 'http://localhost:8265')).toBe(true);
        for (const origin of [
            ...['null', 'http://evil.example', 'http://127.0.0.1', 'http://127.0.0.1:9'],
            ...['https://127.0.0.1:8265', 'file://', 'http://127.0.0.1:8265.evil.example'],
        ]) {
            expect([origin, asks(local, origin)]).toEqual([origin, false]);
        }
    });

    it('has the scheme that the client used', () => {
        const open = gate({ publicHosts: ['video.example.org'], trustedProxies: ['10.0.0.0/8'] });
        const at = (more: Partial<Asked>, origin: string): boolean =>
            asks(open, origin, {
                ...more,
                headers: { host: 'video.example.org', ...more.headers },
            });
        const https = 'https://video.example.org';
        expect(at({ encrypted: true }, https)).toBe(true);
        expect(at({ encrypted: true }, 'http://video.example.org')).toBe(false);
        expect(at({}, https)).toBe(false);
        const forwarded = { headers: { 'x-forwarded-proto': 'https' } };
        expect(at({ from: '10.1.2.3', ...forwarded }, https)).toBe(true);
        expect(at({ from: '192.0.2.1', ...forwarded }, https)).toBe(false);
        expect(at({ from: '10.1.2.3' }, 'https://other.example.org')).toBe(false);
    });
});

describe('the address', () => {
    const at = gate({ trustedProxies: ['10.0.0.1', '192.168.0.0/16', '2001:db8::/32'] });
    const address = (from: string, forwarded: string): string =>
        at.addressOf(request({ from, headers: { 'x-forwarded-for': forwarded } }));

    it.each([
        ['203.0.113.9', '1.2.3.4', '203.0.113.9'],
        ['10.0.0.1', '1.2.3.4', '1.2.3.4'],
        ['::ffff:10.0.0.1', '1.2.3.4', '1.2.3.4'],
        ['10.0.0.1', '6.6.6.6, 1.2.3.4, 192.168.7.7', '1.2.3.4'],
        ['10.0.0.1', 'garbage', '10.0.0.1'],
        ['10.0.0.1', '', '10.0.0.1'],
        ['2001:db8::9', '1.2.3.4', '1.2.3.4'],
    ])('from %s with %j is %s', (from, forwarded, expected) => {
        expect(address(from, forwarded)).toBe(expected);
    });
});

describe('a client on this machine', () => {
    const isLocal = (from: string, headers: Record<string, string> = {}): boolean =>
        gate({ trustedProxies: ['127.0.0.2'] }).isDirectlyLocal(request({ from, headers }));

    it.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('comes from %s', (from) => {
        expect(isLocal(from)).toBe(true);
    });

    it.each(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '::', '', '127.0.0.2'])(
        'does not come from %j',
        (from) => {
            expect(isLocal(from)).toBe(false);
        },
    );

    it.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])(
        'says no %s',
        (name) => {
            expect(isLocal('127.0.0.1', { [name]: '' })).toBe(false);
        },
    );
});
