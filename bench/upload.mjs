#!/usr/bin/env node
// npm run bench:upload: our command and daemon against cp and tus, in turn, on the same disk.
import { join } from 'node:path';
import { copyFile, uploadBare, uploadWithKvz, uploadWithTus } from './contenders.mjs';
import { assertSame, readThrough, scratchFolder, settleDisk, writeRandomFile } from './files.mjs';
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

const contenders = { kvz: uploadWithKvz, cp: copyFile, tus: uploadWithTus, bare: uploadBare };
const results = { kvz: [], cp: [], tus: [], bare: [] };

writeRandomFile(source, bytes);
// Pages of the new file, code and disk are warm for the first contender as for the others.
for (const contender of Object.values(contenders)) await turn(contender, source);
for (let round = 1; round <= count; round++) {
    for (const [name, contender] of Object.entries(contenders)) {
        const result = await turn(contender, source);
        results[name].push(result);
        say(`round ${round} ${name}: ${result.seconds.toFixed(2)} s`);
    }
}
const small = join(scratch, 'small.yuv');
writeRandomFile(small, SMALL_BYTES);
const smallMemory = (await turn(uploadWithKvz, small)).memoryBytes;

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
    row('cp', '`cp`', false),
    row('tus', 'tus-js-client, @tus/server, @tus/file-store', true),
    row('bare', 'bare node:http and SHA-256', true),
]);
const goal = (key, name, wanted) => {
    const measured = ratios('kvz', name, key);
    const verdict = median(measured) >= wanted ? 'met' : 'not met';
    return [spread(measured), `at least ${wanted}: ${verdict}`];
};
const largest = Math.max(smallMemory, ...values('kvz', 'memoryBytes'));
const verdicts = table([
    ['kvz-cloud compared', 'measured', 'goal'],
    ['throughput to tus', ...goal('seconds', 'tus', GOALS.tus)],
    ['throughput to tus, synced', ...goal('syncedSeconds', 'tus', GOALS.tus)],
    ['throughput to `cp`', ...goal('seconds', 'cp', GOALS.cp)],
    ['throughput to `cp`, synced', ...goal('syncedSeconds', 'cp', GOALS.cp)],
    ['throughput to the bare one', spread(ratios('kvz', 'bare', 'seconds')), '–'],
    ['the bare one to `cp`', spread(ratios('bare', 'cp', 'seconds')), '–'],
    [
        `peak memory of the daemon, ${formatBytes(SMALL_BYTES)} and ${formatBytes(bytes)}`,
        `${megabytes(smallMemory)} and ${memory('kvz')}`,
        `below 150 MB: ${largest < GOALS.memoryBytes ? 'met' : 'not met'}`,
    ],
]);

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
        `Before the upload the command hashes the file: ${spread(values('kvz', 'hashSeconds'))} s. ` +
            'The whole `encode --detach`, from the start of the process to its end: ' +
            `${spread(values('kvz', 'wholeSeconds'))} s.`,
    ].join('\n\n'),
});
