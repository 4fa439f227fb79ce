/** kill -9 of the daemon at any point of an upload, and of what follows on it. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { evidenceOf, expectDelivered } from './helpers/evidence.js';
import { faultCount, testRandom, type Random } from './helpers/random.js';
import { MIB, newScene, type Scene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

const WAYS = [
    { way: 'is sent', localCopy: false, kills: faultCount(50) },
    { way: 'is read by the daemon', localCopy: true, kills: faultCount(8) },
];
/** Longest wait before a kill: the bytes are in a socket, in memory, on the disk, or recorded. */
const WITHIN_MS = 10;
/** About as long as a daemon takes to start. */
const START_MS = 700;

/** Kills the daemon and starts it anew while requests wait. @param twice once more as it starts */
async function killAndRestart(
    { daemon, proxy }: Scene,
    random: Random,
    twice: boolean,
): Promise<void> {
    await delay(random.below(WITHIN_MS));
    await daemon.kill();
    proxy.cutAll();
    proxy.gate.open();
    if (twice) {
        daemon.spawn();
        await delay(random.below(START_MS));
        await daemon.kill();
    }
    proxy.gate.hold();
    await daemon.start();
    proxy.gate.open();
}

it.each(WAYS)(
    'a file that $way arrives whole although the daemon is killed $kills times on its way, ' +
        'then while it completes it and while it encodes it',
    async ({ localCopy, kills }) => {
        const random = testRandom('daemon killed');
        const scene = await newScene({ settings: { localCopy } });
        const { home, daemon, proxy } = scene;
        const source = writeSource(join(home.outputs, 'clip.yuv'), 48, random);
        const encode = scene.encode(source, '-o', 'clip.hevc');
        const handshake = await encode.event('handshake');

        for (let left = kills; left > 0; left -= 1) {
            const { uploads, integrity } = evidenceOf(scene);
            expect(integrity).toBe('ok');
            // What is missing is shared among the lives that are left, so no life sees the end.
            const missing = source.sizeBytes - (uploads[0]?.leaves ?? 0) * MIB;
            const budget = 1 + random.below(Math.min((2 * missing) / (left + 1), missing - 2));
            // Between the end of a chunk and its answer is where most can go wrong.
            if (missing > 2 * MIB && random.below(2) === 0) await proxy.holdAfterChunk();
            else await proxy.gate.holdBodiesAfter(budget);
            expect(encode.last('job')).toBeUndefined();
            await killAndRestart(scene, random, random.below(4) === 0);
        }
        // A job that sees the daemon die too often would be taken for the cause of it.
        await encode.event('upload', ({ sentBytes }) => sentBytes === source.sizeBytes);
        await killAndRestart(scene, random, false);
        await encode.event('job', ({ state }) => state === 'encoding');
        await killAndRestart(scene, random, false);

        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(encode.last('done')).toMatchObject({
            jobId: handshake['jobId'],
            frames: source.frames,
        });
        expect(daemon.starts).toBeGreaterThan(kills + 2);
        expect(localCopy ? proxy.bodyBytes : proxy.localBytes).toBe(0);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    },
    10 * 60_000,
);
