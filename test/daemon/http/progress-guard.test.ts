/** Requests that hardly move, and a daemon that stood still itself. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { ProgressGuard } from '../../../src/daemon/http/progress-guard.js';

it('does not hold against a request that its own process did not run', async () => {
    const guard = new ProgressGuard({ windowMs: 400, minimumBytes: 1 });
    onTestFinished(() => guard.stop());
    const socket = Object.assign(new PassThrough(), { bytesRead: 0 });
    const request = { complete: false, readableLength: 0, socket };
    const response = Object.assign(new PassThrough(), { headersSent: false });
    guard.watch(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    // Longer than the window, and the guard looks before anything that came is read.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700);
    await setImmediate();
    await setImmediate();
    expect(socket.writableEnded).toBe(false);
    // It still ends when nothing comes for a window in which this process runs.
    await once(socket, 'data');
    expect(socket.writableEnded).toBe(true);
});
