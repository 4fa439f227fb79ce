/** What pages of other sites can do to the daemon in a real browser: nothing. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { FOREIGN_SITE, hasBrowser, launchBrowser, REBOUND_NAME } from './page.js';

/** A web server of somebody else, on this machine. @returns its port */
async function foreignServer(): Promise<number> {
    const server = createServer((_request, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end('<!doctype html><title>somebody else</title>');
    });
    await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
        server.closeAllConnections();
        server.close();
    });
    return (server.address() as AddressInfo).port;
}

describe.skipIf(!hasBrowser())('a page of another site', () => {
    let browser: Browser;
    beforeAll(async () => {
        browser = await launchBrowser();
    });
    afterAll(async () => browser?.close());

    interface Attack {
        daemon: RunningDaemon;
        token: string;
        uploadId: string;
        page: Page;
        /** Statuses of the daemon's answers to the page, a preflight's included. */
        statuses: number[];
        /** What the browser said about failures. */
        console: string[];
    }

    /** A page at `address`, which knows an approved upload and even its token. */
    async function attack(address: (daemonPort: number) => Promise<string>): Promise<Attack> {
        const daemon = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(daemon.url, token);
        const reply = await client.request({
            type: 'encode.request',
            file: rawFile(rawVideo(1024)),
            options: FAST_OPTIONS,
        });
        // The browser's own barrier between sites and this machine would hide the daemon's.
        const context = await browser.newContext({ permissions: ['local-network-access'] });
        onTestFinished(() => context.close());
        const page = await context.newPage();
        const statuses: number[] = [];
        const console: string[] = [];
        page.on('console', (message) => console.push(message.text()));
        const network = await context.newCDPSession(page);
        await network.send('Network.enable');
        await page.goto(await address(Number(new URL(daemon.url).port)));
        network.on('Network.responseReceived', ({ response: { url, status } }) => {
            // Browsers ask every site for its icon, too.
            if (!url.endsWith('/favicon.ico')) statuses.push(status);
        });
        const uploadId = (reply['upload'] as { id: string }).id;
        return { daemon, token, uploadId, page, statuses, console };
    }

    const openSocket = (target: string): string => `new Promise((resolve) => {
        const socket = new WebSocket('${target.replace('http', 'ws')}/ws');
        socket.onopen = () => resolve('open');
        socket.onclose = ({ code }) => resolve(code);
    })`;

    /** Sends a leaf of zeros in every way that a page has. */
    const sendChunks = (target: string, { token, uploadId }: Attack): string => {
        const size = 1024 * 6144;
        const query = new URLSearchParams({
            resumableIdentifier: uploadId,
            resumableChunkNumber: '1',
            resumableChunkSize: String(LEAF_BYTES),
            resumableTotalSize: String(size),
        }).toString();
        return `(async () => {
            const bytes = new Blob([new Uint8Array(${LEAF_BYTES})]);
            const form = new FormData();
            form.append('file', bytes, 'clip.yuv');
            const headers = { Authorization: 'Bearer ${token}' };
            const address = '${target}/upload?${query}';
            const tries = [
                { method: 'GET', headers },
                { method: 'POST', headers, body: form },
                { method: 'POST', headers, body: bytes },
                { method: 'POST', body: form },
                { method: 'POST', body: form, mode: 'no-cors' },
            ];
            const outcomes = [];
            for (const each of tries) {
                outcomes.push(await fetch(address, each).then((r) => r.status, () => 'refused'));
            }
            return outcomes;
        })()`;
    };

    const expectUntouched = ({ daemon, uploadId }: Attack): void => {
        const { store } = daemon.context;
        expect(store.uploads.get(uploadId)).toMatchObject({ state: 'open', leaves: 0 });
        expect(store.uploads.allOpen()).toHaveLength(1);
    };

    it.each([
        ['another port', (port: number) => `http://127.0.0.1:${port}/`],
        ['another name', (port: number) => `http://${FOREIGN_SITE}:${port}/`],
    ])('at %s can neither connect nor upload', async (_, address) => {
        const port = await foreignServer();
        const current = await attack(async () => address(port));
        const { url } = current.daemon;
        expect(await current.page.evaluate(openSocket(url))).toBe(1006);
        expect(current.console.join('\n')).toContain('Unexpected response code: 403');
        expect(await current.page.evaluate(sendChunks(url, current))).toEqual([
            'refused', // these three by the answer to their preflight
            'refused',
            'refused',
            'refused', // sent, but the answer may not be read
            0, // sent, and the answer is opaque
        ]);
        expect(current.statuses.length).toBeGreaterThanOrEqual(2);
        expect(new Set(current.statuses)).toEqual(new Set([403]));
        expectUntouched(current);
    });

    it('whose name was rebound to this machine can neither connect nor upload', async () => {
        const current = await attack(async (port) => `http://${REBOUND_NAME}:${port}/healthz`);
        const { port } = new URL(current.daemon.url);
        const target = `http://${REBOUND_NAME}:${port}`;
        // To the browser it is the same site, so nothing but the daemon stands in the way.
        expect(await current.page.textContent('body')).toContain('FORBIDDEN_HOST');
        expect(await current.page.evaluate(openSocket(target))).toBe(1006);
        expect(current.console.join('\n')).toContain('Unexpected response code: 403');
        expect(await current.page.evaluate(sendChunks(target, current))).toEqual([
            403, 403, 403, 403, 403,
        ]);
        expectUntouched(current);
    });
});
