/** A daemon, a file, and the test page that is about to send it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Route } from 'playwright-core';
import { expect } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { newToken, startTestDaemon } from '../helpers/daemon.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { RAW, UploadPage, type PageConfig } from './page.js';

const FRAME_BYTES = (RAW.width * RAW.height * 3) / 2;

/** Raw video of a whole number of frames, just over `mebibytes` MiB; different for each `seed`. */
function noisyVideo(mebibytes: number, seed: number): Buffer {
    const frames = Math.ceil((mebibytes * 1024 * 1024) / FRAME_BYTES);
    // Noise that is the same in every run, so that a failure comes back.
    const frame = Buffer.from(
        Array.from({ length: FRAME_BYTES }, (_, i) => ((i * 2654435761 + seed * 97) >>> 13) & 0xff),
    );
    const bytes = Buffer.concat(Array.from({ length: frames }, () => frame));
    // Each frame differs from every other, so no two leaves are alike.
    for (let i = 0; i < frames; i += 1) bytes.writeUInt32BE(i + seed * 65536, i * FRAME_BYTES);
    return bytes;
}

let seed = 0;

export class Scene {
    readonly daemon: RunningDaemon;
    readonly token: string;
    readonly page: UploadPage;
    readonly bytes: Buffer;
    readonly #path: string;

    private constructor(
        parts: Pick<Scene, 'daemon' | 'token' | 'page' | 'bytes'> & { path: string },
    ) {
        this.daemon = parts.daemon;
        this.token = parts.token;
        this.page = parts.page;
        this.bytes = parts.bytes;
        this.#path = parts.path;
    }

    /** @param file its size in MiB, more or less; or what it holds */
    static async set(
        browser: Browser,
        file: number | Buffer,
        config: Partial<PageConfig> = {},
    ): Promise<Scene> {
        const daemon = await startTestDaemon();
        const token = newToken();
        seed += 1;
        const bytes = typeof file === 'number' ? noisyVideo(file, seed) : file;
        const path = join(temporaryFolder(), 'clip');
        writeFileSync(path, bytes);
        const page = await UploadPage.open(browser, daemon.url, { token, raw: RAW, ...config });
        return new Scene({ daemon, token, page, bytes, path });
    }

    async choose(): Promise<void> {
        await this.page.page.setInputFiles('#file', this.#path);
    }

    /** The daemon's answer, as the page got it. */
    async answer(): Promise<{ status: string; jobId: string; upload?: { id: string } }> {
        const text = await this.page.text('answer');
        return JSON.parse(text) as { status: string; jobId: string; upload?: { id: string } };
    }

    /** Leaves of the open upload that are on the daemon's disk. */
    get leaves(): number {
        return this.daemon.context.store.uploads.allOpen()[0]?.leaves ?? 0;
    }

    /**
     * Chooses the file, lets the first `count` POSTs through and holds later ones; waits until all
     * of the `simultaneous` ones are held, which means that those before have been answered.
     * @returns a function that lets everything through
     */
    async holdAfter(count: number, simultaneous: number): Promise<() => Promise<void>> {
        const held: Route[] = [];
        let passed = 0;
        const pattern = '**/upload?*';
        await this.page.page.route(pattern, async (route) => {
            const isPost = route.request().method() === 'POST';
            if (isPost && passed >= count) {
                held.push(route);
                return;
            }
            if (isPost) passed += 1;
            await route.continue();
        });
        await this.choose();
        await waitUntil(() => held.length === simultaneous);
        return async () => {
            await this.page.page.unroute(pattern);
            // A request that the page has given up meanwhile cannot go on.
            await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
        };
    }
}

/** Waits for what no event tells of. */
export async function waitUntil(condition: () => boolean): Promise<void> {
    await expect.poll(condition, { interval: 10 }).toBe(true);
}
