#!/usr/bin/env node
// npm run bench:known: how long a request for a file takes that the daemon has already.
import { mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { HashCache } from '../dist/client/hash-cache.js';
import { hashFile } from '../dist/client/hash.js';
import { openInput } from '../dist/client/input-file.js';
import { userToken } from '../dist/client/token.js';
import { openFolders } from '../dist/daemon/folders.js';
import { Store } from '../dist/daemon/store/index.js';
import { scratchFolder } from './files.mjs';
import { freePort, runProgram, startServer, stopServer } from './process.mjs';
import { loadNow, report, table } from './report.mjs';
import { knownBytes, rounds, scratchParent } from './settings.mjs';
import { formatBytes, spread } from './stats.mjs';

const GOAL_MS = 50;
const BIN = fileURLToPath(new URL('../bin/kvz-cloud.js', import.meta.url));
/** One megabyte a frame, so that any number of megabytes is a whole number of frames. */
const RAW = ['--raw', '--input-res', '1000x1000', '--input-format', 'gray'];

const loadBefore = loadNow();
const bytes = knownBytes();
const home = scratchFolder(scratchParent());
const path = join(home, 'known.yuv');

/** A file that takes no room on the disk, long unchanged, so that its id is remembered. */
function makeSparse(name) {
    writeFileSync(name, '');
    truncateSync(name, bytes);
    const longAgo = new Date('2020-01-01T00:00:00Z');
    utimesSync(name, longAgo, longAgo);
}

makeSparse(path);
const file = await openInput(path);
const started = performance.now();
const hash = await hashFile(file);
const hashSeconds = (performance.now() - started) / 1000;
// Its time of change is now; what is remembered must have rested, so it is said to be read later.
await new HashCache(join(home, 'cache')).put(file, hash, Date.now() + 10_000);
await file.handle.close();

// The daemon's state after an upload: the file on its disk, its row, and who has it.
mkdirSync(home, { recursive: true });
const folders = openFolders(join(home, 'data'));
const token = userToken(join(home, 'token'), {});
const store = new Store(folders.database);
const user = store.tokens.findOrOpen(token, Date.now());
makeSparse(join(folders.sources, 'known'));
store.files.add({ id: hash.id, size: bytes, storage: 'known' }, Date.now());
store.files.markSynced(hash.id);
store.files.grant(user.id, hash.id, Date.now());
store.close();

const env = {
    ...process.env,
    KVZ_CLOUD_HOME: home,
    KVZ_CLOUD_SERVER: `http://127.0.0.1:${await freePort()}`,
    KVZ_CLOUD_TOKEN: '',
    // Nothing is encoded: what is queued waits for a program that sleeps.
    KVZ_CLOUD_KVAZAAR: fileURLToPath(new URL('./idle-program.sh', import.meta.url)),
};
const { child } = await startServer(process.execPath, [BIN, 'daemon', 'run', '--workers', '1'], {
    env,
});
child.stdout.resume();

/** One request. @returns milliseconds from the known id to the daemon's answer, and of the command */
async function ask(qp) {
    const options = ['--preset', 'ultrafast', '--no-logo', '--detach', '--json'];
    const { stdout, seconds } = await runProgram(
        process.execPath,
        [BIN, 'encode', path, ...RAW, ...options, '--', '--qp', String(qp)],
        { env },
    );
    const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const known = events.find((event) => event.event === 'hash');
    const answer = events.find((event) => event.event === 'handshake');
    const end = events.at(-1);
    if (!known.cached || end.uploadedBytes !== 0) throw new Error('the file was read or sent');
    return {
        status: answer.status,
        answerMs: new Date(answer.time) - new Date(known.time),
        commandMs: seconds * 1000,
    };
}

try {
    const results = { queued: [], rejected: [] };
    await ask(50); // what is loaded for the first time is not measured
    for (let round = 0; round < 2 * rounds(); round++) {
        for (const expected of Object.keys(results)) {
            const result = await ask(round);
            if (result.status !== expected) throw new Error(`${result.status}, not ${expected}`);
            results[expected].push(result);
        }
    }
    const row = (label, each) => [
        label,
        spread(
            each.map((result) => result.answerMs),
            0,
        ),
        spread(
            each.map((result) => result.commandMs),
            0,
        ),
    ];
    report({
        name: 'known',
        title: 'A file that the daemon has',
        command: `KVZ_BENCH_KNOWN_SIZE=${formatBytes(bytes).replace(' ', '').replace(/B$/, '')} npm run bench:known`,
        loadBefore,
        body: [
            `A sparse file of ${formatBytes(bytes)}. Hashing it once took ${hashSeconds.toFixed(1)} s; ` +
                `afterwards its id is remembered, nothing is read and 0 bytes are sent. Milliseconds, ` +
                `median (smallest–largest) of ${results.queued.length}; goal: an answer within ${GOAL_MS} ms.`,
            table([
                ['answer', 'id known to answer, ms', 'whole command, ms'],
                row('queued: other options', results.queued),
                row('rejected: the same request', results.rejected),
            ]),
        ].join('\n\n'),
    });
} finally {
    await stopServer(child);
}
