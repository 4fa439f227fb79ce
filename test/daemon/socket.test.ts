import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    sendAll,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';

const init = { type: 'init', id: 1, protocol: 1, token: newToken() };

describe('a connection', () => {
    it.each([
        ['another message', { type: 'server.stats', id: 4 }, 'NOT_INITIALISED', 4],
        ['another protocol', { ...init, protocol: 2 }, 'PROTOCOL_MISMATCH', 1],
        ['no token', { type: 'init', id: 1, protocol: 1 }, 'BAD_MESSAGE', 1],
        ['a token that can be guessed', { ...init, token: 'secret' }, 'BAD_MESSAGE', 1],
        ['something else', 'hello', 'BAD_MESSAGE', null],
    ])('that begins with %s is told so and closed', async (_, message, code, re) => {
        const { url } = await startTestDaemon();
        const client = await TestClient.open(url);
        client.send(typeof message === 'string' ? message : JSON.stringify(message));
        expect(await client.wait(() => true)).toMatchObject({ type: 'error', code, re });
        await client.waitForClose();
    });

    it('goes on after a message that is wrong', async () => {
        const { url } = await startTestDaemon();
        const client = await TestClient.connect(url, newToken());
        for (const text of [
            '{',
            '[]',
            'null',
            '{"type":"x","id":7}',
            '{"type":"job.get","id":8}',
            JSON.stringify({ ...init, id: 9 }),
        ]) {
            client.send(text);
        }
        client.send(Buffer.from([1, 2, 3]));
        expect(await client.request({ type: 'server.stats' })).toMatchObject({
            type: 'server.stats',
            workers: 5,
        });
        const errors = client.messages.filter((message) => message.type === 'error');
        expect(errors.map((error) => error['re'])).toEqual([null, null, null, 7, 8, 9, null]);
    });

    it('that sends more than a message may hold is closed', async () => {
        const { url } = await startTestDaemon();
        const client = await TestClient.connect(url, newToken());
        client.send('x'.repeat(1024 * 1024));
        await client.waitForClose();
        expect(client.isClosed).toBe(true);
    });

    it.each([
        ['another site', { origin: 'http://example.com' }],
        ['a name that was rebound', { headers: { host: 'example.com' } }],
    ])('from %s is refused', async (_, options) => {
        const { url } = await startTestDaemon();
        const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, options);
        const status = await new Promise((resolve) => {
            socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
            socket.on('error', () => undefined);
        });
        expect(status).toBe(403);
    });

    it.each(['//[', '/ws/../x', 'http://[', '*'])(
        'to %s is refused, and the daemon goes on',
        async (path) => {
            const { url } = await startTestDaemon();
            const { port, host } = new URL(url);
            const socket = connect(Number(port), '127.0.0.1');
            socket.write(
                `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n` +
                    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
                    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
            );
            const answer = await new Promise<string>((resolve) => {
                socket.once('data', (data: Buffer) => resolve(data.toString()));
            });
            socket.destroy();
            expect(answer).toMatch(/^HTTP\/1.1 4/);
            expect((await fetch(`${url}/healthz`)).status).toBe(200);
        },
    );

    it('whose client is mute does not keep the daemon from stopping', async () => {
        const daemon = await startTestDaemon();
        const { port, host } = new URL(daemon.url);
        const socket = connect(Number(port), '127.0.0.1');
        socket.write(
            `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\n` +
                'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
                'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
        );
        await new Promise((resolve) => socket.once('data', resolve));
        socket.on('error', () => undefined);
        await daemon.stop();
        await expect(fetch(`${daemon.url}/healthz`)).rejects.toThrow('fetch failed');
    });

    it('shows nobody the jobs of others', async () => {
        const { url } = await startTestDaemon();
        const owner = await TestClient.connect(url, newToken());
        const reply = await owner.request({
            type: 'encode.request',
            file: rawFile(rawVideo(1)),
            options: FAST_OPTIONS,
        });
        const stranger = await TestClient.connect(url, newToken());
        for (const type of ['job.get', 'job.cancel', 'job.retry', 'job.remove', 'job.logs']) {
            const answers = await Promise.all(
                [reply.jobId, 'x'.repeat(16)].map(async (jobId) => {
                    const answer = await stranger.request({ type, jobId });
                    return [
                        answer.type,
                        answer['code'],
                        String(answer['message']).replace(String(jobId), ''),
                    ];
                }),
            );
            expect(answers[0]).toEqual(answers[1]);
            expect(answers[0]?.[1]).toBe('UNKNOWN_JOB');
        }
        expect(await stranger.request({ type: 'jobs.list' })).toMatchObject({ jobs: [] });
    });

    it('gets the events that it missed, each once and in order', async () => {
        const { url } = await startTestDaemon();
        const token = newToken();
        const client = await TestClient.connect(url, token);
        const bytes = rawVideo(1);
        const reply = await client.request({
            type: 'encode.request',
            file: rawFile(bytes),
            options: FAST_OPTIONS,
        });
        const uploading = await client.waitForState(reply.jobId, 'uploading');
        client.close();
        await client.waitForClose();

        const watcher = await TestClient.connect(url, token);
        await sendAll(url, token, (reply['upload'] as { id: string }).id, bytes);
        await watcher.waitForState(reply.jobId, 'ready');
        const back = await TestClient.connect(url, token, uploading['seq'] as number);
        await back.waitForState(reply.jobId, 'ready');
        const states = back.messages
            .filter((message) => message.type === 'job.event' && !message['progress'])
            .map((message) => message['state']);
        expect(states).toEqual(['queued', 'probing', 'encoding', 'packaging', 'ready']);
        const numbers = back.messages
            .filter((message) => message.type === 'job.event')
            .map((message) => message.seq);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    });

    it('is told when the daemon stops', async () => {
        const daemon = await startTestDaemon();
        const client = await TestClient.connect(daemon.url, newToken());
        await daemon.stop();
        await client.waitForClose();
        expect(client.messages.at(-1)).toMatchObject({ type: 'error', code: 'SHUTTING_DOWN' });
    });
});
