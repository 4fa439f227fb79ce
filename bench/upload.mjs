#!/usr/bin/env node
// npm run bench:upload: our command and daemon against cp and tus, in turn, on the same disk.
import { join } from 'node:path';
import { availableParallelism } from 'node:os';
import { copyFile, readByKvz, sendToKvz, uploadBare, uploadWithTus } from './contenders.mjs';
import {
    assertSame,
    readThrough,
    scratchFolder,
    settleDisk,
    sha256Seconds,
    writeRandomFile,
} from './files.mjs';
import { PageCache } from './page-cache.mjs';
import { runProgram } from './process.mjs';
import { loadNow, report, table } from './report.mjs';
import { rounds, scratchParent, uploadBytes } from './settings.mjs';
import { formatBytes, median, MIB, spread } from './stats.mjs';

const SMALL_BYTES = 256 * MIB;
const GOALS = { tus: 2, cp: 0.9, memoryBytes: 150e6 };

const say = (text) => process.stderr.write(`${text}\n`);
const loadBefore = loadNow();
const bytes = uploadBytes();
const count = rounds();
const scratch = scratchFolder(scratchParent());
const source = join(scratch, 'source.yuv');
const pageCache = new PageCache(scratch);

/** One turn: a quiet disk and a full page cache; the clock; what syncing adds, and a comparison. */
async function turn(contender, path) {
    settleDisk(scratch);
    pageCache.fill();
    readThrough(path);
    let syncSeconds = 0;
    const result = await contender(path, join(scratch, 'target'), async (arrived) => {
        ({ seconds: syncSeconds } = await runProgram('sync', ['--data', arrived]));
        assertSame(path, arrived);
    });
    return { ...result, syncedSeconds: result.seconds + syncSeconds };
}

const contenders = {
    kvz: readByKvz,
    http: sendToKvz,
    cp: copyFile,
    tus: uploadWithTus,
    bare: uploadBare,
};
const results = { kvz: [], http: [], cp: [], tus: [], bare: [] };
const hashing = [];

writeRandomFile(source, bytes);
// Pages of the new file, code and disk are warm for the first contender as for the others.
for (const contender of Object.values(contenders)) await turn(contender, source);
for (let round = 1; round <= count; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
        const result = await turn(contender, source);
        results[name].push(result);
        say(`round ${round} ${name}: ${result.seconds.toFixed(2)} s`);
    }
    hashing.push(sha256Seconds(source));
}
const small = join(scratch, 'small.yuv');
writeRandomFile(small, SMALL_BYTES);
const smallMemory = {
    kvz: (await turn(readByKvz, small)).memoryBytes,
    http: (await turn(sendToKvz, small)).memoryBytes,
};

const values = (name, key) => results[name].map((result) => result[key]);
const mid = (name, key) => median(values(name, key));
const megabytes = (count) => `${Math.round(count / 1e6)} MB`;
const memory = (name) => megabytes(Math.max(...values(name, 'memoryBytes')));

/**
 * Throughput of one compared with another in each round by itself, so that load that comes and
 * goes counts for both.
 */
const ratios = (name, other, key) =>
    results[name].map((result, round) => results[other][round][key] / result[key]);

const perGib = (name) => spread(values(name, 'serverSeconds').map((s) => s / (bytes / 2 ** 30)));

const row = (name, label, server) => [
    label,
    spread(values(name, 'seconds')),
    `${Math.round(bytes / 1e6 / mid(name, 'seconds'))} MB/s`,
    spread(values(name, 'syncedSeconds')),
    ...(server ? [perGib(name), memory(name)] : ['–', '–']),
];
const times = table([
    [
        '',
        'seconds',
        'throughput',
        'seconds, synced',
        'processor seconds of the server per GiB',
        'peak memory of the server',
    ],
    row('kvz', 'kvz-cloud, integrity checked', true),
    row('http', 'kvz-cloud over HTTP (`localCopy` false), integrity checked', true),
    row('cp', '`cp`', false),
    row('tus', 'tus-js-client, @tus/server, @tus/file-store', true),
    row('bare', 'bare node:http and SHA-256', true),
]);
/** The goal is for what the command does here; HTTP is told beside it. */
const goal = (what, key, name, wanted) => {
    const measured = ratios('kvz', name, key);
    const verdict = median(measured) >= wanted ? 'met' : 'not met';
    return [
        what,
        spread(measured),
        `at least ${wanted}: ${verdict}`,
        spread(ratios('http', name, key)),
    ];
};
const memories = (name) => `${megabytes(smallMemory[name])} and ${memory(name)}`;
const largest = Math.max(
    ...Object.values(smallMemory),
    ...values('kvz', 'memoryBytes'),
    ...values('http', 'memoryBytes'),
);
const verdicts = table([
    ['kvz-cloud compared', 'measured', 'goal', 'over HTTP'],
    goal('throughput to tus', 'seconds', 'tus', GOALS.tus),
    goal('throughput to tus, synced', 'syncedSeconds', 'tus', GOALS.tus),
    goal('throughput to `cp`', 'seconds', 'cp', GOALS.cp),
    goal('throughput to `cp`, synced', 'syncedSeconds', 'cp', GOALS.cp),
    [
        'throughput to the bare one',
        spread(ratios('kvz', 'bare', 'seconds')),
        '–',
        spread(ratios('http', 'bare', 'seconds')),
    ],
    [
        `peak memory of the daemon, ${formatBytes(SMALL_BYTES)} and ${formatBytes(bytes)}`,
        memories('kvz'),
        `below 150 MB: ${largest < GOALS.memoryBytes ? 'met' : 'not met'}`,
        memories('http'),
    ],
]);
const cores = availableParallelism();
/** Copying and hashing, with both spread over all cores and nothing else to do. */
const bestToCp = values('cp', 'seconds').map(
    (seconds, round) => seconds / ((seconds + hashing[round]) / cores),
);
const limits =
    `SHA-256 of the file alone takes ${spread(hashing)} s on one core, \`cp\` ` +
    `${spread(values('cp', 'seconds'))} s. Both spread evenly over the ${cores} cores of this ` +
    `machine, with nothing else to do, would reach ${spread(bestToCp)} of \`cp\`, and the bare ` +
    `one, which is what HTTP leaves of that, reaches ${spread(ratios('bare', 'cp', 'seconds'))}.`;

report({
    name: 'upload',
    title: `Upload of ${formatBytes(bytes)} over loopback`,
    command: 'npm run bench:upload',
    loadBefore,
    body: [
        `Medians of ${count} interleaved rounds after one to warm up, smallest and largest in ` +
            'brackets; ratios are taken round by round. Chunks of 8 MiB. What each row means is ' +
            'above.',
        times,
        verdicts,
        limits,
        `Before the upload the command hashes the file: ${spread(values('kvz', 'hashSeconds'))} s. ` +
            'The whole `encode --detach`, from the start of the process to its end: ' +
            `${spread(values('kvz', 'wholeSeconds'))} s.`,
    ].join('\n\n'),
});
