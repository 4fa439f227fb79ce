import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunningDaemon } from '../../src/daemon/daemon.js';
import { expireResults } from '../../src/daemon/janitor.js';
import { isPublicAddress, publicLookup } from '../../src/daemon/notify/addresses.js';
import { sendWebhook } from '../../src/daemon/notify/webhook.js';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';
import { makeReadyJob, makeResult } from '../helpers/results.js';
import { temporaryFolder } from '../helpers/temporary.js';

interface Call {
    headers: IncomingHttpHeaders;
    body: string;
}

/** A server that takes webhooks; it answers 204 unless told otherwise. */
class Receiver {
    readonly calls: Call[] = [];
    connections = 0;
    answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
    url = '';
    #heard: () => void = () => undefined;

    static async start(): Promise<Receiver> {
        const receiver = new Receiver();
        const server = createServer((request, response) => {
            const parts: Buffer[] = [];
            request.on('data', (part: Buffer) => parts.push(part));
            request.on('end', () => {
                const body = Buffer.concat(parts).toString('utf8');
                receiver.calls.push({ headers: request.headers, body });
                receiver.answer(response);
                receiver.#heard();
            });
        });
        server.on('connection', () => (receiver.connections += 1));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        onTestFinished(() => server.closeAllConnections());
        onTestFinished(() => void server.close());
        receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=1`;
        return receiver;
    }

    /** The call with this number, 0-based; waits until it has come. */
    async call(index: number): Promise<Call> {
        for (;;) {
            const call = this.calls[index];
            if (call) return call;
            await new Promise<void>((resolve) => (this.#heard = resolve));
        }
    }
}

/** Ends a job: one whose upload is cancelled. @returns its id */
async function endJob({ url }: RunningDaemon, name = 'clip.yuv'): Promise<string> {
    const client = await TestClient.connect(url, newToken());
    const reply = await client.request({
        ...{ type: 'encode.request', file: rawFile(rawVideo(1), name), options: FAST_OPTIONS },
    });
    await client.request({ type: 'job.cancel', jobId: reply.jobId });
    return String(reply.jobId);
}

const untilSent = async ({ context }: RunningDaemon): Promise<void> =>
    expect.poll(() => context.store.outbox.count()).toBe(0);

describe('a webhook', () => {
    it('tells that a job has ended, and is signed', async () => {
        const receiver = await Receiver.start();
        const webhookSecret = newToken();
        const daemon = await startTestDaemon({
            ...{ webhookUrls: [receiver.url], webhookSecret, webhookPrivate: true },
        });
        const jobId = await endJob(daemon);
        const { headers, body } = await receiver.call(0);
        const message = JSON.parse(body) as { user: string; id: string };
        expect(message).toMatchObject({
            type: 'job.ended',
            user: expect.stringMatching(/^user-/) as string,
            job: { id: jobId, state: 'cancelled', name: 'clip.yuv' },
        });
        expect(headers['kvz-notification']).toBe(message.id);
        const signed = createHmac('sha256', webhookSecret)
            .update(`${String(headers['kvz-timestamp'])}.${body}`)
            .digest('hex');
        expect(headers['kvz-signature']).toBe(`v1=${signed}`);
        await untilSent(daemon);
        expect(receiver.calls).toHaveLength(1);
    });

    it('is sent again when it failed, also after a restart', async () => {
        const receiver = await Receiver.start();
        receiver.answer = (response) => response.writeHead(500).end();
        const dataDir = temporaryFolder();
        const settings = { dataDir, webhookUrls: [receiver.url], webhookPrivate: true };
        const daemon = await startTestDaemon(settings);
        const jobId = await endJob(daemon);
        await receiver.call(0);
        const { outbox } = daemon.context.store;
        const later = Date.now() + 3_600_000;
        await expect.poll(() => outbox.due(later, 1)[0]?.failures).toBeGreaterThan(0);
        await daemon.stop();
        const before = receiver.calls.length;

        // Its time comes.
        const database = new Database(daemon.context.folders.database);
        database.prepare('UPDATE notifications SET due_at = 0').run();
        database.close();
        receiver.answer = (response) => response.writeHead(200).end('thanks');
        const restarted = await startTestDaemon(settings);
        const { body, headers } = await receiver.call(before);
        expect(JSON.parse(body)).toMatchObject({ job: { id: jobId } });
        expect(headers['kvz-notification']).toBe(receiver.calls[0]?.headers['kvz-notification']);
        expect(headers['kvz-signature']).toBeUndefined();
        await untilSent(restarted);
    });

    it('does not follow redirects', async () => {
        const [receiver, elsewhere] = [await Receiver.start(), await Receiver.start()];
        receiver.answer = (response) => response.writeHead(307, { location: elsewhere.url }).end();
        const daemon = await startTestDaemon({
            ...{ webhookUrls: [receiver.url], webhookPrivate: true },
        });
        await endJob(daemon);
        await receiver.call(0);
        const { outbox } = daemon.context.store;
        const later = Date.now() + 3_600_000;
        await expect.poll(() => outbox.due(later, 1)[0]?.failures).toBeGreaterThan(0);
        expect(elsewhere.connections).toBe(0);
    });

    it('does not reach private addresses, whatever they are called', async () => {
        const receiver = await Receiver.start();
        const { port } = new URL(receiver.url);
        const daemon = await startTestDaemon({
            webhookUrls: ['127.0.0.1', 'localhost', '[::1]', '2130706433', '[::ffff:7f00:1]'].map(
                (host) => `http://${host}:${port}/`,
            ),
        });
        await endJob(daemon);
        await untilSent(daemon);
        expect(receiver.connections).toBe(0);
    });

    it('connects to the address that was checked, and to no other', async () => {
        const receiver = await Receiver.start();
        const { port } = new URL(receiver.url);
        let asked = 0;
        const send = sendWebhook(`http://rebinding.test:${port}/`, 'id', '{}', {
            ...{ secret: '', allowPrivate: false, timeoutMs: 10_000 },
            signal: new AbortController().signal,
            resolve: (_host, done) => {
                asked += 1;
                done(null, [{ address: '127.0.0.1', family: 4 }]);
            },
        });
        await expect(send).rejects.toThrow('rebinding.test is no address of the public internet');
        expect([asked, receiver.connections]).toEqual([1, 0]);

        const lookup = publicLookup((_host, done) =>
            done(null, [
                { address: '10.0.0.1', family: 4 },
                { address: '93.184.215.14', family: 4 },
            ]),
        );
        const found = await new Promise((resolve) => {
            lookup('mixed.test', { all: true }, (_error, addresses) => resolve(addresses));
        });
        expect(found).toEqual([{ address: '93.184.215.14', family: 4 }]);
    });

    it.each([
        ['93.184.215.14', true],
        ['2606:2800:21f:cb07:6820:80da:af6b:8b2c', true],
        ...[
            ...['127.0.0.1', '127.9.9.9', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255'],
            ...['192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255'],
            ...['::', '::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::7f00:1', 'fc00::1'],
            ...['fe80::1%eth0', 'ff02::1', '2002:7f00:1::', '2001:db8::1', 'localhost', ''],
        ].map((address): [string, boolean] => [address, false]),
    ])('%s is public: %s', (address, expected) => {
        expect(isPublicAddress(address)).toBe(expected);
    });
});

