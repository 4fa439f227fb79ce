/** kill -9 of the command, and Ctrl-C, in the middle of uploads. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { expectDelivered, leavesOf } from './helpers/evidence.js';
import { EncodeProcess } from './helpers/process.js';
import { faultCount, testRandom } from './helpers/random.js';
import { MIB, newScene } from './helpers/scene.js';
import { writeSource } from './helpers/source.js';

/** The two ways of a file: as chunks over HTTP, and read by the daemon itself. */
const WAYS = [
    { way: 'sent', localCopy: false, kills: faultCount(20) },
    { way: 'read by the daemon', localCopy: true, kills: faultCount(6) },
];
/** The most chunks that a command has in flight, each of which is lost when it is killed. */
const CHUNKS_IN_FLIGHT = 6;

it.each(WAYS)(
    'a file is $way hardly more than once by $kills commands that are killed and one that is not',
    async ({ localCopy, kills }) => {
        const random = testRandom('client killed');
        const scene = await newScene({ settings: { localCopy } });
        const { home, proxy } = scene;
        const source = writeSource(join(home.outputs, 'clip.yuv'), 32, random);
        let receivedBefore = 0;
        for (let left = kills; left > 0; left -= 1) {
            await proxy.gate.holdBodiesAfter(0);
            const encode = scene.encode(source);
            const handshake = await encode.event('handshake');
            const received = Number(handshake['receivedBytes']);
            expect(handshake['status']).toBe('approved');
            expect(received).toBeGreaterThanOrEqual(receivedBefore);
            receivedBefore = received;
            // What is missing is shared among those that are left, so none sees the end.
            const missing = source.sizeBytes - received;
            const share = Math.min((2 * missing) / (left + 1), missing - 2);
            // Of the first so much that some of it is answered, and so recorded.
            const least = left === kills ? (CHUNKS_IN_FLIGHT + 1) * MIB : 1;
            await proxy.gate.holdBodiesAfter(Math.min(least + random.below(share), missing - 2));
            await delay(random.below(20));
            await encode.end('SIGKILL');
            expect(encode.last('job')).toBeUndefined();
            // What it had sent is lost on its way, or arrives when it is long gone.
            const mayComplete = missing <= (CHUNKS_IN_FLIGHT + 1) * MIB;
            if (mayComplete || random.below(2) === 0) proxy.cutAll();
            proxy.gate.open();
            await proxy.idle();
        }
        expect(receivedBefore).toBeGreaterThan(0);

        const encode = scene.encode(source, '-o', 'clip.hevc');
        expect(await encode.ended).toMatchObject({ status: 0 });
        expect(Number(encode.last('handshake')?.['receivedBytes'])).toBeGreaterThan(0);
        expect(Number(encode.last('done')?.['uploadedBytes'])).toBeLessThan(source.sizeBytes);
        const lostAtMost = kills * CHUNKS_IN_FLIGHT * MIB;
        const [moved, otherWay] = localCopy
            ? [proxy.localBytes, proxy.bodyBytes]
            : [proxy.bodyBytes, proxy.localBytes];
        expect(moved).toBeLessThanOrEqual(source.sizeBytes + lostAtMost);
        expect(otherWay).toBe(0);
        await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
    },
    5 * 60_000,
);

it.each(WAYS)('Ctrl-C leaves a file half $way; the same command goes on', async (given) => {
    const { localCopy } = given;
    const scene = await newScene({ settings: { localCopy } });
    const { home, proxy, env } = scene;
    const source = writeSource(join(home.outputs, 'clip.yuv'), 16, testRandom('interrupted'));
    const command = [
        ...['encode', source.path, ...source.rawOptions, '--preset', 'ultrafast', '--no-logo'],
        ...['-o', 'clip.hevc', '--progress', 'plain'],
    ];
    const options = { env, cwd: home.outputs };

    const spent = proxy.gate.holdBodiesAfter(6.5 * MIB);
    const interrupted = new EncodeProcess(command, options);
    await spent;
    // Of 6.5 MiB in several chunks at least three are whole.
    await expect.poll(() => leavesOf(scene)).toBeGreaterThanOrEqual(3);
    expect(await interrupted.end('SIGINT')).toEqual({ status: 130, signal: null });
    const last = interrupted.messages.at(-1) ?? '';
    expect(last).toMatch(/interrupted: the same command continues the upload at about \d+ %$/);
    expect(interrupted.output).toEqual([]);

    proxy.cutAll();
    proxy.gate.open();
    await proxy.idle();
    const before = proxy.bodyBytes + proxy.localBytes;
    const next = new EncodeProcess(command, options);
    expect(await next.ended).toMatchObject({ status: 0 });
    const said = next.messages.find((line) => line.includes('continuing an earlier upload at'));
    const percent = Number(/ at (\d+) %$/.exec(said ?? '')?.[1]);
    expect(percent).toBeGreaterThanOrEqual(18);
    expect(percent).toBeLessThan(40);
    const moved = proxy.bodyBytes + proxy.localBytes - before;
    expect(moved).toBeLessThan(source.sizeBytes * (1 - percent / 100) + MIB);
    expect(localCopy ? proxy.bodyBytes : proxy.localBytes).toBe(0);
    await expectDelivered(scene, source, { outputs: ['clip.hevc'] });
});
