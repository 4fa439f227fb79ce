/** Each limit of the connection, with the answer that it gives. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { newToken, rawVideo, startTestDaemon, TestClient } from '../../helpers/daemon.js';
import { askForJob } from '../../helpers/jobs.js';

const MIB = 1024 * 1024;

const answers = new WeakMap<Socket, Promise<string>>();

/** A bare connection, whose answer is collected from the beginning. */
function open(url: string): Socket {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const answer = new Promise<string>((resolve) => {
        let text = '';
        socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
    });
    answers.set(socket, answer);
    return socket;
}

/** All that comes until the daemon closes the connection. */
const answerOn = async (socket: Socket): Promise<string> => (await answers.get(socket)) ?? '';

/** The head of a request that sends the one chunk of a new upload of `bytes` bytes. */
async function uploadHead(url: string, token: string, bytes: Buffer): Promise<string> {
    const { uploadId: id } = await askForJob({ url }, bytes, { token });
    return [
        `POST /upload?resumableIdentifier=${id}&resumableChunkNumber=1` +
            `&resumableChunkSize=${MIB}&resumableTotalSize=${bytes.length} HTTP/1.1`,
        `Host: ${new URL(url).host}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/octet-stream',
        `Content-Length: ${bytes.length}`,
        'Connection: close',
        '\r\n',
    ].join('\r\n');
}

describe('a body', () => {
    it('that hardly moves ends', async () => {
        const { url } = await startTestDaemon({ stallTimeout: 1, slowestRate: 1000 });
        const head = await uploadHead(url, newToken(), rawVideo(1));
        const socket = open(url);
        socket.write(head);
        const drip = setInterval(() => socket.write('x'), 50);
        const answer = await answerOn(socket);
        clearInterval(drip);
        expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: \d[^]*"code":"TOO_SLOW"/);
    });

    it('that is slow but moves is taken', async () => {
        const { url } = await startTestDaemon({ stallTimeout: 1, slowestRate: 100 });
        const bytes = rawVideo(2);
        const head = await uploadHead(url, newToken(), bytes);
        const socket = open(url);
        socket.write(head);
        // 12 KB in four seconds: slow as an old modem, and four windows long.
        for (let at = 0; at < bytes.length; at += 768) {
            socket.write(bytes.subarray(at, at + 768));
            await delay(250);
        }
        expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 200 /);
    });
});

describe('a connection', () => {
    it('ends when the head of its request does not come', async () => {
        const { url } = await startTestDaemon({ handshakeTimeout: 1 });
        const socket = open(url);
        socket.write('GET /healthz HTTP/1.1\r\nHost: 127');
        expect(await answerOn(socket)).toMatch(/^HTTP\/1\.1 408 /);
        const silent = open(url);
        expect(await answerOn(silent)).toMatch(/^(HTTP\/1\.1 408 |$)/);
    });

    it('is one of so many of its address', async () => {
        const { url } = await startTestDaemon({ connectionsPerAddress: 2 });
        const first = [open(url), open(url)];
        await Promise.all(
            first.map((socket) => new Promise((done) => socket.once('connect', done))),
        );
        const third = open(url);
        expect(await answerOn(third)).toMatch(/^HTTP\/1\.1 503 [^]*"code":"TOO_MANY_SOCKETS"/);
        for (const socket of first) socket.destroy();
    });

    it('that sends requests far ahead ends', async () => {
        const { url } = await startTestDaemon();
        const socket = open(url);
        const { host } = new URL(url);
        socket.write(`GET /jobs/x/result HTTP/1.1\r\nHost: ${host}\r\n\r\n`.repeat(1000));
        const statuses = (await answerOn(socket)).match(/HTTP\/1\.1 /g) ?? [];
        expect(statuses.length).toBeLessThan(1000);
    });
});

describe('one user', () => {
    it('has so many sockets open', async () => {
        const { url } = await startTestDaemon({ socketsPerUser: 2 });
        const token = newToken();
        const first = await TestClient.connect(url, token);
        await TestClient.connect(url, token);
        const third = await TestClient.open(url);
        const init = { type: 'init', protocol: 1, token };
        expect(await third.request(init)).toMatchObject({ code: 'TOO_MANY_SOCKETS' });
        await third.waitForClose();
        await TestClient.connect(url, newToken());
        first.close();
        await first.waitForClose();
        expect((await TestClient.connect(url, token)).messages[0]?.type).toBe('init.ok');
    });

    it('sends messages at a pace; none is lost, and others are not held up', async () => {
        const { url } = await startTestDaemon({ messagesPerSecond: 20 });
        const client = await TestClient.connect(url, newToken());
        const other = await TestClient.connect(url, newToken());
        const ask = { type: 'job.get', jobId: 'x' };
        // More than the daemon would answer within twenty seconds.
        for (let id = 1001; id <= 1500; id += 1) client.send(JSON.stringify({ ...ask, id }));
        expect(await other.request(ask)).toMatchObject({ code: 'UNKNOWN_JOB' });
        expect(client.messages.length).toBeLessThan(500);
        const patient = await TestClient.connect(url, newToken());
        const all = Array.from({ length: 80 }, async () => patient.request(ask));
        expect((await Promise.all(all)).length).toBe(80);
    });

    it('asks so much over HTTP, and is told to come back', async () => {
        const { url } = await startTestDaemon({ requestsPerSecond: 1 });
        const ask = async (token: string): Promise<Response> =>
            fetch(`${url}/jobs/x/result`, { headers: { authorization: `Bearer ${token}` } });
        const token = newToken();
        let refused = await ask(token);
        while (refused.status !== 503) refused = await ask(token);
        expect(refused.headers.get('retry-after')).toMatch(/^[12]$/);
        expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
        expect((await ask(newToken())).status).toBe(404);
    });

    it('has so many chunks received at once', async () => {
        const { url } = await startTestDaemon({ transfersPerUser: 1 });
        const token = newToken();
        const bytes = rawVideo(2);
        const head = await uploadHead(url, token, bytes);
        const first = open(url);
        first.write(`${head.trimEnd()}\r\nExpect: 100-continue\r\n\r\n`);
        await new Promise((resolve) => first.once('data', resolve));
        const second = open(url);
        second.write(head);
        const answer = await answerOn(second);
        expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*"code":"TOO_MANY_REQUESTS"/);
        first.write(bytes);
        expect(await answerOn(first)).toMatch(/^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 /);
    });
});

it('clients that do not introduce themselves are few', async () => {
    // None of them is sent away for its silence meanwhile.
    const { url } = await startTestDaemon({ handshakeTimeout: 100 });
    const address = `${url.replace('http', 'ws')}/ws`;
    const statuses = await Promise.all(
        Array.from(
            { length: 140 },
            async () =>
                new Promise<number>((resolve) => {
                    const socket = new WebSocket(address);
                    socket.on('open', () => resolve(101));
                    socket.on('error', () => undefined);
                    socket.on('unexpected-response', (_request, response) => {
                        response.resume();
                        resolve(response.statusCode ?? 0);
                    });
                }),
        ),
    );
    expect(statuses.filter((status) => status === 101).length).toBe(128);
    expect(statuses.filter((status) => status === 503).length).toBe(12);
});
