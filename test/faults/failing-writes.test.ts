/**
 * A disk on which writes fail at random, for want of space or because it is broken, first beside the
 * database and then in it. What was accepted ends, nothing half-done is called done, and the daemon
 * goes on when the disk does.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { EXIT } from '../../src/protocol/errors.js';
import { frameTimes } from '../encoder/helpers/measure.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { evidenceOf } from './helpers/evidence.js';
import { FailingWrites, type Failures } from './helpers/failing-writes.js';
import type { EncodeProcess } from './helpers/process.js';
import { faultCount, testRandom } from './helpers/random.js';
import { newScene } from './helpers/scene.js';
import { writeSource, type Source } from './helpers/source.js';

/** Writes that fail in each test. */
const FAILURES = faultCount(4);
/** The database's own turn takes too long for every run. */
const isLong = process.env['KVZ_CLOUD_FAULTS'] !== undefined;
const CLIENTS = 2;
const LOOK_MS = 20;
const RATES_PER_MILLION = [3_000, 30_000, 150_000];
/** What a command may end with while writes fail; it has said why. */
const TRUE_ENDS = new Set<number | null>([0, EXIT.rejected, EXIT.unreachable, EXIT.jobFailed]);

const CASES: Pick<Failures, 'error' | 'withDatabase'>[] = [
    { error: 'ENOSPC', withDatabase: false },
    { error: 'EIO', withDatabase: false },
    { error: 'ENOSPC', withDatabase: true },
    { error: 'EIO', withDatabase: true },
];

it.each(['ENOSPC', 'EIO'] as const)(
    'a client that is new is told that nothing can be written (%s), and the daemon goes on',
    async (error) => {
        const dataDir = join(temporaryFolder(), 'data');
        const writes = new FailingWrites(dataDir);
        const scene = await newScene({ dataDir, env: writes.env });
        const source = writeSource(join(scene.home.outputs, 'a.yuv'), 1, testRandom('new client'));
        writes.begin({ perMillion: 1_000_000, error, withDatabase: true, seed: 0 });
        const refused = await scene.home.runJson(
            ...['encode', source.path, ...source.rawOptions, '--no-start'],
        );
        expect(refused.status).not.toBe(0);
        // A connection may be gone before the reason has been read.
        expect(['NO_SPACE', 'UNREACHABLE']).toContain(refused.events.at(-1)?.['code']);
        writes.end();
        expect(await scene.encode(source).ended).toMatchObject({ status: 0 });
        expect(scene.daemon.starts).toBe(1);
        expect(await scene.daemon.stop()).toBe(0);
    },
);

it.each(isLong ? CASES : CASES.filter(({ withDatabase }) => !withDatabase))(
    `everything accepted ends although ${FAILURES} writes fail: %o`,
    async ({ error, withDatabase }) => {
        const random = testRandom(`writes that fail: ${error}`);
        const dataDir = join(temporaryFolder(), 'data');
        const writes = new FailingWrites(dataDir);
        const scene = await newScene({
            settings: { workers: 2, retryDelay: 1, freeSpaceFloor: 0 },
            dataDir,
            env: writes.env,
        });
        const { daemon, home } = scene;
        const requests: { source: Source; output: string; client: EncodeProcess }[] = [];
        const keepBusy = (): void => {
            const running = requests.filter(({ client }) => !client.hasEnded).length;
            for (let missing = CLIENTS - running; missing > 0; missing -= 1) {
                const name = `clip${requests.length}`;
                const path = join(home.outputs, `${name}.yuv`);
                const source = writeSource(path, 2 + random.below(3), random);
                const output = `${name}.hevc`;
                requests.push({ source, output, client: scene.encode(source, '-o', output) });
            }
        };
        while (writes.count < FAILURES) {
            keepBusy();
            const perMillion = RATES_PER_MILLION[random.below(RATES_PER_MILLION.length)] ?? 0;
            const target = Math.min(FAILURES, writes.count + 1 + random.below(5));
            writes.begin({ perMillion, error, withDatabase, seed: random.below(2 ** 32) });
            while (writes.count < target && requests.some(({ client }) => !client.hasEnded)) {
                if (daemon.hasEnded) throw new Error(daemon.said);
                await delay(LOOK_MS);
            }
            writes.end();
        }

        for (const { source, output, client } of requests) {
            const { status } = await client.ended;
            if (!TRUE_ENDS.has(status)) throw new Error(client.messages.join('\n'));
            if (status !== 0) {
                expect(client.last('error')).toMatchObject({ code: expect.any(String) as string });
                expect(client.last('error')).not.toMatchObject({ code: 'INTERNAL' });
                const again = scene.encode(source, '-o', output);
                const { status: later } = await again.ended;
                if (later !== 0) throw new Error(again.messages.join('\n'));
            }
            const path = join(home.outputs, output);
            expect(await frameTimes({ path })).toHaveLength(source.frames);
        }
        await daemon.repaired();
        expect(daemon.starts).toBe(1);
        expect(await daemon.stop()).toBe(0);
        const { jobs, uploads, files, leafRows, integrity } = evidenceOf(scene);
        expect(jobs.filter(({ state }) => state !== 'ready' && state !== 'failed')).toEqual([]);
        expect(uploads.filter(({ state }) => state === 'open')).toEqual([]);
        expect([leafRows, integrity]).toEqual([0, 'ok']);
        expect(files.work).toEqual([]);
        expect(files.sources).toHaveLength(requests.length);
        expect(files.results).toHaveLength(requests.length);
    },
    120_000 + FAILURES * 5_000,
);