describe('a program at the end of a job', () => {
    it('is told the facts in its environment, as they are', async () => {
        const folder = temporaryFolder();
        const output = join(folder, 'facts.json');
        const script =
            'require("fs").writeFileSync(process.argv[1], JSON.stringify([process.argv[2], process.env]))';
        vi.stubEnv('KVZ_CLOUD_WEBHOOK_SECRET', 'not for programs');
        onTestFinished(() => void vi.unstubAllEnvs());
        const daemon = await startTestDaemon({
            onJobEnd: [process.execPath, '-e', script, output, '$KVZ_JOB_NAME'],
        });
        const name = `$(touch ${folder}/x);\`touch ${folder}/x\`'"\n.yuv`;
        const jobId = await endJob(daemon, name);
        await untilSent(daemon);
        const [argument, env] = JSON.parse(readFileSync(output, 'utf8')) as [
            string,
            Record<string, string>,
        ];
        expect(argument).toBe('$KVZ_JOB_NAME');
        expect(env).toMatchObject({
            KVZ_JOB_ID: jobId,
            KVZ_JOB_STATE: 'cancelled',
            KVZ_JOB_NAME: name,
            KVZ_JOB_RESULT: '',
        });
        expect(JSON.parse(env['KVZ_JOB_JSON'] ?? '')).toMatchObject({ job: { id: jobId } });
        expect(Object.keys(env)).not.toContain('KVZ_CLOUD_WEBHOOK_SECRET');
        expect(existsSync(join(folder, 'x'))).toBe(false);
    });

    it('holds nothing up when it fails or is not there', async () => {
        for (const onJobEnd of [
            [process.execPath, '-e', 'process.exit(3)'],
            ['/no/such/program'],
        ]) {
            const daemon = await startTestDaemon({ onJobEnd });
            await endJob(daemon);
            await untilSent(daemon);
            expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200);
        }
    });
});

describe('a notification', () => {
    it('is of the end of a job, not of its result', async () => {
        const daemon = await startTestDaemon({ resultExpiry: '1d', onJobEnd: ['/bin/true'] });
        const { store } = daemon.context;
        // As when the daemon is killed before anything is sent.
        makeReadyJob(daemon, newToken(), makeResult(daemon, 10));
        const [first] = store.outbox.due(Date.now(), 10);
        expect(JSON.parse(first?.body ?? '')).toMatchObject({
            job: { state: 'ready', result: { outputBytes: 10 } },
        });
        const add = vi.spyOn(store.outbox, 'add');
        await expireResults(daemon.context, Date.now() + 2 * 86_400_000);
        expect(add).not.toHaveBeenCalled();
        expect(store.jobs.countByState().expired).toBe(1);
    });

    it('to a target that is set no more is dropped', async () => {
        const daemon = await startTestDaemon();
        const { outbox } = daemon.context.store;
        outbox.setTargets(['https://a.test/', 'https://b.test/']);
        makeReadyJob(daemon, newToken(), makeResult(daemon, 10));
        expect(outbox.count()).toBe(2);
        outbox.setTargets(['https://b.test/']);
        expect(outbox.due(Date.now(), 10).map(({ target }) => target)).toEqual(['https://b.test/']);
    });
});
