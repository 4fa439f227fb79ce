/** A real browser with the test page of test/fixtures/browser, at the daemon's own origin. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Page, type Request } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { findBrowser } from '../../scripts/browser.mjs';
import { FAST_OPTIONS } from '../helpers/daemon.js';

const FIXTURES = new URL('../fixtures/browser/', import.meta.url);
const RESUMABLE = createRequire(import.meta.url).resolve('resumablejs');
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };

/** Names that lead here, as after DNS rebinding. */
export const FOREIGN_SITE = 'site.test';
export const REBOUND_NAME = 'rebound.test';

export function hasBrowser(): boolean {
    if (findBrowser()) return true;
    process.stderr.write('test/browser is skipped: no chromium or chrome is on the PATH\n');
    return false;
}

export async function launchBrowser(): Promise<Browser> {
    const executablePath = findBrowser();
    if (!executablePath) throw new Error('there is no browser');
    return chromium.launch({
        executablePath,
        args: [
            ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--no-proxy-server',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            `--host-resolver-rules=MAP *.test 127.0.0.1`,
        ],
    });
}

export const RAW = { width: 320, height: 180, fps: '25', pixelFormat: 'yuv420p' };
export interface PageConfig {
    token: string;
    uploadToken?: string;
    raw?: typeof RAW;
    options?: Record<string, unknown>;
    resumable?: Record<string, unknown>;
}

interface Fixture {
    body: Buffer;
    contentType: string;
}

const fixtures = new Map<string, Fixture>(
    [
        ...readdirSync(FIXTURES).map((name): [string, string] => [
            name,
            fileURLToPath(new URL(name, FIXTURES)),
        ]),
        ['resumable.js', RESUMABLE] as const,
    ].map(([name, path]) => [
        name,
        { body: readFileSync(path), contentType: TYPES[extname(name)] ?? 'text/plain' },
    ]),
);

const PAGES = '**/test-page/**';

/** The number of the chunk (1-based) that a request is about. */
const chunkNumber = (request: Request): number =>
    Number(new URL(request.url()).searchParams.get('resumableChunkNumber'));

/** The test page in a fresh profile, and what it asked the daemon for. */
export class UploadPage {
    readonly page: Page;
    /** Every request to /upload since it was emptied last. */
    requests: Request[] = [];
    readonly #address: string;

    private constructor(page: Page, address: string) {
        this.page = page;
        this.#address = address;
        page.on('request', (request) => {
            if (new URL(request.url()).pathname === '/upload') this.requests.push(request);
        });
    }

    static async open(browser: Browser, url: string, config: PageConfig): Promise<UploadPage> {
        const context = await browser.newContext({ permissions: ['local-network-access'] });
        onTestFinished(() => context.close());
        const fragment = encodeURIComponent(JSON.stringify({ options: FAST_OPTIONS, ...config }));
        const page = await context.newPage();
        const uploadPage = new UploadPage(page, `${url}/test-page/upload.html#${fragment}`);
        await uploadPage.load();
        return uploadPage;
    }

    /** Loads the page, or loads it again. */
    async load(): Promise<void> {
        await this.page.route(PAGES, async (route) => {
            const name = new URL(route.request().url()).pathname.split('/').at(-1) ?? '';
            const fixture = fixtures.get(name);
            await (fixture ? route.fulfill(fixture) : route.abort());
        });
        if (this.page.url() === this.#address) await this.page.reload();
        else await this.page.goto(this.#address);
        await this.waitForStatus('loaded');
        // Without routes the browser's own network stack is all there is between page and daemon.
        await this.page.unroute(PAGES);
    }

    async waitForStatus(...statuses: string[]): Promise<string> {
        const status = this.page.locator('#status', {
            hasText: new RegExp(`^(${statuses.join('|')})$`),
        });
        return (await status.textContent()) ?? '';
    }

    async text(id: 'answer' | 'result' | 'error'): Promise<string> {
        return (await this.page.textContent(`#${id}`)) ?? '';
    }

    /** The chunk numbers of the requests with a method, in the order in which they were made. */
    chunks(method: 'GET' | 'POST'): number[] {
        return this.requests.filter((each) => each.method() === method).map(chunkNumber);
    }
}
