/** What a client gets for bytes that are no request, or not all of one. */
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import {
    FAST_OPTIONS,
    newToken,
    rawFile,
    rawVideo,
    startTestDaemon,
    TestClient,
} from '../helpers/daemon.js';

/** Sends bytes and the end of the connection. @returns status, headers and body of the answer */
async function answerTo(url: string, text: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const parts: Buffer[] = [];
    socket.end(text);
    for await (const part of socket as AsyncIterable<Buffer>) parts.push(part);
    return Buffer.concat(parts).toString('latin1');
}

it('a request that ends too early may be sent again', async () => {
    const { url } = await startTestDaemon();
    const token = newToken();
    const client = await TestClient.connect(url, token);
    const bytes = rawVideo(256);
    const reply = await client.request({
        ...{ type: 'encode.request', file: rawFile(bytes), options: FAST_OPTIONS },
    });
    const { id } = reply['upload'] as { id: string };
    const head = [
        `POST /upload?resumableIdentifier=${id}&resumableChunkNumber=1` +
            `&resumableChunkSize=1048576&resumableTotalSize=${bytes.length} HTTP/1.1`,
        `Host: ${new URL(url).host}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/octet-stream',
        'Content-Length: 1048576',
    ].join('\r\n');
    for (const request of [head, `${head}\r\n\r\n${'x'.repeat(100_000)}`]) {
        const answer = await answerTo(url, request);
        expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
        expect(answer).toContain('\r\nRetry-After: 0\r\n');
        expect(answer).toContain('"code":"UPLOAD_INTERRUPTED"');
    }
});

it('what is no request is said to be none', async () => {
    const { url } = await startTestDaemon();
    expect(await answerTo(url, 'WHAT IS THIS\r\n\r\n')).toMatch(
        /^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"BAD_MESSAGE"/,
    );
    const long = `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect(await answerTo(url, long)).toMatch(/^HTTP\/1\.1 431 /);
});
