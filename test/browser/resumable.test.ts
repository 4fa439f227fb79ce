/** Resumable.js 1.1.0, the npm package, in a real browser against a real daemon. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileIdOf } from '../../src/protocol/file-id.js';
import { LEAF_BYTES } from '../../src/protocol/limits.js';
import { newToken, startTestDaemon, TestClient } from '../helpers/daemon.js';
import { hasBrowser, launchBrowser, UploadPage } from './page.js';
import { Scene, waitUntil } from './scene.js';

const MIB = LEAF_BYTES;

/**
 * Open handles of this process, which is the daemon's, on files whose path contains `part`. Only
 * Linux tells.
 */
function openHandles(part: string): string[] {
    if (!existsSync('/proc/self/fd')) return [];
    return readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
            const path = readlinkSync(`/proc/self/fd/${fd}`);
            return path.includes(part) ? [path] : [];
        } catch {
            return [];
        }
    });
}

describe.skipIf(!hasBrowser())('Resumable.js in a browser', () => {
    let browser: Browser;
    beforeAll(async () => {
        browser = await launchBrowser();
    });
    afterAll(async () => browser?.close());

    /** The page has its result; source and result are as they should be, and nothing else is left. */
    const expectDone = async (scene: Scene): Promise<void> => {
        const { page, daemon, bytes } = scene;
        const status = await page.waitForStatus('done', 'failed');
        expect([status, await page.text('error')]).toEqual(['done', '']);
        const { store, folders } = daemon.context;
        const source = store.files.get(fileIdOf(bytes))?.storage ?? 'none';
        expect(readFileSync(join(folders.sources, source)).equals(bytes)).toBe(true);
        expect(readdirSync(folders.sources)).toEqual([source]);
        const { jobId } = await scene.answer();
        const result = readFileSync(join(folders.results, store.jobs.get(jobId)?.resultId ?? ''));
        expect(JSON.parse(await page.text('result'))).toEqual({
            bytes: result.length,
            sha256: createHash('sha256').update(result).digest('hex'),
        });
        expect(store.jobs.countByState()).toEqual({ ready: 1 });
    };

    /** The page shows an error that contains `text`. */
    const expectError = async ({ page }: Scene, text: string): Promise<void> => {
        expect(await page.waitForStatus('done', 'failed')).toBe('failed');
        expect(await page.text('error')).toContain(text);
    };

    it('computes the identity of a file as the daemon does', async () => {
        const daemon = await startTestDaemon();
        const { page } = await UploadPage.open(browser, daemon.url, { token: newToken() });
        for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 8 * MIB + 3]) {
            const id = await page.evaluate(
                `fileId(new Blob([new Uint8Array(${size}).map((_, i) => i % 251)]))`,
            );
            expect(id).toBe(fileIdOf(new Uint8Array(size).map((_, i) => i % 251)));
        }
    });

    it.each([
        // method, forceChunkSize, chunk size in MiB, at once, file in MiB, chunks that this makes
        ['multipart', false, 1, 3, 11, 11],
        ['multipart', true, 1, 8, 11, 12],
        ['multipart', false, 5, 4, 18, 3],
        ['multipart', true, 5, 6, 18, 4],
        ['multipart', false, 8, 5, 27, 3],
        ['multipart', true, 8, 7, 27, 4],
        ['octet', false, 1, 8, 11, 11],
        ['octet', true, 1, 4, 11, 12],
        ['octet', false, 5, 6, 18, 3],
        ['octet', true, 5, 3, 18, 4],
        ['octet', false, 8, 8, 27, 3],
        ['octet', true, 8, 3, 27, 4],
    ])(
        'sends %s chunks, forceChunkSize %s, of %i MiB, %i at once',
        async (method, forceChunkSize, chunk, simultaneousUploads, mebibytes, chunks) => {
            const scene = await Scene.set(browser, mebibytes, {
                resumable: { method, forceChunkSize, simultaneousUploads, chunkSize: chunk * MIB },
            });
            await scene.choose();
            await expectDone(scene);
            const all = Array.from({ length: chunks }, (_, i) => i + 1);
            for (const verb of ['GET', 'POST'] as const) {
                expect(scene.page.chunks(verb).sort((a, b) => a - b)).toEqual(all);
            }
        },
    );

    it('sends without asking first when told to', async () => {
        const scene = await Scene.set(browser, 5, {
            resumable: { testChunks: false, chunkSize: MIB },
        });
        await scene.choose();
        await expectDone(scene);
        expect(scene.page.chunks('GET')).toEqual([]);
        expect(scene.page.chunks('POST')).toHaveLength(5);
    });

    it.each(['multipart', 'octet'])('goes on after a reload (%s)', async (method) => {
        const scene = await Scene.set(browser, 11, {
            resumable: { method, simultaneousUploads: 4, chunkSize: MIB },
        });
        const release = await scene.holdAfter(5, 4);
        const before = await scene.answer();
        const stored = scene.page.chunks('POST').slice(0, 5);
        await scene.page.load();
        await release();

        scene.page.requests = [];
        await scene.choose();
        await expectDone(scene);
        expect(await scene.answer()).toMatchObject({
            jobId: before.jobId,
            upload: { id: before.upload?.id },
        });
        const sentAgain = scene.page.chunks('POST').sort((a, b) => a - b);
        const all = Array.from({ length: 11 }, (_, i) => i + 1);
        expect(sentAgain).toEqual(all.filter((number) => !stored.includes(number)));
        expect(scene.page.chunks('GET').sort((a, b) => a - b)).toEqual(all);
    });

    it('attaches to its job when everything had arrived before a reload', async () => {
        const scene = await Scene.set(browser, 3);
        await scene.choose();
        await expectDone(scene);
        await scene.page.load();
        scene.page.requests = [];
        await scene.choose();
        await expectDone(scene);
        expect(await scene.answer()).toMatchObject({ status: 'rejected' });
        expect(scene.page.requests).toEqual([]);
    });

    it.each(['multipart', 'octet'])('pauses in the middle of a chunk (%s)', async (method) => {
        const scene = await Scene.set(browser, 16, {
            resumable: { method, simultaneousUploads: 3, chunkSize: 5 * MIB },
        });
        const { page } = scene.page;
        const network = await page.context().newCDPSession(page);
        const slow = (uploadThroughput: number): Promise<unknown> =>
            network.send('Network.emulateNetworkConditions', {
                ...{ offline: false, latency: 0, downloadThroughput: -1 },
                uploadThroughput,
            });
        // Some seconds are left when the fourth leaf is here.
        await slow(2 * MIB);
        await scene.choose();
        await waitUntil(() => scene.leaves >= 4);
        await page.click('#pause');
        const upload = (await scene.answer()).upload?.id ?? '';
        await waitUntil(() => openHandles(upload).length === 0);
        expect(scene.leaves).toBeLessThan(16);

        await slow(-1);
        await page.click('#resume');
        await expectDone(scene);
        await waitUntil(() => openHandles(upload).length === 0);
    });

    it('survives answers of 503 and connections that are cut', async () => {
        const scene = await Scene.set(browser, 5, {
            resumable: { simultaneousUploads: 3, chunkSize: MIB },
        });
        const faults = ['503', 'cut', 'cut', '503', 'cut'];
        await scene.page.page.route('**/upload?*', async (route) => {
            const fault = route.request().method() === 'POST' ? faults.pop() : undefined;
            if (fault === '503') await route.fulfill({ status: 503 });
            else if (fault === 'cut') await route.abort('connectionreset');
            else await route.continue();
        });
        await scene.choose();
        await expectDone(scene);
        expect(scene.page.chunks('POST')).toHaveLength(5 + 5);
    });

    it.each(['multipart', 'octet'])(
        'is told at once of a cancelled upload (%s)',
        async (method) => {
            const scene = await Scene.set(browser, 27, {
                resumable: { method, simultaneousUploads: 2, chunkSize: 8 * MIB },
            });
            const release = await scene.holdAfter(1, 2);
            const client = await TestClient.connect(scene.daemon.url, scene.token);
            await client.request({ type: 'job.cancel', jobId: (await scene.answer()).jobId });
            await release();
            await expectError(scene, 'UNKNOWN_UPLOAD');
            // Nothing was tried again: those that were held, and the one before them.
            expect(scene.page.chunks('POST')).toHaveLength(3);
            expect(readdirSync(scene.daemon.context.folders.sources)).toEqual([]);
        },
    );

    it('is told why the daemon gave up in the middle of an upload', async () => {
        const junk = Buffer.alloc(24 * MIB, 'this is no video at all\n');
        const scene = await Scene.set(browser, junk, {
            raw: undefined,
            resumable: { simultaneousUploads: 3, chunkSize: MIB },
        });
        const release = await scene.holdAfter(5, 3);
        await waitUntil(() => scene.daemon.context.store.uploads.allOpen().length === 0);
        await release();
        await expectError(scene, 'INPUT_NOT_MEDIA');
        expect(scene.page.chunks('POST')).toHaveLength(8);
        expect(readdirSync(scene.daemon.context.folders.sources)).toEqual([]);
    });

    it.each([
        // A token that opens another account: 404, which is permanent.
        ['of somebody else', newToken(), {}, 'UNKNOWN_UPLOAD', 3],
        // One that is none: 401, which Resumable.js would try again a hundred times.
        [
            'that is none',
            'short',
            { permanentErrors: [400, 401, 403, 404, 415, 500, 501] },
            'NOT_AUTHORISED',
            3,
        ],
        // With its defaults it does, until the address is held off as one that guesses.
        ['that is none, with the defaults', 'short', {}, 'TOO_MANY_REQUESTS', 303],
    ])('shows an error with a token %s', async (_, uploadToken, resumable, code, posts) => {
        const scene = await Scene.set(browser, 3, {
            uploadToken,
            resumable: { chunkSize: MIB, ...resumable },
        });
        await scene.choose();
        await expectError(scene, code);
        expect(scene.page.chunks('POST').length).toBeLessThanOrEqual(posts);
        expect(scene.leaves).toBe(0);
    });
});
