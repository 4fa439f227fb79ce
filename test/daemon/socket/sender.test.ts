import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Sender } from '../../../src/daemon/socket/sender.js';
import type { ServerMessage } from '../../../src/protocol/messages.js';

/** A message that is so many bytes long. */
function messageOf(bytes: number): ServerMessage {
    const message = (text: string): ServerMessage => ({
        ...{ type: 'error', re: null, code: 'INTERNAL' },
        message: text,
    });
    return message('x'.repeat(bytes - JSON.stringify(message('')).length));
}

it('sends messages whose length takes one byte, two and eight, between those of ws', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => client.terminate());
    const [socket, request] = (await once(server, 'connection')) as [WebSocket, IncomingMessage];
    const sender = new Sender(socket, request.socket);
    const lengths = [100, 125, 126, 0xffff, 0x1_0000];
    const got: string[] = [];
    const all = new Promise<void>((resolve) => {
        client.on('message', (data, isBinary) => {
            got.push(isBinary ? 'binary' : (data as Buffer).toString('utf8'));
            if (got.length === 2 * lengths.length) resolve();
        });
    });
    const sent = lengths.flatMap((length) => {
        const message = messageOf(length);
        expect(sender.send(message)).toBeGreaterThan(length);
        socket.send('of ws');
        return [JSON.stringify(message), 'of ws'];
    });
    await all;
    expect(got.map((text) => text.length)).toEqual(sent.map((text) => text.length));
    expect(got.join('') === sent.join('')).toBe(true);
});
