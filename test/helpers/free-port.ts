/** Ports for servers that are started later, or stopped and started again. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give to whoever asks for any (from 32768 on Linux), so that nobody else gets it meanwhile. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;

/** A port of 127.0.0.1 on which nobody listens. */
export async function freePort(): Promise<number> {
    for (;;) {
        const port = randomInt(FIRST_PORT, LAST_PORT + 1);
        const server = createServer().listen(port, '127.0.0.1');
        try {
            await once(server, 'listening');
        } catch {
            // It is taken.
            continue;
        }
        server.close();
        await once(server, 'close');
        return port;
    }
}
