// Sends a file to bare-server.mjs over two connections; prints the seconds from the first byte that
// is read to the last answer, as JSON. As with kvz-cloud, hashing comes before that.
import { createHash } from 'node:crypto';
import { openSync, readSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { MIB } from './stats.mjs';

const CONNECTIONS = 2;
const [url, path, chunkBytes] = process.argv.slice(2);
const chunkSize = Number(chunkBytes);
const { size } = statSync(path);
const file = openSync(path);
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function digestsOf(offset) {
    const leaf = Buffer.allocUnsafe(MIB);
    const end = Math.min(size, offset + chunkSize);
    const digests = [];
    for (let at = offset; at < end; at += MIB) {
        const length = readSync(file, leaf, 0, Math.min(MIB, end - at), at);
        digests.push(createHash('sha256').update(leaf.subarray(0, length)).digest('hex'));
    }
    return digests.join(',');
}

function send(offset, bytes, digests) {
    return new Promise((resolve, reject) => {
        const headers = { 'content-length': bytes.length, digests };
        const sending = request(new URL(`/${offset}`, url), { method: 'POST', agent, headers });
        sending.on('response', (response) => {
            if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
            response.on('end', resolve).resume();
        });
        sending.on('error', reject);
        sending.end(bytes);
    });
}

const chunks = [];
for (let offset = 0; offset < size; offset += chunkSize) {
    chunks.push({ offset, digests: digestsOf(offset) });
}
const startedMs = performance.now();
const left = chunks.values();
await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
        const buffer = Buffer.allocUnsafeSlow(chunkSize);
        for (const { offset, digests } of left) {
            const length = readSync(file, buffer, 0, chunkSize, offset);
            await send(offset, buffer.subarray(0, length), digests);
        }
    }),
);
process.stdout.write(`${JSON.stringify({ seconds: (performance.now() - startedMs) / 1000 })}\n`);
agent.destroy();
