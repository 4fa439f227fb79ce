import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { download } from '../../src/client/downloader.js';
import { HttpClient } from '../../src/client/http.js';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { expireResults, expireSources } from '../../src/daemon/janitor.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { finishJob, sendJob, type AskedJob } from '../helpers/jobs.js';
import { makeReadyJob, makeResult } from '../helpers/results.js';
import { temporaryFolder } from '../helpers/temporary.js';

const DAY_MS = 86_400_000;
/** More than the system keeps in the buffers of a connection. */
const LARGE = 24 * 1024 * 1024;

interface Ready {
    daemon: RunningDaemon;
    token: string;
    jobId: string;
    bytes: Buffer;
    resultId: string;
    get: (headers?: Record<string, string>, method?: string) => Promise<Response>;
}

/** A daemon with one result of `size` random bytes. */
async function ready(size: number, settings = {}): Promise<Ready> {
    const daemon = await startTestDaemon(settings);
    const token = newToken();
    const result = makeResult(daemon, size);
    const jobId = makeReadyJob(daemon, token, result);
    const get = (headers = {}, method = 'GET'): Promise<Response> =>
        fetch(`${daemon.url}/jobs/${jobId}/result`, {
            method,
            headers: { authorization: `Bearer ${token}`, ...headers },
        });
    return { daemon, token, jobId, get, ...result };
}

const bodyOf = async (response: Response): Promise<Buffer> =>
    Buffer.from(await response.arrayBuffer());

const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { code?: unknown }).code;

/** Asks until no other download is in the way, as `Retry-After` tells clients to. */
async function getWhenFree({ get }: Ready, headers?: Record<string, string>): Promise<Response> {
    for (;;) {
        const response = await get(headers);
        if (response.status !== 503) return response;
        await response.arrayBuffer();
    }
}

