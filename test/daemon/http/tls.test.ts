/** TLS with certificates made on the spot by openssl, and commands that trust their authority. */
import { copyFileSync } from 'node:fs';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { connect } from '../../../src/client/index.js';
import { readTlsFiles } from '../../../src/daemon/http/tls-files.js';
import { makeCertificates, type Certificate } from '../../helpers/certificates.js';
import { newToken, startTestDaemon } from '../../helpers/daemon.js';
import { temporaryFolder } from '../../helpers/temporary.js';

/** A connection that trusts anybody, to look at what is served. */
async function look(url: string, options: object = {}): Promise<TLSSocket> {
    const { port } = new URL(url);
    const socket = connectTls({
        ...{ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false, ...options },
    });
    await new Promise((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
    });
    return socket;
}

const code = (expected: string): object => expect.objectContaining({ code: expected }) as object;

describe('a daemon with a certificate', () => {
    it('serves commands that trust its authority, and no others', async () => {
        const { cert, key, ca } = makeCertificates();
        const { url } = await startTestDaemon({ tlsCert: cert, tlsKey: key });
        expect(url).toMatch(/^https:\/\/127\.0\.0\.1:/);
        const env = { KVZ_CLOUD_HOME: temporaryFolder(), NODE_TLS_REJECT_UNAUTHORIZED: '0' };
        const open = async (more: object): ReturnType<typeof connect> =>
            connect({ server: url, token: newToken(), env: { ...env, ...more } });
        const client = await open({ KVZ_CLOUD_TLS_CA: ca });
        expect((await client.jobs()).length).toBe(0);
        client.close();
        await expect(open({})).rejects.toThrow(code('UNTRUSTED_SERVER'));
        const other = makeCertificates().ca;
        await expect(open({ KVZ_CLOUD_TLS_CA: other })).rejects.toThrow(code('UNTRUSTED_SERVER'));
        await expect(open({ KVZ_CLOUD_TLS_CA: key })).rejects.toThrow('holds no certificate');
    });

    it('must be called by a name of its certificate', async () => {
        const { cert, key, ca } = makeCertificates('video.example.org');
        const { url } = await startTestDaemon({ tlsCert: cert, tlsKey: key });
        const env = { KVZ_CLOUD_HOME: temporaryFolder(), KVZ_CLOUD_TLS_CA: ca };
        await expect(connect({ server: url, token: newToken(), env })).rejects.toThrow(
            'it is for another name',
        );
    });

    it('speaks TLS 1.2 and newer, and no plain HTTP', async () => {
        const { cert, key } = makeCertificates();
        const { url } = await startTestDaemon({ tlsCert: cert, tlsKey: key });
        expect((await look(url, { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2');
        const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
        await expect(look(url, old)).rejects.toThrow(/version|protocol|handshake/i);
        await expect(fetch(`${url.replace('https', 'http')}/healthz`)).rejects.toThrow(
            'fetch failed',
        );
    });

    it('takes up a renewed certificate without ending connections', async () => {
        const first = makeCertificates();
        const daemon = await startTestDaemon({ tlsCert: first.cert, tlsKey: first.key });
        const before = await look(daemon.url);
        const renewed = makeCertificates();
        copyFileSync(renewed.cert, first.cert);
        // Half of it is not there yet: the old one is used on.
        expect(() => daemon.reloadTls()).toThrow('is not the key of');
        copyFileSync(renewed.key, first.key);
        daemon.reloadTls();
        const after = await look(daemon.url);
        const fingerprint = (socket: TLSSocket): string =>
            socket.getPeerCertificate().fingerprint256;
        expect(fingerprint(after)).not.toBe(fingerprint(before));
        before.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
        const answer = await new Promise<Buffer>((resolve) => before.once('data', resolve));
        expect(answer.toString()).toMatch(/^HTTP\/1\.1 /);
        before.destroy();
        after.destroy();
    });
});

describe('files that cannot be used are named', () => {
    const good = (): Certificate => makeCertificates();

    it.each([
        ['no key', (c: Certificate) => ({ ...c, key: '' }), 'tlsKey is not'],
        ['no certificate', (c: Certificate) => ({ ...c, cert: '' }), 'tlsCert is not'],
        ['a missing file', (c: Certificate) => ({ ...c, cert: '/none' }), 'tlsCert: ENOENT'],
        ['a wrong file', (c: Certificate) => ({ ...c, cert: c.key }), 'holds no certificate'],
        ['a wrong key file', (c: Certificate) => ({ ...c, key: c.cert }), 'holds no private key'],
        ['another key', (c: Certificate) => ({ ...c, key: good().key }), 'is not the key of'],
    ])('%s', (_, spoil, message) => {
        const { cert, key } = spoil(good());
        expect(() => readTlsFiles({ tlsCert: cert, tlsKey: key })).toThrow(message);
    });

    it('times', () => {
        const { cert, key } = good();
        const files = { tlsCert: cert, tlsKey: key };
        expect(readTlsFiles(files)).toBeDefined();
        expect(() => readTlsFiles(files, Date.now() + 2 * 86_400_000)).toThrow('expired on');
        expect(() => readTlsFiles(files, Date.now() - 86_400_000)).toThrow('not valid before');
    });
});
