// The least that node can do for an upload: a body into leaves of 1 MiB, the digest of each compared
// with the one that its sender gave, written to its place. No users, no database, no resumption, no
// limits. Prints its address. POST /OFFSET, with the digests in hex in the header `digests`.
import { createHash } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { MIB } from './stats.mjs';

/** The second thread: hashes and writes, and gives the memory back. */
function storeLeaves(file) {
    parentPort.on('message', ({ id, leaf, length, offset, digest }) => {
        const bytes = leaf.subarray(0, length);
        const isSame = createHash('sha256').update(bytes).digest('hex') === digest;
        if (isSame) writeSync(file, bytes, 0, length, offset);
        parentPort.postMessage({ id, leaf, isSame }, [leaf.buffer]);
    });
}

function serve(folder) {
    const file = openSync(join(folder, 'arrived'), 'w');
    const worker = new Worker(new URL(import.meta.url), { workerData: file });
    const spare = [];
    const waiting = new Map();
    let lastId = 0;
    worker.on('message', ({ id, leaf, isSame }) => {
        spare.push(leaf);
        waiting.get(id)(isSame);
        waiting.delete(id);
    });

    const server = createServer((request, response) => {
        const digests = request.headers.digests.split(',');
        const stored = [];
        let offset = Number(request.url.slice(1));
        let leaf;
        let filled = 0;
        const store = () => {
            const digest = digests[stored.length];
            const id = ++lastId;
            worker.postMessage({ id, leaf, length: filled, offset, digest }, [leaf.buffer]);
            stored.push(new Promise((resolve) => waiting.set(id, resolve)));
            offset += filled;
            leaf = undefined;
            filled = 0;
        };
        request.on('data', (piece) => {
            for (let used = 0; used < piece.length;) {
                leaf ??= spare.pop() ?? Buffer.allocUnsafeSlow(MIB);
                const count = piece.copy(leaf, filled, used);
                filled += count;
                used += count;
                if (filled === MIB) store();
            }
        });
        const answer = async () => {
            if (filled > 0) store();
            response.statusCode = (await Promise.all(stored)).every(Boolean) ? 200 : 500;
            response.end();
        };
        request.on('end', () => void answer());
    });
    server.listen(0, '127.0.0.1', () => {
        process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
    });
    process.on('SIGTERM', () => process.exit(0));
}

if (isMainThread) serve(process.argv[2]);
else storeLeaves(workerData);