/** A download of which no more is read than the system does by itself. */
async function stalled(
    { daemon, token, jobId }: Ready,
    headers: Record<string, string> = {},
): Promise<IncomingMessage> {
    const request = httpGet(`${daemon.url}/jobs/${jobId}/result`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
        agent: false,
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    onTestFinished(() => void response.destroy());
    return response;
}

describe('a result', () => {
    it('has a strong tag, and gives the rest of this very version only', async () => {
        const { get, bytes } = await ready(1_000);
        const head = await get({}, 'HEAD');
        const etag = head.headers.get('etag') ?? '';
        expect(etag).toMatch(/^"\w+"$/);
        expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000']);
        expect(await bodyOf(head)).toHaveLength(0);

        const rest = await get({ range: 'bytes=400-', 'if-range': etag });
        expect([rest.status, rest.headers.get('content-range')]).toEqual([
            206,
            'bytes 400-999/1000',
        ]);
        expect((await bodyOf(rest)).equals(bytes.subarray(400))).toBe(true);
        const other = await get({ range: 'bytes=400-', 'if-range': '"other"' });
        expect([other.status, (await bodyOf(other)).equals(bytes)]).toEqual([200, true]);

        expect((await get({ 'if-none-match': etag })).status).toBe(304);
        const past = await get({ range: 'bytes=1000-' });
        expect([past.status, past.headers.get('content-range')]).toEqual([416, 'bytes */1000']);
        expect(await codeOf(past)).toBe('BAD_RANGE');
        expect(await codeOf(await get({ 'if-match': '"other"' }))).toBe('CHANGED');
    });

    it('is delivered to its end when it is removed meanwhile, and not again', async () => {
        const scene = await ready(LARGE);
        const { daemon, token, jobId, bytes, get } = scene;
        const response = await stalled(scene);
        const client = await TestClient.connect(daemon.url, token);
        await client.request({ type: 'job.remove', jobId });
        expect(readdirSync(daemon.context.folders.results)).toEqual([]);
        expect(daemon.context.store.results.get(scene.resultId)).toBeUndefined();
        const parts = await response.toArray();
        expect(Buffer.concat(parts as Buffer[]).equals(bytes)).toBe(true);
        expect((await get()).status).toBe(404);
    });

    it('that vanished from the disk is told to be gone', async () => {
        const { daemon, get, resultId } = await ready(10);
        rmSync(join(daemon.context.folders.results, resultId));
        expect(await codeOf(await get())).toBe('RESULT_GONE');
    });
});

describe('the download limit', () => {
    it('is announced, and counts whole deliveries of each user', async () => {
        const scene = await ready(5_000, { downloads: 2 });
        const { daemon, token, get } = scene;
        const client = await TestClient.connect(daemon.url, token);
        expect(client.messages[0]).toMatchObject({ limits: { downloads: 2 } });
        expect(await bodyOf(await get())).toHaveLength(5_000);
        expect((await get({}, 'HEAD')).status).toBe(200);
        expect(await bodyOf(await getWhenFree(scene))).toHaveLength(5_000);
        const refused = await getWhenFree(scene);
        expect([refused.status, await codeOf(refused)]).toEqual([403, 'DOWNLOAD_LIMIT']);

        const other = newToken();
        const { requestKey } = daemon.context.store.results.get(scene.resultId) ?? {};
        const result = { ...scene, requestKey: String(requestKey) };
        const jobId = makeReadyJob(daemon, other, result);
        const theirs = await fetch(`${daemon.url}/jobs/${jobId}/result`, {
            headers: { authorization: `Bearer ${other}` },
        });
        expect((await bodyOf(theirs)).equals(scene.bytes)).toBe(true);
    });

    it('is not exceeded by many at once', async () => {
        const scene = await ready(LARGE, { downloads: 2 });
        const responses = await Promise.all(Array.from({ length: 8 }, () => scene.get()));
        const codes = await Promise.all(
            responses.map(async (response) =>
                response.status === 200 ? (await bodyOf(response)).length : codeOf(response),
            ),
        );
        expect(codes.filter((code) => code === LARGE)).toHaveLength(2);
        expect(codes.filter((code) => code === 'DOWNLOAD_BUSY')).toHaveLength(6);
        expect(await codeOf(await getWhenFree(scene))).toBe('DOWNLOAD_LIMIT');
    });

    it('does not count what broke off', async () => {
        const scene = await ready(LARGE, { downloads: 1 });
        for (let i = 0; i < 3; i += 1) {
            const response = await getWhenFree(scene);
            const reader = response.body?.getReader();
            await reader?.read();
            await reader?.cancel();
        }
        const whole = await getWhenFree(scene);
        expect((await bodyOf(whole)).equals(scene.bytes)).toBe(true);
        expect(await codeOf(await getWhenFree(scene))).toBe('DOWNLOAD_LIMIT');
    });

    it.each([
        ['named', { 'kvz-delivery': 'delivery-1' }],
        ['nameless', {}],
    ] as const)(
        'counts the parts of a %s delivery as one',
        async (_name, headers: Record<string, string>) => {
            const scene = await ready(9_000, { downloads: 1 });
            for (const range of ['bytes=0-3999', 'bytes=3000-5999', 'bytes=6000-8999']) {
                const part = await getWhenFree(scene, { ...headers, range });
                expect(part.status).toBe(206);
                await part.arrayBuffer();
            }
            const other = await getWhenFree(scene, { 'kvz-delivery': 'delivery-2' });
            expect(await codeOf(other)).toBe('DOWNLOAD_LIMIT');
        },
    );

    it('lets a lost end be asked for again, but not a second file', async () => {
        const scene = await ready(9_000, { downloads: 1 });
        const mine = { 'kvz-delivery': 'delivery-1' };
        await (await scene.get(mine)).arrayBuffer();
        const end = await getWhenFree(scene, { ...mine, range: 'bytes=1000-' });
        expect((await bodyOf(end)).equals(scene.bytes.subarray(1_000))).toBe(true);
        const more = await getWhenFree(scene, { ...mine, range: 'bytes=1000-' });
        expect(await codeOf(more)).toBe('DOWNLOAD_LIMIT');
        expect(await codeOf(await scene.get({ 'kvz-delivery': 'no name' }))).toBe('BAD_MESSAGE');
    });

    it('does not make a download wait for its own dead connection', async () => {
        const scene = await ready(LARGE, { downloads: 1 });
        const mine = { 'kvz-delivery': 'delivery-1' };
        const dead = await stalled(scene, mine);
        const broken = once(dead, 'error');
        expect(await codeOf(await scene.get())).toBe('DOWNLOAD_BUSY');
        const alive = await scene.get(mine);
        expect((await bodyOf(alive)).equals(scene.bytes)).toBe(true);
        dead.resume();
        await broken;
    });

    it('survives a restart of the daemon', async () => {
        const dataDir = temporaryFolder();
        const scene = await ready(100, { downloads: 1, dataDir });
        await (await scene.get()).arrayBuffer();
        await scene.daemon.stop();
        const { url } = await startTestDaemon({ downloads: 1, dataDir });
        const again = await fetch(`${url}/jobs/${scene.jobId}/result`, {
            headers: { authorization: `Bearer ${scene.token}` },
        });
        expect(await codeOf(again)).toBe('DOWNLOAD_LIMIT');
    });

    it('takes a download that goes on after a break for one', async () => {
        const scene = await ready(LARGE, { downloads: 1 });
        let connections = 0;
        // A link that breaks the first connections after some megabytes.
        const link = createServer((near) => {
            connections += 1;
            const far = connect(Number(new URL(scene.daemon.url).port), '127.0.0.1');
            let left = connections < 4 ? LARGE / 5 : Number.POSITIVE_INFINITY;
            near.pipe(far);
            far.on('data', (part: Buffer) => {
                near.write(part);
                left -= part.length;
                if (left < 0) near.destroy();
            });
            near.on('error', () => undefined).on('close', () => far.destroy());
            far.on('error', () => undefined).on('close', () => near.destroy());
        });
        // Hosts are checked, so the link has to listen on the daemon's port, on another address.
        link.listen(Number(new URL(scene.daemon.url).port), '127.0.0.2');
        await once(link, 'listening');
        onTestFinished(() => void link.close());
        const { port } = link.address() as AddressInfo;
        const client = new HttpClient(`http://127.0.0.2:${port}`, scene.token);
        onTestFinished(() => client.close());
        const output = join(temporaryFolder(), 'out.mkv');
        const result = { url: `/jobs/${scene.jobId}/result`, outputBytes: LARGE };
        await download(client, result, output, {
            force: false,
            retry: { firstMs: 2, maxMs: 10 },
        });
        expect(connections).toBeGreaterThanOrEqual(4);
        expect(readFileSync(output).equals(scene.bytes)).toBe(true);
        expect(await codeOf(await getWhenFree(scene))).toBe('DOWNLOAD_LIMIT');
        await expect(
            download(client, result, `${output}.2`, { force: false }),
        ).rejects.toMatchObject({ code: 'DOWNLOAD_LIMIT' });
    });
});

describe('what is no longer used', () => {
    async function encoded(settings = {}): Promise<AskedJob & { daemon: RunningDaemon }> {
        const daemon = await startTestDaemon(settings);
        return { daemon, ...(await finishJob(daemon, rawVideo(1))) };
    }

    it('expires: a result, and its request is new again', async () => {
        const { daemon, client, token, jobId, request } = await encoded({ resultExpiry: '10d' });
        const { context } = daemon;
        const twelveDays = Date.now() + 12 * DAY_MS;
        await expireResults(context, Date.now() + 9 * DAY_MS);
        expect(readdirSync(context.folders.results)).toHaveLength(1);
        expect(await client.request(request)).toMatchObject({ code: 'DUPLICATE_REQUEST' });

        await expireResults(context, twelveDays);
        const expired = await client.waitForState(jobId, 'expired');
        expect(expired['failure']).toMatchObject({ code: 'RESULT_EXPIRED' });
        for (const folder of [context.folders.results, context.folders.frames]) {
            expect(readdirSync(folder)).toEqual([]);
        }
        const gone = await fetch(`${daemon.url}/jobs/${jobId}/result`, {
            headers: { authorization: `Bearer ${token}` },
        });
        expect(await codeOf(gone)).toBe('RESULT_GONE');
        const again = await client.request(request);
        expect(again).toMatchObject({ status: 'queued' });
        expect(again.jobId).not.toBe(jobId);
        await client.waitForState(again.jobId, 'ready');
    });

    it('stays when it is used, or is to be kept for ever', async () => {
        const scene = await ready(10, { resultExpiry: '10d' });
        const { context } = scene.daemon;
        const { store } = context;
        store.results.touch(scene.resultId, Date.now() - 9 * DAY_MS);
        await (await scene.get()).arrayBuffer();
        await expireResults(context, Date.now() + 5 * DAY_MS);
        expect(store.results.get(scene.resultId)).toBeDefined();
        const forEver = { ...context, settings: { ...context.settings, resultExpiry: 0 } };
        await expireResults(forEver, Date.now() + 5_000 * DAY_MS);
        expect(store.results.get(scene.resultId)).toBeDefined();
    });

    it('expires: a source, with the last of its users', async () => {
        const { daemon, client, token, request, bytes } = await encoded({ sourceExpiry: '5d' });
        const { context } = daemon;
        const [name = ''] = readdirSync(context.folders.sources);
        const source = join(context.folders.sources, name);
        // Another user has shown to have it, a while later.
        const later = Date.now() + 3 * DAY_MS;
        const other = context.authenticator.userOf(newToken(), '127.0.0.1');
        const { id } = rawFile(bytes) as { id: string };
        context.store.files.grant(other.id, id, later);

        const owner = context.authenticator.userOf(token, '127.0.0.1');
        const possessed = (): boolean[] =>
            [owner, other].map((user) => context.store.files.isPossessed(user.id, id));
        await expireSources(context, Date.now() + 4 * DAY_MS);
        expect(possessed()).toEqual([true, true]);
        await expireSources(context, Date.now() + 6 * DAY_MS);
        expect([possessed(), existsSync(source)]).toEqual([[false, true], true]);
        await expireSources(context, Date.now() + 9 * DAY_MS);
        expect([possessed(), existsSync(source)]).toEqual([[false, false], false]);
        // The result is still here; another encode needs the file again.
        expect(await client.request(request)).toMatchObject({ code: 'DUPLICATE_REQUEST' });
        const options = { ...FAST_OPTIONS, kvazaar: ['--qp', '40'] };
        expect(await client.request({ ...request, options })).toMatchObject({ status: 'approved' });
    });

    it('does not take the source of a job that has not ended', async () => {
        const daemon = await startTestDaemon();
        await daemon.context.queue.stop();
        const { client, jobId } = await sendJob(daemon, rawVideo(1));
        await expireSources(daemon.context, Date.now() + 1_000 * DAY_MS);
        expect(readdirSync(daemon.context.folders.sources)).toHaveLength(1);
        await client.request({ type: 'job.cancel', jobId });
        await expireSources(daemon.context, Date.now() + 1_000 * DAY_MS);
        expect(readdirSync(daemon.context.folders.sources)).toHaveLength(0);
    });
});
